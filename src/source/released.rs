//! What is out stays as it is: `migrations/RELEASED` beside the migrations, and the growth of each table beside the schema.
//!
//! How to get it wrong: editing a migration that somebody has applied. Their schema keeps what it was, and nothing tells.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

const RELEASED: &str = include_str!("../../migrations/RELEASED");
const ADD: &str = "docs/CHANGING.md (\"A release\") says what a release adds to migrations/RELEASED";

struct Release<'t> {
    version: &'t str,
    last: &'t str,
    commit: &'t str,
}

fn lines() -> impl Iterator<Item = &'static str> {
    RELEASED.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn releases() -> Vec<Release<'static>> {
    let words = lines().filter_map(|line| line.strip_prefix("release "));
    let release = |line: &'static str| match line.split(' ').collect::<Vec<_>>()[..] {
        [version, last, commit] => Release { version, last, commit },
        _ => panic!("{line}: a version, its last migration and its commit"),
    };
    words.map(release).collect()
}

/// The digest that each migration went out with.
fn digests() -> BTreeMap<&'static str, &'static str> {
    let digests = lines().filter(|line| !line.starts_with("release "));
    digests
        .map(|line| line.split_once("  ").expect("a digest, two blanks, a folder"))
        .map(|(digest, name)| (name, digest))
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

/// The migrations that there are, in the order in which they are applied.
fn migrations() -> Vec<String> {
    let entries = std::fs::read_dir(root().join("migrations")).unwrap().map(|entry| entry.unwrap());
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn no_migration_that_is_out_was_edited_and_every_later_one_sorts_after_them() {
    let (digests, migrations) = (digests(), migrations());
    let last = releases().last().expect("a release").last;
    let mut wrong = Vec::new();
    for name in &migrations {
        let text = std::fs::read(root().join("migrations").join(name).join("up.sql")).unwrap();
        let digest: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
        match digests.get(name.as_str()) {
            Some(released) if *released != digest => {
                wrong.push(format!("{name} is out and was edited (now {digest}): put it back, and add a migration"));
            }
            Some(_) => {}
            None if name.as_str() <= last => {
                wrong.push(format!("{name} is new and sorts before {last}, which is out: give it a later date"));
            }
            None => {}
        }
    }
    let gone = digests.keys().filter(|name| !migrations.iter().any(|there| there == *name));
    wrong.extend(gone.map(|name| format!("{name} is out, and is gone: put it back")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_release_says_what_it_went_out_with() {
    let (digests, releases) = (digests(), releases());
    let parts =
        |version: &str| version.split('.').map(|part| part.parse::<u32>().expect("a number")).collect::<Vec<_>>();
    for pair in releases.windows(2) {
        assert!(parts(pair[0].version) < parts(pair[1].version), "{} comes after {}", pair[0].version, pair[1].version);
        assert!(pair[0].last <= pair[1].last, "{} has the migrations of {}", pair[1].version, pair[0].version);
    }
    let newest = releases.last().expect("a release");
    assert!(parts(newest.version) <= parts(env!("CARGO_PKG_VERSION")), "{} is out", newest.version);
    assert_eq!(digests.keys().max(), Some(&newest.last), "digests go as far as the last release: {ADD}");
    for Release { version, last, commit } in &releases {
        assert!(digests.contains_key(last), "{version}: {last} has no digest: {ADD}");
        assert!(
            commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{version}: {commit} is no commit"
        );
        let data = root().join(format!("tests/it/upgrade/data/{version}.sql"));
        assert!(data.is_file(), "{} is missing: {ADD}", data.display());
        assert!(
            include_str!("../../CHANGELOG.md").contains(&format!("\n## [{version}]")),
            "{version} is not in CHANGELOG.md"
        );
    }
}

/// The first cells of the tables of a page's section, without their ticks.
fn named(page: &str, section: &str) -> Vec<String> {
    let (_, text) = page.split_once(&format!("\n## {section}\n")).expect("the section");
    let text = text.split("\n## ").next().unwrap();
    let cells = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once(" |"));
    let mut names: Vec<String> = cells
        .flat_map(|(cell, _)| cell.split(", ").map(|name| name.trim_matches('`').to_owned()).collect::<Vec<_>>())
        .collect();
    names.sort();
    names
}

#[test]
fn every_table_has_a_line_that_says_how_far_it_grows() {
    let schema = include_str!("../db/engine/schema.rs").lines();
    let names =
        schema.filter_map(|line| line.trim().strip_suffix(") {")?.split_once(" (").map(|(name, _)| name.to_owned()));
    let mut tables: Vec<String> = names.collect();
    tables.sort();
    assert!(tables.len() > 40, "the schema is read: {tables:?}");
    let told = named(include_str!("../../docs/scale.md"), "What grows");
    assert_eq!(
        tables, told,
        "the tables of db/engine/schema.rs, and those of \"What grows\" in docs/scale.md: say what bounds each"
    );
}

/// Columns by which rows of the last hours are found in tables that keep years.
const BY_TIME: [&str; 5] = ["intended_at", "assigned_at", "asked_at", "closed_at", "minute"];

/// What PostgreSQL may only ask for while it looks at each row is looked up in no index.
#[test]
fn no_window_over_a_table_that_grows_is_asked_of_a_clock_that_goes_on_meanwhile() {
    let mut wrong = Vec::new();
    // Releases that are under way are few, and found by an index of their own.
    let grows = |(path, _): &(PathBuf, String)| !path.to_string_lossy().contains("/db/releases/");
    for (path, text) in super::rust_files().into_iter().filter(grows) {
        for (number, line) in text.lines().enumerate() {
            let mut words =
                line.split_whitespace().map(|word| word.trim_start_matches(|c: char| "(\"".contains(c))).peekable();
            while let Some(word) = words.next() {
                let column = word.rsplit('.').next().unwrap_or_default();
                let compares = words.peek().is_some_and(|next| matches!(*next, "<" | ">" | "<=" | ">="));
                if compares
                    && BY_TIME.contains(&column)
                    && words.clone().nth(1).is_some_and(|of| of.starts_with("clock_timestamp()"))
                {
                    wrong.push(format!(
                        "{}:{}: compare {column} with statement_timestamp()",
                        path.display(),
                        number + 1
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
