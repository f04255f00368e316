//! What numbers cost, and when: Twilio's calendar of charges, sums of them, and how they stand beside Twilio's own count.
//!
//! Invariants: an amount is exact, and one that is not known is not zero; days are days of UTC.
//! How to get it wrong: computing an anniversary from the first day. The day of the month never grows again after a short
//! month, so each charge follows from the one before.

mod ahead;
mod anniversary;
#[cfg(test)]
mod calendars;
mod charge;
mod difference;
mod explained;
mod idle;
mod month;
mod savings;
mod sum;

pub use ahead::{Clock, DayAhead, days_ahead};
pub use anniversary::{charges_between, first_from, next_charge};
pub use charge::{ChargeKind, PriceSource};
pub use difference::{Books, Difference, Usage, difference};
pub use explained::{Because, Elsewhere, Facts, Reason};
pub use idle::{Span, idle_cost, idle_seconds};
pub use month::{InvalidMonth, Month};
pub use savings::{PoolStock, SAVINGS_MAX, Saving, Spare, savings};
pub use sum::{Amount, NoSum, Sum, per_signup};
