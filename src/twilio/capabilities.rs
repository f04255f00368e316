//! What a number can do, in any of the ways in which Twilio tells it.
//!
//! Invariant: what is not clearly said to be so is not so; but silence is no "no", and makes nothing unfit that is paid for.
//! How to get it wrong: letting one null hide the row, and with it a number that is paid for.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::domain::Capability;

/// What a number can do. Search rows say `SMS`, owned numbers `sms`, a messaging service `["Voice","SMS"]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Capabilities {
    voice: Option<bool>,
    sms: Option<bool>,
    mms: Option<bool>,
    fax: Option<bool>,
}

impl Capabilities {
    pub(super) fn has(self, capability: Capability) -> bool {
        self.told(capability) == Some(true)
    }

    /// What is said of it; `None` = nothing.
    pub(crate) fn told(self, capability: Capability) -> Option<bool> {
        match capability {
            Capability::Voice => self.voice,
            Capability::Sms => self.sms,
            Capability::Mms => self.mms,
            Capability::Fax => self.fax,
        }
    }

    fn set(&mut self, name: &str, can: bool) {
        let told = match name.to_ascii_lowercase().as_str() {
            "voice" => &mut self.voice,
            "sms" => &mut self.sms,
            "mms" => &mut self.mms,
            "fax" => &mut self.fax,
            _ => return,
        };
        *told = Some(can);
    }
}

impl<'de> Deserialize<'de> for Capabilities {
    #[expect(clippy::wildcard_enum_match_arm, reason = "any other JSON says nothing")]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut capabilities = Self::default();
        match Value::deserialize(deserializer)? {
            Value::Object(told) => {
                let told = told.iter().filter_map(|(name, can)| Some((name, can.as_bool()?)));
                told.for_each(|(name, can)| capabilities.set(name, can));
            }
            // A list names what it can, and so says of the rest that it cannot; an empty one says nothing.
            Value::Array(told) if told.iter().any(Value::is_string) => {
                ["voice", "sms", "mms", "fax"].iter().for_each(|name| capabilities.set(name, false));
                told.iter().filter_map(Value::as_str).for_each(|name| capabilities.set(name, true));
            }
            _ => {}
        }
        Ok(capabilities)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Capability; 4] = [Capability::Voice, Capability::Sms, Capability::Mms, Capability::Fax];

    #[test]
    fn only_what_is_clearly_said_is_so() {
        let read = |json: &str| serde_json::from_str::<Capabilities>(json).unwrap();
        let can = |read: Capabilities| ALL.map(|capability| read.has(capability));
        for told in [
            r#"{"voice":true,"SMS":true,"MMS":false}"#,
            r#"{"Voice":true,"sms":true,"mms":null,"fax":"yes","new":true}"#,
            r#"["Voice","SMS"]"#,
        ] {
            assert_eq!(can(read(told)), [true, true, false, false], "{told}");
        }
        for told in ["null", "{}", "[]", "[7]", "7", r#""voice""#, r#"{"voice":null,"sms":"true","mms":1}"#] {
            assert_eq!(read(told), Capabilities::default(), "{told}");
        }
    }

    #[test]
    fn silence_is_no_no() {
        let told = |json: &str| {
            let read = serde_json::from_str::<Capabilities>(json).unwrap();
            ALL.map(|capability| read.told(capability))
        };
        assert_eq!(told(r#"{"voice":true,"sms":false,"mms":null}"#), [Some(true), Some(false), None, None]);
        assert_eq!(told(r#"["Voice"]"#), [Some(true), Some(false), Some(false), Some(false)]);
        assert_eq!(told("null"), [None; 4]);
    }
}
