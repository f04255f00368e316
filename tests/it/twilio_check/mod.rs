//! `callbunker twilio check` and the daemon's own look: each thing that may be wrong is named, with what to do, and nothing else is.

mod account;
mod attachments;
mod command;
mod daemon;
mod leads_to;
mod papers;
mod stock;

use std::collections::BTreeMap;

use serde_json::Value;
use twilio_simulator::{Simulator, SimulatorOptions};

use crate::world::command::{Ended, run};

/// An account and a configuration that nothing is wrong with, and no database.
struct Place {
    twilio: Simulator,
    env: BTreeMap<String, String>,
}

impl Place {
    fn new() -> Self {
        let twilio = Simulator::start(SimulatorOptions::default()).expect("a simulator");
        let env = [
            ("TWILIO_ACCOUNT_SID", twilio.account_sid()),
            ("TWILIO_AUTH_TOKEN", twilio.auth_token()),
            // An address needs no name to be found.
            ("PUBLIC_APP_URL", "https://198.51.100.7"),
            ("CALLBUNKER__TWILIO__API_BASE_URL", twilio.url()),
        ];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self { twilio, env }
    }

    /// Sets a key or a variable, as `World::set` does.
    fn set(&mut self, key: &str, value: &str) {
        let name = if key.contains('.') {
            format!("CALLBUNKER__{}", key.replace('.', "__")).to_uppercase()
        } else {
            key.to_owned()
        };
        self.env.insert(name, value.to_owned());
    }

    fn unset(&mut self, name: &str) {
        self.env.remove(name);
    }

    /// Signs in with the account's API key.
    fn with_a_key(&mut self) {
        let (sid, secret) = (self.twilio.api_key_sid().to_owned(), self.twilio.api_key_secret().to_owned());
        self.unset("TWILIO_AUTH_TOKEN");
        self.set("TWILIO_API_KEY_SID", &sid);
        self.set("TWILIO_API_KEY_SECRET", &secret);
    }

    /// British mobile numbers, which want a bundle.
    fn with_gb(&mut self) {
        self.set("pools.gb.country", "GB");
        self.set("pools.gb.number_type", "mobile");
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let env: Vec<(&str, &str)> = self.env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        run(&env, &[&["twilio", "check"], arguments].concat())
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
