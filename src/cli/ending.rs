//! How a command ends: its exit code, and the one sentence on standard error that goes with it.
//!
//! Invariants: standard output holds what was asked for and nothing else, which with `--json` is the daemon's document,
//! a refusal's too; a reader who has gone away ends a command quietly, without a panic.
//! How to get it wrong: `println!`, which panics at a closed pipe.

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use serde_json::Value;

use super::screen::alarm;
use super::tables::clean;

const USAGE: u8 = 64;
const UNREACHABLE: u8 = 69;
const FAILED: u8 = 1;

/// Why a command did not end well.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CommandError {
    /// What was given to it is wrong.
    Usage(String),
    /// The database or the daemon is away.
    Unreachable(String),
    /// Anything else.
    Failed(String),
    /// The daemon refused, and said why in a document.
    Refused(Box<Refused>),
    /// The same, and everything has been told already.
    AlreadyTold,
    /// An exit code whose reason has been told, such as that of a daemon that ended by itself.
    Code(u8),
    /// Nobody reads any more.
    ReaderGone,
}

/// A daemon's no as the end of a command.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    /// It goes away, or its database is away.
    pub is_unreachable: bool,
    pub sentence: String,
    /// As it came, when a script asked.
    pub document: Option<String>,
    /// What was done until then, where there is such a thing.
    pub report: Option<Value>,
}

/// The end of a command that has told already that the daemon or its database is away.
pub(super) fn told_unreachable() -> CommandError {
    CommandError::Code(UNREACHABLE)
}

pub(super) type Ending = Result<(), CommandError>;

/// Tells the failure, if any, and turns it into the exit code.
pub(super) fn exit_code(ending: Ending) -> ExitCode {
    let (code, sentence) = match ending {
        Ok(()) | Err(CommandError::ReaderGone) => return ExitCode::SUCCESS,
        Err(CommandError::AlreadyTold) => return ExitCode::from(FAILED),
        Err(CommandError::Code(code)) => return ExitCode::from(code),
        Err(CommandError::Usage(sentence)) => (USAGE, sentence),
        Err(CommandError::Unreachable(sentence)) => (UNREACHABLE, sentence),
        Err(CommandError::Failed(sentence)) => (FAILED, sentence),
        Err(CommandError::Refused(refused)) => {
            // Whether somebody reads it changes nothing of what follows.
            let _ = refused.document.map(|document| say(&format!("{document}\n")));
            (if refused.is_unreachable { UNREACHABLE } else { FAILED }, refused.sentence)
        }
    };
    let mut out = std::io::stderr().lock();
    // There is nowhere left to complain.
    let _ = writeln!(out, "{} {}", alarm("callbunker:"), sentence.lines().map(clean).collect::<Vec<_>>().join("\n"));
    ExitCode::from(code)
}

/// Exit code of arguments that cannot be read.
pub(super) fn bad_usage() -> ExitCode {
    ExitCode::from(USAGE)
}

/// Writes to standard output, as it is.
pub(super) fn say(text: &str) -> Ending {
    say_bytes(text.as_bytes())
}

/// The same of a piece of what is longer than memory should hold.
pub(super) fn say_bytes(bytes: &[u8]) -> Ending {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(CommandError::ReaderGone),
        Err(error) => {
            Err(CommandError::Failed(format!("standard output cannot be written ({error}); give it another")))
        }
    }
}

/// How a command ends that has printed what it did and then told what is missing. A reader who has gone away takes
/// nothing from the latter.
pub(super) fn both(printed: Ending, told: Ending) -> Ending {
    match printed {
        Err(CommandError::ReaderGone) => told,
        printed => printed.and(told),
    }
}

/// `1 number`, `2 numbers`.
pub(super) fn numbers(count: usize) -> String {
    format!("{count} {}", if count == 1 { "number" } else { "numbers" })
}

/// Writes lines to standard error; a terminal gets no control characters from the daemon's text.
pub(super) fn warn(text: &str) {
    let mut out = std::io::stderr().lock();
    for line in text.lines() {
        // There is nowhere left to complain.
        let _ = writeln!(out, "{}", clean(line));
    }
}
