//! What people and programs ask about alerts.

use super::channel::AlertChannel;
use crate::domain::number::stored_enum;

/// Which alerts are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, utoipa::ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum AlertsAsked {
    /// Those that are open.
    Open,
    /// Those that are over, too.
    All,
}

stored_enum!(AlertsAsked { Open = "open", All = "all" });

impl AlertsAsked {
    /// Whether what is over is left out.
    #[must_use]
    pub fn is_open_only(self) -> bool {
        self == Self::Open
    }
}

/// What a channel said to a test.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct ChannelTested {
    /// Which.
    pub channel: AlertChannel,
    /// Whether it took it.
    pub ok: bool,
    /// Its status, if it gave one.
    #[schema(required)]
    pub status: Option<i32>,
    /// Why it did not take it; nothing secret.
    #[schema(required)]
    pub error: Option<String>,
    /// How long that took.
    pub seconds: f64,
}
