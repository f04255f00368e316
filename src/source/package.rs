//! The Debian package as `Cargo.toml` describes it: files that are there, units that it brings, one version.
//!
//! Whether it installs, upgrades and goes again is `make package-test`'s to show.

use std::path::{Path, PathBuf};

use crate::config::SECRETS;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn manifest() -> toml::Value {
    toml::from_str(&read("Cargo.toml")).expect("Cargo.toml is TOML")
}

/// Source and place of each file, out of `[package.metadata.deb]`.
fn assets() -> Vec<(String, String)> {
    let text = |value: &toml::Value| value.as_str().expect("a text").to_owned();
    let manifest = manifest();
    let assets = manifest["package"]["metadata"]["deb"]["assets"].as_array().expect("a list");
    assets.iter().map(|asset| (text(&asset[0]), text(&asset[1]))).collect()
}

fn files_in(folder: &Path, ending: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().expect("a name"));
    names.filter(|name| name.ends_with(ending)).collect()
}

#[test]
fn every_file_of_the_package_is_there_or_made_by_the_script() {
    let script = read("scripts/deb");
    for (source, _) in assets() {
        if let Some(made) = source.strip_prefix("target/package/") {
            let (folder, name) = made.split_once('/').unwrap_or(("", made));
            let name = name.trim_start_matches('*').trim_start_matches("callbunker");
            let named = if folder.is_empty() { made } else { folder };
            assert!(script.contains(&format!("$generated/{named}")), "{source}: scripts/deb does not make it");
            assert!(!name.is_empty(), "{source}");
        } else if let Some((folder, pattern)) = source.split_once('*') {
            assert!(!files_in(&root().join(folder), pattern).is_empty(), "{source}: no file is meant");
        } else if !source.starts_with("target/release/") {
            assert!(root().join(&source).is_file(), "{source} is not there");
        }
    }
    let deb = &manifest()["package"]["metadata"]["deb"];
    let licence = deb["license-file"][0].as_str().expect("a path");
    assert!(root().join(licence).is_file(), "{licence}");
    for script in ["postinst", "prerm", "postrm"] {
        assert!(read(&format!("debian/{script}")).contains("\nset -e\n"), "debian/{script} must end at what fails");
    }
}

#[test]
fn every_unit_is_in_the_package_and_in_its_scripts() {
    let assets = assets();
    for unit in files_in(&root().join("systemd"), "") {
        let place = (format!("systemd/{unit}"), "usr/lib/systemd/system/".to_owned());
        assert!(assets.contains(&place), "{unit} is not in the package");
        for script in ["postinst", "prerm", "postrm"] {
            assert!(read(&format!("debian/{script}")).contains(&unit), "debian/{script} does not know {unit}");
        }
    }
    let service = read("systemd/callbunker.service");
    let started = service.lines().find_map(|line| line.strip_prefix("ExecStart=")).expect("what it starts");
    let mut words = started.split(' ');
    let (program, file) = (words.next().unwrap_or_default(), words.next_back().unwrap_or_default());
    for path in [program, file] {
        let (folder, name) = path.trim_start_matches('/').rsplit_once('/').expect("a path");
        let is_brought =
            assets.iter().any(|(source, place)| place.trim_end_matches('/') == folder && source.ends_with(name));
        assert!(is_brought, "the service needs {path}, and the package has no such file");
    }
}

/// Each may be left out, and none needs a change of the unit.
#[test]
fn the_service_is_handed_every_secret_that_there_is_a_file_for() {
    let service = read("systemd/callbunker.service");
    let lines_of = |key: &str| -> Vec<String> {
        service.lines().filter_map(|line| line.strip_prefix(key)).map(str::to_owned).collect()
    };
    let of_each = |line: fn(&str) -> String| -> Vec<String> {
        let mut lines: Vec<String> = SECRETS.iter().map(|name| line(&name.to_ascii_lowercase())).collect();
        lines.sort();
        lines
    };
    let (mut loaded, mut empty) = (lines_of("LoadCredential="), lines_of("SetCredential="));
    loaded.sort();
    empty.sort();
    assert_eq!(loaded, of_each(|name| format!("{name}:/etc/callbunker/credentials/{name}")));
    assert_eq!(empty, of_each(|name| format!("{name}:\\n")), "an empty one, where there is no file");
}

#[test]
fn the_version_stands_in_one_place() {
    let manifest = manifest();
    let version = manifest["package"]["version"].as_str().expect("a version");
    // The first heading below "Unreleased": what was released last, or what will be first.
    let changelog = read("CHANGELOG.md");
    let heading =
        changelog.lines().filter_map(|line| line.strip_prefix("## [")).find(|line| !line.starts_with("Unrel"));
    let heading = heading.and_then(|line| line.split(']').next()).expect("a version in CHANGELOG.md");
    assert_eq!(heading, version, "the newest version in CHANGELOG.md, and the one in Cargo.toml");
    let deb = &manifest["package"]["metadata"]["deb"];
    assert_eq!(deb["revision"].as_str(), Some(""), "the package is called callbunker_{version}_amd64.deb");
    assert!(deb.get("name").is_none(), "the package is called as the program is");
}

#[test]
fn what_is_configured_at_first_can_be_read_and_decides_nothing() {
    let text = read("debian/config.toml");
    let as_it_comes: toml::Table = toml::from_str(&text).expect("debian/config.toml is TOML");
    for (section, keys) in &as_it_comes {
        assert!(keys.as_table().is_some_and(toml::Table::is_empty), "[{section}] decides something");
    }
    // With each # before a key taken away, every key is one that there is.
    let is_key = |line: &str| line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ') && !key.is_empty());
    let lines = text.lines().map(|line| line.strip_prefix("# ").filter(|rest| is_key(rest)).unwrap_or(line));
    let decided: toml::Table = toml::from_str(&lines.collect::<Vec<_>>().join("\n")).expect("it is TOML then, too");
    let default = read("config/default.toml");
    for (section, keys) in &decided {
        let there = default.split(&format!("\n[{section}]\n")).nth(1).and_then(|rest| rest.split("\n[").next());
        let there = there.unwrap_or_else(|| panic!("[{section}] is no section"));
        for key in keys.as_table().expect("a section").keys() {
            let known = there.lines().any(|line| line.trim_start_matches("# ").starts_with(&format!("{key} =")));
            assert!(known, "{section}.{key} is no key");
        }
    }
    assert!(decided.values().all(|keys| !keys.as_table().expect("a section").is_empty()), "a section without a key");
}
