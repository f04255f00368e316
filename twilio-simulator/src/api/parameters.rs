//! Names and values of a query string or a form, and which names an operation knows.
//!
//! Invariants: names are case-sensitive; of a name given twice the last value counts, unless all do (`all`); an unknown name is ignored, as
//! Twilio does, and reported by `unknown`, which Twilio does not.
//!
//! How to get it wrong: matching names without regard to case. The misspelt parameter is the bug that this finds.

use std::collections::BTreeMap;

use crate::fault::On;

/// Decoded parameters in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(crate) fn parse(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a name that may be repeated.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Without those that a fault loses: the named ones, or all but the number or the area code.
    pub(crate) fn without(&self, names: Option<&[String]>) -> Self {
        let kept = |name: &str| match names {
            Some(names) => !names.iter().any(|lost| lost == name),
            None => CREATE.contains(&name),
        };
        Self(self.0.iter().filter(|(name, _)| kept(name)).cloned().collect())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub(crate) fn to_map(&self) -> BTreeMap<String, String> {
        self.0.iter().cloned().collect()
    }

    /// The names that operations of this kind do not know.
    pub(crate) fn unknown(&self, on: On, in_form: bool) -> impl Iterator<Item = &str> {
        let known = match (on, in_form) {
            (On::Create, true) => CREATE,
            (On::Update, true) => UPDATE,
            (On::Search, false) => SEARCH,
            (On::List, false) => LIST,
            (On::Address, true) => ADDRESS,
            (On::Address, false) => ADDRESSES,
            (On::Regulation, false) => REGULATIONS,
            (On::Bundle, false) => BUNDLES,
            (On::Countries | On::Pricing | On::Members, false) => PAGE,
            (On::Service, true) => SERVICE,
            (On::Service, false) => PAGE,
            (On::Attach, true) => &["PhoneNumberSid"],
            (On::Campaign, false) => CAMPAIGNS,
            (On::Assignment, true) => &["ChannelEndpointType", "ChannelEndpointSid", "ObjectSid"],
            (On::Assignment, false) => ASSIGNMENTS,
            (On::Sink, true) => &["Description", "SinkConfiguration", "SinkType", "TestId"],
            (On::Sink, false) => SINKS,
            (On::Subscription, true) => &["Description", "SinkSid", "Types", "Type", "SchemaVersion", "Filter"],
            (On::Subscription, false) => SUBSCRIPTIONS,
            (On::Monitor, false) => MONITOR,
            (On::Application, true) => APPLICATION,
            (On::Application, false) => APPLICATIONS,
            (On::Calls, false) => CALLS,
            (On::Messages, false) => MESSAGES,
            (On::Text, true) => &["To", "From", "Body"],
            (On::Usage, false) => USAGE,
            _ => &[],
        };
        self.0.iter().map(|(name, _)| name.as_str()).filter(move |name| {
            let settings: &[&str] = if in_form && matches!(on, On::Create | On::Update) { SETTINGS } else { &[] };
            !known.contains(name) && !settings.contains(name)
        })
    }
}

/// Whether a create or an update knows a parameter of this name.
pub(crate) fn settable(name: &str) -> bool {
    [CREATE, UPDATE, SETTINGS].iter().any(|names| names.contains(&name))
}

const CREATE: &[&str] = &["PhoneNumber", "AreaCode"];
const UPDATE: &[&str] = &["AccountSid"];
const PAGE: &[&str] = &["PageSize", "Page", "PageToken"];
const LIST: &[&str] = &["Beta", "FriendlyName", "PhoneNumber", "Origin", "PageSize", "Page", "PageToken"];

const ADDRESS: &[&str] = &[
    "CustomerName",
    "Street",
    "City",
    "Region",
    "PostalCode",
    "IsoCountry",
    "FriendlyName",
    "EmergencyEnabled",
    "AutoCorrectAddress",
    "StreetSecondary",
];
const ADDRESSES: &[&str] =
    &["CustomerName", "FriendlyName", "EmergencyEnabled", "IsoCountry", "PageSize", "Page", "PageToken"];
const REGULATIONS: &[&str] =
    &["EndUserType", "IsoCountry", "NumberType", "IncludeConstraints", "PageSize", "Page", "PageToken"];
const BUNDLES: &[&str] = &[
    "Status",
    "BundleSids",
    "FriendlyName",
    "RegulationSid",
    "IsoCountry",
    "NumberType",
    "EndUserType",
    "HasValidUntilDate",
    "SortBy",
    "SortDirection",
    "ValidUntilDate",
    "ValidUntilDate<",
    "ValidUntilDate>",
    "PageSize",
    "Page",
    "PageToken",
];

const SETTINGS: &[&str] = &[
    "ApiVersion",
    "FriendlyName",
    "SmsApplicationSid",
    "SmsFallbackMethod",
    "SmsFallbackUrl",
    "SmsMethod",
    "SmsUrl",
    "StatusCallback",
    "StatusCallbackMethod",
    "VoiceApplicationSid",
    "VoiceCallerIdLookup",
    "VoiceFallbackMethod",
    "VoiceFallbackUrl",
    "VoiceMethod",
    "VoiceUrl",
    "EmergencyStatus",
    "EmergencyAddressSid",
    "TrunkSid",
    "IdentitySid",
    "AddressSid",
    "VoiceReceiveMode",
    "BundleSid",
];

const SEARCH: &[&str] = &[
    "AreaCode",
    "Contains",
    "SmsEnabled",
    "MmsEnabled",
    "VoiceEnabled",
    "FaxEnabled",
    "ExcludeAllAddressRequired",
    "ExcludeLocalAddressRequired",
    "ExcludeForeignAddressRequired",
    "Beta",
    "NearNumber",
    "NearLatLong",
    "Distance",
    "InPostalCode",
    "InRegion",
    "InRateCenter",
    "InLata",
    "InLocality",
    "PageSize",
    "Page",
    "PageToken",
];

const SERVICE: &[&str] =
    &["FriendlyName", "InboundRequestUrl", "FallbackUrl", "UseInboundWebhookOnNumber", "InboundMethod", "Usecase"];
const CAMPAIGNS: &[&str] = &["TollfreePhoneNumberSid", "Status", "PageSize", "Page", "PageToken"];
const ASSIGNMENTS: &[&str] = &["ChannelEndpointSid", "ChannelEndpointSids", "PageSize", "Page", "PageToken"];
const SINKS: &[&str] = &["InUse", "Status", "PageSize", "Page", "PageToken"];
const SUBSCRIPTIONS: &[&str] = &["SinkSid", "PageSize", "Page", "PageToken"];
const MONITOR: &[&str] = &[
    "ActorSid",
    "EventType",
    "ResourceSid",
    "SourceIpAddress",
    "StartDate",
    "EndDate",
    "PageSize",
    "Page",
    "PageToken",
];
const APPLICATION: &[&str] =
    &["FriendlyName", "VoiceUrl", "VoiceFallbackUrl", "SmsUrl", "SmsFallbackUrl", "StatusCallback"];
const APPLICATIONS: &[&str] = &["FriendlyName", "PageSize", "Page", "PageToken"];
const CALLS: &[&str] = &["To", "From", "StartTime", "StartTime<", "StartTime>", "PageSize", "Page", "PageToken"];
const USAGE: &[&str] = &["Category", "StartDate", "EndDate", "IncludeSubaccounts", "PageSize", "Page", "PageToken"];
const MESSAGES: &[&str] = &["To", "From", "DateSent", "DateSent<", "DateSent>", "PageSize", "Page", "PageToken"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_case_sensitive_and_the_last_value_counts() {
        let form = Parameters::parse(b"VoiceUrl=a&voiceUrl=b&VoiceUrl=c%20d&PhoneNumber=%2B1");
        assert_eq!(form.get("VoiceUrl"), Some("c d"));
        assert_eq!(form.get("PhoneNumber"), Some("+1"));
        assert_eq!(form.get("voiceurl"), None);
        assert_eq!(form.unknown(On::Create, true).collect::<Vec<_>>(), ["voiceUrl"]);
        assert_eq!(form.unknown(On::Update, true).collect::<Vec<_>>(), ["voiceUrl", "PhoneNumber"]);
        let left = |names: Option<&[String]>| form.without(names).to_map().into_keys().collect::<Vec<_>>();
        assert_eq!(left(Some(&["VoiceUrl".into()])), ["PhoneNumber", "voiceUrl"]);
        assert_eq!(left(None), ["PhoneNumber"]);
    }
}
