//! What numbers cost: a clock for each number, a charge for each anniversary, and what becomes of old charges.
//!
//! ```text
//!  numbers ──trigger──▶ charge_clocks ──clocks_due──▶ charges_write ──▶ charges ──charges_fold──▶ charge_months
//!                                                                        ▲ charges_price
//!  price_write ──▶ prices_seen ───────────────────────────────────────────┘
//! ```
//!
//! Invariants: a number is charged once for each anniversary, whoever writes it and however often (`charges_once_per_anniversary`);
//! only an amount that nobody knew changes afterwards.
//! How to get it wrong: a charge and its clock in two transactions. Whoever dies in between would leave a day out, or have it twice.

mod clocks;
mod days;
mod facts;
mod fold;
mod idle;
mod list;
mod next;
mod prices;
mod sums;

pub use clocks::{DueClock, NewCharge, charges_write, clocks_due, today};
pub use days::{DayCost, charges_by_day};
pub use facts::{TakenIn, charged_uncertainly, taken_in, unit_of};
pub use fold::charges_fold;
pub use idle::{IdleRow, idle_read};
pub use list::{ChargeFilter, ChargeKey, ChargeRow, NumberMoney, charges_list, number_money};
pub use next::{Ahead, RENEWALS_LOOK, RenewalsDue, SpareRow, USAGE_LOOK, clocks_ahead, renewals_due, spares};
pub use prices::{KindPrice, books_since, charges_price, kinds_without_price, price_write, prices_latest};
pub use sums::{
    MonthBooks, MonthRow, NumberCounts, WeekCost, charges_unpriced, month_books, month_rows, numbers_now, signups_of,
    week_cost,
};
