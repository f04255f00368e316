//! One statement for everybody who gathered: who has a number gets it again, who has one at rest gets it back, the others
//! get the oldest stock of their pool, area-code wishes first. Whoever wishes for nothing is served by one statement, whatever
//! the pools; one wish costs one for its ladder, and many wishes a few together ([`wishes`](super::wishes)).
//!
//! Invariants: each request is answered on its own, one bad one harms no other; users are distinct within a statement.
//! How to get it wrong: taking a unique violation for a failure. It means that the user got a number elsewhere a moment
//! ago, so the whole batch is tried again and finds it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};

use super::ask::Ask;
use super::found::{Found, LOCKED_PAUSE, LOCKED_TRIES_MAX, give, known, unserved};
use super::wishes::{Wishing, claim_wishes};
use crate::db::assignments::{
    Asking, Assignment, Codes, assignments_claim, assignments_claim_any, assignments_claim_apart,
    assignments_claim_near,
};
use crate::db::stock::{stock_available_apart, stock_available_in, stock_available_up_to};
use crate::db::waiters::waiters_any;
use crate::db::{Connection, Constraint, DbError, understood};
use crate::domain::{AreaCode, AssignmentSource, CountryCode, Ladder, Match, PoolName, UserId};

/// Times a batch is tried again because a user got a number elsewhere meanwhile.
const CLASHES_MAX: u32 = 5;

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
    let mut found: HashMap<UserId, Found> = HashMap::with_capacity(asks.len());
    let mut plain: Vec<&Ask> = Vec::with_capacity(asks.len());
    let mut wishing: Vec<Wishing<'_>> = Vec::new();
    let mut elsewhere: BTreeMap<(CountryCode, Option<AreaCode>), Vec<&Ask>> = BTreeMap::new();
    for ask in asks {
        match (ask.country.filter(|_| ask.stock_only), ask.wish) {
            (Some(country), wish) => elsewhere.entry((country, wish)).or_default().push(ask),
            (None, Some(wish)) => wishing.push(Wishing::of(ask, wish)),
            (None, None) => plain.push(ask),
        }
    }
    // Who wishes for something first: others take whatever there is.
    serve_wishes(conn, &mut found, &wishing)?;
    for ((country, wish), group) in elsewhere {
        claim_apart(conn, &mut found, &group, country, wish)?;
    }
    claim_any(conn, &mut found, &plain, assignments_claim)?;
    let rest: Vec<&Ask> = asks.iter().filter(|ask| !found.contains_key(&ask.user_id)).collect();
    known(conn, &mut found, &rest)?;
    for ask in rest {
        let nothing = match ask.country.filter(|_| ask.stock_only) {
            Some(country) => Found::NoSuchCountry(country),
            None if ask.strict && ask.wish.is_some() => Found::NotThere,
            None => Found::Empty,
        };
        found.entry(ask.user_id.clone()).or_insert(nothing);
    }
    Ok(found)
}

/// Serves those who wish for an area code: each from the nearest that is there, then whoever is left, and takes another, from any.
fn serve_wishes(
    conn: &mut Connection,
    found: &mut HashMap<UserId, Found>,
    wishing: &[Wishing<'_>],
) -> Result<(), DbError> {
    let Some(first) = wishing.first() else { return Ok(()) };
    let asks: Vec<&Ask> = wishing.iter().map(|one| one.ask).collect();
    if wishing.iter().all(|one| one.is_like(first)) {
        claim_near(conn, found, &asks, &first.ladder, first.ask.country)?;
    } else {
        claim_wishes(conn, found, wishing)?;
    }
    let others: Vec<&Ask> = asks.into_iter().filter(|ask| !ask.strict).collect();
    claim_any(conn, found, &others, assignments_claim_any)
}

/// Serves `asks` by `claim`. Rows that it passes over may be somebody else's for a moment only: a fresh statement, `has_more`, sees
/// whether any of a pool are committed ready, and as long as there are it is tried again.
fn claim_patiently(
    conn: &mut Connection,
    found: &mut HashMap<UserId, Found>,
    asks: &[&Ask],
    mut claim: impl FnMut(&mut Connection, &[&Ask]) -> Result<Vec<Assignment>, DbError>,
    mut has_more: impl FnMut(&mut Connection, &PoolName) -> Result<bool, DbError>,
) -> Result<(), DbError> {
    let mut waiting: Vec<&Ask> = unserved(found, asks).collect();
    for _try in 0..LOCKED_TRIES_MAX {
        if waiting.is_empty() {
            break;
        }
        give(found, claim(conn, &waiting)?);
        let still: Vec<&Ask> = unserved(found, &waiting).collect();
        known(conn, found, &still)?;
        let mut pools: BTreeMap<&PoolName, bool> = BTreeMap::new();
        waiting = Vec::new();
        for ask in unserved(found, &still) {
            let has_more = match pools.entry(&ask.pool) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(entry) => *entry.insert(has_more(conn, &ask.pool)?),
            };
            if has_more {
                waiting.push(ask);
            }
        }
        if !waiting.is_empty() {
            std::thread::sleep(LOCKED_PAUSE);
        }
    }
    Ok(())
}

/// Serves `asks` by `claim` from whatever their pools have.
fn claim_any(
    conn: &mut Connection,
    found: &mut HashMap<UserId, Found>,
    asks: &[&Ask],
    claim: fn(&mut Connection, &[Asking<'_>]) -> Result<Vec<Assignment>, DbError>,
) -> Result<(), DbError> {
    let has_more = |conn: &mut Connection, pool: &PoolName| {
        Ok(stock_available_up_to(conn, pool, 1)? > 0 && !waiters_any(conn, pool)?)
    };
    claim_patiently(conn, found, asks, |conn, waiting| claim(conn, &asking(waiting)), has_more)
}

/// Serves those of one pool and one wish from the nearest that is there.
fn claim_near(
    conn: &mut Connection,
    found: &mut HashMap<UserId, Found>,
    asks: &[&Ask],
    ladder: &Ladder,
    country: Option<CountryCode>,
) -> Result<(), DbError> {
    let near = Codes { codes: &ladder.codes, country, source: AssignmentSource::Pool };
    let has_more = |conn: &mut Connection, pool: &PoolName| {
        Ok(stock_available_in(conn, pool, near.codes, country)? && !waiters_any(conn, pool)?)
    };
    claim_patiently(conn, found, asks, |conn, waiting| assignments_claim_near(conn, &asking(waiting), &near), has_more)
}

/// Serves those who insist on a country that no pool has, from what lies there: of the area code that they wish for first.
fn claim_apart(
    conn: &mut Connection,
    found: &mut HashMap<UserId, Found>,
    asks: &[&Ask],
    country: CountryCode,
    wish: Option<AreaCode>,
) -> Result<(), DbError> {
    let claim = |conn: &mut Connection, waiting: &[&Ask]| {
        let mut given = Vec::new();
        if wish.is_some() {
            given = assignments_claim_apart(conn, &asking(waiting), country, wish, Some(Match::Exact))?;
        }
        // Nobody is left if all insist on their area code; then nothing is asked.
        let is_left = |ask: &&Ask| {
            (wish.is_none() || !ask.strict) && given.iter().all(|assignment| assignment.user_id != ask.user_id)
        };
        let others: Vec<&Ask> = waiting.iter().copied().filter(is_left).collect();
        let matched = wish.map(|_| Match::Any);
        given.extend(assignments_claim_apart(conn, &asking(&others), country, None, matched)?);
        Ok(given)
    };
    let has_more = |conn: &mut Connection, pool: &PoolName| stock_available_apart(conn, pool, country);
    claim_patiently(conn, found, asks, claim, has_more)
}

fn asking<'a>(asks: &[&'a Ask]) -> Vec<Asking<'a>> {
    asks.iter().map(|ask| ask.asking()).collect()
}
