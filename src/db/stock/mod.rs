//! Counting: stock for the planner, the ledger's sliding windows for the caps, and the bounded looks of the hot paths.
//!
//! Invariant: what is asked in each wave of creates, or for each signup, takes no longer in a pool of a million. What people
//! and machines are shown is exact; what a plan is made from is exact wherever the plan hangs on it.
//! How to get it wrong: counting what is somebody's, or what lies in stock, because one wants to know whether there are ten.

mod far;
mod glance;
mod needs;
mod observation;
mod observe;
mod overview;
mod spend;
mod whole;

pub use far::Far;
pub use glance::{
    InCode, levels_glance, stock_available_apart, stock_available_by_code, stock_available_in, stock_available_up_to,
};
pub use needs::{Care, waitlist_lacks_at};
pub use observation::Observation;
pub(super) use observe::stock_observe;
pub use observe::stock_read_for_buying;
pub use overview::{Overview, stock_read, stock_read_all};
pub(super) use spend::SPENT;
pub use spend::Spend;
