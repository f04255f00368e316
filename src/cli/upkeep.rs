//! Care for numbers: webhooks, reconciliation.
//!
//! Invariants: what could not be done is listed by number, and ends with 1; work that broke off shows what was done.
//! How to get it wrong: a short deadline. The daemon goes over every number at Twilio before it answers.

use serde_json::{Value, json};

use super::api_request::ApiRequest;
use super::args::{ConfigureArgs, ReconcileArgs};
use super::client::Client;
use super::ending::{CommandError, Ending, both, numbers, say, warn};
use super::follow::spinner;
use super::lists::with_pools;
use super::tables::{Facts, list, text};
use crate::api::{reconcile, webhooks};

pub(super) fn configure_webhooks(client: &Client, args: &ConfigureArgs) -> Ending {
    let mut call = ApiRequest::post_api(&["configure-webhooks"]).takes_long();
    call = call.query("pool", args.pool.as_ref());
    if !args.numbers.is_empty() {
        call = call.body(json!({ "phone_numbers": args.numbers }));
    }
    let bar = spinner("configuring webhooks");
    let answer = client.ask(&call);
    bar.finish_and_clear();
    let answer = match answer {
        Ok(answer) => answer,
        Err(failure) => return broke_off(failure, configured),
    };
    let webhooks::Document { failed, .. } = answer.read()?;
    let printed = match args.remote.json {
        true => say(&format!("{}\n", answer.text)),
        false => say(&configured(&answer.document)),
    };
    let told = match failed.len() {
        0 => Ok(()),
        count => {
            warn(&format!("callbunker: {} could not be set; mend what `failed` says and repeat", numbers(count)));
            Err(CommandError::AlreadyTold)
        }
    };
    both(printed, told)
}

fn configured(document: &Value) -> String {
    let mut facts = Facts::of(document);
    let failed = facts.take("failed");
    let failed = failed.as_array().map(Vec::as_slice).unwrap_or_default();
    facts.show(&["checked", "configured"]);
    facts.line("failed", failed.len().to_string());
    let table = match failed {
        [] => String::new(),
        failed => format!("\n{}", list(failed, &with_pools(PROBLEM_COLUMNS, failed))),
    };
    facts.print() + &table
}

/// Ends a command whose work broke off: people see what was done until then, scripts get the whole refusal.
fn broke_off(failure: CommandError, table: impl Fn(&Value) -> String) -> Ending {
    let shown = if let CommandError::Refused(refused) = &failure
        && refused.document.is_none()
    {
        refused.report.as_ref().map(table)
    } else {
        None
    };
    both(shown.map_or(Ok(()), |shown| say(&shown)), Err(failure))
}

/// Numbers with a problem.
pub(super) const PROBLEM_COLUMNS: &[(&str, &str)] =
    &[("NUMBER", "phone_number"), ("CODE", "code"), ("MESSAGE", "message")];

pub(super) fn reconcile(client: &Client, args: &ReconcileArgs) -> Ending {
    let mut call = ApiRequest::post_api(&["reconcile"]).takes_long();
    if args.confirm_missing {
        call = call.body(json!({ "confirm_missing": true }));
    }
    let bar = spinner("reconciling with Twilio");
    let answer = client.ask(&call);
    bar.finish_and_clear();
    let answer = match answer {
        Ok(answer) => answer,
        Err(failure) => return broke_off(failure, reconciled),
    };
    let printed = match args.remote.json {
        true => say(&format!("{}\n", answer.text)),
        false => say(&reconciled(&answer.document)),
    };
    let reconcile::Document { problem, .. } = answer.read()?;
    let told = match problem {
        Some(problem) => {
            warn(&format!("callbunker: {problem}"));
            Err(CommandError::AlreadyTold)
        }
        None => Ok(()),
    };
    both(printed, told)
}

fn reconciled(document: &Value) -> String {
    let mut facts = Facts::of(document);
    let mut tables = String::new();
    for (name, heading) in [
        ("adopted", "Adopted"),
        ("missing", "Missing at Twilio"),
        ("webhook_drift", "Webhooks differ"),
        ("attachment_drift", "Not attached to what their pool wants"),
        ("repaired", "Repaired"),
        ("conflicts", "Conflicts, to be decided"),
    ] {
        let found = facts.take(name);
        let found = found.as_array().map(Vec::as_slice).unwrap_or_default();
        facts.line(&name.replace('_', " "), found.len().to_string());
        if !found.is_empty() {
            let (found, columns) = told(found);
            tables += &format!("\n{heading}:\n{}", list(&found, &with_pools(&columns, &found)));
        }
    }
    let foreign = facts.take("foreign_numbers");
    if let Some(foreign) = foreign.as_array().filter(|foreign| !foreign.is_empty()) {
        let columns = [("NUMBER", "phone_number"), ("SID", "sid"), ("REASON", "reason")];
        tables += &format!("\nNot ours, never touched:\n{}", list(foreign, &columns));
    }
    // Told with the exit code.
    facts.take("problem");
    facts.show(&["apart_changed", "foreign", "ignored", "checked", "complete"]);
    facts.print() + &tables
}

/// The lines of a list as people read them, and its columns: those that any line has something for.
fn told(found: &[Value]) -> (Vec<Value>, Vec<(&'static str, &'static str)>) {
    let told = |line: &Value| {
        let by: Option<reconcile::ChangedBy> = serde_json::from_value(line["changed_by"].clone()).ok();
        let mut line = line.clone();
        line["changed_by"] = by.map_or(Value::Null, |by| json!(format!("{}, {}", by.told(), text(&json!(by.at)))));
        line
    };
    let lines: Vec<Value> = found.iter().map(told).collect();
    let mut columns = vec![("NUMBER", "phone_number"), ("USER", "user_id"), ("REASON", "reason")];
    for column in [("TARGET", "target"), ("CHANGED BY", "changed_by")] {
        if lines.iter().any(|line| line[column.1].is_string()) {
            columns.push(column);
        }
    }
    (lines, columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reconciliation_counts_everything_and_lists_what_it_found() {
        let document = json!({"adopted": [], "missing": [{"phone_number": "+14155550100", "user_id": "u-1",
            "reason": "gone"}], "webhook_drift": [], "attachment_drift": [], "repaired": [{"phone_number": "+14155550101", "reason": "drift"}],
            "conflicts": [], "foreign": 2, "foreign_numbers": [], "problem": null, "confirmation": "needed"});
        assert_eq!(
            reconciled(&document),
            "adopted           0\nmissing           1\nwebhook drift     0\nattachment drift  0\n\
             repaired          1\nconflicts         0\nforeign           2\nconfirmation      needed\n\nMissing at Twilio:\nNUMBER        USER  REASON\n+14155550100  u-1   gone\n\n\
             Repaired:\nNUMBER        USER  REASON\n+14155550101  -     drift\n"
        );
        let by = json!({"actor": "US1", "source": "web", "at": "2026-11-22T12:00:01.5Z"});
        let document = json!({"missing": [{"phone_number": "+14155550100", "reason": "gone", "changed_by": null},
            {"phone_number": "+14155550101", "reason": "gone", "changed_by": by}],
            "attachment_drift": [{"phone_number": "+14155550102", "reason": "it left", "target": "MG1"}]});
        let shown = reconciled(&document);
        for line in [
            "NUMBER        USER  REASON  CHANGED BY",
            "+14155550101  -     gone    US1 in Twilio's console, 2026-11-22 12:00:01Z",
            "NUMBER        USER  REASON   TARGET",
            "+14155550102  -     it left  MG1",
        ] {
            assert!(shown.lines().any(|shown| shown == line), "{line}: {shown}");
        }
    }
}
