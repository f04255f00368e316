//! What became of an alert.

use crate::domain::number::stored_enum;

/// What became of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AlertEvent {
    /// It opened, or became worse.
    Raised,
    /// It is over.
    Cleared,
    /// It is open still.
    Reminder,
}

stored_enum!(AlertEvent { Raised = "raised", Cleared = "cleared", Reminder = "reminder" });
