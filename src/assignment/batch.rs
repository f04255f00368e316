//! One statement for everybody who gathered: who has a number gets it again, who has one at rest gets it back, the others
//! get the oldest stock, area-code wishes first.
//!
//! Invariants: each request is answered on its own, one bad one harms no other; users are distinct within a statement.
//! How to get it wrong: taking a unique violation for a failure. It means that the user got a number elsewhere a moment
//! ago, so the whole batch is tried again and finds it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::ask::Ask;
use crate::db::assignments::{
    Assignment, Region, assignments_claim, assignments_claim_in, assignments_held, assignments_restore,
};
use crate::db::stock::{stock_available_in, stock_available_up_to};
use crate::db::{Connection, Constraint, DbError, understood};
use crate::domain::{AssignmentSource, PoolName, UserId};

/// Times a batch is tried again because a user got a number elsewhere meanwhile.
const CLASHES_MAX: u32 = 5;
/// Times stock that others hold locked is tried again before it counts as empty.
const LOCKED_TRIES_MAX: u32 = 5;
const LOCKED_PAUSE: Duration = Duration::from_millis(4);

/// What became of one user's request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// Theirs from now on.
    Given(Assignment),
    /// Theirs since before.
    Held(Assignment),
    /// Nothing in the area code that they insisted on.
    NotThere,
    /// Nothing at all: join the waitlist.
    Empty,
    /// This request alone makes PostgreSQL fail: a bug.
    Failed(String),
}

/// Serves `asks`, whose users are distinct. Every user is in the answer.
pub(super) fn serve(conn: &mut Connection, asks: &[Ask]) -> Result<HashMap<UserId, Found>, DbError> {
    match serve_unless_clash(conn, asks) {
        Err(error) if error.is_unavailable() => Err(error),
        // One request must not spoil the batch: each on its own.
        Err(_) if asks.len() > 1 => asks.iter().map(|ask| Ok((ask.user_id.clone(), alone(conn, ask)?))).collect(),
        other => other,
    }
}

fn alone(conn: &mut Connection, ask: &Ask) -> Result<Found, DbError> {
    match serve_unless_clash(conn, std::slice::from_ref(ask)) {
        Ok(mut found) => Ok(found.remove(&ask.user_id).unwrap_or(Found::Empty)),
        // What the server's state explains is no request's fault, in whatever words it is told: the whole batch hears it.
        Err(error) => match understood(conn, error) {
            error if error.is_unavailable() => Err(error),
            error => Ok(Found::Failed(error.in_full())),
        },
    }
}

fn serve_unless_clash(conn: &mut Connection, asks: &[Ask]) -> Result<HashMap<UserId, Found>, DbError> {
    let mut clashes = 0;
    loop {
        match serve_once(conn, asks) {
            Err(
                DbError::Constraint(Constraint::OneLivePerUser | Constraint::SomebodysMeanwhile) | DbError::Collided(_),
            ) if clashes < CLASHES_MAX => {
                clashes += 1;
            }
            other => return other,
        }
    }
}

fn serve_once(conn: &mut Connection, asks: &[Ask]) -> Result<HashMap<UserId, Found>, DbError> {
    let pool = &PoolName::default_pool();
    let mut found: HashMap<UserId, Found> = HashMap::with_capacity(asks.len());
    let mut wishes: BTreeMap<(Option<&str>, Option<&str>), Vec<&Ask>> = BTreeMap::new();
    let mut anywhere: Vec<&Ask> = Vec::with_capacity(asks.len());
    for ask in asks {
        if ask.area_code.is_none() && ask.country.is_none() {
            anywhere.push(ask);
        } else {
            let key = (ask.country.as_ref().map(|c| c.as_str()), ask.area_code.as_ref().map(|a| a.as_str()));
            wishes.entry(key).or_default().push(ask);
        }
    }
    for group in wishes.into_values() {
        let region = Region { country: group[0].country, area_code: group[0].area_code };
        claim_in_region(conn, pool, &mut found, &group, region)?;
        // An area code is a wish: the country alone may do.
        let relaxed: Vec<&Ask> =
            unserved(&found, &group).filter(|ask| !ask.strict && ask.area_code.is_some()).collect();
        if let (false, Some(country)) = (relaxed.is_empty(), region.country) {
            let region = Region { country: Some(country), area_code: None };
            give(&mut found, assignments_claim_in(conn, pool, &users(&relaxed), region, AssignmentSource::Pool)?);
        } else {
            anywhere.extend(relaxed);
        }
    }
    for _try in 0..LOCKED_TRIES_MAX {
        let waiting: Vec<&Ask> = unserved(&found, &anywhere).collect();
        if waiting.is_empty() {
            break;
        }
        give(&mut found, assignments_claim(conn, pool, &users(&waiting))?);
        let still: Vec<&Ask> = unserved(&found, &waiting).collect();
        if still.is_empty() {
            break;
        }
        known(conn, &mut found, &still)?;
        if unserved(&found, &still).next().is_none() {
            break;
        }
        // Skipped rows may be somebody else's for a moment only: a fresh statement sees whether any are committed ready.
        if stock_available_up_to(conn, pool, 1)? == 0 || waitlist_exists(conn)? {
            break;
        }
        std::thread::sleep(LOCKED_PAUSE);
    }
    let rest: Vec<&Ask> = asks.iter().filter(|ask| !found.contains_key(&ask.user_id)).collect();
    known(conn, &mut found, &rest)?;
    for ask in rest {
        let nothing = if ask.strict && ask.area_code.is_some() { Found::NotThere } else { Found::Empty };
        found.entry(ask.user_id.clone()).or_insert(nothing);
    }
    Ok(found)
}

/// Serves those who want a number of `region`. Skipped rows may be somebody else's for a moment only, so it looks again
/// as long as there are any.
fn claim_in_region(
    conn: &mut Connection,
    pool: &PoolName,
    found: &mut HashMap<UserId, Found>,
    asks: &[&Ask],
    region: Region,
) -> Result<(), DbError> {
    for _try in 0..LOCKED_TRIES_MAX {
        let waiting: Vec<&Ask> = unserved(found, asks).collect();
        give(found, assignments_claim_in(conn, pool, &users(&waiting), region, AssignmentSource::Pool)?);
        let still: Vec<&Ask> = unserved(found, asks).collect();
        known(conn, found, &still)?;
        if unserved(found, asks).next().is_none() || !stock_available_in(conn, region)? {
            return Ok(());
        }
        std::thread::sleep(LOCKED_PAUSE);
    }
    Ok(())
}

/// Users who have a number, or one that rests for them.
fn known(conn: &mut Connection, found: &mut HashMap<UserId, Found>, asks: &[&Ask]) -> Result<(), DbError> {
    if asks.is_empty() {
        return Ok(());
    }
    for assignment in assignments_held(conn, &users(asks))? {
        found.insert(assignment.user_id.clone(), Found::Held(assignment));
    }
    let newcomers: Vec<&Ask> = unserved(found, asks).collect();
    if !newcomers.is_empty() {
        give(found, assignments_restore(conn, &users(&newcomers))?);
    }
    Ok(())
}

fn waitlist_exists(conn: &mut Connection) -> Result<bool, DbError> {
    crate::db::waiters::waiters_any(conn)
}

fn users<'a>(asks: &[&'a Ask]) -> Vec<&'a str> {
    asks.iter().map(|ask| ask.user_id.as_str()).collect()
}

fn unserved<'a, 'b>(
    found: &'b HashMap<UserId, Found>,
    asks: &'b [&'a Ask],
) -> impl Iterator<Item = &'a Ask> + use<'a, 'b> {
    asks.iter().copied().filter(|ask| !found.contains_key(&ask.user_id))
}

fn give(found: &mut HashMap<UserId, Found>, given: Vec<Assignment>) {
    for assignment in given {
        found.insert(assignment.user_id.clone(), Found::Given(assignment));
    }
}
