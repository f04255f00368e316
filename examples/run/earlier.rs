//! What the account has already, before the question: numbers that an earlier folder bought, and others.
//!
//! How to get it wrong: buying beside them without a word. Whoever lost a folder pays for its numbers still.

use serde::Deserialize;

use super::parts::api::Api;
use super::parts::screen::say;

/// Numbers that are named.
const NAMED_MAX: usize = 5;

/// What a comparison with Twilio tells.
#[derive(Deserialize)]
struct Report {
    foreign: u32,
}

#[derive(Deserialize)]
struct Held {
    items: Vec<Number>,
}

#[derive(Deserialize)]
struct Number {
    phone_number: String,
    quarantine_reason: Option<String>,
}

/// Compares, which the daemon does at each start, and tells what this folder does not know.
pub fn tell(api: &Api) {
    let Some(Report { foreign }) = api.ask("/reconcile", Some("{}")) else {
        say("What the account has already is not known: the comparison with Twilio did not end. The log says why.");
        return;
    };
    let held: Option<Held> = api.get("/numbers?status=held&limit=200");
    let of_an_earlier = |number: &Number| number.quarantine_reason.as_deref() == Some("unknown_item");
    let items = held.map(|held| held.items).unwrap_or_default();
    let numbers: Vec<String> = items.into_iter().filter(of_an_earlier).map(|number| number.phone_number).collect();
    if !numbers.is_empty() {
        say(words(&numbers));
    }
    if foreign > 0 {
        let numbers = if foreign == 1 { "1 number".to_owned() } else { format!("{foreign} numbers") };
        say(format!("The account has {numbers} beside, which callbunker leaves alone."));
    }
}

fn words(numbers: &[String]) -> String {
    let named = numbers.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
    let more = if numbers.len() > NAMED_MAX { ", …" } else { "" };
    let (count, they_are, they_serve, them) = match numbers.len() {
        1 => ("1 number".to_owned(), "It is", "serves", "it"),
        many => (format!("{many} numbers"), "They are", "serve", "them"),
    };
    format!(
        "The account has {count} of an earlier callbunker that this folder does not know: {named}{more}. {they_are} paid for already, \
         and {they_serve} nobody: end this and name the folder that knows {them} (RUN_DIR), or take {them} in afterwards with \
         `callbunker numbers adopt NUMBER`."
    )
}
