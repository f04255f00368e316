//! The layer of the TOML file: its sections, those of pools, and the tables inside them.
//!
//! How to get it wrong: quoting a value. The TOML parser's own message shows the line it stumbled over; only its
//! message and the position are told.

use std::path::Path;

use toml::{Table, Value};

use super::layers::{Given, Layer};
use super::problem::{Origin, Problem, did_you_mean};
use super::quotes::about_path;
use super::schema::{Keys, POOLS, Schema, has_table, keys_at, stray};
use super::secrets::secret_meant_by;
use super::sources::{Sources, read_text};

/// The layer of the TOML file; empty without one.
pub(super) fn read_file(sources: &Sources, schema: &Schema, problems: &mut Vec<Problem>) -> Layer {
    let Some(path) = sources.config_path() else { return Layer::new() };
    let origin = Origin::File(path.clone());
    let text = match read_text(&path) {
        Ok(text) => text,
        Err(error) => {
            let otherwise = "check the path and its permissions, or leave out --config and CALLBUNKER_CONFIG";
            let remedy = about_path(&path.to_string_lossy(), otherwise);
            problems.push(Problem::new("configuration file", origin, format!("cannot be read: {error}"), remedy));
            return Layer::new();
        }
    };
    match text.parse::<Table>() {
        Ok(table) => from_table(&table, &path, schema, problems),
        Err(error) => {
            problems.push(syntax_problem(&text, &error, origin));
            Layer::new()
        }
    }
}

fn syntax_problem(text: &str, error: &toml::de::Error, origin: Origin) -> Problem {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let before = &text.as_bytes()[..start];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    let what = format!("is not TOML: line {line}, column {column}");
    Problem::new("configuration file", origin, what, "correct that line; text wants quotes, numbers and true want none")
}

fn from_table(table: &Table, path: &Path, schema: &Schema, problems: &mut Vec<Problem>) -> Layer {
    let mut reader = TableReader { layer: Layer::new(), origin: Origin::File(path.to_owned()), schema, problems };
    for (section, content) in table {
        match content.as_table() {
            Some(pools) if section == POOLS => reader.pools(pools),
            Some(entries) => reader.section(section, entries),
            None if section == POOLS => reader.is_a_section(section, "pools.NAME"),
            None if schema.contains_key(section.as_str()) => reader.is_a_section(section, section),
            None => reader.stray(section, ""),
        }
    }
    reader.layer
}

struct TableReader<'a> {
    layer: Layer,
    origin: Origin,
    schema: &'a Schema,
    problems: &'a mut Vec<Problem>,
}

impl TableReader<'_> {
    fn refuse(&mut self, key: String, what: impl Into<String>, remedy: String) {
        self.problems.push(Problem::new(key, self.origin.clone(), what, remedy));
    }

    fn is_a_section(&mut self, name: &str, header: &str) {
        self.refuse(name.to_owned(), "is a section, not a key", format!("write [{header}]"));
    }

    fn stray(&mut self, path: &str, key: &str) {
        self.problems.push(stray(path, key, self.origin.clone(), self.schema));
    }

    /// The tables of `[pools]`, each a pool.
    fn pools(&mut self, pools: &Table) {
        let mut keys = Vec::new();
        for (name, content) in pools {
            match content.as_table() {
                Some(entries) => {
                    let path = format!("{POOLS}.{name}");
                    let given = Given { value: Value::Table(Table::new()), origin: self.origin.clone() };
                    self.layer.insert(path.clone(), given);
                    self.section(&path, entries);
                }
                None if secret_meant_by(POOLS, name).is_some() => self.stray(POOLS, name),
                None => keys.push(name.as_str()),
            }
        }
        if !keys.is_empty() {
            let what = format!("has no keys of its own: {}", keys.join(", "));
            let remedy = "did you mean [pool]? Each further pool is a [pools.NAME]";
            self.refuse(format!("[{POOLS}]"), what, remedy.to_owned());
        }
    }

    fn section(&mut self, path: &str, entries: &Table) {
        let known = keys_at(self.schema, path);
        let problems_before = self.problems.len();
        for (key, value) in entries {
            let is_a_table = known.is_some_and(|keys| has_table(keys, key));
            if !is_a_table {
                self.key(path, key, value, known);
            } else if let Value::Table(inside) = value {
                inside.iter().for_each(|(name, value)| self.key(path, &format!("{key}.{name}"), value, known));
            } else {
                self.is_a_section(&format!("{path}.{key}"), &format!("{path}.{key}"));
            }
        }
        if known.is_none() && self.problems.len() == problems_before {
            let sections = || self.schema.keys().copied().chain([POOLS]);
            let remedy = match did_you_mean(path, sections()) {
                Some(meant) => format!("did you mean [{meant}]?"),
                None => format!("the sections are {}", sections().collect::<Vec<_>>().join(", ")),
            };
            self.refuse(format!("[{path}]"), "is not a known section", remedy);
        }
    }

    fn key(&mut self, path: &str, key: &str, value: &Value, known: Option<&Keys>) {
        if known.is_some_and(|keys| keys.contains_key(key)) {
            let given = Given { value: value.clone(), origin: self.origin.clone() };
            self.layer.insert(format!("{path}.{key}"), given);
        } else if known.is_some() || secret_meant_by(path, key).is_some() {
            self.stray(path, key);
        }
    }
}
