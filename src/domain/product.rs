//! Twilio's products that have hosts of their own, beside the API of accounts and numbers.
//!
//! How to get it wrong: taking one host for all of them. Behind a simulator or a gateway it is one; at Twilio it never is.

use super::number::stored_enum;

/// A product with a host of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Product {
    /// Price lists.
    Pricing,
    /// Messaging services and their campaigns.
    Messaging,
    /// Regulations and bundles.
    Numbers,
    /// Event streams.
    Events,
    /// Customer profiles and trust products.
    Trusthub,
    /// Who changed what.
    Monitor,
}

// As its host begins.
stored_enum!(Product {
    Pricing = "pricing",
    Messaging = "messaging",
    Numbers = "numbers",
    Events = "events",
    Trusthub = "trusthub",
    Monitor = "monitor",
});
