//! Alerts: what is wrong and who was told, that somebody knows, and whether anybody would hear of the next.
//!
//! How to get it wrong: exit code 0 for a test that nobody got.

use serde_json::{Value, json};
use uuid::Uuid;

use super::api_request::ApiRequest;
use super::args::{AlertCommand, AlertsArgs, Length};
use super::client::Client;
use super::ending::{CommandError, Ending, both, say, warn};
use super::lists::{print, walk};
use super::tables::{items, list, text};
use crate::api::alerts::Tested;
use crate::domain::alert::MessageState;

pub(super) fn alerts(client: &Client, args: &AlertsArgs) -> Ending {
    match &args.command {
        None => listed(client, args),
        Some(_) if args.all => {
            Err(CommandError::Usage("--all is for the list; leave it out beside another command".to_owned()))
        }
        Some(AlertCommand::Test) => test(client, args.remote.json),
        Some(AlertCommand::Acknowledge { id }) => acknowledge(client, *id, args.remote.json),
    }
}

fn listed(client: &Client, args: &AlertsArgs) -> Ending {
    let page = |limit: usize, cursor: Option<&str>| {
        let call = ApiRequest::get_api(&["alerts"]).query("state", args.all.then_some("all"));
        client.ask(&call.query("limit", Some(limit)).query("cursor", cursor))
    };
    let over: &[(&str, &str)] = if args.all { &[("UNTIL", "closed_at")] } else { &[] };
    let columns =
        [
            &[("SEVERITY", "severity"), ("KIND", "kind"), ("SINCE", "opened_at")][..],
            over,
            &[
                ("SUMMARY", "summary"),
                ("TO DO", "todo"),
                ("TOLD", "told"),
                ("KNOWN TO", "acknowledged_by"),
                ("ID", "id"),
            ][..],
        ]
        .concat();
    let (text, mut page) = walk(Length { limit: None, all: true }, page, |_| true)?;
    page.items.iter_mut().for_each(|alert| alert["told"] = told(alert));
    print(
        (text, page),
        args.remote.json,
        &columns,
        if args.all { "no alert was ever raised" } else { "no alert is open" },
    )
}

/// On which channels the last of it was told, such as `email, slack waiting`.
fn told(alert: &Value) -> Value {
    let notifications = items(alert, "notifications");
    if alert["untold_since"].is_string() {
        return json!(format!("nobody since {}", text(&alert["untold_since"])));
    }
    // The last word on each channel.
    let mut last: Vec<&Value> = Vec::new();
    for notification in notifications {
        last.retain(|earlier| earlier["channel"] != notification["channel"]);
        last.push(notification);
    }
    let one = |notification: &&Value| match notification["state"].as_str() {
        Some(state) if state != MessageState::Sent.as_str() => {
            format!("{} {}", text(&notification["channel"]), state.replace('_', " "))
        }
        _ => text(&notification["channel"]),
    };
    match last.is_empty() {
        true => Value::Null,
        false => json!(last.iter().map(one).collect::<Vec<_>>().join(", ")),
    }
}

fn test(client: &Client, is_json: bool) -> Ending {
    let answer = client.ask(&ApiRequest::post_api(&["alerts", "test"]).takes_long())?;
    let tested: Tested = answer.read()?;
    let printed = if is_json {
        say(&format!("{}\n", answer.text))
    } else if tested.channels.is_empty() {
        Ok(())
    } else {
        let mut document = answer.document;
        for channel in document["channels"].as_array_mut().into_iter().flatten() {
            channel["result"] = json!(if channel["ok"] == true { "ok" } else { "fail" });
        }
        let columns = [
            ("CHANNEL", "channel"),
            ("RESULT", "result"),
            ("STATUS", "status"),
            ("SECONDS", "seconds"),
            ("ERROR", "error"),
        ];
        say(&list(items(&document, "channels"), &columns))
    };
    let failed: Vec<&str> =
        tested.channels.iter().filter(|channel| !channel.ok).map(|channel| channel.channel.as_str()).collect();
    let verdict = if tested.channels.is_empty() {
        warn("callbunker: nobody would be told: no channel is configured; configure [alerts]");
        Err(CommandError::AlreadyTold)
    } else if failed.is_empty() {
        Ok(())
    } else {
        warn(&format!("callbunker: nobody is told by {}; do what the error says and test again", failed.join(", ")));
        Err(CommandError::AlreadyTold)
    };
    both(printed, verdict)
}

fn acknowledge(client: &Client, id: Uuid, is_json: bool) -> Ending {
    let answer = client.ask(&ApiRequest::post_api(&["alerts", &id.to_string(), "acknowledge"]))?;
    if is_json {
        return say(&format!("{}\n", answer.text));
    }
    let alert = &answer.document;
    let summary = text(&alert["summary"]);
    if alert["acknowledged_by"].is_null() {
        return say(&format!("It is over: {summary}\n"));
    }
    let (by, at) = (text(&alert["acknowledged_by"]), text(&alert["acknowledged_at"]));
    say(&format!("Known to {by} since {at}: {summary}\nIt is not repeated until it is over or becomes worse.\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_of_each_channel_says_who_was_told() {
        let one = |channel: &str, event: &str, state: &str| json!({"channel": channel, "event": event, "state": state});
        let notifications =
            [one("email", "raised", "sent"), one("slack", "raised", "sent"), one("slack", "reminder", "given_up")];
        let alert = json!({"untold_since": null, "notifications": notifications});
        assert_eq!(told(&alert), json!("email, slack given up"));
        assert_eq!(told(&json!({"untold_since": null, "notifications": []})), Value::Null);
        let untold = json!({"untold_since": "2026-11-29T13:12:00Z", "notifications": notifications});
        assert_eq!(told(&untold), json!("nobody since 2026-11-29 13:12:00Z"));
    }
}
