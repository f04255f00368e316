//! What must never be printed: where the database is, who we are at Twilio, and the keys of our own API.
//!
//! Invariant: a secret comes from the environment, from a file that `NAME_FILE` names or from a systemd credential,
//! never from TOML; no `Debug`, problem or description holds one. How to get it wrong: `{:?}` on something that wraps
//! a plain `String`.

mod address;
mod alerts;
mod api_key;
mod dsn;
mod dsn_roots;
mod dsn_rules;
mod in_a_url;
mod keys;
mod names;
mod source;

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::config::certificates::system_bundle;
use crate::config::problem::{Origin, Problem, Problems};
use crate::config::sources::Sources;
use crate::config::web_address::host_of;
use address::{EVENTS, NOTICE, PROXY, address};
use dsn_roots::with_roots;
use dsn_rules::faults_of;
use keys::{Keys, read_keys};
use source::{Secret, Vault};

pub(in crate::config) use alerts::AlertSecrets;
pub(crate) use api_key::ApiKey;
pub(super) use dsn::redacted;
pub(crate) use names::SECRETS;
pub(super) use names::{secret_meant_by, secret_problem};

/// What must never be printed.
#[derive(Clone)]
pub struct Secrets {
    /// The PostgreSQL URL, or a `key=value` connection string.
    pub database_url: SecretString,
    /// The account that pays.
    pub twilio_account_sid: String,
    /// How we prove to be it.
    pub twilio_credentials: TwilioCredentials,
    /// The account's token, whatever we call with: only it verifies what comes from Twilio.
    pub twilio_auth_token: Option<SecretString>,
    /// `twilio.proxy_url`, given as a secret.
    pub twilio_proxy_url: Option<Url>,
    /// Where that was given.
    pub(super) proxy_origin: Origin,
    /// `events.public_url`, given as a secret.
    pub events_public_url: Option<Url>,
    /// Where that was given.
    pub(super) events_origin: Origin,
    /// `recycling.notice_url`, given as a secret.
    pub recycling_notice_url: Option<Url>,
    /// Where that was given.
    pub(super) recycling_origin: Origin,
    /// The keys that may use everything; at least one.
    pub admin_keys: Vec<ApiKey>,
    /// The keys that may read everything and change nothing.
    pub readonly_keys: Vec<ApiKey>,
    /// The keys that may only use the signup API.
    pub signup_keys: Vec<ApiKey>,
    /// What the channels of alerts need.
    pub alerts: AlertSecrets,
}

/// How we prove to Twilio that we may use the account.
#[derive(Clone)]
pub enum TwilioCredentials {
    /// The account's token; the user of Basic authentication is the account SID.
    AuthToken(SecretString),
    /// An API key; the user of Basic authentication is its SID. Preferred when both are given.
    ApiKey {
        /// `SK…`
        sid: String,
        /// The key's secret.
        secret: SecretString,
    },
}

impl TwilioCredentials {
    /// User and password of Basic authentication.
    #[must_use]
    pub fn basic<'a>(&'a self, account_sid: &'a str) -> (&'a str, &'a SecretString) {
        match self {
            Self::AuthToken(token) => (account_sid, token),
            Self::ApiKey { sid, secret } => (sid, secret),
        }
    }
}

impl Secrets {
    /// Stands in while the sections are read; never leaves this module's parent.
    pub(super) fn unset() -> Self {
        Self {
            database_url: SecretString::default(),
            twilio_account_sid: String::new(),
            twilio_credentials: TwilioCredentials::AuthToken(SecretString::default()),
            twilio_auth_token: None,
            twilio_proxy_url: None,
            proxy_origin: Origin::Default,
            events_public_url: None,
            events_origin: Origin::Default,
            recycling_notice_url: None,
            recycling_origin: Origin::Default,
            admin_keys: Vec::new(),
            readonly_keys: Vec::new(),
            signup_keys: Vec::new(),
            alerts: AlertSecrets::unset(),
        }
    }

    /// Reads all of them; what is missing or malformed is told together.
    pub(super) fn read(sources: &Sources, problems: &mut Vec<Problem>) -> Self {
        let mut vault = Vault { sources, problems };
        let database_url = database_url(&mut vault);
        let twilio = Self::of_twilio(&mut vault);
        let Keys { admin: admin_keys, readonly: readonly_keys, signup: signup_keys } = read_keys(&mut vault);
        let alerts = AlertSecrets::read(&mut vault);
        let (recycling_notice_url, recycling_origin) = address(&mut vault, &NOTICE);
        Self {
            database_url,
            admin_keys,
            readonly_keys,
            signup_keys,
            alerts,
            recycling_notice_url,
            recycling_origin,
            ..twilio
        }
    }

    /// Reads those of Twilio; the others stay unset.
    pub(in crate::config) fn read_twilio(sources: &Sources, problems: &mut Vec<Problem>) -> Self {
        Self::of_twilio(&mut Vault { sources, problems })
    }

    fn of_twilio(vault: &mut Vault<'_>) -> Self {
        let twilio_account_sid = account_sid(vault);
        let token = vault.find("TWILIO_AUTH_TOKEN");
        let twilio_auth_token = token.as_ref().ok().and_then(|token| Some(token.as_ref()?.text.clone()));
        let twilio_credentials = twilio_credentials(vault, token);
        let (events_public_url, events_origin) = address(vault, &EVENTS);
        let (twilio_proxy_url, proxy_origin) = address(vault, &PROXY);
        Self {
            twilio_account_sid,
            twilio_credentials,
            twilio_auth_token,
            twilio_proxy_url,
            proxy_origin,
            events_public_url,
            events_origin,
            ..Self::unset()
        }
    }
}

/// Reads `DATABASE_URL`; an empty one stands in for a faulty one, which is a problem then.
pub(super) fn read_database_url(sources: &Sources, problems: &mut Vec<Problem>) -> SecretString {
    database_url(&mut Vault { sources, problems })
}

fn database_url(vault: &mut Vault<'_>) -> SecretString {
    let Some(url) = vault.required("DATABASE_URL", "a URL such as postgresql://user:password@host/database") else {
        return SecretString::default();
    };
    let mut faults = faults_of(url.text.expose_secret());
    if faults.is_empty() {
        match with_roots(url.text.expose_secret(), vault.sources, system_bundle) {
            Ok(Some(complete)) => return SecretString::from(complete),
            Ok(None) => {}
            Err(fault) => faults.push(fault),
        }
    }
    for fault in faults {
        vault.refuse(&url, fault.what, fault.remedy);
    }
    url.text
}

/// The first admin key, without its name, for a command that calls the running daemon.
pub(crate) fn client_key(sources: &Sources) -> Result<SecretString, Problems> {
    let mut problems = Vec::new();
    let mut vault = Vault { sources, problems: &mut problems };
    let keys = vault.required("ADMIN_API_KEY", "one of the daemon's admin keys");
    let text = keys.map(|keys| keys.text.expose_secret().to_owned()).unwrap_or_default();
    let first = text.split(',').map(str::trim).find(|key| !key.is_empty()).unwrap_or_default();
    Problems::or(problems, ApiKey::of(first).key)
}

/// The same for what signups may do: the first signup key where there is no admin key.
pub(crate) fn signup_client_key(sources: &Sources) -> Result<SecretString, Problems> {
    let mut problems = Vec::new();
    let mut vault = Vault { sources, problems: &mut problems };
    let (Ok(None), Ok(Some(keys))) = (vault.find("ADMIN_API_KEY"), vault.find("SIGNUP_API_KEY")) else {
        return client_key(sources);
    };
    let first = keys.text.expose_secret().split(',').map(str::trim).find(|key| !key.is_empty()).unwrap_or_default();
    Problems::or(problems, ApiKey::of(first).key)
}

fn account_sid(vault: &mut Vault<'_>) -> String {
    let Some(sid) =
        vault.required("TWILIO_ACCOUNT_SID", "the SID of the account that pays, AC and 32 hexadecimal digits")
    else {
        return String::new();
    };
    let text = sid.text.expose_secret().to_owned();
    if !is_sid(&text, "AC") {
        vault.refuse(&sid, "is not an account SID", "give AC and 32 hexadecimal digits, from the Twilio console");
    }
    text
}

fn is_sid(text: &str, prefix: &str) -> bool {
    let hex = text.strip_prefix(prefix);
    hex.is_some_and(|hex| hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn twilio_credentials(vault: &mut Vault<'_>, token: Result<Option<Secret>, ()>) -> TwilioCredentials {
    let key_sid = vault.find("TWILIO_API_KEY_SID");
    let key_secret = vault.find("TWILIO_API_KEY_SECRET");
    match (key_sid, key_secret, token) {
        (Ok(Some(sid)), Ok(Some(secret)), _) => return api_key(vault, &sid, secret),
        (Ok(Some(_)), Ok(None), _) => {
            let what = "is missing, though TWILIO_API_KEY_SID is given";
            vault.refuse_missing("TWILIO_API_KEY_SECRET", what, "give the secret of that API key");
        }
        (Ok(None), Ok(Some(_)), _) => {
            let what = "is missing, though TWILIO_API_KEY_SECRET is given";
            vault.refuse_missing("TWILIO_API_KEY_SID", what, "give the SID of that API key");
        }
        (Ok(None), Ok(None), Ok(Some(token))) => return TwilioCredentials::AuthToken(token.text),
        (Ok(None), Ok(None), Ok(None)) => {
            let give = "give the account's token (or TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET instead)";
            vault.refuse_missing("TWILIO_AUTH_TOKEN", "is missing", give);
        }
        // What is there but wrong has been told already.
        _ => {}
    }
    Secrets::unset().twilio_credentials
}

fn api_key(vault: &mut Vault<'_>, sid: &Secret, secret: Secret) -> TwilioCredentials {
    let text = sid.text.expose_secret().to_owned();
    if !text.starts_with("SK") || text.len() < 3 || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        vault.refuse(sid, "is not the SID of an API key", "give SK and 32 hexadecimal digits, from the Twilio console");
    }
    TwilioCredentials::ApiKey { sid: text, secret: secret.text }
}

impl PartialEq for TwilioCredentials {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::AuthToken(one), Self::AuthToken(two)) => same(one, two),
            (Self::ApiKey { sid, secret }, Self::ApiKey { sid: other_sid, secret: other_secret }) => {
                sid == other_sid && same(secret, other_secret)
            }
            _ => false,
        }
    }
}

/// For noticing a change between two configurations of our own. What a client sends is compared elsewhere, in constant
/// time.
impl PartialEq for Secrets {
    fn eq(&self, other: &Self) -> bool {
        same(&self.database_url, &other.database_url)
            && self.twilio_account_sid == other.twilio_account_sid
            && self.twilio_credentials == other.twilio_credentials
            && same_token(self.twilio_auth_token.as_ref(), other.twilio_auth_token.as_ref())
            && self.twilio_proxy_url == other.twilio_proxy_url
            && self.events_public_url == other.events_public_url
            && self.admin_keys == other.admin_keys
            && self.readonly_keys == other.readonly_keys
            && self.signup_keys == other.signup_keys
            && self.alerts.compared(&other.alerts).iter().all(|(_, is_same)| *is_same)
    }
}

pub(super) fn same_token(one: Option<&SecretString>, two: Option<&SecretString>) -> bool {
    one.map(ExposeSecret::expose_secret) == two.map(ExposeSecret::expose_secret)
}

pub(super) fn same(one: &SecretString, two: &SecretString) -> bool {
    one.expose_secret() == two.expose_secret()
}

impl fmt::Debug for TwilioCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AuthToken(_) => f.write_str("AuthToken(redacted)"),
            Self::ApiKey { sid, .. } => write!(f, "ApiKey({sid}, redacted)"),
        }
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets")
            .field("database_url", &dsn::redacted(self.database_url.expose_secret()))
            .field("twilio_account_sid", &self.twilio_account_sid)
            .field("twilio_credentials", &self.twilio_credentials)
            .field("twilio_auth_token", &self.twilio_auth_token.is_some())
            .field("twilio_proxy_url", &self.twilio_proxy_url.as_ref().map(host_of))
            .field("events_public_url", &self.events_public_url.as_ref().map(host_of))
            .field("admin_keys", &self.admin_keys.len())
            .field("readonly_keys", &self.readonly_keys.len())
            .field("signup_keys", &self.signup_keys.len())
            .field("alerts", &self.alerts.given())
            .finish()
    }
}
