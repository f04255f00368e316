//! What a number can do, in any of the ways in which Twilio tells it.
//!
//! Invariant: what is not clearly said to be so is not so.
//! How to get it wrong: letting one null hide the row, and with it a number that is paid for.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::domain::Capability;

/// What a number can do. Search rows say `SMS`, owned numbers `sms`, a messaging service `["Voice","SMS"]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Capabilities {
    voice: bool,
    sms: bool,
    mms: bool,
    fax: bool,
}

impl Capabilities {
    pub(super) fn has(self, capability: Capability) -> bool {
        match capability {
            Capability::Voice => self.voice,
            Capability::Sms => self.sms,
            Capability::Mms => self.mms,
            Capability::Fax => self.fax,
        }
    }

    fn set(&mut self, name: &str) {
        match name.to_ascii_lowercase().as_str() {
            "voice" => self.voice = true,
            "sms" => self.sms = true,
            "mms" => self.mms = true,
            "fax" => self.fax = true,
            _ => {}
        }
    }
}

impl<'de> Deserialize<'de> for Capabilities {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut capabilities = Self::default();
        match Value::deserialize(deserializer)? {
            Value::Object(told) => {
                told.iter().filter(|(_, can)| can.as_bool() == Some(true)).for_each(|(name, _)| capabilities.set(name));
            }
            Value::Array(told) => told.iter().filter_map(Value::as_str).for_each(|name| capabilities.set(name)),
            _ => {}
        }
        Ok(capabilities)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_clearly_said_is_so() {
        let read = |json: &str| serde_json::from_str::<Capabilities>(json).unwrap();
        let both = Capabilities { voice: true, sms: true, ..Capabilities::default() };
        for told in [
            r#"{"voice":true,"SMS":true,"MMS":false}"#,
            r#"{"Voice":true,"sms":true,"mms":null,"fax":"yes","new":true}"#,
            r#"["Voice","SMS"]"#,
        ] {
            assert_eq!(read(told), both, "{told}");
        }
        for told in ["null", "{}", "[]", "7", r#""voice""#, r#"{"voice":null,"sms":"true","mms":1}"#] {
            assert_eq!(read(told), Capabilities::default(), "{told}");
        }
    }
}
