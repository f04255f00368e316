//! Twilio's categories of usage.
//!
//! Invariant: a sum has no lines of its own.
//!
//! How to get it wrong: adding all categories up. Some are in others.

/// A category of usage.
pub(crate) struct Category {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) unit: &'static str,
}

const fn of(name: &'static str, description: &'static str, unit: &'static str) -> Category {
    Category { name, description, unit }
}

/// Those that an account without traffic has, as far as they matter; each has a row in every list.
pub(crate) const CATEGORIES: &[Category] = &[
    of("a2p-registration-fees", "A2P Registration Fees", ""),
    of("a2p-10dlc-registrationfees-onetime", "A2P 10DLC One-Time Fees", ""),
    of("a2p-10dlc-registrationfees-monthly", "A2P 10DLC Monthly Fees", ""),
    of("a2p-10dlc-registrationfees-brandregistration", "A2P 10DLC Brand Registrations", ""),
    of("a2p-10dlc-registrationfees-campaignvetting", "A2P 10DLC Campaign Vettings", ""),
    of("amazon-polly", "Amazon Polly", "characters"),
    of("answering-machine-detection", "Answering Machine Detection", "calls"),
    of("authy-authentications", "Authy Authentications", "authentications"),
    of("authy-calls-outbound", "Authy Outbound Calls", "calls"),
    of("authy-sms-outbound", "Authy Outbound SMS", "messages"),
    of("calleridlookups", "Caller Name Lookups", "lookups"),
    of("calls", "Voice Minutes", "calls"),
    of("calls-client", "Twilio Client Calls", "calls"),
    of("calls-globalconference", "Global Conference", "minutes"),
    of("calls-inbound", "Inbound Voice Minutes", "calls"),
    of("calls-inbound-local", "Inbound Local Calls", "calls"),
    of("calls-inbound-mobile", "Inbound Mobile Calls", "calls"),
    of("calls-inbound-tollfree", "Inbound Toll-Free Calls", "calls"),
    of("calls-outbound", "Outbound Voice Minutes", "calls"),
    of("calls-recordings", "Call Recordings", "minutes"),
    of("calls-sip", "SIP Minutes", "calls"),
    of("calls-sip-inbound", "Inbound SIP Calls", "calls"),
    of("calls-sip-outbound", "Outbound SIP Calls", "calls"),
    of("carrier-lookups", "Carrier Lookups", "lookups"),
    of("conversations", "Conversations", ""),
    of("cnam-lookups", "CNAM Lookups", "lookups"),
    of("fraud-lookups", "Fraud Lookups", "lookups"),
    of("lookups", "Lookups", "lookups"),
    of("mediastorage", "Media Storage", "bytes"),
    of("mms", "MMS", "messages"),
    of("mms-inbound", "Inbound MMS", "messages"),
    of("mms-outbound", "Outbound MMS", "messages"),
    of("monitor-reads", "Monitor Reads", "reads"),
    of("monitor-storage", "Monitor Storage", "bytes"),
    of("monitor-writes", "Monitor Writes", "writes"),
    of("notify", "Notify", ""),
    of(SUM_OF_NUMBERS, "Phone Numbers", "numbers"),
    of("phonenumbers-cps", "Phone Numbers CPS", ""),
    of("phonenumbers-emergency", "Emergency Phone Numbers", "numbers"),
    of("phonenumbers-local", "Local Phone Numbers", "numbers"),
    of("phonenumbers-mobile", "Mobile Phone Numbers", "numbers"),
    of("phonenumbers-setups", "Phone Number Setups", "number-setups"),
    of("phonenumbers-tollfree", "Toll-Free Phone Numbers", "numbers"),
    of("premiumsupport", "Premium Support", ""),
    of("recordings", "Recordings", "minutes"),
    of("recordingstorage", "Recording Storage", "minutes"),
    of("shortcodes", "Short Codes", "shortcodes"),
    of("sms", "SMS", "messages"),
    of("sms-inbound", "Inbound SMS", "messages"),
    of("sms-inbound-longcode", "Inbound Longcode SMS", "messages"),
    of("sms-outbound", "Outbound SMS", "messages"),
    of("sms-outbound-longcode", "Outbound Longcode SMS", "messages"),
    of("sms-messages-carrierfees", "SMS Carrier Fees", ""),
    of(SUM_OF_ALL, "Total Price", ""),
    of("transcriptions", "Transcriptions", "transcriptions"),
    of("trunking-cps", "Trunking CPS", ""),
    of("trunking-origination", "Trunking Origination", "minutes"),
    of("trunking-termination", "Trunking Termination", "minutes"),
    of("voice-insights", "Voice Insights", "calls"),
];

const SUM_OF_NUMBERS: &str = "phonenumbers";
pub(crate) const SUM_OF_ALL: &str = "totalprice";
const RENTALS: [&str; 3] = ["phonenumbers-local", "phonenumbers-mobile", "phonenumbers-tollfree"];

impl Category {
    /// Whether others are in it.
    pub(crate) fn is_sum(&self) -> bool {
        [SUM_OF_NUMBERS, SUM_OF_ALL].contains(&self.name)
    }

    /// Whether it counts what is of this other category.
    pub(crate) fn has(&self, line: &str) -> bool {
        line == self.name || self.name == SUM_OF_ALL || self.name == SUM_OF_NUMBERS && RENTALS.contains(&line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_hold_others_and_are_never_a_lines_own() {
        let category = |name: &str| CATEGORIES.iter().find(|category| category.name == name).unwrap();
        let numbers = category("phonenumbers");
        assert!(numbers.is_sum() && numbers.has("phonenumbers-local") && !numbers.has("phonenumbers-setups"));
        assert!(category("totalprice").has("phonenumbers-setups") && !category("calls").is_sum());
        assert!(CATEGORIES.len() > 50, "one page does not hold them all");
    }
}
