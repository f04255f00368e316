//! The purchase ledger: orders, what is tried for them item by item, and who buys.
//!
//! ```text
//! order ─ what was asked for ─ queue (waiting for the lock) ─ run (under it) ─ told (what became of it), record (all of it),
//!         recent (the latest ones), list (all of them, a page at a time); cancel ends one early, wherever it is on this way
//! items ─ one row for each number that was ever meant to be bought        holder ─ who holds the purchase lock, and lives
//! ```
//!
//! How to get it wrong: ending an order without its `run_id`, which would end somebody else's run of it.

mod cancel;
pub mod holder;
pub mod items;
mod list;
mod order;
mod queue;
mod recent;
pub mod record;
mod run;
mod told;

pub use cancel::{Cancel, purchase_cancel};
pub use list::{OrderFilter, order_view, orders_count, orders_list};
pub use order::{Cancelled, Order, Wish, purchase_read};
pub use queue::{
    Enqueued, ORDERS_QUEUED_MAX, purchase_enqueue, purchase_keep_waiting, purchase_waits_no_more, purchases_left_open,
    purchases_others_wait,
};
pub use recent::{OrderView, orders_recent, orders_watched, purchase_marks, purchases_of_month, purchases_outcomes};
pub use run::{
    purchase_count_used, purchase_end, purchase_open, purchase_start, purchase_yield, purchases_interrupt_stale,
};
pub use told::{CANCELLED, purchase_add_error, purchases_bought_since, purchases_clock};
