//! What an import says at its end: what was in the file, what became of it, and what is left to do.
//!
//! How to get it wrong: a table of all problems. Of a hundred thousand rows it would be the only thing to see.

use serde_json::{Value, json};

use super::causes::Causes;
use super::columns::Columns;
use super::reading::ReadFile;
use super::table::delimiter_name;
use crate::cli::ending::numbers;
use crate::domain::grouped;

/// What was in the file.
#[derive(Debug, Clone)]
pub(in crate::cli) struct About {
    name: String,
    rows: u64,
    blank: u64,
    form: String,
    columns: Columns,
}

impl About {
    pub(in crate::cli) fn of(file: &ReadFile) -> Self {
        Self {
            name: file.name.clone(),
            rows: file.rows,
            blank: file.blank,
            form: format!("{}, {}", delimiter_name(file.delimiter).1, file.encoding),
            columns: file.columns.clone(),
        }
    }

    fn line(&self) -> String {
        let rows = if self.rows == 1 { "row" } else { "rows" };
        let renamed = self.columns.renamed();
        let renamed: Vec<String> = renamed.iter().map(|(heading, name)| format!("{heading} → {name}")).collect();
        let left_out = self.columns.left_out().join(", ");
        let columns = match (renamed.is_empty(), left_out.is_empty()) {
            (true, true) => String::new(),
            (false, true) => format!(" Columns: {}.", renamed.join(", ")),
            (true, false) => format!(" Left out: {left_out}."),
            (false, false) => format!(" Columns: {}; left out: {left_out}.", renamed.join(", ")),
        };
        format!("{} {rows} of {} ({}).{columns}\n", grouped(self.rows), self.name, self.form)
    }
}

/// What became of it.
#[derive(Debug, Default)]
pub(in crate::cli) struct Outcome {
    /// The daemon's answers, summed up.
    pub sum: Value,
    /// What the file has that cannot be sent.
    pub faults: Causes,
    /// What the daemon could not take.
    pub problems: Causes,
    pub notes: Causes,
    /// Where the rows that could not be taken stand, or would.
    pub rejected: Option<(String, u64)>,
    pub left: LeftToDo,
}

/// What somebody has to do now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::cli) struct LeftToDo {
    /// Numbers that became ours and are nobody's.
    pub stock: u64,
    /// Numbers of users whose webhooks are not ours.
    pub webhooks: u64,
    pub not_in_account: u64,
    pub users_without_number: u64,
}

impl LeftToDo {
    /// The lines, with the command for each.
    fn lines(self) -> Vec<(String, &'static str)> {
        let all = [
            (self.stock, "stock, for whoever signs up", "if somebody has one, import it again with its user_id"),
            (self.webhooks, "webhooks still lead elsewhere", "callbunker configure-webhooks"),
            (
                self.not_in_account,
                "not in the account, perhaps in a subaccount",
                "import them with that account's daemon",
            ),
            (
                self.users_without_number,
                "users without a number",
                "mend their rows and import them, or callbunker assign USER_ID",
            ),
        ];
        let any = all.into_iter().filter(|(count, ..)| *count > 0);
        any.map(|(count, what, command)| (format!("{what}: {}", grouped(count)), command)).collect()
    }
}

impl Outcome {
    /// Nothing sent yet, and what the file has that cannot be, or is doubted.
    pub(in crate::cli) fn of_file(faults: Causes, notes: Causes) -> Self {
        let sum = json!({ "imported": 0, "assigned": 0, "already_imported": 0, "problems": [] });
        Self { sum, faults, notes, ..Self::default() }
    }

    /// All of it for people.
    pub(in crate::cli) fn text(&self, about: &About, dry_run: bool, pools: &str) -> String {
        let mut lines: Vec<(&str, u64, String)> = Vec::new();
        let count = |name: &str| self.sum[name].as_u64().unwrap_or_default();
        lines.push(("imported", count("imported"), String::new()));
        lines.push(("assigned", count("assigned"), String::new()));
        if count("already_imported") > 0 {
            lines.push(("already imported", count("already_imported"), String::new()));
        }
        lines.extend(self.faults.told().map(|(count, words)| ("refused", count, words)));
        lines.extend(self.problems.told().map(|(count, words)| ("problems", count, words)));
        if about.blank > 0 {
            let words = if about.blank == 1 { "a row of separators alone" } else { "rows of separators alone" };
            lines.push(("skipped", about.blank, words.to_owned()));
        }
        lines.extend(self.notes.told().map(|(count, words)| ("noted", count, words)));
        if let Some((path, rows)) = &self.rejected {
            let words = match dry_run {
                true => format!("would be written to {path}"),
                false => format!("are in {path}, with their reasons"),
            };
            lines.push(("rejected", *rows, words));
        }
        let width = lines.iter().map(|(_, count, _)| grouped(*count).len()).max().unwrap_or_default();
        let line = |(name, count, words): &(&str, u64, String)| {
            format!("{name:<16}  {:>width$}  {words}", grouped(*count)).trim_end().to_owned() + "\n"
        };
        let headline = if dry_run { "A dry run: nothing was changed. It would be:\n" } else { "" };
        let counts: String = lines.iter().map(line).collect();
        let left = self.left.lines();
        let wide = left.iter().map(|(what, _)| what.chars().count()).max().unwrap_or_default();
        let left: String = left.iter().map(|(what, command)| format!("  {what:<wide$}  {command}\n")).collect();
        let left = if left.is_empty() { left } else { format!("Left to do:\n{left}") };
        let text = format!("{}{headline}{counts}{pools}{left}", about.line());
        text.lines().map(|line| super::super::tables::clean(line) + "\n").collect()
    }

    /// All of it for programs.
    pub(in crate::cli) fn document(&self, about: &About) -> Value {
        let mut document = self.sum.clone();
        document["refused"] = self.faults.document();
        document["noted"] = self.notes.document();
        document["skipped"] = json!(about.blank);
        document["left_to_do"] = json!({
            "stock": self.left.stock,
            "webhooks": self.left.webhooks,
            "not_in_account": self.left.not_in_account,
            "users_without_number": self.left.users_without_number,
        });
        document
    }
}

/// The sentence for whoever has rows to mend; `next` is the command that comes then.
pub(in crate::cli) fn sentence(refused: u64, problems: usize, rejected: Option<&str>, next: &str) -> Option<String> {
    if refused == 0 && problems == 0 {
        return None;
    }
    let with = match problems {
        0 => String::new(),
        count => format!("problems with {}", numbers(count)),
    };
    let rows = match refused {
        0 => String::new(),
        1 => "1 row is refused".to_owned(),
        count => format!("{} rows are refused", grouped(count)),
    };
    let both = [rows, with].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", and ");
    Some(match rejected {
        Some(path) => format!("callbunker: {both}; mend them in {path} and import that file:\n  {next}"),
        None => format!("callbunker: {both}; mend them in the file and import it again:\n  {next}"),
    })
}
