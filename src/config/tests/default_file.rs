//! `config/default.toml` is complete, commented and equal to the built-in defaults; every number has a range.

use toml::{Table, Value};

use super::World;
use crate::config::loader::{Loader, declare, look, put};
use crate::config::root::schema;
use crate::config::schema::{Schema, keys_at};
use crate::config::section::{Section, keys_of};
use crate::config::*;
use crate::domain::PoolName;

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
        if let Some(name) = line.trim_start_matches("# ").strip_prefix('[') {
            section = name.trim_end_matches(']').to_owned();
        } else if let Some((key, _)) = line.trim_start_matches("# ").split_once(" = ").filter(|(key, _)| is_key(key)) {
            if section == "pools.gb" {
                assert!(line.starts_with("# "), "the example is none that is in force: {line}");
                assert!(keys_at(&schema(), &section).unwrap().contains_key(key), "{key}");
                continue;
            }
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

#[test]
fn the_example_of_a_pool_is_one_when_the_marks_are_taken_off() {
    let (_, example) = DEFAULT_FILE.split_once("# [pools.gb]\n").unwrap();
    let (example, _) = example.split_once("\n\n").unwrap();
    let example = format!("[pools.gb]\n{}", example.replace("# ", ""));
    let config = World::new().toml(&example).load().unwrap();
    let (name, pool) = config.pools.first_key_value().unwrap();
    assert_eq!((name.as_str(), pool.kind().to_string()), ("gb", "GB, mobile".to_owned()));
    assert!(pool.papers().bundle.is_some() && pool.threshold_low == 3);
}

#[test]
fn a_pool_begins_from_the_built_in_defaults() {
    let config = World::new()
        .toml(
            "[pool]\nthreshold_low = 5\ntotal_min = 30\nowned_max = 7\ncapabilities = [\"voice\"]\n\
             [pool.webhooks]\nvoice_path = \"/us\"\n[webhooks]\nsms_path = \"/all\"\n[pools.gb]\ncountry = \"GB\"",
        )
        .load()
        .unwrap();
    let pool = config.pool(&"gb".parse().unwrap()).unwrap();
    let expected = PoolConfig { country: "GB".parse().unwrap(), total_min: 0, ..PoolConfig::default() };
    assert_eq!(*pool, expected, "nothing of what [pool] says");
    assert_eq!(config.pool.total_min, 30);
    assert_eq!(World::new().load().unwrap().pool.total_min, 20);
    // But for the webhooks, which fall back to those of all.
    let webhooks = config.webhooks_of(&"gb".parse().unwrap()).unwrap();
    assert_eq!(webhooks.sms_url, "https://app.example.com/all");
    assert_eq!(webhooks.voice_url, "https://app.example.com/twilio/voice");
    assert_eq!(config.webhooks_of(&PoolName::default_pool()).unwrap().voice_url, "https://app.example.com/us");
    assert_eq!(config.webhooks_of(&"fr".parse().unwrap()), None);
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
    let is_number = |key: &str| look(&defaults, key).is_none_or(Value::is_integer);
    // One that nobody set has no value to tell it by.
    let ranged = |key: &str| S::RANGES.iter().any(|range| range.key == key);
    let numbers =
        keys_of::<S>().into_iter().filter(|key| is_number(key) && (look(&defaults, key).is_some() || ranged(key)));
    for key in numbers {
        let range = S::RANGES.iter().find(|range| range.key == key);
        let range = range.unwrap_or_else(|| panic!("{}.{key} has no range", S::NAME));
        let default = look(&defaults, &key).and_then(Value::as_integer);
        assert!(default.is_none_or(|value| (range.min..=range.max).contains(&value)), "{key}");
        let bounds = format!("({}-{})", range.min, range.max);
        let comment = comment_of(S::NAME, &key);
        assert!(
            S::NAME == "lock" || comment.contains(&bounds),
            "{}.{key}: {bounds} is missing in {comment:?}",
            S::NAME
        );
        for end in [range.min, range.max] {
            let mut table = defaults.clone();
            put(&mut table, &key, Value::Integer(end));
            assert!(S::deserialize(Value::Table(table)).is_ok(), "{}.{key} does not take {end}", S::NAME);
        }
    }
    let keys = keys_of::<S>();
    let is_key = |name: &str| keys.iter().any(|key| key == name);
    assert!(S::RANGES.iter().all(|range| is_key(range.key)));
    assert!(S::HINTS.iter().all(|(key, _)| is_key(key)));
}

fn comment_of(section: &str, key: &str) -> &'static str {
    let (section, key) = match key.split_once('.') {
        Some((table, key)) => (format!("{section}.{table}"), key),
        None => (section.to_owned(), key),
    };
    let (_, rest) = DEFAULT_FILE.split_once(&format!("[{section}]\n")).unwrap();
    let rest = rest.split_once("\n[").map_or(rest, |(rest, _)| rest);
    let (before, _) =
        rest.split_once(&format!("\n{key} = ")).or_else(|| rest.split_once(&format!("\n# {key} = "))).unwrap();
    before.lines().last().unwrap()
}

#[test]
fn every_section_of_the_configuration_is_declared() {
    let config = World::new().load().unwrap();
    let sections: Vec<String> = Table::try_from(&config).unwrap().keys().cloned().collect();
    assert_eq!(sections, schema().keys().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    let mut one = Schema::new();
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
