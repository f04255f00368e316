//! What every section of the configuration has in common.
//!
//! A section is one struct: its field names are the TOML keys, its `Default` the built-in defaults, its `RANGES` the
//! bounds of its numbers and its `HINTS` what a reader is told when a value does not fit. The loader does the rest. A field may
//! be a table of its own: then its fields are keys too, with the table's name and a dot before them.
//! How to get it wrong: adding a number without a range (a test refuses it), or checking in `check` something that
//! one key alone decides by its type; make it a type instead.

use serde::Serialize;
use serde::de::{self, DeserializeOwned, Visitor};

use super::problem::{Origin, Problem};

/// One table of the TOML file.
pub(super) trait Section: Default + Serialize + DeserializeOwned {
    /// The table's name.
    const NAME: &'static str;
    /// The bounds of its numbers; every number has one.
    const RANGES: &'static [Range] = &[];
    /// What a key wants, for those whose type says too little.
    const HINTS: &'static [(&'static str, &'static str)] = &[];

    /// The tables inside it, with their keys.
    fn tables() -> Vec<(&'static str, &'static [&'static str])> {
        Vec::new()
    }

    /// The built-in defaults of the section that stands at this path, if they are others there.
    fn defaults_at(_path: &str) -> Self {
        Self::default()
    }

    /// Rules that a type or a range cannot say.
    fn check(&self, _checks: &mut Checks<'_>) {}
}

/// The bounds of one number, both included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub key: &'static str,
    pub min: i64,
    pub max: i64,
    pub unit: &'static str,
}

/// A range in one line.
pub(super) const fn range(key: &'static str, min: i64, max: i64, unit: &'static str) -> Range {
    Range { key, min, max, unit }
}

/// Where a section's own rules put what they refuse.
pub(super) struct Checks<'a> {
    /// Its path: `pool`, `pools.gb`.
    pub section: &'a str,
    pub is_sound: &'a dyn Fn(&str) -> bool,
    pub origin_of: &'a dyn Fn(&str) -> Origin,
    pub problems: &'a mut Vec<Problem>,
}

impl Checks<'_> {
    /// A key of the section as an operator spells it.
    pub(super) fn at(&self, key: &str) -> String {
        format!("{}.{key}", self.section)
    }

    /// Whether nobody gave the key.
    pub(super) fn is_left_out(&self, key: &str) -> bool {
        let key = self.at(key);
        (self.is_sound)(&key) && (self.origin_of)(&key) == Origin::Default
    }

    /// Refuses the value of one key.
    pub(super) fn refuse(&mut self, key: &str, what: impl Into<String>, remedy: impl Into<String>) {
        self.refuse_together(&[key], what, remedy);
    }

    /// Refuses a combination of keys, unless one of them was refused already: then a default stands in its place, and
    /// to complain about that would mislead. The first key is the one that is named.
    pub(super) fn refuse_together(&mut self, keys: &[&str], what: impl Into<String>, remedy: impl Into<String>) {
        let names: Vec<String> = keys.iter().map(|key| self.at(key)).collect();
        if names.iter().all(|name| (self.is_sound)(name)) {
            let origin = names.iter().map(|name| (self.origin_of)(name)).find(|origin| *origin != Origin::Default);
            self.problems.push(Problem::new(&names[0], origin.unwrap_or(Origin::Default), what, remedy));
        }
    }
}

/// The keys of a section, those of its tables with a dot: `threshold_low`, `webhooks.voice_path`.
pub(super) fn keys_of<S: Section>() -> Vec<String> {
    let tables = S::tables();
    let inside = |name: &str| tables.iter().find(|(table, _)| *table == name).map(|(_, keys)| *keys);
    let mut all = Vec::new();
    for name in field_names::<S>() {
        match inside(name) {
            Some(keys) => all.extend(keys.iter().map(|key| format!("{name}.{key}"))),
            None => all.push((*name).to_owned()),
        }
    }
    all
}

/// The field names of a struct, as its `Deserialize` knows them; options that are unset included.
pub(super) fn field_names<T: DeserializeOwned>() -> &'static [&'static str] {
    struct Names<'a>(&'a mut &'static [&'static str]);

    impl<'de> de::Deserializer<'de> for Names<'_> {
        type Error = de::value::Error;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
            Err(de::Error::custom("not a struct"))
        }

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            _: V,
        ) -> Result<V::Value, Self::Error> {
            *self.0 = fields;
            Err(de::Error::custom("only the names were wanted"))
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
            newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }

    let mut names: &'static [&'static str] = &[];
    let _ = T::deserialize(Names(&mut names));
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{PoolConfig, WebhooksConfig};

    #[test]
    fn a_key_without_a_default_is_a_key_too() {
        assert_eq!(field_names::<WebhooksConfig>()[..4], ["public_app_url", "voice_path", "sms_path", "status_path"]);
    }
    #[test]
    fn the_keys_of_a_table_inside_are_keys() {
        let keys = keys_of::<PoolConfig>();
        assert!(keys.iter().any(|key| key == "webhooks.voice_path") && !keys.iter().any(|key| key == "webhooks"));
    }
}
