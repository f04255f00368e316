//! What the past says of the stock that pools need: who asked when, how soon and how fast numbers came, and the thresholds that
//! follow.
//!
//! How to get it wrong: reading the past for each question. A month of a busy pool is a million rows; whoever asks has read them
//! before.

mod accuracy;
mod demand;
mod history;
mod market;
mod threshold;

pub use accuracy::{AdvisedDay, advice_days_latest, advice_days_open, advice_days_tell, advice_days_told, base_stocks};
pub use demand::{Noted, demand_add};
pub use history::{Asked, asked_between, asked_since, assignments_written};
pub use market::{BoughtLately, Market, bought_lately, market_read};
pub use threshold::{Advised, threshold_hold, thresholds_read};
