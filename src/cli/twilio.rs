//! The commands that talk to Twilio themselves, without a daemon: a look here, the stream of events in `setup_events`.
//!
//! How to get it wrong: an exit code for warnings. A script goes on with them; it ends where buying could not succeed.

mod setup_events;

use serde_json::{Value, json};

use super::args::{TwilioArgs, TwilioCommand};
use super::ending::{CommandError, Ending, both, say, told_unreachable, warn};
use super::tables::list;
use crate::app::{NoLook, check_twilio};
use crate::config::Sources;
use crate::twilio_check::{CheckResult, Report};

const COLUMNS: [(&str, &str); 5] =
    [("RESULT", "result"), ("CHECK", "check"), ("POOL", "pool"), ("DETAIL", "detail"), ("TO DO", "todo")];

impl From<NoLook> for CommandError {
    fn from(why: NoLook) -> Self {
        match why {
            NoLook::Configuration(problems) => problems.into(),
            NoLook::Threads(error) => {
                Self::Failed(format!("no threads could be started ({error}); raise the process limits"))
            }
        }
    }
}

pub(super) fn twilio(sources: &Sources, args: &TwilioArgs) -> Ending {
    match args.command {
        TwilioCommand::Check { json } => check(sources, json),
        TwilioCommand::SetupEvents => setup_events::setup_events(sources),
    }
}

fn check(sources: &Sources, json: bool) -> Ending {
    let report = check_twilio(sources)?;
    let document = json!(report);
    let printed = if json { say(&format!("{document}\n")) } else { say(&table(&document)) };
    both(printed, told(&report))
}

fn table(document: &Value) -> String {
    let checks = document["checks"].as_array().map(Vec::as_slice).unwrap_or_default();
    list(checks, &COLUMNS)
}

fn told(report: &Report) -> Ending {
    let failing: Vec<String> = report.failing().map(|check| check.subject()).collect();
    if !report.reached {
        warn("callbunker: Twilio was not reached; do what the line of `credentials` says and check again");
        return Err(told_unreachable());
    }
    match report.result {
        CheckResult::Pass | CheckResult::Warn => Ok(()),
        CheckResult::Fail => {
            let failing = failing.join(", ");
            warn(&format!("callbunker: buying could not succeed ({failing}); do what these lines say and check again"));
            Err(CommandError::AlreadyTold)
        }
    }
}
