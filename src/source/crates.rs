//! The crates that this one stands on: what `deny.toml` allows of their licences and origins, and that each is used.
//!
//! `make check` has cargo-deny say the same of the same file, and what is there twice besides. Here it is asked without any tool.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

/// What is linked, on the platforms that `deny.toml` names; cargo is asked once for all tests.
static PACKAGES: LazyLock<Vec<Value>> = LazyLock::new(packages);

fn packages() -> Vec<Value> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--locked", "--format-version", "1", "--all-features"]);
    for target in texts(&rules()["graph"]["targets"]) {
        cargo.args(["--filter-platform", &target]);
    }
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let linked: BTreeSet<String> = metadata["resolve"]["nodes"]
        .as_array()
        .expect("what was resolved")
        .iter()
        .map(|node| node["id"].as_str().expect("its id").to_owned())
        .collect();
    let Value::Array(packages) = metadata["packages"].take() else { panic!("cargo names no packages") };
    packages.into_iter().filter(|package| linked.contains(package["id"].as_str().expect("its id"))).collect()
}

fn rules() -> toml::Value {
    toml::from_str(include_str!("../../deny.toml")).expect("deny.toml is TOML")
}

fn texts(list: &toml::Value) -> Vec<String> {
    list.as_array().expect("a list").iter().map(|text| text.as_str().expect("a text").to_owned()).collect()
}

#[test]
fn every_crate_has_a_licence_that_is_allowed_and_comes_from_the_registry() {
    let allowed = texts(&rules()["licenses"]["allow"]);
    let packages = &*PACKAGES;
    assert!(packages.len() > 300, "{} crates only", packages.len());
    let mut wrong = Vec::new();
    for package in packages.iter().filter(|package| !package["source"].is_null()) {
        let (name, licence) = (&package["name"], package["license"].as_str().unwrap_or_default());
        // Some still write a slash for OR.
        let parsed = spdx::Expression::parse_mode(licence, spdx::ParseMode::LAX);
        let may = |requirement: &spdx::LicenseReq| allowed.contains(&requirement.to_string());
        if !parsed.as_ref().is_ok_and(|expression| expression.evaluate(may)) {
            wrong.push(format!("{name}: {licence:?} is none of deny.toml's licences"));
        }
        if !package["source"].as_str().is_some_and(|source| source.starts_with("registry+")) {
            wrong.push(format!("{name}: from {}, which is no registry", package["source"]));
        }
    }
    let registries: BTreeSet<&str> = packages.iter().filter_map(|package| package["source"].as_str()).collect();
    assert_eq!(registries.len(), 1, "one registry only: {registries:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_crate_is_wanted_in_a_version() {
    for package in PACKAGES.iter().filter(|package| package["source"].is_null()) {
        for dependency in package["dependencies"].as_array().expect("what it depends on") {
            let is_ours = dependency["path"].is_string();
            assert!(is_ours || dependency["req"] != "*", "{} wants any {}", package["name"], dependency["name"]);
        }
    }
}

/// Linked for the libraries in them; named nowhere.
const ONLY_LINKED: [&str; 2] = ["pq-sys", "openssl-sys"];

#[test]
fn every_dependency_is_used() {
    let mut unused = Vec::new();
    for package in PACKAGES.iter().filter(|package| package["source"].is_null()) {
        let manifest = PathBuf::from(package["manifest_path"].as_str().expect("its manifest"));
        let folder = manifest.parent().expect("its folder");
        let program = text_below(&folder.join("src"));
        let tests = ["tests", "benches", "examples"].map(|part| text_below(&folder.join(part))).concat();
        for dependency in package["dependencies"].as_array().expect("what it depends on") {
            let name = dependency["name"].as_str().expect("its name");
            let module = name.replace('-', "_");
            let is_named = |text: &str| {
                [format!("{module}::"), format!("use {module};"), format!("use {module} as")]
                    .iter()
                    .any(|words| text.contains(words))
            };
            let is_used = is_named(&program) || (dependency["kind"] == "dev" && is_named(&tests));
            if !is_used && !ONLY_LINKED.contains(&name) {
                unused.push(format!("{} does not use {name}", package["name"]));
            }
        }
    }
    assert!(unused.is_empty(), "{}", unused.join("\n"));
}

/// All Rust text below a folder, which need not be there.
fn text_below(folder: &Path) -> String {
    super::files_below(folder).into_iter().map(|(_, text)| text).collect()
}
