//! What still rests for its user goes back to them.
//!
//! How to get it wrong: skipping what is locked. Its user would count as a newcomer without a number.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz};

use super::row::Assignment;
use super::statements::TAKEN;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::numbers::{FIT, leased, number_unconfirmed, numbers_come_back};
use crate::domain::{AreaCode, Match, PoolName};

/// Who may have a number back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Returning<'a> {
    /// Who.
    pub user_id: &'a str,
    /// The area code that they wish for.
    pub wish: Option<AreaCode>,
    /// The pool that they named; what rests in another one stays there.
    pub only_pool: Option<&'a PoolName>,
}

/// Gives back to each of `returning` (distinct users) the number that still rests for them, if it is fit: of the pool that they
/// named, else the one that they gave back last. What is not fit rests on for them, and if nothing else is, they are newcomers until
/// it is mended. While their pool wants other webhooks that not all of its numbers are known to lack, it is theirs all the same, and its
/// webhooks are to be confirmed.
///
/// # Errors
/// [`DbError::Constraint`] with `OneLivePerUser` when a user got a number elsewhere meanwhile; then nothing happened.
pub fn assignments_restore(conn: &mut Connection, returning: &[Returning<'_>]) -> Result<Vec<Assignment>, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        let users: Vec<&str> = returning.iter().map(|user| user.user_id).collect();
        let only_pools: Vec<Option<&str>> =
            returning.iter().map(|user| user.only_pool.map(PoolName::as_str)).collect();
        // Waits for whoever holds it.
        let resting: Vec<Resting> = sql_query(format!(
            "SELECT id, rests_for AS user_id, area_code,
                    coalesce((SELECT o.unconfirming FROM pools o WHERE o.name = numbers.pool), false) AS unconfirming,
                    (SELECT max(p.released_at) FROM past_assignments p WHERE p.number_id = numbers.id) AS since FROM numbers
              WHERE rests_for = ANY($1) AND {FIT}
                AND (SELECT o.pool IS NULL OR o.pool = numbers.pool
                       FROM unnest($1::text[], $2::text[]) AS o (user_id, pool) WHERE o.user_id = numbers.rests_for)
              ORDER BY id FOR UPDATE"
        ))
        .bind::<Array<Text>, _>(users)
        .bind::<Array<Nullable<Text>>, _>(only_pools)
        .load(conn)?;
        let resting = latest(resting);
        if resting.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<i64> = resting.iter().map(|number| number.id).collect();
        numbers_come_back(conn, &ids)?;
        let matched = |number: &Resting| {
            let wish = returning.iter().find(|user| user.user_id == number.user_id)?.wish?;
            Some(Match::of(wish, number.area_code).as_str())
        };
        let matches: Vec<Option<&str>> = resting.iter().map(matched).collect();
        let unconfirming: Vec<i64> =
            resting.iter().filter(|number| number.unconfirming).map(|number| number.id).collect();
        let users: Vec<String> = resting.into_iter().map(|number| number.user_id).collect();
        let given: Vec<Assignment> = sql_query(format!(
            "UPDATE leases t SET user_id = back.user_id, matched = back.matched, source = 'pool', assigned_at = clock_timestamp(), {}
               FROM unnest($1::bigint[], $2::text[], $3::text[]) AS back (number_id, user_id, matched)
              WHERE t.number_id = back.number_id{TAKEN}",
            leased!()
        ))
        .bind::<Array<BigInt>, _>(ids)
        .bind::<Array<Text>, _>(users)
        .bind::<Array<Nullable<Text>>, _>(matches)
        .load(conn)?;
        // What is not ready is given to nobody: it is so a moment later.
        for id in unconfirming {
            number_unconfirmed(conn, id)?;
        }
        Ok(given)
    })
}

#[derive(QueryableByName)]
struct Resting {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    user_id: String,
    /// Its pool wants other webhooks, and not all of its numbers count as unconfirmed yet: what this one carries nobody knows.
    #[diesel(sql_type = Bool)]
    unconfirming: bool,
    #[diesel(sql_type = Nullable<Text>)]
    area_code: Option<AreaCode>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    since: Option<DateTime<Utc>>,
}

/// Of each user's numbers the one that they gave back last, in the order of their ids.
fn latest(resting: Vec<Resting>) -> Vec<Resting> {
    let mut latest: BTreeMap<String, Resting> = BTreeMap::new();
    for number in resting {
        let known = latest.get(&number.user_id);
        if known.is_none_or(|known| (known.since, known.id) < (number.since, number.id)) {
            latest.insert(number.user_id.clone(), number);
        }
    }
    let mut latest: Vec<Resting> = latest.into_values().collect();
    latest.sort_by_key(|number| number.id);
    latest
}
