//! What comparing needs.

use crate::purchaser::{Buyer, PurchaserHandle};

/// What the Reconciler needs.
#[derive(Clone)]
pub(crate) struct ReconcilerDependencies {
    /// Database, Twilio, configuration and the purchaser's judgement.
    pub buyer: Buyer,
    /// Whose recovery comes first.
    pub purchaser: PurchaserHandle,
}
