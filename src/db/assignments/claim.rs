//! The claim that hands out stock.
//!
//! Invariants: a claim takes of the pool that was asked and of no other; a user who has a number, or one that still rests
//! after its release, is left to `assignments_held` and `assignments_restore`; no newcomer is served while somebody waits at
//! the same pool.
//! How to get it wrong: taking fewer rows than asked for "empty". Another transaction may hold the last row and roll
//! back; look again with `stock_available_up_to` before anything costs money.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text};

use super::row::Assignment;
use super::statements::{
    Claim, ClaimEach, ClaimLadder, ClaimMany, ClaimOne, ClaimPools, ClaimPoolsAny, Each, NEWCOMER, Near, TAKEN, Users,
};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::numbers::{leased, stock};
use crate::domain::{AreaCode, AssignmentSource, CountryCode, Match, PoolName};

/// Users in one statement; the limit inside it says the same.
pub const CLAIM_MAX: usize = 256;

/// A user who asks at a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asking<'a> {
    /// Who.
    pub user_id: &'a str,
    /// Where.
    pub pool: &'a PoolName,
    /// Whether they named the pool: then what rests for them in another one does not come back.
    pub only_pool: bool,
}

/// A user who asks for a number of one area code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AskingFor<'a> {
    /// Who, and where.
    pub asking: Asking<'a>,
    /// Of which area code.
    pub code: AreaCode,
    /// How near that comes to what they wish for.
    pub rung: Match,
    /// Of what is apart only numbers of this country will do; `None` = of any.
    pub country: Option<CountryCode>,
}

/// Which area codes will do, and who is served by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Codes<'a> {
    /// The nearest first, each once, with its rung.
    pub codes: &'a [(AreaCode, Match)],
    /// Of what is apart only numbers of this country will do; `None` = of any.
    pub country: Option<CountryCode>,
    /// [`AssignmentSource::Emergency`] is the waitlist itself being served.
    pub source: AssignmentSource,
}

impl<'a> Asking<'a> {
    fn only_pool(&self) -> Option<&'a str> {
        self.only_pool.then(|| self.pool.as_str())
    }
}

impl<'a> Users<'a> {
    fn of(asking: &[Asking<'a>]) -> Self {
        Self {
            ids: asking.iter().map(|asking| asking.user_id).collect(),
            pools: asking.iter().map(|asking| asking.pool.as_str()).collect(),
            only_pools: asking.iter().map(Asking::only_pool).collect(),
            most: i64::try_from(asking.len()).unwrap_or(i64::MAX),
        }
    }
}

/// Gives each of `asking` (distinct users) who is a newcomer the oldest ready number of their pool, in one statement, as far as
/// stock goes; at most [`CLAIM_MAX`] of them.
///
/// # Errors
/// [`DbError::Constraint`] with `OneLivePerUser` when a user got a number elsewhere meanwhile; then nothing happened.
pub fn assignments_claim(conn: &mut Connection, asking: &[Asking<'_>]) -> Result<Vec<Assignment>, DbError> {
    let Some(first) = asking.first() else { return Ok(Vec::new()) };
    let pool = first.pool.as_str();
    Ok(if asking.len() == 1 {
        ClaimOne(Claim::One(first.user_id, first.only_pool(), pool)).load(conn)?
    } else if asking.iter().all(|asking| asking.pool == first.pool) {
        ClaimMany(Claim::Many(Users::of(asking), pool, "")).load(conn)?
    } else {
        ClaimPools(Claim::Pools(Users::of(asking))).load(conn)?
    })
}

/// The same for users whom no area code served that they wished for: any other will do.
///
/// # Errors
/// As [`assignments_claim`].
pub fn assignments_claim_any(conn: &mut Connection, asking: &[Asking<'_>]) -> Result<Vec<Assignment>, DbError> {
    let Some(first) = asking.first() else { return Ok(Vec::new()) };
    Ok(if asking.iter().all(|asking| asking.pool == first.pool) {
        ClaimMany(Claim::Many(Users::of(asking), first.pool.as_str(), Match::Any.as_str())).load(conn)?
    } else {
        ClaimPoolsAny(Claim::PoolsAny(Users::of(asking))).load(conn)?
    })
}

/// Gives each of `asking` who is a newcomer the oldest ready number of the area code that a look showed for them, also of what is
/// apart, in one statement. Who comes second where two looks counted the same number gets none.
///
/// # Errors
/// As [`assignments_claim`].
pub fn assignments_claim_each(conn: &mut Connection, asking: &[AskingFor<'_>]) -> Result<Vec<Assignment>, DbError> {
    let users: Vec<Asking<'_>> = asking.iter().map(|one| one.asking).collect();
    let each = Each {
        codes: asking.iter().map(|one| one.code.as_str()).collect(),
        rungs: asking.iter().map(|one| one.rung.as_str()).collect(),
        countries: asking.iter().map(|one| one.country.as_ref().map_or("", CountryCode::as_str)).collect(),
    };
    Ok(ClaimEach(Claim::Each(Users::of(&users), each)).load(conn)?)
}

/// The same for users of one pool who wish for the same: each gets of what is there the nearest, also of what is apart.
///
/// # Errors
/// As [`assignments_claim`].
pub fn assignments_claim_near(
    conn: &mut Connection,
    asking: &[Asking<'_>],
    near: &Codes<'_>,
) -> Result<Vec<Assignment>, DbError> {
    let Some(first) = asking.first().filter(|_| !near.codes.is_empty()) else { return Ok(Vec::new()) };
    let near = Near {
        codes: near.codes.iter().map(|(code, _)| code.as_str()).collect(),
        rungs: near.codes.iter().map(|(_, rung)| rung.as_str()).collect(),
        country: near.country.as_ref().map(CountryCode::as_str),
        source: near.source.as_str(),
    };
    Ok(ClaimLadder(Claim::Ladder(Users::of(asking), first.pool.as_str(), near)).load(conn)?)
}

/// Gives each of `asking`, users of one pool, what lies there of a country that no pool has; only of `area_code`, if one is
/// given.
///
/// # Errors
/// As [`assignments_claim`].
pub fn assignments_claim_apart(
    conn: &mut Connection,
    asking: &[Asking<'_>],
    country: CountryCode,
    area_code: Option<AreaCode>,
    matched: Option<Match>,
) -> Result<Vec<Assignment>, DbError> {
    let Some(first) = asking.first() else { return Ok(Vec::new()) };
    let users = Users::of(asking);
    Ok(sql_query(format!(
        "WITH newcomers AS (
             SELECT user_id, row_number() OVER (ORDER BY position) AS place
               FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (user_id, only_pool, position) WHERE {NEWCOMER}),
         picked AS (SELECT number_id, row_number() OVER () AS place FROM (
             SELECT number_id FROM leases f
              WHERE pool = $3 AND country = $4 AND user_id IS NULL AND ready AND apart AND ($5 IS NULL OR area_code = $5)
              ORDER BY purchased_at, number_id LIMIT $6 FOR UPDATE SKIP LOCKED) AS oldest),
         paired AS (SELECT user_id, number_id FROM newcomers JOIN picked USING (place))
         UPDATE leases t SET user_id = paired.user_id, matched = $7, source = 'pool', assigned_at = clock_timestamp(), {}
           FROM paired WHERE t.number_id = paired.number_id{TAKEN}",
        leased!()
    ))
    .bind::<Array<Text>, _>(users.ids)
    .bind::<Array<Nullable<Text>>, _>(users.only_pools)
    .bind::<Text, _>(first.pool.as_str())
    .bind::<Text, _>(country.as_str())
    .bind::<Nullable<Text>, _>(area_code.as_ref().map(AreaCode::as_str))
    .bind::<BigInt, _>(users.most)
    .bind::<Nullable<Text>, _>(matched.map(Match::as_str))
    .load(conn)?)
}

/// Gives each of `asking`, users of one pool who wait there, the oldest ready number, whoever else waits. `wished` says of each
/// whether they wished for an area code, which this one may be or not.
///
/// # Errors
/// As [`assignments_claim`].
pub(in crate::db) fn assignments_claim_waiting(
    conn: &mut Connection,
    asking: &[Asking<'_>],
    wished: &[bool],
) -> Result<Vec<Assignment>, DbError> {
    let Some(first) = asking.first() else { return Ok(Vec::new()) };
    let users = Users::of(asking);
    let matched: Vec<Option<&str>> = wished.iter().map(|wished| wished.then_some(Match::Any.as_str())).collect();
    Ok(sql_query(format!(
        "WITH newcomers AS (
             SELECT user_id, matched, row_number() OVER (ORDER BY position) AS place
               FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS asked (user_id, only_pool, matched, position)
              WHERE {NEWCOMER}),
         picked AS (SELECT number_id, row_number() OVER () AS place FROM (
             SELECT number_id FROM leases f WHERE pool = $4 AND {}
              ORDER BY purchased_at, number_id LIMIT $5 FOR UPDATE SKIP LOCKED) AS oldest),
         paired AS (SELECT user_id, matched, number_id FROM newcomers JOIN picked USING (place))
         UPDATE leases t SET user_id = paired.user_id, matched = paired.matched, source = 'emergency',
                assigned_at = clock_timestamp(), {}
           FROM paired WHERE t.number_id = paired.number_id{TAKEN}",
        stock!(),
        leased!()
    ))
    .bind::<Array<Text>, _>(users.ids)
    .bind::<Array<Nullable<Text>>, _>(users.only_pools)
    .bind::<Array<Nullable<Text>>, _>(matched)
    .bind::<Text, _>(first.pool.as_str())
    .bind::<BigInt, _>(users.most)
    .load(conn)?)
}
