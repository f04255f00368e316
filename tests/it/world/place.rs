//! An account at the simulator and a configuration, for commands that talk to Twilio themselves.

use std::collections::BTreeMap;

use twilio_simulator::{Simulator, SimulatorOptions};

use super::command::{Ended, run};

/// An account and a configuration that nothing is wrong with, and no database.
pub struct Place {
    pub twilio: Simulator,
    pub env: BTreeMap<String, String>,
}

impl Place {
    pub fn new() -> Self {
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
    pub fn set(&mut self, key: &str, value: &str) {
        let name = if key.contains('.') {
            format!("CALLBUNKER__{}", key.replace('.', "__")).to_uppercase()
        } else {
            key.to_owned()
        };
        self.env.insert(name, value.to_owned());
    }

    pub fn unset(&mut self, name: &str) {
        self.env.remove(name);
    }

    /// Signs in with the account's API key.
    pub fn with_a_key(&mut self) {
        let (sid, secret) = (self.twilio.api_key_sid().to_owned(), self.twilio.api_key_secret().to_owned());
        self.unset("TWILIO_AUTH_TOKEN");
        self.set("TWILIO_API_KEY_SID", &sid);
        self.set("TWILIO_API_KEY_SECRET", &secret);
    }

    /// Runs `callbunker` with these arguments.
    pub fn command(&self, arguments: &[&str]) -> Ended {
        let env: Vec<(&str, &str)> = self.env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        run(&env, arguments)
    }
}
