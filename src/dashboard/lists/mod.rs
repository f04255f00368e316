//! Everything of a kind, a page at a time: what the dashboard's short lists link to.
//!
//! In reading order: [`table`] (the page of a list), [`ways`] (filters, where the list goes on, how many there are), and
//! one file for each list; [`csv`] is the same as a file. The audit trail has a page of its own, with the same [`ways`].
//! How to get it wrong: a list of its own reading. The API's lists are read, with the API's cursor.

mod assignments;
mod csv;
mod ignored;
mod inactive;
mod number_fields;
mod numbers;
mod orders;
mod passes;
mod table;
pub(super) mod ways;

pub(crate) use assignments::{assignments, assignments_csv};
pub(crate) use inactive::inactive;
pub(crate) use numbers::{numbers, numbers_csv};
pub(crate) use orders::orders;
pub(crate) use passes::passes;
