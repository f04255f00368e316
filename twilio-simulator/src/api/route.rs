//! Which operation a method and a path name.
//!
//! Invariants: the `.json` suffix is required on the 2010 API (Twilio answers XML without it, which nobody here reads) and
//! absent on the v1 hosts; a known path with a wrong method is told apart from an unknown path.
//!
//! How to get it wrong: taking `IncomingPhoneNumbers/Local.json` for the number with the SID `Local`.

use percent_encoding::percent_decode_str;

use crate::api::newer::{Newer, newer};
use crate::api::usage::Period;
use crate::applications::Traffic;
use crate::fault::On;
use crate::stock::kind::NumberKind;

/// An operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Account,
    Balance,
    Countries,
    Country(String),
    Search(String, NumberKind),
    List(Option<NumberKind>),
    Create(Option<NumberKind>),
    Fetch(String),
    Update(String),
    Delete(String),
    Addresses,
    AddAddress,
    Address(String),
    Dependents(String),
    Regulations,
    Regulation(String),
    Bundles,
    Bundle(String),
    Prices,
    Price(String),
    Applications,
    Application(String),
    UpdateApplication(String),
    Traffic(Traffic),
    Text,
    Usage(Period),
    /// Of the newer hosts.
    Newer(Newer),
    /// The path is known, the method is not; what is allowed.
    Method(&'static str),
    Unknown,
}

impl Route {
    pub(crate) fn on(&self) -> On {
        match self {
            Self::Account => On::Account,
            Self::Balance => On::Balance,
            Self::Countries | Self::Country(_) => On::Countries,
            Self::Search(..) => On::Search,
            Self::List(_) => On::List,
            Self::Create(_) => On::Create,
            Self::Fetch(_) => On::Fetch,
            Self::Update(_) => On::Update,
            Self::Delete(_) => On::Delete,
            Self::Addresses | Self::AddAddress | Self::Address(_) | Self::Dependents(_) => On::Address,
            Self::Regulations | Self::Regulation(_) => On::Regulation,
            Self::Bundles | Self::Bundle(_) => On::Bundle,
            Self::Prices | Self::Price(_) => On::Pricing,
            Self::Applications | Self::Application(_) | Self::UpdateApplication(_) => On::Application,
            Self::Traffic(Traffic::Call) => On::Calls,
            Self::Traffic(Traffic::Message) => On::Messages,
            Self::Text => On::Text,
            Self::Usage(_) => On::Usage,
            Self::Newer(newer) => newer.on(),
            Self::Method(_) | Self::Unknown => On::Other,
        }
    }
}

/// The operation, and the account that the path names.
pub(crate) fn route(method: &str, path: &str) -> (Route, Option<String>) {
    let decoded: Option<Vec<String>> = path
        .trim_start_matches('/')
        .split('/')
        .map(|segment| percent_decode_str(segment).decode_utf8().ok().map(std::borrow::Cow::into_owned))
        .collect();
    let Some(decoded) = decoded else { return (Route::Unknown, None) };
    let segments: Vec<&str> = decoded.iter().map(String::as_str).collect();
    let get = |route| if method == "GET" { route } else { Route::Method("GET") };
    match segments[..] {
        ["v1", "PhoneNumbers", "Countries"] => (get(Route::Prices), None),
        ["v1", "PhoneNumbers", "Countries", code] => (get(Route::Price(code.into())), None),
        ["v2", "RegulatoryCompliance", "Regulations"] => (get(Route::Regulations), None),
        ["v2", "RegulatoryCompliance", "Regulations", sid] => (get(Route::Regulation(sid.into())), None),
        ["v2", "RegulatoryCompliance", "Bundles"] => (get(Route::Bundles), None),
        ["v2", "RegulatoryCompliance", "Bundles", sid] => (get(Route::Bundle(sid.into())), None),
        ["v1", ref rest @ ..] => (newer(method, rest), None),
        ["2010-04-01", "Accounts", ref rest @ ..] => {
            let Some((last, before)) = rest.split_last() else { return (Route::Unknown, None) };
            let Some(last) = last.strip_suffix(".json") else { return (Route::Unknown, None) };
            match before {
                [] => (get(Route::Account), Some(last.into())),
                [account, inner @ ..] => (inside(method, inner, last), Some((*account).into())),
            }
        }
        _ => (Route::Unknown, None),
    }
}

/// The operation below an account.
fn inside(method: &str, before: &[&str], last: &str) -> Route {
    let get = |route| if method == "GET" { route } else { Route::Method("GET") };
    let list = |kind| match method {
        "GET" => Route::List(kind),
        "POST" => Route::Create(kind),
        _ => Route::Method("GET, POST"),
    };
    match (before, last) {
        ([], "Balance") => get(Route::Balance),
        ([], "AvailablePhoneNumbers") => get(Route::Countries),
        (["AvailablePhoneNumbers"], code) => get(Route::Country(code.into())),
        (["AvailablePhoneNumbers", code], kind) => match NumberKind::from_path(kind) {
            Some(kind) => get(Route::Search((*code).into(), kind)),
            None => Route::Unknown,
        },
        ([], "Addresses") => match method {
            "GET" => Route::Addresses,
            "POST" => Route::AddAddress,
            _ => Route::Method("GET, POST"),
        },
        (["Addresses"], sid) => get(Route::Address(sid.into())),
        (["Addresses", sid], "DependentPhoneNumbers") => get(Route::Dependents((*sid).into())),
        ([], "Applications") => get(Route::Applications),
        (["Applications"], sid) => match method {
            "GET" => Route::Application(sid.into()),
            "POST" => Route::UpdateApplication(sid.into()),
            _ => Route::Method("GET, POST"),
        },
        ([], "Calls") => get(Route::Traffic(Traffic::Call)),
        ([], "Messages") => match method {
            "GET" => Route::Traffic(Traffic::Message),
            "POST" => Route::Text,
            _ => Route::Method("GET, POST"),
        },
        (["Usage"], "Records") => get(Route::Usage(Period::Whole)),
        (["Usage", "Records"], name) => {
            Period::from_path(name).map_or(Route::Unknown, |period| get(Route::Usage(period)))
        }
        ([], "IncomingPhoneNumbers") => list(None),
        (["IncomingPhoneNumbers"], name) => match (NumberKind::from_resource(name), method) {
            (Some(kind), _) => list(Some(kind)),
            (None, "GET") => Route::Fetch(name.into()),
            (None, "POST") => Route::Update(name.into()),
            (None, "DELETE") => Route::Delete(name.into()),
            (None, _) => Route::Method("GET, POST, DELETE"),
        },
        _ => Route::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_where_they_should() {
        let at = |method, path: &str| route(method, &format!("/2010-04-01/Accounts/AC1{path}"));
        let account = Some("AC1".to_owned());
        assert_eq!(at("GET", ".json"), (Route::Account, account.clone()));
        assert_eq!(at("GET", "/Balance.json"), (Route::Balance, account.clone()));
        assert_eq!(at("GET", "/IncomingPhoneNumbers/Local.json").0, Route::List(Some(NumberKind::Local)));
        assert_eq!(at("POST", "/IncomingPhoneNumbers.json").0, Route::Create(None));
        assert_eq!(at("DELETE", "/IncomingPhoneNumbers/PN1.json").0, Route::Delete("PN1".into()));
        assert_eq!(at("DELETE", "/IncomingPhoneNumbers.json").0, Route::Method("GET, POST"));
        assert_eq!(at("GET", "/IncomingPhoneNumbers").0, Route::Unknown);
        assert_eq!(
            at("GET", "/AvailablePhoneNumbers/US/TollFree.json").0,
            Route::Search("US".into(), NumberKind::TollFree)
        );
        assert_eq!(
            at("GET", "/AvailablePhoneNumbers/DE/National.json").0,
            Route::Search("DE".into(), NumberKind::National)
        );
        assert_eq!(at("GET", "/IncomingPhoneNumbers/National.json").0, Route::Fetch("National".into()));
        assert_eq!(at("GET", "/Addresses/AD1/DependentPhoneNumbers.json").0, Route::Dependents("AD1".into()));
        assert_eq!(at("POST", "/Messages.json").0, Route::Text);
        assert_eq!(at("POST", "/Addresses/AD1.json").0, Route::Method("GET"));
        assert_eq!(at("GET", "/Usage/Records.json").0, Route::Usage(Period::Whole));
        assert_eq!(at("GET", "/Usage/Records/LastMonth.json").0, Route::Usage(Period::LastMonth));
        assert_eq!(at("POST", "/Usage/Records/Daily.json").0, Route::Method("GET"));
        assert_eq!(at("GET", "/Usage/Records/Records.json").0, Route::Unknown);
        assert_eq!(route("GET", "/v2/RegulatoryCompliance/Bundles/BU1").0, Route::Bundle("BU1".into()));
        assert_eq!(route("GET", "/v1/PhoneNumbers/Countries/US").0, Route::Price("US".into()));
        assert_eq!(route("GET", "/").0, Route::Unknown);
    }
}
