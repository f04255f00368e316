//! What purchases are made for, in words: for which pool, of which country and type, able to do what.
//!
//! How to get it wrong: telling the type alone. "No stock" of numbers that can do everything is no word about those that only
//! ring.

use std::fmt;

use super::number::Capability;
use super::pool::{Kind, PoolName};

/// What is sought for a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought {
    /// For which pool.
    pub pool: PoolName,
    /// Of which country and type.
    pub kind: Kind,
    /// What it must be able to do.
    pub capabilities: Vec<Capability>,
}

/// As people say it: `mobile numbers in GB with voice and SMS`.
impl fmt::Display for Sought {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Kind { country, number_type } = self.kind;
        write!(f, "{} numbers in {country}", number_type.words())?;
        for (place, capability) in self.capabilities.iter().enumerate() {
            let before = match place {
                0 => " with ",
                _ if place + 1 == self.capabilities.len() => " and ",
                _ => ", ",
            };
            write!(f, "{before}{}", words(*capability))?;
        }
        Ok(())
    }
}

fn words(capability: Capability) -> &'static str {
    match capability {
        Capability::Voice => "voice",
        Capability::Sms => "SMS",
        Capability::Mms => "MMS",
        Capability::Fax => "fax",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::NumberType;

    #[test]
    fn what_is_sought_is_said_as_people_say_it() {
        let told = |number_type, capabilities: &[Capability]| {
            let kind = Kind { country: "GB".parse().unwrap(), number_type };
            Sought { pool: PoolName::default_pool(), kind, capabilities: capabilities.to_vec() }.to_string()
        };
        use Capability::{Fax, Mms, Sms, Voice};
        assert_eq!(told(NumberType::Mobile, &[Sms]), "mobile numbers in GB with SMS");
        assert_eq!(told(NumberType::TollFree, &[Voice, Sms]), "toll-free numbers in GB with voice and SMS");
        assert_eq!(told(NumberType::Local, &[Voice, Mms, Fax]), "local numbers in GB with voice, MMS and fax");
        assert_eq!(told(NumberType::National, &[]), "national numbers in GB");
    }
}
