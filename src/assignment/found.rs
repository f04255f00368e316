//! What became of each request so far, and whom a look at what users have already answers.
//!
//! How to get it wrong: asking for what somebody has, or what rests for them, once for each of them. It is asked for all who are left.

use std::collections::HashMap;
use std::time::Duration;

use super::ask::Ask;
use crate::db::assignments::{Assignment, Returning, assignments_held, assignments_restore};
use crate::db::{Connection, DbError};
use crate::domain::{CountryCode, UserId};

/// Times stock that others hold locked is tried again before it counts as empty.
pub(super) const LOCKED_TRIES_MAX: u32 = 5;
pub(super) const LOCKED_PAUSE: Duration = Duration::from_millis(4);

/// What became of one user's request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// Theirs from now on.
    Given(Assignment),
    /// Theirs since before.
    Held(Assignment),
    /// Nothing in the area code that they insisted on.
    NotThere,
    /// Nothing of the country that they insisted on, which no pool has.
    NoSuchCountry(CountryCode),
    /// Nothing at all: join the waitlist.
    Empty,
    /// This request alone makes PostgreSQL fail: a bug.
    Failed(String),
}

/// Users who have a number, or one that rests for them.
pub(super) fn known(conn: &mut Connection, found: &mut HashMap<UserId, Found>, asks: &[&Ask]) -> Result<(), DbError> {
    if asks.is_empty() {
        return Ok(());
    }
    let users: Vec<&str> = asks.iter().map(|ask| ask.user_id.as_str()).collect();
    for assignment in assignments_held(conn, &users)? {
        found.insert(assignment.user_id.clone(), Found::Held(assignment));
    }
    let newcomers: Vec<Returning<'_>> = unserved(found, asks).map(Ask::returning).collect();
    if !newcomers.is_empty() {
        give(found, assignments_restore(conn, &newcomers)?);
    }
    Ok(())
}

/// Those of `asks` of whom nothing is known yet.
pub(super) fn unserved<'a, 'b>(
    found: &'b HashMap<UserId, Found>,
    asks: &'b [&'a Ask],
) -> impl Iterator<Item = &'a Ask> + use<'a, 'b> {
    asks.iter().copied().filter(|ask| !found.contains_key(&ask.user_id))
}

/// They have these from now on.
pub(super) fn give(found: &mut HashMap<UserId, Found>, given: Vec<Assignment>) {
    for assignment in given {
        found.insert(assignment.user_id.clone(), Found::Given(assignment));
    }
}
