//! Which file leads to which, as the sources' own `use` lines and paths say it.
//!
//! A name that a room's face (`mod.rs`) only passes on leads to the file in which it is written; code of tests leads nowhere.
//! How to get it wrong: reading the lines as text. A path may go through `super`, braces, renames and faces.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};

use super::rust_files;

/// A file's place in the tree: `["db", "numbers"]` is `crate::db::numbers`.
pub(super) type Module = Vec<String>;

/// What one file names of the crate.
#[derive(Default)]
struct Named {
    /// Absolute paths, without `crate`.
    paths: Vec<Module>,
    /// Names that it passes on, and where they come from.
    passed_on: BTreeMap<String, Module>,
}

/// The arrows between all files, tests left out.
pub(super) fn arrows() -> BTreeMap<Module, BTreeSet<Module>> {
    let files: Vec<(Module, syn::File)> =
        rust_files().into_iter().map(|(path, text)| (place(&path), parse(&text))).collect();
    let modules: BTreeSet<Module> = files.iter().map(|(module, _)| module.clone()).collect();
    let named: BTreeMap<Module, Named> = files
        .iter()
        .map(|(module, file)| {
            let mut reader = Reader { module, modules: &modules, named: Named::default() };
            reader.visit_file(file);
            (module.clone(), reader.named)
        })
        .collect();
    let leads_to = |module: &Module| {
        let homes = named[module].paths.iter().filter_map(|path| home(path, &named, 0));
        homes.filter(|home| home != module).collect::<BTreeSet<Module>>()
    };
    modules.iter().map(|module| (module.clone(), leads_to(module))).collect()
}

fn place(path: &std::path::Path) -> Module {
    let below = path.strip_prefix(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).unwrap().with_extension("");
    let mut module: Module = below.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if module.last().is_some_and(|last| last == "mod" || last == "lib") {
        module.pop();
    }
    module
}

fn parse(text: &str) -> syn::File {
    syn::parse_file(text).expect("the crate compiles, so its files are Rust")
}

/// The file in which what a path names is written; `None` for the crate's root.
fn home(path: &[String], named: &BTreeMap<Module, Named>, passed: usize) -> Option<Module> {
    let length = (0..=path.len()).rev().find(|length| named.contains_key(&path[..*length]))?;
    let (module, rest) = path.split_at(length);
    match rest.first().and_then(|name| named[module].passed_on.get(name)) {
        Some(further) if passed < 8 => home(further, named, passed + 1),
        _ => (!module.is_empty()).then(|| module.to_vec()),
    }
}

struct Reader<'m> {
    module: &'m Module,
    modules: &'m BTreeSet<Module>,
    named: Named,
}

impl Reader<'_> {
    /// A path from the crate's root; `None` when it is another crate's, or a name of this file.
    fn absolute(&self, path: &[String]) -> Option<Module> {
        let mut base = match path.first()?.as_str() {
            "crate" => return Some(path[1..].to_vec()),
            "self" | "super" => self.module.clone(),
            first => {
                let child: Module = self.module.iter().cloned().chain([first.to_owned()]).collect();
                return self.modules.contains(&child).then(|| [self.module.as_slice(), path].concat());
            }
        };
        let mut rest = path;
        while let Some(first) = rest.first().filter(|first| *first == "self" || *first == "super") {
            if first == "super" {
                base.pop();
            }
            rest = &rest[1..];
        }
        Some([base.as_slice(), rest].concat())
    }

    fn leaves(&mut self, tree: &syn::UseTree, before: &[String], is_passed_on: bool) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        let (path, known_as) = match tree {
            syn::UseTree::Path(path) => return self.leaves(&path.tree, &with(&path.ident), is_passed_on),
            syn::UseTree::Group(group) => {
                return group.items.iter().for_each(|item| self.leaves(item, before, is_passed_on));
            }
            syn::UseTree::Name(name) => (with(&name.ident), name.ident.to_string()),
            syn::UseTree::Rename(rename) => (with(&rename.ident), rename.rename.to_string()),
            syn::UseTree::Glob(_) => (before.to_vec(), String::new()),
        };
        let Some(path) = self.absolute(&path) else { return };
        if is_passed_on {
            self.named.passed_on.insert(known_as, path.clone());
        }
        self.named.paths.push(path);
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "syn's kinds of attributes; only a list can say cfg(test)")]
fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        _ => false,
    })
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_test(&item.attrs) {
            self.leaves(&item.tree, &[], !matches!(item.vis, syn::Visibility::Inherited));
        }
    }

    /// `pub(in crate::room)` says who may look, and leads nowhere.
    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Module = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if segments.len() > 1
            && matches!(segments[0].as_str(), "crate" | "super")
            && let Some(path) = self.absolute(&segments)
        {
            self.named.paths.push(path);
        }
        visit::visit_path(self, path);
    }
}
