//! `config/default.toml` is complete, commented and equal to the built-in defaults; every number has a range.

use toml::{Table, Value};

use super::World;
use crate::config::loader::{Loader, declare};
use crate::config::root::schema;
use crate::config::section::{Section, field_names};
use crate::config::*;

const DEFAULT_FILE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/config/default.toml"));

#[test]
fn the_default_file_says_what_holds_without_it() {
    let without = World::new().load().unwrap();
    let with = World::new().toml(DEFAULT_FILE).load().unwrap();
    assert_eq!(with, without);
}

#[test]
fn the_default_file_has_every_key_and_one_comment_for_each() {
    let mut section = String::new();
    let mut seen = Vec::new();
    let mut comment = false;
    for line in DEFAULT_FILE.lines() {
        assert!(line.len() <= 120, "{line}");
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']').to_owned();
        } else if let Some((key, _)) = line.trim_start_matches("# ").split_once(" = ").filter(|(key, _)| is_key(key)) {
            assert!(comment, "{section}.{key} has no comment");
            seen.push(format!("{section}.{key}"));
        }
        comment = line.starts_with("# ") && !comment;
    }
    let mut known: Vec<String> =
        schema().iter().flat_map(|(section, keys)| keys.keys().map(move |key| format!("{section}.{key}"))).collect();
    known.sort();
    seen.sort();
    assert_eq!(seen, known);
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[test]
fn every_number_has_a_range_that_its_default_and_its_type_fit() {
    macro_rules! check {
        ($($name:ident: $section:ident,)*) => { $(check_ranges::<$section>();)* };
    }
    every_section!(check);
}

fn check_ranges<S: Section>() {
    let defaults = Table::try_from(S::default()).unwrap();
    let numbers = defaults.iter().filter(|(_, value)| value.is_integer());
    for (key, value) in numbers {
        let range = S::RANGES.iter().find(|range| range.key == key);
        let range = range.unwrap_or_else(|| panic!("{}.{key} has no range", S::NAME));
        assert!((range.min..=range.max).contains(&value.as_integer().unwrap()), "{key}");
        let bounds = format!("({}-{})", range.min, range.max);
        let comment = comment_of(S::NAME, key);
        assert!(
            S::NAME == "lock" || comment.contains(&bounds),
            "{}.{key}: {bounds} is missing in {comment:?}",
            S::NAME
        );
        for end in [range.min, range.max] {
            let mut table = defaults.clone();
            table.insert(key.clone(), Value::Integer(end));
            assert!(S::deserialize(Value::Table(table)).is_ok(), "{}.{key} does not take {end}", S::NAME);
        }
    }
    let keys = field_names::<S>();
    assert!(S::RANGES.iter().all(|range| keys.contains(&range.key)));
    assert!(S::HINTS.iter().all(|(key, _)| keys.contains(key)));
}

fn comment_of(section: &str, key: &str) -> &'static str {
    let (_, rest) = DEFAULT_FILE.split_once(&format!("[{section}]\n")).unwrap();
    let (before, _) = rest.split_once(&format!("\n{key} = ")).unwrap();
    before.lines().last().unwrap()
}

#[test]
fn every_section_of_the_configuration_is_declared() {
    let config = World::new().load().unwrap();
    let sections: Vec<String> = Table::try_from(&config).unwrap().keys().cloned().collect();
    assert_eq!(sections, schema().keys().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    let mut one = layers::Schema::new();
    declare::<LockConfig>(&mut one);
    assert_eq!(one["lock"]["advisory_key"], Some(Value::Integer(12345)));
    assert_eq!(Loader::new(&Sources::default(), &one).problems, []);
}

#[test]
fn no_largest_value_overflows_a_duration() {
    let config = World::new()
        .with("CALLBUNKER__POOL__QUARANTINE_HOURS", "87600")
        .with("CALLBUNKER__AUDIT__RETENTION_DAYS", "36500")
        .load()
        .unwrap();
    assert_eq!(config.pool.quarantine().as_secs(), 87_600 * 3600);
    assert_eq!(config.audit.retention().as_secs(), 36_500 * 86_400);
}
