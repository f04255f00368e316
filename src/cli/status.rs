//! How the pool is, and what needs a person: once, again and again, or as an exit code for monitoring.
//!
//! Invariants: `--json` gives the daemon's document unchanged; what is judged, the daemon judges, so that this command and the
//! dashboard say the same; no line is wider than 80 columns but for a word that is.
//! How to get it wrong: exit code 0 for a look that failed. Monitoring would take silence for health.

use std::io::IsTerminal as _;
use std::time::Duration;

use serde_json::Value;

use super::api_request::ApiRequest;
use super::args::StatusArgs;
use super::client::Client;
use super::ending::{CommandError, Ending, both, say, told_unreachable};
use super::pause::{buying_lines, halt_of};
use super::screen::{Screen, Tone, paint};
use super::tables::{Facts, clean, items, text};
use crate::api::attention::{Attention, AttentionItem};
use crate::attention::Kind;
use crate::domain::PoolName;

/// How often `--watch` looks again.
const WATCHED_EVERY: Duration = Duration::from_secs(5);
const COLUMNS: usize = 80;
/// Where the sentences begin, behind the word that says how bad it is.
const INDENT: usize = 10;

pub(super) fn status(client: &Client, args: &StatusArgs) -> Ending {
    match (args.check, args.watch) {
        (true, _) => check(client, args),
        (false, true) => watch(client, args),
        (false, false) => say(&shown(client, args)?),
    }
}

/// What there is to tell decides the exit code: 0 nothing critical or worth a warning, 1 something, 69 no daemon or database.
fn check(client: &Client, args: &StatusArgs) -> Ending {
    let answer = client.ask(&ApiRequest::get_api(&["attention"]))?;
    let attention: Attention = answer.read()?;
    let printed = say(&if args.remote.json { format!("{}\n", answer.text) } else { needs(&attention.items) });
    let items = &attention.items;
    let verdict = if items.iter().any(|item| item.kind == Kind::DatabaseAway) {
        Err(told_unreachable())
    } else if items.iter().any(AttentionItem::is_alarming) {
        Err(CommandError::AlreadyTold)
    } else {
        Ok(())
    };
    both(printed, verdict)
}

/// Until somebody ends it. A daemon that is away for a while is told, and asked again.
fn watch(client: &Client, args: &StatusArgs) -> Ending {
    let clears = std::io::stdout().is_terminal() && !args.remote.json;
    loop {
        let page = match shown(client, args) {
            Ok(page) => page,
            Err(CommandError::Unreachable(sentence)) => format!("callbunker: {}\n", clean(&sentence)),
            Err(CommandError::Refused(refused)) if refused.is_unreachable => {
                format!("callbunker: {}\n", clean(&refused.sentence))
            }
            Err(other) => return Err(other),
        };
        let page = match (clears, args.remote.json) {
            (true, _) => format!("\u{1b}[H\u{1b}[2J{page}\nEvery {} s; Ctrl-C ends it.\n", WATCHED_EVERY.as_secs()),
            (false, true) => page,
            (false, false) => format!("{page}\n"),
        };
        say(&page)?;
        std::thread::sleep(WATCHED_EVERY);
    }
}

fn shown(client: &Client, args: &StatusArgs) -> Result<String, CommandError> {
    let answer = client.ask(&ApiRequest::get_api(&["status"]).query("pool", args.pool.as_ref()))?;
    if args.remote.json {
        return Ok(format!("{}\n", answer.text));
    }
    // An older daemon has the status alone.
    let attention = client.ask(&ApiRequest::get_api(&["attention"]));
    let attention = attention.ok().and_then(|answer| answer.read::<Attention>().ok());
    let list = attention.map(|attention| format!("{}\n", needs(&attention.items))).unwrap_or_default();
    Ok(format!("{list}{}", table(&answer.document)))
}

fn table(document: &Value) -> String {
    let mut facts = Facts::of(document);
    let (threshold, needs) = (facts.take("threshold"), facts.take("needs_replenishment"));
    let available = text(&facts.take("available"));
    let tone = match (available.as_str(), needs == true) {
        // With a threshold of 0 an empty pool is what was wished for.
        ("0", _) if threshold != 0 => Tone::Bad,
        (_, true) => Tone::Warn,
        (_, false) => Tone::Plain,
    };
    let needs = if needs == true { ", needs replenishment" } else { "" };
    // An older daemon knows one threshold.
    let configured = facts.take("threshold_configured");
    let is_raised = !configured.is_null() && configured != threshold;
    let raised = if is_raised { format!(", configured {}", text(&configured)) } else { String::new() };
    facts.toned("available", format!("{available} (threshold {}{raised}{needs})", text(&threshold)), tone);
    facts.show(&["assigned", "total"]);
    let (owned, most) = (facts.take("owned"), facts.take("owned_max"));
    if !owned.is_null() {
        // The sum of several pools' limits is no key's.
        let key = match items(document, "pools") {
            [alone] => {
                let name = alone["pool"].as_str().and_then(|name| name.parse::<PoolName>().ok());
                name.unwrap_or_else(PoolName::default_pool).key("owned_max")
            }
            [] => PoolName::default_pool().key("owned_max"),
            _ => "owned_max of all".to_owned(),
        };
        facts.line("owned", format!("{} ({key} {})", text(&owned), text(&most)));
    }
    let (missing, of_users) = (facts.take("missing"), facts.take("missing_of_users"));
    if !missing.is_null() {
        let of_users = if of_users == 0 { String::new() } else { format!(" ({} of users)", text(&of_users)) };
        let tone = if missing == 0 { Tone::Plain } else { Tone::Bad };
        facts.toned("missing", format!("{}{of_users}", text(&missing)), tone);
    }
    facts.counts(&["held"], Tone::Warn);
    facts.show(&["resting", "quarantined"]);
    facts.counts(&["unready"], Tone::Warn);
    facts.show(&["registering"]);
    facts.counts(&["unfit", "registration_failed"], Tone::Warn);
    facts.show(&["apart", "purchasing"]);
    facts.counts(&["unsettled", "waiting"], Tone::Warn);
    facts.show(&["available_room"]);
    let spend = facts.take("spend");
    for (name, window) in [("bought in an hour", &spend["hour"]), ("bought in a day", &spend["day"])] {
        facts.line(name, format!("{} of {}", text(&window["bought"]), text(&window["max"])));
    }
    facts.line("beyond the caps", text(&spend["override"]));
    buying_lines(&mut facts);
    of_pools(&mut facts);
    let last = facts.take("last_replenishment");
    facts.line("last replenishment", pass(&last));
    if last["error"].is_string() {
        facts.toned("its error", text(&last["error"]), Tone::Bad);
    }
    facts.print()
}

/// How much of what each of several pools wants is there, what one that is halted alone needs, and which are not configured.
fn of_pools(facts: &mut Facts) {
    let (pools, unconfigured) = (facts.take("pools"), facts.take("unconfigured"));
    let pools = pools.as_array().map(Vec::as_slice).unwrap_or_default();
    if pools.len() > 1 || pools.iter().any(|pool| pool["halted"].is_object()) {
        let stock = |pool: &Value| {
            let halted = &pool["halted"];
            let halted = if halted.is_object() { format!(", {}", halt_of(halted)) } else { String::new() };
            let (name, available, threshold) =
                (text(&pool["pool"]), text(&pool["available"]), text(&pool["threshold"]));
            format!("{name} {available} (threshold {threshold}{halted})")
        };
        facts.line("pools", pools.iter().map(stock).collect::<Vec<_>>().join(", "));
    }
    if let Some(left @ [_, ..]) = unconfigured.as_array().map(Vec::as_slice) {
        let names: Vec<String> = left.iter().map(|pool| text(&pool["pool"])).collect();
        facts.toned("not configured", names.join(", "), Tone::Warn);
    }
}

fn pass(pass: &Value) -> String {
    match pass.is_object() {
        true => format!(
            "{}, {}: bought {}, {}",
            text(&pass["at"]),
            text(&pass["trigger"]),
            text(&pass["purchased_count"]),
            text(&pass["reason"])
        ),
        false => "-".to_owned(),
    }
}

/// What needs a person, a paragraph each.
fn needs(items: &[AttentionItem]) -> String {
    if items.is_empty() {
        return "Nothing needs you.\n".to_owned();
    }
    items.iter().map(paragraph).collect()
}

fn paragraph(item: &AttentionItem) -> String {
    let at = |at: &chrono::DateTime<chrono::Utc>| text(&Value::String(at.to_rfc3339()));
    let since = item.since.as_ref().map(|since| format!("since {}", at(since)));
    let next = item.next.as_ref().zip(item.next_at.as_ref()).map(|(next, when)| format!("{next} {}", at(when)));
    let times: Vec<String> = since.into_iter().chain(next).collect();
    let (word, room) = (item.severity.as_str().to_uppercase(), Screen::here().at_most(COLUMNS) - INDENT);
    let mut told = paint(&word, if item.is_alarming() { Tone::Bad } else { Tone::Warn });
    told += &" ".repeat(INDENT.saturating_sub(word.len()));
    let lines = [&item.summary, &item.detail, &times.join(", "), &format!("To do: {}", item.todo)]
        .map(|text| wrapped(text, room));
    told += lines.into_iter().flatten().collect::<Vec<_>>().join(&format!("\n{:INDENT$}", "")).as_str();
    if let Some(url) = &item.url {
        told += &format!("\n{:INDENT$}{}", "", clean(url));
    }
    told + "\n"
}

/// Lines of whole words that fit behind the indent.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in clean(text).split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attention::Severity;

    fn item() -> AttentionItem {
        AttentionItem {
            kind: Kind::PoolEmpty,
            pool: None,
            severity: Severity::Critical,
            summary: "The pool is empty: signups are refused.".to_owned(),
            detail:
                "Why: Twilio gave no proper answer to a search. 14 refused in the last 10 min, 14 in the last hour."
                    .to_owned(),
            since: "2026-11-22T14:12:00Z".parse().ok(),
            count: Some(14),
            todo: "It is tried again by itself.".to_owned(),
            next: Some("next try".to_owned()),
            next_at: "2026-11-22T14:23:10Z".parse().ok(),
            link: None,
            link_text: None,
            url: None,
        }
    }

    #[test]
    fn what_needs_a_person_fits_80_columns() {
        assert_eq!(
            needs(&[item()]),
            "CRITICAL  The pool is empty: signups are refused.\n          \
             Why: Twilio gave no proper answer to a search. 14 refused in the last\n          \
             10 min, 14 in the last hour.\n          \
             since 2026-11-22 14:12:00Z, next try 2026-11-22 14:23:10Z\n          \
             To do: It is tried again by itself.\n"
        );
        assert_eq!(needs(&[]), "Nothing needs you.\n");
    }

    #[test]
    fn a_text_of_somebodys_steers_no_terminal() {
        let told = needs(&[AttentionItem { detail: "a\u{1b}[2Jb".to_owned(), ..item() }]);
        assert!(!told.contains('\u{1b}'), "{told}");
    }
}
