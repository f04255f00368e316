//! Users: giving one a number, taking it away, and what they have and had; and whose key this is.
//!
//! Invariant: what signups may do, a signup key may do here.
//! How to get it wrong: asking whether a user's number may go without saying which one it is.

use serde_json::{Value, json};

use super::api_request::ApiRequest;
use super::args::{AssignArgs, Length, ListArgs, PoolListArgs, ReleaseArgs, Remote, UserCommand, UsersArgs};
use super::client::{ApiError, Client};
use super::ending::{CommandError, Ending, say};
use super::lists::{print, walk};
use super::question::{agreed, somebody_is_there};
use super::screen::Tone;
use super::tables::{Facts, list, text};
use crate::domain::{AreaCode, Match, PhoneNumber, UserId};
use crate::http::ProblemCode;

pub(super) fn assign(client: &Client, args: &AssignArgs) -> Ending {
    let mut body = json!({ "user_id": args.user_id });
    if let Some(area_code) = args.area_code {
        body["area_code"] = json!(area_code);
    }
    if let Some(country) = args.country {
        body["country"] = json!(country);
    }
    if args.strict {
        body["strict"] = json!(true);
    }
    if let Some(pool) = &args.pool {
        body["pool"] = json!(pool);
    }
    if let Some(near) = &args.near {
        body["near"] = json!(near);
    }
    let answer = client.ask(&ApiRequest::post(&["signup", "api", "assign"]).body(body))?;
    if args.remote.json {
        return say(&format!("{}\n", answer.text));
    }
    let given = &answer.document;
    let had = if given["replayed"] == true { "has had" } else { "has" };
    let how = if given["source"] == "emergency" { ", bought for this" } else { "" };
    say(&format!(
        "{} {had} {} since {}{how}{}.\n",
        text(&json!(args.user_id)),
        text(&given["phone_number"]),
        text(&given["assigned_at"]),
        elsewhere(args, given)
    ))
}

/// What there is to say of a number of another area code than was wished for.
fn elsewhere(args: &AssignArgs, given: &Value) -> String {
    let wish = args.area_code.or_else(|| args.near.as_ref().and_then(PhoneNumber::area_code));
    let code = given["area_code"].as_str().and_then(|code| code.parse::<AreaCode>().ok());
    let (Some(wish), Some(number)) = (wish, given["phone_number"].as_str()) else { return String::new() };
    let this = code.map_or_else(|| text(&json!(number)), |code| code.to_string());
    match Match::of(wish, code) {
        Match::Exact => String::new(),
        _ if given["replayed"] == true => format!("; it is not of {wish}, and stays theirs until they are released"),
        Match::Overlay => format!("; none of {wish} was free, and {this} lies over it"),
        Match::Region => format!("; none of {wish} was free, and {this} is of the same state or province"),
        Match::Any => format!("; none of {wish} was free, nor of its state or province"),
    }
}

pub(super) fn release(client: &Client, args: &ReleaseArgs) -> Ending {
    if !args.yes && somebody_is_there(&args.remote) {
        let had = client.ask(&assignment_of(&args.user_id))?.document;
        let (user, number) = (text(&json!(args.user_id)), text(&had["phone_number"]));
        let since = text(&had["assigned_at"]);
        let question = format!(
            "{user} has had {number} since {since}. Take it away? Calls to it no longer reach them; it rests before \
             anybody else gets it."
        );
        if !agreed(&question)? {
            return Err(CommandError::Failed(format!("{user} keeps {number}")));
        }
    }
    let call = ApiRequest::post(&["signup", "api", "release"]).body(json!({ "user_id": args.user_id }));
    let answer = client.ask(&call)?;
    if args.remote.json {
        return say(&format!("{}\n", answer.text));
    }
    let released = &answer.document;
    say(&format!(
        "{} no longer has {}; released at {}.\n",
        text(&json!(args.user_id)),
        text(&released["phone_number"]),
        text(&released["released_at"])
    ))
}

/// In the query, because a proxy may change a path that holds an id.
fn assignment_of(user: &UserId) -> ApiRequest<'_> {
    ApiRequest::get(&["signup", "api", "assignments"]).query("user_id", Some(user))
}

const LINES: [(&str, &str); 5] = [
    ("NUMBER", "phone_number"),
    ("USER", "user_id"),
    ("SINCE", "assigned_at"),
    ("UNTIL", "released_at"),
    ("SOURCE", "source"),
];

pub(super) fn assignments(client: &Client, args: &PoolListArgs) -> Ending {
    let page = |limit: usize, cursor: Option<&str>| {
        let call = ApiRequest::get_api(&["assignments"]).query("pool", args.pool.as_ref());
        client.ask(&call.query("limit", Some(limit)).query("cursor", cursor))
    };
    let ListArgs { length, remote } = &args.list;
    print(walk(*length, page, |_| true)?, remote.json, &LINES, "nobody was given a number yet")
}

pub(super) fn users(client: &Client, args: &UsersArgs) -> Ending {
    let UserCommand::Show { user_id } = &args.command;
    show(client, user_id, args.remote.json)
}

fn show(client: &Client, user: &UserId, json: bool) -> Ending {
    let now = match client.call(&assignment_of(user)) {
        Ok(answer) => answer.document,
        Err(ApiError::Refused(refusal)) if refusal.code() == Some(ProblemCode::NotAssigned) => Value::Null,
        Err(error) => return Err(error.into()),
    };
    let page = |limit: usize, cursor: Option<&str>| {
        let call = ApiRequest::get_api(&["assignments"]).query("user", Some(user));
        client.ask(&call.query("limit", Some(limit)).query("cursor", cursor))
    };
    // The list knows how a user's id begins; the rest of it is looked at here.
    let (_, lines) = walk(Length { limit: None, all: true }, page, |line| line["user_id"] == user.as_str())?;
    if now.is_null() && lines.items.is_empty() {
        let sentence = format!("nobody is called {}; `callbunker assignments` lists who is", text(&json!(user)));
        return Err(CommandError::Failed(sentence));
    }
    if json {
        let document = json!({ "user_id": user, "assignment": now, "assignments": lines.items });
        return say(&format!("{document}\n"));
    }
    say(&shown(user, &now, &lines.items))
}

fn shown(user: &UserId, now: &Value, lines: &[Value]) -> String {
    let mut facts = Facts::of(&Value::Null);
    facts.line("user", text(&json!(user)));
    match now.is_object() {
        true => facts.line("number", text(&now["phone_number"])),
        false => facts.toned("number", "none", Tone::Warn),
    }
    if now["number_status"] == "missing" {
        facts.toned("its state", "gone at Twilio; `callbunker release` frees the user for another one", Tone::Bad);
    }
    let columns: Vec<_> = LINES.into_iter().filter(|(heading, _)| *heading != "USER").collect();
    format!("{}\n{}", facts.print(), list(lines, &columns))
}

pub(super) fn whoami(client: &Client, remote: &Remote) -> Ending {
    let answer = client.ask(&ApiRequest::get_api(&["whoami"]))?;
    if remote.json {
        return say(&format!("{}\n", answer.text));
    }
    let mut facts = Facts::of(&answer.document);
    facts.show(&["name", "role", "key_hash"]);
    facts.line("daemon", client.url());
    say(&facts.print())
}
