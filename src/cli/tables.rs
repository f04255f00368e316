//! The daemon's documents as tables for people.
//!
//! Invariants: a field that is not known yet is shown, not lost, and one that is missing is a dash; no cell holds a
//! character that could steer a terminal; on a narrow terminal columns that can be spared go first, then each item is a
//! block of lines. How to get it wrong: a struct per document, which the next field breaks.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::screen::{Cell, Screen, Tone};
use crate::domain::steers;

/// Columns that a narrow terminal goes without.
const SPARED: &[&str] = &["REQUEST", "COUNTRY"];
/// Columns that a very narrow one goes without.
const SPARED_NEXT: &[&str] = &["FROM", "SID", "REASON", "SOURCE", "PURCHASED"];
const TIME: &str = "%Y-%m-%d %H:%M:%SZ";
const SHORT_TIME: &str = "%m-%d %H:%MZ";

/// Text without characters that steer a terminal or turn its direction.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|character| if steers(character) { '\u{fffd}' } else { character }).collect()
}

/// One value in one cell.
pub(super) fn text(value: &Value) -> String {
    written(value, TIME)
}

fn written(value: &Value, time: &str) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => match DateTime::parse_from_rfc3339(text) {
            Ok(at) => at.with_timezone(&Utc).format(time).to_string(),
            Err(_) => clean(text),
        },
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.iter().map(|item| written(item, time)).collect::<Vec<_>>().join(", "),
        other @ (Value::Number(_) | Value::Object(_)) => clean(&other.to_string()),
    }
}

/// How good it is that a field holds this.
fn tone(field: &str, value: &Value) -> Tone {
    let word = value.as_str().unwrap_or_default();
    match (field, word) {
        ("status" | "number_status", "missing") | ("webhook_status", "failed") | ("state", "halted") => Tone::Bad,
        ("status", "held") | ("webhook_status", "drifted" | "pending") | ("state", "stopped" | "interrupted") => {
            Tone::Warn
        }
        ("state", word) if word.starts_with("halted") => Tone::Bad,
        ("state", "not configured") => Tone::Warn,
        ("state", word) if word.starts_with("low") => Tone::Warn,
        ("error", word) if !word.is_empty() => Tone::Bad,
        ("errors", _) if value.as_array().is_some_and(|errors| !errors.is_empty()) => Tone::Bad,
        ("result", "fail") | ("severity", "critical") => Tone::Bad,
        ("result", "warn") | ("severity", "warning") => Tone::Warn,
        ("result", _) => match value.as_u64() {
            Some(500..) => Tone::Bad,
            Some(400..) => Tone::Warn,
            Some(_) | None => Tone::Plain,
        },
        ("outcome", word) => match word {
            "" | "ok" | "closed" | "skipped" | "done" | "waiting" | "buying" | "cancelling" | "cancelled" => {
                Tone::Plain
            }
            "nothing_bought" | "nothing bought" | "internal" => Tone::Bad,
            _ => Tone::Warn,
        },
        _ => Tone::Plain,
    }
}

/// The elements of a list; none when it is missing.
pub(super) fn items<'v>(document: &'v Value, name: &str) -> &'v [Value] {
    document[name].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A table with a line per element; each column is a heading and the name of a field.
pub(super) fn list(items: &[Value], columns: &[(&str, &str)]) -> String {
    list_on(Screen::here(), items, columns)
}

fn list_on(screen: Screen, items: &[Value], columns: &[(&str, &str)]) -> String {
    let whole = rows(items, columns, TIME);
    if screen.fits(&whole) {
        return screen.print(&whole);
    }
    let mut kept = columns.to_vec();
    let mut short = rows(items, &kept, SHORT_TIME);
    for (spared, is_enough) in
        [(SPARED, Screen::fits as fn(Screen, &[Vec<Cell>]) -> bool), (SPARED_NEXT, Screen::fits_wrapped)]
    {
        for heading in spared {
            if is_enough(screen, &short) {
                break;
            }
            kept.retain(|(kept, _)| kept != heading);
            short = rows(items, &kept, SHORT_TIME);
        }
    }
    if screen.fits_wrapped(&short) {
        return screen.print(&short);
    }
    let kept: Vec<_> = columns.iter().copied().filter(|(heading, _)| !SPARED.contains(heading)).collect();
    blocks(screen, items, &kept)
}

fn rows(items: &[Value], columns: &[(&str, &str)], time: &str) -> Vec<Vec<Cell>> {
    let cell = |item: &Value, field: &str| Cell { text: written(&item[field], time), tone: tone(field, &item[field]) };
    let heading = columns.iter().map(|(heading, _)| Cell::plain(*heading)).collect();
    let lines = items.iter().map(|item| columns.iter().map(|(_, field)| cell(item, field)).collect());
    std::iter::once(heading).chain(lines).collect()
}

/// Each item as lines of heading and value, with an empty line between two of them. A value with a word that has no room
/// beside the headings comes last, below its own.
fn blocks(screen: Screen, items: &[Value], columns: &[(&str, &str)]) -> String {
    let block = |item: &Value| {
        let line = |(heading, field): &(&str, &str)| {
            let value = Cell { text: written(&item[*field], TIME), tone: tone(field, &item[*field]) };
            vec![Cell::plain(*heading), value]
        };
        let lines: Vec<Vec<Cell>> = columns.iter().map(line).collect();
        let headings: Vec<Cell> = lines.iter().filter_map(|line| line.first().cloned()).collect();
        let has_room = |line: &Vec<Cell>| {
            let beside = |heading: &Cell| vec![heading.clone(), line.last().cloned().unwrap_or_default()];
            screen.fits_wrapped(&headings.iter().map(beside).collect::<Vec<_>>())
        };
        let (beside, below): (Vec<_>, Vec<_>) = lines.into_iter().partition(has_room);
        let below = below.into_iter().flatten().map(|cell| vec![cell]).collect::<Vec<_>>();
        screen.print(&beside) + &screen.print(&below)
    };
    items.iter().map(block).collect::<Vec<_>>().join("\n")
}

/// A document as lines of name and value, in the order in which they are taken; the rest follows by itself.
pub(super) struct Facts {
    left: Map<String, Value>,
    lines: Vec<(String, Cell)>,
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
        self.toned(name, value, Tone::Plain);
    }

    /// Adds a line whose value is as good as this.
    pub(super) fn toned(&mut self, name: &str, value: impl Into<String>, tone: Tone) {
        self.lines.push((name.to_owned(), Cell { text: value.into(), tone }));
    }

    /// Takes a count out that is bad, or to be looked at, unless it is 0.
    pub(super) fn counts(&mut self, names: &[&str], tone: Tone) {
        for name in names {
            if let Some(value) = self.left.remove(*name) {
                let tone = if value.as_u64().is_some_and(|count| count > 0) { tone } else { Tone::Plain };
                self.toned(&spoken(name), text(&value), tone);
            }
        }
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
        let row = |(name, value): &(String, Cell)| {
            vec![Cell::plain(clean(name)), Cell { text: clean(&value.text), tone: value.tone }]
        };
        Screen::here().print(&self.lines.iter().map(row).collect::<Vec<_>>())
    }
}

fn spoken(name: &str) -> String {
    name.replace('_', " ")
}

fn flatten(name: &str, value: &Value, lines: &mut Vec<(String, Cell)>) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                flatten(&format!("{name} {}", spoken(field)), value, lines);
            }
        }
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            let field = name.replace(' ', "_");
            lines.push((name.to_owned(), Cell { text: text(plain), tone: tone(&field, plain) }));
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
    fn a_word_without_room_beside_the_headings_stands_below_its_own() {
        let items =
            [json!({"who": "dana", "detail": "purchase id 01a225e2-3ec7-7547-a89c-0801d289db60", "result": "ok"})];
        let shown = list_on(Screen::of(40), &items, &[("WHO", "who"), ("DETAIL", "detail"), ("RESULT", "result")]);
        assert_eq!(shown, "WHO     dana\nRESULT  ok\nDETAIL\npurchase id\n01a225e2-3ec7-7547-a89c-0801d289db60\n");
    }

    #[test]
    fn a_narrow_terminal_goes_without_what_can_be_spared_then_gets_blocks() {
        let items = [json!({"at": "2026-11-22T09:24:08Z", "who": "6d843254d280", "address": "198.51.100.7",
            "action": "configure-webhooks", "result": 200, "request_id": "31193e41-06e8-4345-839a-c3b7f1f01ef1"})];
        let columns = [
            ("AT", "at"),
            ("WHO", "who"),
            ("FROM", "address"),
            ("ACTION", "action"),
            ("RESULT", "result"),
            ("REQUEST", "request_id"),
        ];
        let wide = list_on(Screen::of(200), &items, &columns);
        assert!(wide.contains("31193e41") && wide.contains("2026-11-22 09:24:08Z"), "{wide}");
        for width in [80, 60, 40] {
            let narrow = list_on(Screen::of(width), &items, &columns);
            assert!(narrow.lines().all(|line| line.len() <= width), "{width}:\n{narrow}");
            assert!(narrow.contains("configure-webhooks") && narrow.contains("6d843254d280"), "{width}:\n{narrow}");
            assert_eq!(narrow.lines().count(), if width == 40 { 5 } else { 2 }, "{width}:\n{narrow}");
        }
    }

    #[test]
    fn no_cell_steers_a_terminal() {
        let item = json!({"reason": "a\u{1b}[2Jb\nc\u{202e}d"});
        let printed = list(std::slice::from_ref(&item), &[("REASON", "reason")]);
        assert_eq!(printed, "REASON\na\u{fffd}[2Jb\u{fffd}c\u{fffd}d\n");
    }
}
