//! The daemon's documents as tables for people.
//!
//! Invariants: a field that is not known yet is shown, not lost, and one that is missing is a dash; no cell holds a
//! character that could steer a terminal. How to get it wrong: a struct per document, which the next field breaks.

use chrono::{DateTime, Utc};
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};
use serde_json::{Map, Value};

use crate::domain::steers;

/// Text without characters that steer a terminal or turn its direction.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|character| if steers(character) { '\u{fffd}' } else { character }).collect()
}

/// One value in one cell.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => match DateTime::parse_from_rfc3339(text) {
            Ok(at) => at.with_timezone(&Utc).format("%Y-%m-%d %H:%M:%SZ").to_string(),
            Err(_) => clean(text),
        },
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        other @ (Value::Number(_) | Value::Object(_)) => clean(&other.to_string()),
    }
}

/// The elements of a list; none when it is missing.
pub(super) fn items<'v>(document: &'v Value, name: &str) -> &'v [Value] {
    document[name].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A table with a line per element; each column is a heading and the name of a field.
pub(super) fn list(items: &[Value], columns: &[(&str, &str)]) -> String {
    let mut table = bare();
    table.set_header(columns.iter().map(|(heading, _)| *heading));
    for item in items {
        table.add_row(columns.iter().map(|(_, field)| text(&item[*field])));
    }
    printed(table)
}

fn bare() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table
}

/// Cells are wrapped between words only: half a number cannot be copied.
fn printed(mut table: Table) -> String {
    for index in 0..table.column_count() {
        let rows = table.header().into_iter().chain(table.row_iter());
        let cells = rows.filter_map(|row| row.cell_iter().nth(index));
        let widest = cells.map(|cell| longest_word(&cell.content())).max().unwrap_or_default();
        if let Some(column) = table.column_mut(index) {
            let width = widest.saturating_add(column.padding_width());
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width)));
        }
    }
    let lines = table.to_string();
    lines.lines().map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line).trim_end())).collect()
}

fn longest_word(text: &str) -> u16 {
    let longest = text.split_whitespace().map(|word| word.chars().count()).max().unwrap_or_default();
    u16::try_from(longest).unwrap_or(u16::MAX)
}

/// A document as lines of name and value, in the order in which they are taken; the rest follows by itself.
pub(super) struct Facts {
    left: Map<String, Value>,
    lines: Vec<(String, String)>,
}

impl Facts {
    pub(super) fn of(document: &Value) -> Self {
        Self { left: document.as_object().cloned().unwrap_or_default(), lines: Vec::new() }
    }

    /// Takes a field out, for a line of one's own.
    pub(super) fn take(&mut self, name: &str) -> Value {
        self.left.remove(name).unwrap_or_default()
    }

    /// Adds a line.
    pub(super) fn line(&mut self, name: &str, value: impl Into<String>) {
        self.lines.push((name.to_owned(), value.into()));
    }

    /// Takes fields out as they are, and leaves out those that are missing.
    pub(super) fn show(&mut self, names: &[&str]) {
        for name in names {
            if let Some(value) = self.left.remove(*name) {
                flatten(&spoken(name), &value, &mut self.lines);
            }
        }
    }

    /// The table, with whatever nobody has taken at its end.
    pub(super) fn print(mut self) -> String {
        for (name, value) in &self.left {
            flatten(&spoken(name), value, &mut self.lines);
        }
        let mut table = bare();
        for (name, value) in &self.lines {
            table.add_row([clean(name), clean(value)]);
        }
        printed(table)
    }
}

fn spoken(name: &str) -> String {
    name.replace('_', " ")
}

fn flatten(name: &str, value: &Value, lines: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                flatten(&format!("{name} {}", spoken(field)), value, lines);
            }
        }
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            lines.push((name.to_owned(), text(plain)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_that_nobody_knows_are_shown_and_missing_ones_are_not() {
        let mut facts = Facts::of(&json!({"a": {"x_y": null, "z": true}, "at": "2026-11-22T09:24:08.96Z", "b": 1}));
        facts.show(&["b", "gone"]);
        assert_eq!(facts.print(), "b      1\na x y  -\na z    yes\nat     2026-11-22 09:24:08Z\n");
    }

    #[test]
    fn a_list_has_a_heading_and_a_dash_for_what_is_missing() {
        let items = [json!({"phone_number": "+1415", "more": 1}), json!({"user_id": "u-1"})];
        let printed = list(&items, &[("NUMBER", "phone_number"), ("USER", "user_id")]);
        assert_eq!(printed, "NUMBER  USER\n+1415   -\n-       u-1\n");
    }

    #[test]
    fn a_narrow_terminal_gets_whole_words() {
        let mut table = bare();
        table.set_width(36).set_header(["NUMBER", "MESSAGE"]);
        table.add_row(["+14155550100", "no number of this pool; adopt it first"]);
        let printed = printed(table);
        assert!(printed.lines().count() > 2, "{printed}");
        for word in ["+14155550100", "number", "adopt", "first"] {
            assert!(printed.split_whitespace().any(|shown| shown == word), "{word}:\n{printed}");
        }
    }

    #[test]
    fn no_cell_steers_a_terminal() {
        let item = json!({"reason": "a\u{1b}[2Jb\nc\u{202e}d"});
        let printed = list(std::slice::from_ref(&item), &[("REASON", "reason")]);
        assert_eq!(printed, "REASON\na\u{fffd}[2Jb\u{fffd}c\u{fffd}d\n");
    }
}
