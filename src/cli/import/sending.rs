//! The rows of a file on their way to the daemon, a chunk at a time, and how that ended.
//!
//! How to get it wrong: taking a lost answer for a failed chunk. The daemon's import is idempotent: run it again.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::next;
use super::printed::print;
use super::sum::add;
use crate::cli::api_request::ApiRequest;
use crate::cli::args::ImportArgs;
use crate::cli::client::Client;
use crate::cli::ending::{CommandError, Ending, Refused, both, warn};
use crate::cli::follow::bar;
use crate::cli::moving_in::ReadFile;
use crate::cli::moving_in::rejected::Rejected;
use crate::cli::moving_in::seen::Seen;
use crate::cli::moving_in::spool::{Kept, Spooled};
use crate::cli::moving_in::told::{About, Outcome, sentence};
use crate::cli::tables::items;

/// Numbers in one call.
const CHUNK: usize = 250;
/// The longest users of so many numbers do not fit into what the daemon takes in one call.
const CHUNK_BYTES_MAX: usize = 512 * 1024;

/// What is known while rows are sent.
pub(super) struct Sending {
    good: Spooled,
    seen: Seen,
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

/// Said of a row that moves in.
const RESTED: &str = "its status is quarantined: what was not ours before is stock at once, and nobody keeps its rest";

/// Said of a row of the file whose contradiction came later.
const CONTRADICTED: &str = "another row contradicts this one: keep the right one";

impl Sending {
    pub(super) fn new(file: ReadFile) -> Self {
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
    pub(super) fn rows(&self) -> usize {
        self.good.len()
    }

    /// Sends what is good, until something breaks off.
    pub(super) fn send_all(&mut self, client: &Client, args: &ImportArgs) -> Option<CommandError> {
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
                self.goes_without(&kept);
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
        let mut bad = BTreeSet::new();
        for problem in items(&document, "problems") {
            bad.insert(problem["phone_number"].as_str().unwrap_or_default().to_owned());
            self.problem(problem, chunk)?;
        }
        let stock = document["stock"].as_u64().unwrap_or_default();
        let rested =
            chunk.iter().filter(|kept| kept.rested && stock > 0 && !bad.contains(kept.row.phone_number.as_str()));
        rested.for_each(|kept| self.outcome.notes.add(RESTED, kept.line, None));
        self.outcome.left.stock += stock;
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
        if !is_served {
            self.goes_without(kept);
        }
        self.reject(kept, &reason)
    }

    /// A row cannot be taken, so that its user is without a number.
    fn goes_without(&mut self, kept: &Kept) {
        let is_one_more = kept.row.user_id.as_ref().is_some_and(|user_id| self.seen.goes_without(user_id));
        self.outcome.left.users_without_number += u64::from(is_one_more);
    }

    fn reject(&mut self, kept: &Kept, reason: &str) -> Result<(), CommandError> {
        let rejected = self.rejected.as_mut();
        rejected.map_or(Ok(()), |rejected| rejected.add(&kept.cells, reason)).map_err(CommandError::Failed)
    }

    /// Writes the file of the others, prints, and says how it ended.
    pub(super) fn end(mut self, broken: Option<CommandError>, about: &About, args: &ImportArgs) -> Ending {
        if self.done == 0
            && self.refused == 0
            && let Some(failure) = broken
        {
            return Err(failure);
        }
        let mut kept = Ok(None);
        if let Some(rejected) = self.rejected.take() {
            let rows = rejected.rows;
            kept = if args.dry_run { Ok(None) } else { rejected.keep() };
            let path = if args.dry_run { args.rejected.as_ref() } else { kept.as_ref().ok().and_then(Option::as_ref) };
            self.outcome.rejected = path.filter(|_| rows > 0).map(|path| (path.display().to_string(), rows));
        }
        let printed = print(&self.outcome, about, args, args.dry_run);
        let told = match (kept, broken) {
            (Err(sentence), _) => Err(CommandError::Failed(sentence)),
            (Ok(_), Some(failure)) => Err(in_the_middle(failure, self.done, self.rows())),
            (Ok(written), None) => {
                let next = match &written {
                    Some(file) => next::command(args, file, None),
                    None => next::command(args, &args.file, args.rejected.as_deref()),
                };
                let path = written.map(|file| file.display().to_string());
                match sentence(self.refused, self.problems, path.as_deref(), &next) {
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
