//! Buying: the one part that cannot be undone.
//!
//! The way of one number: [`run`] takes the lock, from a [`frozen`] holder too, and sorts what earlier runs left;
//! [`batch`], [`manual`] or [`emergency`] sizes the [`order`]; [`wave`] keeps creates in flight, fed by [`candidates`], which each
//! [`search`] of the [`markets`] adds to and the [`lanes`] of those who wait share out;
//! [`create`] is one create from its first POST to its end (the [`item`]), with a [`lookup`] after a doubt; [`judge`] says
//! whose a number is; [`settle`] puts it into the pool; [`recover`] settles what was left open. [`breaker`] stops it all, [`pool_breaker`] one pool, of which
//! the [`first_alone`] tells what it lacks.
//! The ledger itself is `db::purchases::items`.
//!
//! Architecture invariant: nothing is bought without a `&PurchaseLock` in the caller's hand, a committed intent and a
//! committed attempt; the actor ([`actor`]) handles one message at a time (`AtomicResponse`), so runs never overlap. Within
//! a run the waitlist is served pool by pool ([`serving`]), [`beside`] calls that hang, too; what a run has on the wire is its
//! [`traffic`]; what is seen of a pool before anything is bought for it is a [`sight`].
//! How to get it wrong: replacing a candidate whose outcome is unknown. Its place in the order stays taken.

mod actor;
mod batch;
mod beside;
pub(crate) mod breaker;
mod buyer;
mod candidates;
pub(crate) mod care_answers;
mod create;
mod emergency;
mod first_alone;
mod frozen;
mod holder_watch;
mod item;
mod judge;
mod lanes;
mod lookup;
mod manual;
mod markets;
mod new_number;
mod order;
mod orders;
mod outcome;
pub(crate) mod pool_breaker;
mod recover;
mod report;
mod run;
mod search;
mod serve;
mod serving;
mod settle;
mod shortfall;
mod sight;
mod traffic;
mod waitlist;
mod wave;

pub(crate) use actor::{Purchaser, PurchaserError, PurchaserHandle, Work};
pub(crate) use batch::BatchReport;
pub(crate) use buyer::Buyer;
pub(crate) use care_answers::CareAnswers;
pub(crate) use holder_watch::HolderWatch;
pub(crate) use item::reason;
pub(crate) use judge::{Owner, judge_for};
pub(crate) use new_number::{Wiring, new_number};
pub(crate) use orders::{Asker, NotPlaced, Orders, Untold};
pub(crate) use report::{EmergencyReport, PoolReport};
pub(crate) use shortfall::Shortfall;
pub(crate) use waitlist::others_wait;
