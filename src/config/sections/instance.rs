//! `[instance]`: which environment this is.

use serde::{Deserialize, Serialize};

use crate::config::section::Section;
use crate::domain::InstanceName;

/// Which environment this is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InstanceConfig {
    /// The same for all instances on one database, different for another environment on the same Twilio account.
    pub name: InstanceName,
}

impl Section for InstanceConfig {
    const NAME: &'static str = "instance";
    const HINTS: &'static [(&'static str, &'static str)] = &[("name", "1 to 16 characters of a-z, 0-9 and -")];
}
