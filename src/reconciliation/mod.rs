//! Reconciliation: Twilio's list and the database are compared, and what differs is taken in, repaired or told.
//!
//! The way of one comparison: the [`actor`] lets one run at a time; [`run`] begins and ends it; [`walk`] reads Twilio's
//! list; [`page`] looks a page up in the database and sorts it: [`known`] numbers of ours (pure decisions), which [`repair`]
//! attends to, and numbers with our tag that nobody knows, which [`orphan`] takes in; at the end [`losses`] judges what
//! numbers lost, [`missing`] what the list did not show, [`attachments`] what has left its messaging service and the like ([`attached`]:
//! one of them beside the database; [`lacking`]: whose number lacks one), and [`on_hold`] tells of numbers that wait for an operator. Before it,
//! and at start, [`recount()`] sets right how many are owned; [`changed_by`] asks Twilio's journal who did it. What is more
//! than can be true is a [`suspicion`]; what cannot be read is counted in [`unread`].
//!
//! Invariants: ownership is by SID in our database first, by tag second; what is neither is never touched (I7); evidence is
//! positive (a number that Twilio shows) but for `missing`, which asks for each number by its SID; a purchase enters the
//! database by `item_settle` and by no other way, so a comparison may run beside purchases, recoveries and other
//! comparisons. Memory grows with the ids of our numbers, not with Twilio's list.
//! How to get it wrong: looking at the database before the page was read. What was bought in between would be an orphan.

mod actor;
mod attached;
mod attachments;
mod changed_by;
mod compare;
mod dependencies;
mod elsewhere;
mod foreign_seen;
mod judge_losses;
mod known;
mod lacking;
mod losses;
mod measure;
mod missing;
mod on_hold;
mod orphan;
mod page;
mod patience;
mod recount;
mod repair;
mod report;
mod run;
pub(crate) mod suspicion;
mod trouble;
mod unread;
mod unread_rows;
mod walk;
mod who;

pub(crate) use actor::{Reconciler, ReconcilerHandle};
pub(crate) use dependencies::ReconcilerDependencies;
pub(crate) use recount::recount;
pub(crate) use report::{ForeignLine, Line, Report};
pub(crate) use run::Reconciled;
pub(crate) use trouble::Trouble;
pub(crate) use who::ChangedBy;
