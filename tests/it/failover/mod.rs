//! A primary with a synchronous standby, two daemons that know both, users who sign up all the while: whatever befalls the primary,
//! nobody loses or doubles what they were told, and nothing is bought that the new primary does not know of.
//!
//! In the torture Patroni promotes ([`patroni`]). What one daemon does with its connections and threads meanwhile is in
//! `database/failover.rs`.
//! How to get it wrong: a standby that is not synchronous. What it has not yet got is lost with the primary, and no client can mend that.

mod judge;
mod load;
mod pair;
mod patroni;
mod scenarios;
mod standby_away;
mod standby_away_at_start;
mod started_again;
#[cfg(feature = "failpoints")]
mod two_holders;
mod waiting_commit;
