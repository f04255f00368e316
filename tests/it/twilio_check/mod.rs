//! `callbunker twilio check` and the daemon's own look: each thing that may be wrong is named, with what to do, and nothing else is.

mod account;
mod attachments;
mod command;
mod daemon;
mod leads_to;
mod papers;
mod stock;

use serde_json::Value;

use crate::world::command::Ended;
use crate::world::place::Place;

impl Place {
    /// British mobile numbers, which want a bundle.
    fn with_gb(&mut self) {
        self.set("pools.gb.country", "GB");
        self.set("pools.gb.number_type", "mobile");
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.command(&[&["twilio", "check"], arguments].concat())
    }

    /// The exit code and the document.
    #[track_caller]
    fn check(&self) -> (i32, Value) {
        let ended = self.run(&["--json"]);
        let document = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"));
        (ended.code.expect("it ends"), document)
    }
}

/// One thing that is wrong.
struct Wrong {
    name: &'static str,
    /// Makes it so.
    arrange: fn(&mut Place),
    /// How the command ends.
    code: i32,
    /// The one line that is no `pass`: check, pool, result.
    line: (&'static str, Option<&'static str>, &'static str),
    /// Words of its `detail` and of its `todo`.
    says: (&'static str, &'static str),
}

/// Arranges each wrong in a place of its own, and expects it to be named, and nothing else.
#[track_caller]
fn each_is_named(wrongs: &[Wrong]) {
    let failures: Vec<String> = wrongs.iter().filter_map(|wrong| fault(wrong).err()).collect();
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), wrongs.len(), failures.join("\n"));
}

fn fault(Wrong { name, arrange, code, line, says }: &Wrong) -> Result<(), String> {
    let mut place = Place::new();
    arrange(&mut place);
    let (ended, document) = place.check();
    let checks = document["checks"].as_array().ok_or(format!("{name}: {document}"))?;
    let lines: Vec<&Value> = checks.iter().filter(|check| check["result"] != "pass").collect();
    let told = |field: &str, at: &Value| at[field].as_str().unwrap_or_default().to_owned();
    let [found] = lines.as_slice() else { return Err(format!("{name}: not one line, but {lines:#?}")) };
    let is_it = found["check"] == line.0 && found["pool"].as_str() == line.1 && found["result"] == line.2;
    let says_it = told("detail", found).contains(says.0) && told("todo", found).contains(says.1);
    let worst = document["result"] == line.2;
    let truth = place.twilio.truth();
    let touched = ["create", "update", "delete"].iter().any(|kind| truth.requests.get(*kind).is_some_and(|n| *n > 0));
    match ended == *code && is_it && says_it && worst && !touched {
        true => Ok(()),
        false => Err(format!("{name}: ended with {ended}, changed something: {touched}, {found:#}")),
    }
}
