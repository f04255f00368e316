//! The kinds of requests, and of what else faults can happen to.
//!
//! Invariant: every kind has one name on the wire, and every request is of one kind.
//!
//! How to get it wrong: `Any` as the kind of a request. It matches all of them and is none.

use serde::{Deserialize, Serialize};

/// The kind of a request, for faults, latencies and counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum On {
    /// GET `AvailablePhoneNumbers/{CC}/{Local|TollFree|Mobile|…}.json`
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
    /// `Addresses.json`, one address, and the numbers that name it
    Address,
    /// GET `/v2/RegulatoryCompliance/Regulations` and one of them
    Regulation,
    /// GET `/v2/RegulatoryCompliance/Bundles` and one of them
    Bundle,
    /// GET `/v1/PhoneNumbers/Countries` and one country of it
    Pricing,
    /// GET `Accounts/{AC}.json`
    Account,
    /// GET `AvailablePhoneNumbers.json` and one country of it
    Countries,
    /// POST `/v1/Services/{MG}/PhoneNumbers`
    Attach,
    /// GET `/v1/Services/{MG}/PhoneNumbers/{PN}`
    Member,
    /// GET `/v1/Services/{MG}/PhoneNumbers`
    Members,
    /// DELETE `/v1/Services/{MG}/PhoneNumbers/{PN}`
    Detach,
    /// `/v1/Services` and one of them
    Service,
    /// GET `/v1/Services/{MG}/Compliance/Usa2p` and `/v1/Tollfree/Verifications`
    Campaign,
    /// `/v1/CustomerProfiles`, `/v1/TrustProducts`, and what is assigned to them
    Assignment,
    /// `/v1/Sinks`, one of them, its test
    Sink,
    /// `/v1/Subscriptions`, one of them, its types
    Subscription,
    /// GET `/v1/Events` and one of them
    Monitor,
    /// `Applications.json` and one of them
    Application,
    /// GET `Calls.json`
    Calls,
    /// GET `Messages.json`
    Messages,
    /// POST `Messages.json`
    Text,
    /// GET `Usage/Records.json`, and its `Daily`, `Monthly`, `ThisMonth`, `Today`, `LastMonth`, `AllTime`
    Usage,
    /// Not a request, but an event on its way to a sink
    #[serde(rename = "event_delivery")]
    EventDelivery,
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
            Self::Address => "address",
            Self::Regulation => "regulation",
            Self::Bundle => "bundle",
            Self::Pricing => "pricing",
            Self::Account => "account",
            Self::Countries => "countries",
            Self::Attach => "attach",
            Self::Member => "member",
            Self::Members => "members",
            Self::Detach => "detach",
            Self::Service => "service",
            Self::Campaign => "campaign",
            Self::Assignment => "assignment",
            Self::Sink => "sink",
            Self::Subscription => "subscription",
            Self::Monitor => "monitor",
            Self::Application => "application",
            Self::Calls => "calls",
            Self::Messages => "messages",
            Self::Text => "text",
            Self::Usage => "usage",
            Self::EventDelivery => "event_delivery",
            Self::Other => "other",
            Self::Any => "any",
        }
    }

    /// Whether a request of kind `actual` is meant.
    pub fn matches(self, actual: On) -> bool {
        self == On::Any || self == actual
    }
}
