//! What was wrong with rows, or is to be known of them, told once for each cause.
//!
//! How to get it wrong: a line for each row. A thousand of one fault hide the one of another.

use serde_json::{Value, json};

use crate::domain::grouped;

/// Lines that are named of a cause.
const LINES_SHOWN: usize = 3;

/// Causes, in the order in which they came.
#[derive(Debug, Default)]
pub(in crate::cli) struct Causes(Vec<Cause>);

#[derive(Debug)]
struct Cause {
    words: String,
    count: u64,
    lines: Vec<u64>,
    detail: Option<String>,
}

impl Causes {
    /// Counts a row of `line` under a cause; `detail` is what was wrong with this one.
    pub(in crate::cli) fn add(&mut self, words: &str, line: u64, detail: Option<&str>) {
        let cause = match self.0.iter().position(|cause| cause.words == words) {
            Some(known) => &mut self.0[known],
            None => {
                self.0.push(Cause {
                    words: words.to_owned(),
                    count: 0,
                    lines: Vec::new(),
                    detail: detail.map(str::to_owned),
                });
                self.0.last_mut().expect("one was put there")
            }
        };
        cause.count += 1;
        // Of a row that contradicts earlier ones those are told later.
        let place = cause.lines.partition_point(|earlier| *earlier < line);
        cause.lines.insert(place, line);
        cause.lines.truncate(LINES_SHOWN);
    }

    /// Counts and sentences, a line each.
    pub(in crate::cli) fn told(&self) -> impl Iterator<Item = (u64, String)> + '_ {
        self.0.iter().map(|cause| {
            let shown: Vec<String> = cause.lines.iter().map(|line| grouped(*line)).collect();
            let more = if cause.count > shown.len() as u64 { ", …" } else { "" };
            let word = if cause.count == 1 { "line" } else { "lines" };
            // Of one row what is wrong with it is worth its room.
            let detail = cause.detail.as_deref().filter(|_| cause.count == 1);
            let detail = detail.map(|detail| format!(": {detail}")).unwrap_or_default();
            (cause.count, format!("{} ({word} {}{more}{detail})", cause.words, shown.join(", ")))
        })
    }

    /// The same for programs.
    pub(in crate::cli) fn document(&self) -> Value {
        self.0.iter().map(|cause| json!({"cause": cause.words, "count": cause.count, "lines": cause.lines})).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once_with_its_first_lines() {
        let mut causes = Causes::default();
        for line in [7, 12, 40, 1240, 3] {
            causes.add("too long", line, Some("x"));
        }
        causes.add("too short", 9, Some("\"a\""));
        let told: Vec<_> = causes.told().collect();
        assert_eq!(told, [(5, "too long (lines 3, 7, 12, …)".to_owned()), (1, "too short (line 9: \"a\")".to_owned())]);
        assert_eq!(causes.document()[0], json!({"cause": "too long", "count": 5, "lines": [3, 7, 12]}));
    }
}
