//! The catalogue of faults: what a test may order, and on which requests it can happen.
//!
//! Invariants: every kind has exactly one name on the wire (`FaultKind::name`), one role, and a stated set of request
//! kinds; a fault that could never fire is refused when it is ordered (`Fault::check`), not silently ignored.
//!
//! How to get it wrong: adding a kind without giving it a role. A `CommitThen` kind must leave its effect behind, an
//! `Instead` kind must leave none; tests of double purchases stand on that difference.

use serde::{Deserialize, Serialize};

/// The kind of a request, for faults, latencies and counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum On {
    /// GET `AvailablePhoneNumbers/{CC}/{Local|TollFree|Mobile}.json`
    Search,
    /// POST `IncomingPhoneNumbers.json`, and its `Local`, `TollFree`, `Mobile`
    Create,
    /// GET `IncomingPhoneNumbers.json`, and its `Local`, `TollFree`, `Mobile`
    List,
    /// GET `IncomingPhoneNumbers/{PN}.json`
    Fetch,
    /// POST `IncomingPhoneNumbers/{PN}.json`
    Update,
    /// DELETE `IncomingPhoneNumbers/{PN}.json`
    Delete,
    /// GET `Balance.json`
    Balance,
    /// GET `/v1/PhoneNumbers/Countries` and one country of it
    Pricing,
    /// GET `Accounts/{AC}.json`
    Account,
    /// GET `AvailablePhoneNumbers.json` and one country of it
    Countries,
    /// Whatever else was asked; answered 404 or 405
    Other,
    /// Matches every kind; never the kind of a request
    Any,
}

impl On {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Create => "create",
            Self::List => "list",
            Self::Fetch => "fetch",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Balance => "balance",
            Self::Pricing => "pricing",
            Self::Account => "account",
            Self::Countries => "countries",
            Self::Other => "other",
            Self::Any => "any",
        }
    }

    /// Whether a request of kind `actual` is meant.
    pub fn matches(self, actual: On) -> bool {
        self == On::Any || self == actual
    }
}

/// When a fault acts, relative to the effect of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The request takes effect at once, then its answer is lost or replaced.
    CommitThen,
    /// The request has no effect.
    Instead,
    /// The request is carried out, but differently, or its answer is bent. Several may act on one request.
    Within,
}

macro_rules! catalogue {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $role:ident, [$($on:ident),*];)*) => {
        /// What goes wrong. The names on the wire are in [`FaultKind::name`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum FaultKind {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl FaultKind {
            /// Every kind, in the order of the catalogue.
            pub const ALL: &'static [FaultKind] = &[$(FaultKind::$variant),*];

            /// The name on the wire.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            pub(crate) fn role(self) -> Role {
                match self { $(Self::$variant => Role::$role,)* }
            }

            /// Whether it can happen to a request of kind `on`.
            pub fn works_on(self, on: On) -> bool {
                let only: &[On] = match self { $(Self::$variant => &[$(On::$on),*],)* };
                on == On::Any || only.is_empty() || only.contains(&on)
            }
        }
    };
}

catalogue! {
    /// Takes effect, then never answers (`ms`: closes after that long).
    CommitThenHang = "commit_then_hang", CommitThen, [];
    /// Takes effect, then a TCP reset instead of an answer.
    CommitThenReset = "commit_then_reset", CommitThen, [];
    /// Takes effect, then the connection is closed in an orderly way without an answer.
    CommitThenClose = "commit_then_close", CommitThen, [];
    /// Takes effect, then 500/20500.
    CommitThen500 = "commit_then_500", CommitThen, [];
    /// Takes effect, then 503/20503.
    CommitThen503 = "commit_then_503", CommitThen, [];
    /// Takes effect, then a 502 page.
    CommitThenHtml502 = "commit_then_html_502", CommitThen, [];
    /// A TCP reset, no effect.
    Reset = "reset", Instead, [];
    /// An orderly close without an answer, no effect.
    Close = "close", Instead, [];
    /// Never answers, no effect (`ms`: closes after that long).
    Hang = "hang", Instead, [];
    /// 429/20429, with `Retry-After` when `retry_after` is given.
    TooManyRequests = "429", Instead, [];
    /// 500/20500, no effect.
    Error500 = "500", Instead, [];
    /// 503/20503, no effect (`retry_after` as for 429).
    Error503 = "503", Instead, [];
    /// A gateway's HTML page with status 502.
    Html502 = "html_502", Instead, [];
    /// A gateway's HTML page with status 504.
    Html504 = "html_504", Instead, [];
    /// 401/20003, as for a suspended account.
    Suspended = "suspended", Instead, [];
    /// 401/20003, as for wrong credentials.
    Unauthorized = "unauthorized", Instead, [];
    /// 403/20008, as for test credentials.
    TestCredentials = "test_credentials", Instead, [];
    /// 404/20404.
    NotFound = "not_found", Instead, [];
    /// 403/20005, the account is not active.
    Inactive20005 = "inactive_20005", Instead, [];
    /// 400/10001, the account is not active (funds or terms).
    Inactive10001 = "inactive_10001", Instead, [];
    /// 403/22300, barred from buying.
    Barred = "barred", Instead, [Create];
    /// 400/21404, a trial account's second number.
    Trial = "trial", Instead, [Create];
    /// 400/21421, not a valid number.
    InvalidNumber = "invalid_number", Instead, [Create];
    /// 400/21481, the page token is refused.
    BadPageToken = "bad_page_token", Instead, [List];
    /// Any refusal: `status` (400), `code` (20001) and `message` as given.
    Refuse = "refuse", Instead, [];
    /// On create: 403/20005 for want of money. On balance: the answer says 0.00.
    BalanceZero = "balance_zero", Within, [Create, Balance];
    /// On create: somebody else takes the number first (400/21422). On search: all rows shown are gone right after.
    Stolen = "stolen", Within, [Create, Search];
    /// On search: no rows. On create: 21452 for an area code, 21422 for a number.
    NoStock = "no_stock", Within, [Create, Search];
    /// The number that is bought stays invisible to fetch and list for `ms` (1000) or for `requests` look-ups.
    Lag = "lag", Within, [Create];
    /// A repeated POST of an owned number is refused with 400/21422. Waits for such a POST.
    AlreadyOwned21422 = "already_owned_21422", Within, [Create];
    /// Another environment of the same account bought the number 30 days ago: 201 as an update, old `date_created`.
    OldDateCreated = "old_date_created", Within, [Create];
    /// On create: another environment of the account has just bought the number and keeps its `FriendlyName`.
    /// Elsewhere: the answer shows another `FriendlyName`.
    ForeignTag = "foreign_tag", Within, [Create, Fetch, Update, List];
    /// Numbers lack SMS: on create the number that is bought, elsewhere only in this answer.
    NoCapability = "no_capability", Within, [Create, Fetch, Update, List, Search];
    /// The answer comes `ms` (1000) later than usual.
    Delay = "delay", Within, [];
    /// The answer's body is not JSON although it says so.
    MalformedJson = "malformed_json", Within, [];
    /// The answer's body trickles in over `ms` (2000).
    SlowBody = "slow_body", Within, [];
    /// The connection ends in the middle of the answer's body.
    TruncatedBody = "truncated_body", Within, [];
    /// `next_page_uri` points to another host.
    ForeignNextPage = "foreign_next_page", Within, [List];
    /// `next_page_uri` is the page itself.
    LoopingNextPage = "looping_next_page", Within, [List];
}

/// One fault, waiting for its request.
///
/// ```
/// use twilio_simulator::{Fault, FaultKind, On};
/// let fault = Fault::new(On::Create, FaultKind::CommitThenHang).times(1).after(2);
/// let lag = Fault::new(On::Create, FaultKind::Lag).ms(500).phone_number("+14155550100").forever();
/// # let _ = (fault, lag);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The kind of request it happens to.
    pub on: On,
    /// What happens.
    #[serde(rename = "fault")]
    pub kind: FaultKind,
    /// How often it still happens; `-1` or `"forever"` is for ever, left out is once.
    #[serde(default)]
    pub times: Times,
    /// How many matching requests pass unharmed before.
    #[serde(default)]
    pub after: u32,
    /// Only requests about this number (E.164): its create, its look-ups, its update, its release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// Milliseconds, for hang, lag, delay and slow_body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
    /// Look-ups, for lag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<u32>,
    /// Seconds, for 429 and 503; left out means no such header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// The HTTP status of a refusal, where another than the usual is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Twilio's error code, for refuse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u32>,
    /// The text of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl Fault {
    /// A fault that happens to the next matching request, once.
    pub fn new(on: On, kind: FaultKind) -> Self {
        Self {
            on,
            kind,
            times: Times::default(),
            after: 0,
            phone_number: None,
            ms: None,
            requests: None,
            retry_after: None,
            status: None,
            code: None,
            message: None,
        }
    }

    /// Happens this often.
    pub fn times(mut self, times: u32) -> Self {
        self.times = Times::Count(times);
        self
    }

    /// Happens until the faults are cleared.
    pub fn forever(mut self) -> Self {
        self.times = Times::Forever;
        self
    }

    /// Lets this many matching requests pass first.
    pub fn after(mut self, requests: u32) -> Self {
        self.after = requests;
        self
    }

    /// Only requests about this number.
    pub fn phone_number(mut self, phone_number: impl Into<String>) -> Self {
        self.phone_number = Some(phone_number.into());
        self
    }

    /// Milliseconds, for hang, lag, delay and slow_body.
    pub fn ms(mut self, ms: u64) -> Self {
        self.ms = Some(ms);
        self
    }

    /// Look-ups that a lag survives.
    pub fn requests(mut self, requests: u32) -> Self {
        self.requests = Some(requests);
        self
    }

    /// `Retry-After` in seconds, for 429 and 503.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Another HTTP status for a refusal.
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Twilio's error code, for [`FaultKind::Refuse`].
    pub fn code(mut self, code: u32) -> Self {
        self.code = Some(code);
        self
    }

    /// The text of a refusal.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// Says why this fault could never fire, or not as it was meant.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !self.kind.works_on(self.on) {
            return Err(format!("{} cannot happen on {}", self.kind.name(), self.on.name()));
        }
        if self.times == Times::Count(0) {
            return Err("times is at least 1, or \"forever\"".into());
        }
        if self.status.is_some_and(|status| !(400..=599).contains(&status)) {
            return Err("status is between 400 and 599".into());
        }
        if self.code.is_some() && self.kind != FaultKind::Refuse {
            return Err("code belongs to refuse only".into());
        }
        Ok(())
    }
}

/// How often a fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "serde_json::Value", into = "serde_json::Value")]
pub enum Times {
    /// That many more times.
    Count(u32),
    /// Until the faults are cleared.
    Forever,
}

impl Default for Times {
    fn default() -> Self {
        Self::Count(1)
    }
}

impl From<Times> for serde_json::Value {
    fn from(times: Times) -> Self {
        match times {
            Times::Count(count) => count.into(),
            Times::Forever => "forever".into(),
        }
    }
}

impl TryFrom<serde_json::Value> for Times {
    type Error = String;

    fn try_from(value: serde_json::Value) -> Result<Self, String> {
        match (value.as_i64(), value.as_str()) {
            (Some(-1), _) | (_, Some("forever")) => Ok(Self::Forever),
            (Some(count), _) if (1..=i64::from(u32::MAX)).contains(&count) => {
                Ok(Self::Count(u32::try_from(count).expect("the range was just checked")))
            }
            _ => Err("times is a number of at least 1, or -1 or \"forever\" for ever".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_wire_names() {
        for kind in FaultKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        assert_eq!(serde_json::to_value(On::Create).unwrap(), On::Create.name());
    }

    #[test]
    fn defaults_and_forever() {
        let once: Fault = serde_json::from_str(r#"{"on":"create","fault":"429"}"#).unwrap();
        assert_eq!(once, Fault::new(On::Create, FaultKind::TooManyRequests));
        for forever in [r#""forever""#, "-1"] {
            let text = format!(r#"{{"on":"any","fault":"503","times":{forever}}}"#);
            assert_eq!(serde_json::from_str::<Fault>(&text).unwrap().times, Times::Forever);
        }
        assert!(serde_json::from_str::<Fault>(r#"{"on":"any","fault":"503","times":0}"#).is_err());
    }

    #[test]
    fn an_impossible_fault_is_refused() {
        assert!(Fault::new(On::Balance, FaultKind::Lag).check().is_err());
        assert!(Fault::new(On::Any, FaultKind::Lag).check().is_ok());
        assert!(Fault::new(On::Create, FaultKind::Hang).times(0).check().is_err());
    }
}
