//! How a simulator starts, and the credentials it accepts.
//!
//! Invariants: whatever is left out follows from the seed; the listen address is on loopback, always.
//!
//! How to get it wrong: listening where others can reach it. The controls need no key.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::seed::hex32;

/// How a [`crate::Simulator`] starts.
#[derive(Clone, Debug)]
pub struct SimulatorOptions {
    /// Where to listen, on loopback; port 0 for any.
    pub listen: SocketAddr,
    /// From which the stock, the SIDs and the credentials follow.
    pub seed: u64,
    /// `AC` and 32 hexadecimal digits.
    pub account_sid: Option<String>,
    /// The account's token.
    pub auth_token: Option<String>,
    /// How long every answer takes.
    pub latency: Duration,
    /// How many rows a search shows at most.
    pub search_cap: usize,
    /// How many numbers each area code has for sale.
    pub stock_per_area_code: u64,
}

impl Default for SimulatorOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            seed: 1,
            account_sid: None,
            auth_token: None,
            latency: Duration::ZERO,
            search_cap: 30,
            stock_per_area_code: 2_000,
        }
    }
}

impl SimulatorOptions {
    pub(crate) fn check(&self) -> io::Result<()> {
        let complain = |text: String| Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        if !self.listen.ip().is_loopback() {
            return complain(format!(
                "{} is not a loopback address; the simulator's controls need no key, so it listens on 127.0.0.1 or [::1] only",
                self.listen
            ));
        }
        if let Some(sid) = &self.account_sid {
            let digits = sid.strip_prefix("AC").unwrap_or("");
            if digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return complain("the account SID is AC and 32 hexadecimal digits".into());
            }
        }
        if self.auth_token.as_deref() == Some("") {
            return complain("the auth token is empty".into());
        }
        Ok(())
    }
}

/// The SIDs and secrets of the account.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) account_sid: String,
    pub(crate) auth_token: String,
    pub(crate) api_key_sid: String,
    pub(crate) api_key_secret: String,
    pub(crate) test_account_sid: String,
    pub(crate) test_auth_token: String,
}

impl Credentials {
    pub(crate) fn new(options: &SimulatorOptions) -> Self {
        let derived = |purpose: &str| hex32(options.seed, purpose, 0);
        Self {
            account_sid: options.account_sid.clone().unwrap_or_else(|| format!("AC{}", derived("account"))),
            auth_token: options.auth_token.clone().unwrap_or_else(|| derived("token")),
            api_key_sid: format!("SK{}", derived("key")),
            api_key_secret: derived("secret"),
            test_account_sid: format!("AC{}", derived("test account")),
            test_auth_token: derived("test token"),
        }
    }
}

/// The account's status, as Twilio names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccountStatus {
    /// All is well.
    #[default]
    Active,
    /// Every request is answered 401/20003.
    Suspended,
    /// Every request is answered 401/20003.
    Closed,
}

/// The account's type, as Twilio names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountType {
    /// Paid.
    #[default]
    Full,
    /// At most one number; a second purchase is answered 400/21404.
    Trial,
}

/// What a POST for a number that the account has already does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReownMode {
    /// 201, and the parameters are taken as an update.
    #[default]
    A,
    /// 400/21422.
    B,
}

/// How a search spells capabilities; owned numbers always have lower case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CapabilitySpelling {
    /// `{"voice","SMS","MMS"}`, as seen in the field.
    #[default]
    Upper,
    /// `{"voice","sms","mms","fax"}`, as in the documentation.
    Lower,
    /// Both, in turn.
    Mixed,
}

/// Under which hosts the absolute links of the newer products stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkHost {
    /// Twilio's own, as the real ones do.
    #[default]
    Twilio,
    /// The simulator's, for clients that can only follow a link as it stands.
    Simulator,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_and_proper_sids() {
        let options = |listen: &str, sid: Option<&str>| SimulatorOptions {
            listen: listen.parse().unwrap(),
            account_sid: sid.map(str::to_owned),
            ..SimulatorOptions::default()
        };
        assert!(options("127.0.0.1:0", None).check().is_ok());
        assert!(options("[::1]:0", Some("ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")).check().is_ok());
        assert!(options("0.0.0.0:0", None).check().is_err());
        assert!(options("127.0.0.1:0", Some("AC12")).check().is_err());
    }
}
