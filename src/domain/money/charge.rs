//! The words of a charge.

use crate::domain::number::stored_enum;

/// Why a number is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChargeKind {
    /// It was bought on that day.
    Purchase,
    /// It is an anniversary of that day.
    Renewal,
}

stored_enum!(ChargeKind { Purchase = "purchase", Renewal = "renewal" });

/// Where the price of a charge is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PriceSource {
    /// It is the price that was last seen before that day.
    Seen,
    /// Nobody had seen a price before that day: it is the one that was seen later.
    Today,
}

stored_enum!(PriceSource { Seen = "seen", Today = "today" });
