//! One number: look at it, adopt it, move it to another pool, mark it as ready, ignore it, give it back to Twilio.
//!
//! Invariant: no number is given back without a yes, typed or as --yes. How to get it wrong: taking an empty answer, or a
//! script without a terminal, for a yes.

use std::io::IsTerminal as _;

use serde_json::{Value, json};

use super::api_request::ApiRequest;
use super::args::{NumberCommand, NumbersArgs};
use super::client::{ApiAnswer, Client};
use super::ending::{CommandError, Ending, say};
use super::question::agreed;
use super::tables::{Facts, list, text};
use crate::domain::PhoneNumber;

pub(super) fn number(client: &Client, args: &NumbersArgs, command: &NumberCommand) -> Ending {
    if args.narrows_the_list() {
        let sentence = "--status, --held, --ignored, --area-code, --pool, --limit and --all are for lists; leave them out for one number, or \
             write --pool behind `adopt`";
        return Err(CommandError::Usage(sentence.to_owned()));
    }
    let (answer, done) = match command {
        NumberCommand::Show(one) => (client.ask(&ApiRequest::get_api(&["numbers", one.number.as_str()]))?, None),
        NumberCommand::Adopt { one, user_id, pool } => {
            let mut body = serde_json::Map::new();
            body.extend(user_id.as_ref().map(|user_id| ("user_id".to_owned(), json!(user_id))));
            body.extend(pool.as_ref().map(|pool| ("pool".to_owned(), json!(pool))));
            let call = act(&one.number, "adopt");
            let call = if body.is_empty() { call } else { call.body(Value::Object(body)) };
            (client.ask(&call)?, Some("is adopted"))
        }
        NumberCommand::Move { one, pool } => {
            (client.ask(&act(&one.number, "move").body(json!({ "pool": pool })))?, Some("has moved"))
        }
        NumberCommand::MarkReady(one) => (client.ask(&act(&one.number, "mark-ready"))?, Some("is marked as ready")),
        NumberCommand::Protect(one) => (client.ask(&act(&one.number, "protect"))?, Some("is protected from now on")),
        NumberCommand::Unprotect(one) => (client.ask(&act(&one.number, "unprotect"))?, Some("is protected no more")),
        NumberCommand::Ignore(one) => (client.ask(&act(&one.number, "ignore"))?, Some("is ignored from now on")),
        NumberCommand::Unignore(one) => (client.ask(&act(&one.number, "unignore"))?, Some("is ignored no more")),
        NumberCommand::ReleaseToTwilio { one, yes } => {
            if !yes {
                confirm(&one.number)?;
            }
            (client.ask(&act(&one.number, "release-to-twilio"))?, Some("is given back to Twilio"))
        }
    };
    if args.remote.json {
        return say(&format!("{}\n", answer.text));
    }
    say(&shown(&answer, done))
}

/// What a number is attached to.
const ATTACHED: [(&str, &str); 5] =
    [("ATTACHED TO", "kind"), ("WHICH", "target"), ("STATE", "state"), ("SINCE", "since"), ("TWILIO SAYS", "error")];

fn act<'a>(number: &'a PhoneNumber, what: &'a str) -> ApiRequest<'a> {
    ApiRequest::post_api(&["numbers", number.as_str(), what]).takes_long()
}

fn shown(answer: &ApiAnswer, done: Option<&str>) -> String {
    let mut facts = Facts::of(&answer.document);
    let (history, attachments) = (facts.take("history"), facts.take("attachments"));
    let charges = facts.take("charges");
    let headline = done.map(|done| format!("{} {done}.\n", text(&answer.document["phone_number"])));
    let (registration, reason) = (facts.take("registration"), facts.take("registration_reason"));
    facts.show(&["phone_number", "sid", "status", "user_id", "assignable", "why_not", "webhook_status"]);
    if let Some(word) = registration.as_str() {
        let because = reason.as_str().map(|reason| format!(" ({reason})")).unwrap_or_default();
        facts.line("carriers", format!("{word}{because}"));
    }
    let mut printed = headline.unwrap_or_default() + &facts.print();
    if let Some(attachments) = attachments.as_array().filter(|attachments| !attachments.is_empty()) {
        printed += "\n";
        printed += &list(attachments, &ATTACHED);
    }
    if let Some(charges) = charges.as_array().filter(|charges| !charges.is_empty()) {
        printed += "\n";
        printed +=
            &list(charges, &[("CHARGED", "date"), ("FOR", "what"), ("AMOUNT", "amount"), ("CURRENCY", "currency")]);
    }
    if let Some(history) = history.as_array().filter(|history| !history.is_empty()) {
        let newest_first: Vec<Value> = history.iter().rev().cloned().collect();
        printed += "\n";
        printed += &list(&newest_first, &[("AT", "at"), ("WHAT HAPPENED", "detail")]);
    }
    printed
}

/// Asks a person. Without one, nothing is done.
fn confirm(number: &PhoneNumber) -> Ending {
    if !std::io::stdin().is_terminal() {
        return Err(CommandError::Usage(format!("nobody can be asked whether {number} may go; add --yes if it may")));
    }
    match agreed(&format!("Give {number} back to Twilio, for good? Nobody gets it back."))? {
        true => Ok(()),
        false => Err(CommandError::Failed(format!("{number} was kept"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_shown_with_its_history_and_whatever_else_is_told() {
        let document = json!({"phone_number": "+14155550100", "status": "quarantined", "assignable": false,
            "why_not": "it rests", "rests_until": "2026-11-22T09:24:08.5Z",
            "history": [{"at": "2026-11-22T09:24:07Z", "event": "assigned", "detail": "assigned to u-1"},
                        {"at": "2026-11-22T09:24:08Z", "event": "released", "detail": "released from u-1"}]});
        let answer = ApiAnswer { text: String::new(), document };
        assert_eq!(
            shown(&answer, Some("is adopted")),
            "+14155550100 is adopted.\nphone number  +14155550100\nstatus        quarantined\nassignable    no\n\
             why not       it rests\nrests until   2026-11-22 09:24:08Z\n\nAT                    WHAT HAPPENED\n\
             2026-11-22 09:24:08Z  released from u-1\n2026-11-22 09:24:07Z  assigned to u-1\n"
        );
    }
}
