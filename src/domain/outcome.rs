//! What came of an order, for whoever looks at it: its state alone does not say whether it bought anything.
//!
//! Invariant: one that is over is `done` only if it has all that it asked for.
//! How to get it wrong: deciding it anew in a page or a command. All of them show this.

use super::number::stored_enum;
use super::order::OrderState;

/// What came of an order so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderOutcome {
    /// It waits for its turn.
    Waiting,
    /// It buys, or waits between two turns.
    Buying,
    /// It was cancelled, and ends when what is on its way is settled.
    Cancelling,
    /// It is over, and has all that it asked for.
    Done,
    /// It is over, and some of its purchases are not confirmed: they may still come.
    Unconfirmed,
    /// It was cancelled before it had everything.
    Cancelled,
    /// It is over with less than it asked for.
    Partly,
    /// It is over, and bought nothing.
    NothingBought,
}

stored_enum!(OrderOutcome {
    Waiting = "waiting",
    Buying = "buying",
    Cancelling = "cancelling",
    Done = "done",
    Unconfirmed = "unconfirmed",
    Cancelled = "cancelled",
    Partly = "partly",
    NothingBought = "nothing_bought",
});

/// What is known of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderFacts {
    /// How far it has come.
    pub state: OrderState,
    /// Whether it ever had the lock.
    pub has_begun: bool,
    /// Whether somebody cancelled it.
    pub is_cancelled: bool,
    /// What it asked for.
    pub requested: u64,
    /// What it bought so far.
    pub purchased: u64,
    /// What Twilio was asked for without a known outcome.
    pub unconfirmed: u64,
}

impl OrderOutcome {
    /// Judges them.
    #[must_use]
    pub fn of(order: OrderFacts) -> Self {
        match order.state {
            OrderState::Queued | OrderState::Running if order.is_cancelled => Self::Cancelling,
            // Between two slices an order waits for the lock; to people it is still buying.
            OrderState::Queued if !order.has_begun => Self::Waiting,
            OrderState::Queued | OrderState::Running => Self::Buying,
            OrderState::Done | OrderState::Stopped | OrderState::Interrupted | OrderState::Halted => match order {
                _ if order.purchased >= order.requested => Self::Done,
                _ if order.unconfirmed > 0 => Self::Unconfirmed,
                _ if order.is_cancelled => Self::Cancelled,
                _ if order.purchased > 0 => Self::Partly,
                _ => Self::NothingBought,
            },
        }
    }

    /// Whether it is over without all that it asked for, as somebody wanted or not.
    #[must_use]
    pub fn has_less(self) -> bool {
        self.falls_short() || self == Self::Cancelled
    }

    /// Whether it is over without all that it asked for, and nobody wanted it so.
    #[must_use]
    pub fn falls_short(self) -> bool {
        match self {
            Self::Unconfirmed | Self::Partly | Self::NothingBought => true,
            Self::Waiting | Self::Buying | Self::Cancelling | Self::Done | Self::Cancelled => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_done_only_with_all_that_it_asked_for() {
        use OrderState::{Done, Halted, Interrupted, Queued, Running, Stopped};
        let of = |state, purchased, unconfirmed| {
            let facts =
                OrderFacts { state, has_begun: true, is_cancelled: false, requested: 3, purchased, unconfirmed };
            let outcome = OrderOutcome::of(facts);
            let cancelled = OrderOutcome::of(OrderFacts { is_cancelled: true, ..facts });
            (outcome.as_str(), cancelled.as_str())
        };
        assert_eq!(of(Queued, 0, 0), ("buying", "cancelling"));
        assert_eq!(of(Running, 3, 0), ("buying", "cancelling"));
        for state in [Done, Stopped, Interrupted, Halted] {
            assert_eq!(of(state, 3, 0), ("done", "done"), "{state}");
            assert_eq!(of(state, 1, 2), ("unconfirmed", "unconfirmed"), "{state}");
            assert_eq!(of(state, 1, 0), ("partly", "cancelled"), "{state}");
            assert_eq!(of(state, 0, 0), ("nothing_bought", "cancelled"), "{state}");
        }
        let waits = OrderFacts {
            state: Queued,
            has_begun: false,
            is_cancelled: false,
            requested: 3,
            purchased: 0,
            unconfirmed: 0,
        };
        assert_eq!(OrderOutcome::of(waits), OrderOutcome::Waiting);
    }
}
