//! `callbunker import`: the earlier service's numbers and users, a chunk at a time.
//!
//! Invariant: nothing is sent before the whole file was read; rows that are refused let nothing be sent, unless `--rejected` takes them.
//! How to get it wrong: taking a lost answer for a failed chunk. The daemon's import is idempotent: run it again.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::api_request::ApiRequest;
use super::args::ImportArgs;
use super::client::Client;
use super::ending::{CommandError, Ending, Refused, both, say, warn};
use super::follow::bar;
use super::moving_in::rejected::Rejected;
use super::moving_in::spool::Kept;
use super::moving_in::told::{About, Outcome, sentence};
use super::moving_in::{ReadFile, read};
use super::tables::{items, list};
use crate::domain::{PoolName, grouped};

/// Numbers in one call.
const CHUNK: usize = 250;
/// The longest users of so many numbers do not fit into what the daemon takes in one call.
const CHUNK_BYTES_MAX: usize = 512 * 1024;

pub(super) fn import(client: impl Fn() -> Result<Client, CommandError>, args: &ImportArgs) -> Ending {
    let reading = bar(0, "reading the file");
    let file = read(args, &reading);
    reading.finish_and_clear();
    let file = file.map_err(CommandError::Usage)?;
    let about = About::of(&file);
    if file.refused > 0 && args.rejected.is_none() {
        return nothing_sent(file, &about, args);
    }
    let mut sending = Sending::new(file);
    let broken = if sending.rows() > 0 { sending.send_all(&client()?, args) } else { None };
    sending.end(broken, &about, args)
}

/// Rows are refused, and nobody said where to write them.
fn nothing_sent(file: ReadFile, about: &About, args: &ImportArgs) -> Ending {
    let good = file.rows.saturating_sub(file.refused);
    let refused = file.refused;
    let outcome = Outcome::of_file(file.faults, file.notes);
    let printed = print(&outcome, about, args, false);
    let rows =
        if refused == 1 { "1 row is refused".to_owned() } else { format!("{} rows are refused", grouped(refused)) };
    let others = match good {
        0 => "mend them in the file".to_owned(),
        good => format!(
            "mend them in the file, or give --rejected FILE: then the other {} move in, and the refused ones are written there",
            grouped(good)
        ),
    };
    warn(&format!("callbunker: {rows}, and nothing was sent; {others}"));
    both(printed, Err(CommandError::AlreadyTold))
}

/// What is known while rows are sent.
struct Sending {
    good: super::moving_in::spool::Spooled,
    seen: super::moving_in::seen::Seen,
    rejected: Option<Rejected>,
    outcome: Outcome,
    refused: u64,
    problems: usize,
    /// Of each code of the daemon's, what it said.
    messages: BTreeMap<String, BTreeSet<String>>,
    done: usize,
}

/// Messages of one code that are told apart.
const MESSAGES_MAX: usize = 3;

/// Said of a row of the file whose contradiction came later.
const CONTRADICTED: &str = "another row contradicts this one: keep the right one";

impl Sending {
    fn new(file: ReadFile) -> Self {
        let mut outcome = Outcome::of_file(file.faults, file.notes);
        outcome.left.users_without_number = file.refused_of_users;
        Self {
            good: file.good,
            seen: file.seen,
            rejected: file.rejected,
            outcome,
            refused: file.refused,
            problems: 0,
            messages: BTreeMap::new(),
            done: 0,
        }
    }

    /// How many there are to send.
    fn rows(&self) -> usize {
        self.good.len()
    }

    /// Sends what is good, until something breaks off.
    fn send_all(&mut self, client: &Client, args: &ImportArgs) -> Option<CommandError> {
        let rows = self.rows();
        let bar = bar(rows as u64, if args.dry_run { "looking numbers up" } else { "importing numbers" });
        let mut rank = 0;
        let mut broken = None;
        while rank < rows && broken.is_none() {
            broken = self.chunk(&mut rank).and_then(|chunk| self.send(client, &chunk, args)).err();
            if broken.is_none() {
                self.done = rank;
            }
            bar.set_position(rank as u64);
        }
        bar.finish_and_clear();
        broken
    }

    /// The next rows that go in one call.
    fn chunk(&mut self, rank: &mut usize) -> Result<Vec<Kept>, CommandError> {
        let (mut chunk, mut bytes) = (Vec::new(), 0);
        while *rank < self.rows() && chunk.len() < CHUNK && bytes < CHUNK_BYTES_MAX {
            let kept = self.good.row(*rank).map_err(|error| {
                CommandError::Failed(format!("a row cannot be read back: {error}; look at the disk that TMPDIR is on"))
            })?;
            *rank += 1;
            if self.seen.is_refused(&kept.row.phone_number) {
                self.outcome.left.users_without_number += u64::from(kept.row.user_id.is_some());
                self.reject(&kept, CONTRADICTED)?;
                continue;
            }
            bytes += kept.row.user_id.as_ref().map_or(0, |user_id| user_id.as_str().len() * 2) + 150;
            chunk.push(kept);
        }
        Ok(chunk)
    }

    fn send(&mut self, client: &Client, chunk: &[Kept], args: &ImportArgs) -> Result<(), CommandError> {
        if chunk.is_empty() {
            return Ok(());
        }
        // What the file says was read here; the daemon takes it to the letter.
        let rows: Vec<_> = chunk.iter().map(|kept| &kept.row).collect();
        let body = json!({ "numbers": rows, "dry_run": args.dry_run, "configure_webhooks": args.configure_webhooks, "as_is": true });
        let call = ApiRequest::post_api(&["import"]).query("pool", args.pool.as_ref());
        let mut document = client.ask(&call.takes_long().body(body))?.document;
        for problem in items(&document, "problems") {
            self.problem(problem, chunk)?;
        }
        // People are told causes; a list as long as the file is for programs.
        if !args.remote.json {
            document["problems"] = json!([]);
        }
        // The file's doubts were told when it was read.
        if let Some(fields) = document.as_object_mut() {
            fields.remove("notes");
        }
        self.outcome.left.webhooks += document["drifted"].as_u64().unwrap_or_default();
        add(&mut self.outcome.sum, &document);
        Ok(())
    }

    /// What the daemon has against a row.
    fn problem(&mut self, problem: &Value, chunk: &[Kept]) -> Result<(), CommandError> {
        let text = |name: &str| problem[name].as_str().unwrap_or_default();
        let (code, reason) = (text("code"), format!("{}: {}", text("code"), text("message")));
        self.problems += 1;
        self.outcome.left.not_in_account += u64::from(code == "not_in_account");
        let kept = chunk.iter().find(|kept| kept.row.phone_number.as_str() == text("phone_number"));
        // A message may name what is each row's own, such as a request at Twilio.
        let known = self.messages.entry(code.to_owned()).or_default();
        if known.len() < MESSAGES_MAX {
            known.insert(reason.clone());
        }
        let cause = if known.contains(&reason) { &reason } else { known.first().unwrap_or(&reason) };
        self.outcome.problems.add(cause, kept.map_or(0, |kept| kept.line), Some(text("phone_number")));
        let Some(kept) = kept else { return Ok(()) };
        let is_served = code == "tag_failed" || code == "user_has_another_number";
        self.outcome.left.users_without_number += u64::from(kept.row.user_id.is_some() && !is_served);
        self.reject(kept, &reason)
    }

    fn reject(&mut self, kept: &Kept, reason: &str) -> Result<(), CommandError> {
        let rejected = self.rejected.as_mut();
        rejected.map_or(Ok(()), |rejected| rejected.add(&kept.cells, reason)).map_err(CommandError::Failed)
    }

    /// Writes the file of the others, prints, and says how it ended.
    fn end(mut self, broken: Option<CommandError>, about: &About, args: &ImportArgs) -> Ending {
        if self.done == 0
            && self.refused == 0
            && let Some(failure) = broken
        {
            return Err(failure);
        }
        let path = args.rejected.as_ref().map(|path| path.display().to_string());
        let mut kept = Ok(false);
        if let Some(rejected) = self.rejected.take() {
            self.outcome.rejected = path.clone().map(|path| (path, rejected.rows)).filter(|(_, rows)| *rows > 0);
            kept = if args.dry_run { Ok(false) } else { rejected.keep() };
        }
        if kept.is_err() {
            self.outcome.rejected = None;
        }
        let printed = print(&self.outcome, about, args, args.dry_run);
        let told = match (kept, broken) {
            (Err(sentence), _) => Err(CommandError::Failed(sentence)),
            (Ok(_), Some(failure)) => Err(in_the_middle(failure, self.done, self.rows())),
            (Ok(is_written), None) => {
                let file = path.as_deref().filter(|_| is_written);
                match sentence(self.refused, self.problems, file) {
                    None => Ok(()),
                    Some(sentence) => {
                        warn(&sentence);
                        Err(CommandError::AlreadyTold)
                    }
                }
            }
        };
        both(printed, told)
    }
}

/// Adds an answer: counts are summed, pool by pool too, lists are joined, of anything else the latest stays.
fn add(sum: &mut Value, answer: &Value) {
    for (name, value) in answer.as_object().into_iter().flatten() {
        let so_far = &mut sum[name.as_str()];
        if name == "pools" {
            add_pools(so_far, value);
            continue;
        }
        // Each chunk tells the same of the pool as it is then.
        if name == "warnings" {
            *so_far = value.clone();
            continue;
        }
        match (so_far.as_u64(), value.as_u64(), value.as_array()) {
            (Some(before), Some(more), _) => *so_far = json!(before + more),
            (_, _, Some(more)) => match so_far.as_array_mut() {
                Some(before) => before.extend_from_slice(more),
                None => *so_far = value.clone(),
            },
            _ => *so_far = value.clone(),
        }
    }
}

/// Each pool's counts are summed; one that comes for the first time is added.
fn add_pools(so_far: &mut Value, more: &Value) {
    let mut all = so_far.as_array().cloned().unwrap_or_default();
    for line in more.as_array().into_iter().flatten() {
        match all.iter_mut().find(|known| known["pool"] == line["pool"]) {
            Some(known) => add(known, line),
            None => all.push(line.clone()),
        }
    }
    *so_far = Value::Array(all);
}

fn print(outcome: &Outcome, about: &About, args: &ImportArgs, dry_run: bool) -> Ending {
    match args.remote.json {
        true => say(&format!("{}\n", outcome.document(about))),
        false => say(&(outcome.text(about, dry_run, &pools(&outcome.sum)) + &warnings(&outcome.sum))),
    }
}

/// What came into which pool, where there are several; with one the sums are its own.
fn pools(sum: &Value) -> String {
    let pools = items(sum, "pools");
    let are_several = pools.iter().any(|line| line["pool"] != PoolName::DEFAULT);
    if are_several { format!("\n{}\n", list(pools, POOL_COLUMNS)) } else { String::new() }
}

fn warnings(sum: &Value) -> String {
    let warnings = items(sum, "warnings").iter().filter_map(Value::as_str);
    warnings.map(|warning| format!("warning           {}\n", super::tables::clean(warning))).collect()
}

/// What came into which pool.
const POOL_COLUMNS: &[(&str, &str)] =
    &[("POOL", "pool"), ("IMPORTED", "imported"), ("ASSIGNED", "assigned"), ("ALREADY", "already_imported")];

fn in_the_middle(failure: CommandError, sent: usize, rows: usize) -> CommandError {
    let told = |sentence: String| {
        format!(
            "after {sent} of {rows} numbers: {sentence}; then import the same file again, what is in stays as it is"
        )
    };
    match failure {
        CommandError::Failed(sentence) => CommandError::Failed(told(sentence)),
        CommandError::Unreachable(sentence) => CommandError::Unreachable(told(sentence)),
        // Scripts have read one document already: what is in.
        CommandError::Refused(refused) => {
            CommandError::Refused(Box::new(Refused { sentence: told(refused.sentence), document: None, ..*refused }))
        }
        other @ (CommandError::Usage(_)
        | CommandError::AlreadyTold
        | CommandError::Code(_)
        | CommandError::ReaderGone) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answers_of_chunks_are_summed() {
        let mut sum = json!({ "imported": 0, "assigned": 0, "problems": [] });
        add(&mut sum, &json!({"imported": 100, "assigned": 40, "problems": [{"code": "a"}], "unchanged": 1}));
        add(&mut sum, &json!({"imported": 7, "assigned": 0, "problems": [{"code": "b"}], "unchanged": 2}));
        let expected =
            json!({"imported": 107, "assigned": 40, "problems": [{"code": "a"}, {"code": "b"}], "unchanged": 3});
        assert_eq!(sum, expected);
    }

    #[test]
    fn what_came_into_which_pool_is_summed_and_told_where_there_are_several() {
        let pool = |name: &str, imported: u32| json!({"pool": name, "imported": imported, "assigned": 0, "already_imported": 1});
        let mut sum = json!({ "imported": 0, "assigned": 0, "problems": [] });
        add(&mut sum, &json!({"imported": 3, "pools": [pool("default", 3)]}));
        assert_eq!(pools(&sum), "");
        add(&mut sum, &json!({"imported": 5, "pools": [pool("default", 1), pool("gb", 4)]}));
        assert_eq!(
            sum["pools"],
            json!([
            {"pool": "default", "imported": 4, "assigned": 0, "already_imported": 2},
            {"pool": "gb", "imported": 4, "assigned": 0, "already_imported": 1}])
        );
        let shown = pools(&sum);
        assert!(shown.contains("POOL     IMPORTED") && shown.contains("gb"), "{shown}");
    }
}
