//! `callbunker import`: the earlier service's numbers and users, a chunk at a time.
//!
//! Invariant: nothing is sent before the whole file was read without a fault.
//! How to get it wrong: taking a lost answer for a failed chunk. The daemon's import is idempotent: run it again.

use serde_json::{Value, json};

use super::api_request::ApiRequest;
use super::args::ImportArgs;
use super::client::Client;
use super::ending::{CommandError, Ending, Refused, both, numbers, say, warn};
use super::follow::bar;
use super::import_file::{Row, read};
use super::lists::with_pools;
use super::tables::{Facts, items, list};
use super::upkeep::PROBLEM_COLUMNS;
use crate::domain::PoolName;

/// Numbers in one call: each is looked up at Twilio, so an answer takes some seconds. With the longest user ids a call
/// stays below the daemon's 64 KiB.
const CHUNK: usize = 100;

pub(super) fn import(client: impl Fn() -> Result<Client, CommandError>, args: &ImportArgs) -> Ending {
    let rows = read(&args.file).map_err(CommandError::Usage)?;
    let client = client()?;
    let bar = bar(rows.len() as u64, if args.dry_run { "looking numbers up" } else { "importing numbers" });
    let mut sum = json!({ "imported": 0, "assigned": 0, "already_imported": 0, "problems": [] });
    let mut sent = 0;
    let mut broken = None;
    for chunk in rows.chunks(CHUNK) {
        match send(&client, chunk, args) {
            Ok(document) => add(&mut sum, &document),
            Err(failure) => {
                broken = Some(failure);
                break;
            }
        }
        sent += chunk.len();
        bar.set_position(sent as u64);
    }
    bar.finish_and_clear();
    if sent == 0
        && let Some(failure) = broken
    {
        return Err(failure);
    }
    let printed = print(&sum, args);
    let told = match (broken, items(&sum, "problems").len()) {
        (Some(failure), _) => Err(in_the_middle(failure, sent, rows.len())),
        (None, 0) => Ok(()),
        (None, count) => {
            let these = numbers(count);
            warn(&format!("callbunker: problems with {these}; mend them in the file and import it again"));
            Err(CommandError::AlreadyTold)
        }
    };
    both(printed, told)
}

fn send(client: &Client, chunk: &[Row], args: &ImportArgs) -> Result<Value, CommandError> {
    let body = json!({ "numbers": chunk, "dry_run": args.dry_run, "configure_webhooks": args.configure_webhooks });
    let call = ApiRequest::post_api(&["import"]).query("pool", args.pool.as_ref());
    Ok(client.ask(&call.takes_long().body(body))?.document)
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

fn print(sum: &Value, args: &ImportArgs) -> Ending {
    match args.remote.json {
        true => say(&format!("{sum}\n")),
        false => say(&told(sum, args.dry_run)),
    }
}

fn told(sum: &Value, dry_run: bool) -> String {
    let mut facts = Facts::of(sum);
    let problems = facts.take("problems");
    let pools = facts.take("pools");
    let problems = problems.as_array().map(Vec::as_slice).unwrap_or_default();
    facts.show(&["imported", "assigned", "already_imported"]);
    facts.line("problems", problems.len().to_string());
    let headline = if dry_run { "A dry run: nothing was changed. It would be:\n" } else { "" };
    let table = match problems {
        [] => String::new(),
        problems => format!("\n{}", list(problems, &with_pools(PROBLEM_COLUMNS, problems))),
    };
    let into = match pools.as_array().map(Vec::as_slice).unwrap_or_default() {
        // With one pool the sums are its own.
        pools if pools.iter().any(|line| line["pool"] != PoolName::DEFAULT) => {
            format!("\n{}", list(pools, POOL_COLUMNS))
        }
        _ => String::new(),
    };
    format!("{headline}{}{into}{table}", facts.print())
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
        assert!(!told(&sum, false).contains("default"), "{}", told(&sum, false));
        add(&mut sum, &json!({"imported": 5, "pools": [pool("default", 1), pool("gb", 4)]}));
        assert_eq!(
            sum["pools"],
            json!([
            {"pool": "default", "imported": 4, "assigned": 0, "already_imported": 2},
            {"pool": "gb", "imported": 4, "assigned": 0, "already_imported": 1}])
        );
        let shown = told(&sum, false);
        assert!(shown.contains("POOL     IMPORTED") && shown.contains("gb"), "{shown}");
    }

    #[test]
    fn problems_are_a_table_and_a_dry_run_says_that_it_was_one() {
        let sum = json!({"imported": 2, "assigned": 1, "problems": [
            {"phone_number": "+14155550100", "code": "not_at_twilio", "message": "the account has no such number"}]});
        assert_eq!(
            told(&sum, true),
            "A dry run: nothing was changed. It would be:\nimported  2\nassigned  1\nproblems  1\n\n\
             NUMBER        CODE           MESSAGE\n+14155550100  not_at_twilio  the account has no such number\n"
        );
        assert!(told(&json!({"imported": 2, "assigned": 1, "problems": []}), false).starts_with("imported  2\n"));
    }
}
