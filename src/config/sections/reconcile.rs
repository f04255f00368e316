//! `[reconcile]`: what a reconciliation may change by itself.

use serde::{Deserialize, Serialize};

use crate::config::section::Section;

/// What a reconciliation may change by itself.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReconcileConfig {
    /// Whether drifted webhooks of assigned numbers are repaired too; off, so that a wrong `PUBLIC_APP_URL` does not
    /// rewire every user.
    pub repair_assigned: bool,
}

impl Section for ReconcileConfig {
    const NAME: &'static str = "reconcile";
}
