//! What each pool wants its numbers to be attached to, as it was last configured.
//!
//! The configuration says it; the database must know it, because it tells of each number what it lacks. A change goes in steps, so
//! that nobody waits for a million rows, and so that nothing is handed out that lacks what is wanted: [`wants_begin`], then stock that
//! will lack something is taken back ([`numbers_take_back`]), then [`wants_switch`], then every number
//! is told ([`numbers_tell_wants`](super::numbers::numbers_tell_wants)), then [`wants_told`]. One that broke off is begun anew by the next
//! start or reload, because [`StoredWants::telling`] says so.
//! Invariant: what is wanted changes under the pool's row alone, which whoever changes an attachment holds.
//! How to get it wrong: obeying the configuration of one instance. Another may not have been told yet; what is stored holds for all.

use std::collections::BTreeMap;

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Bool, Integer, Nullable, Text};

use super::engine::connection::Connection;
use super::engine::error::DbError;
use super::engine::schema::pools;
use super::numbers::numbers_take_back;
use crate::domain::{AttachmentKind, MessagingServiceSid, Needs, PoolName, TrustSid, Wants};

/// What a pool wants, as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredWants {
    /// What it wants.
    pub wants: Wants,
    /// Not all of its numbers were told yet.
    pub telling: bool,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    name: PoolName,
    #[diesel(sql_type = Bool)]
    needs_attached: bool,
    #[diesel(sql_type = Bool)]
    needs_registered: bool,
    #[diesel(sql_type = Bool)]
    telling_wants: bool,
    #[diesel(sql_type = Nullable<Text>)]
    kind: Option<AttachmentKind>,
    #[diesel(sql_type = Nullable<Text>)]
    target: Option<String>,
}

/// What every pool wants that was ever configured.
///
/// # Errors
/// When PostgreSQL fails.
pub fn wants_stored(conn: &mut Connection) -> Result<BTreeMap<PoolName, StoredWants>, DbError> {
    read(conn, None)
}

/// What one pool wants; of one that was never configured nothing.
pub(super) fn wants_of_pool(conn: &mut Connection, pool: &PoolName) -> Result<Wants, DbError> {
    Ok(read(conn, Some(pool))?.remove(pool).unwrap_or_default().wants)
}

/// What must be there before a number of the pool is handed out.
pub(super) fn pool_needs(conn: &mut Connection, pool: &PoolName) -> Result<Needs, DbError> {
    let needs: Option<(bool, bool)> = pools::table
        .find(pool.as_str())
        .select((pools::needs_attached, pools::needs_registered))
        .first(conn)
        .optional()?;
    Ok(needs.map(|(attached, registered)| Needs { attached, registered }).unwrap_or_default())
}

fn read(conn: &mut Connection, only: Option<&PoolName>) -> Result<BTreeMap<PoolName, StoredWants>, DbError> {
    let rows: Vec<Row> = sql_query(
        "SELECT p.name, p.needs_attached, p.needs_registered, p.telling_wants, w.kind, w.target
           FROM pools p LEFT JOIN pool_wants w ON w.pool = p.name
          WHERE p.name = coalesce($1, p.name) ORDER BY p.name, w.kind, w.rank",
    )
    .bind::<Nullable<Text>, _>(only.map(PoolName::as_str))
    .load(conn)?;
    let mut all: BTreeMap<PoolName, StoredWants> = BTreeMap::new();
    for row in rows {
        let stored = all.entry(row.name).or_default();
        stored.telling = row.telling_wants;
        stored.wants.needs = Needs { attached: row.needs_attached, registered: row.needs_registered };
        let (Some(kind), Some(target)) = (row.kind, row.target) else { continue };
        add(&mut stored.wants, kind, &target)?;
    }
    Ok(all)
}

fn add(wants: &mut Wants, kind: AttachmentKind, target: &str) -> Result<(), DbError> {
    let broken = DbError::corrupt("pool's want");
    match kind {
        AttachmentKind::MessagingService => {
            let sid: MessagingServiceSid = target.parse().map_err(|_| broken(target.to_owned()))?;
            wants.services.push(sid);
        }
        AttachmentKind::CustomerProfile | AttachmentKind::TrustProduct => {
            let sid: TrustSid = target.parse().map_err(|_| broken(target.to_owned()))?;
            if kind == AttachmentKind::CustomerProfile { wants.profile = Some(sid) } else { wants.products.push(sid) }
        }
    }
    Ok(())
}

/// From here on the pool's numbers are being told of a change; whatever breaks off, the next start or reload begins anew.
///
/// # Errors
/// When PostgreSQL fails.
pub fn wants_begin(conn: &mut Connection, pool: &PoolName) -> Result<(), DbError> {
    set_telling(conn, pool, true)
}

/// All of its numbers are told that it wants this; `false` = it wants something else by now, and whoever said so tells them.
///
/// # Errors
/// When PostgreSQL fails.
pub fn wants_told(conn: &mut Connection, pool: &PoolName, wants: &Wants) -> Result<bool, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        sql_query("SELECT 1 FROM pools WHERE name = $1 FOR NO KEY UPDATE")
            .bind::<Text, _>(pool.as_str())
            .execute(conn)?;
        let stands = wants_of_pool(conn, pool)? == *wants;
        if stands {
            set_telling(conn, pool, false)?;
        }
        Ok(stands)
    })
}

fn set_telling(conn: &mut Connection, pool: &PoolName, telling: bool) -> Result<(), DbError> {
    diesel::update(pools::table.find(pool.as_str())).set(pools::telling_wants.eq(telling)).execute(conn)?;
    Ok(())
}

/// The pool wants this from here on, and what is left in stock of what lacks it is taken back in the same transaction; `false` = the
/// pool was never configured.
///
/// # Errors
/// When PostgreSQL fails.
pub fn wants_switch(conn: &mut Connection, pool: &PoolName, wants: &Wants) -> Result<bool, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        // It is locked by this: nobody settles an attachment of its numbers beside it.
        let known = diesel::update(pools::table.find(pool.as_str()))
            .set((pools::needs_attached.eq(wants.needs.attached), pools::needs_registered.eq(wants.needs.registered)))
            .execute(conn)?;
        if known == 0 {
            return Ok(false);
        }
        sql_query("DELETE FROM pool_wants WHERE pool = $1").bind::<Text, _>(pool.as_str()).execute(conn)?;
        let rows: Vec<(&'static str, String, i32)> = ranked(wants);
        sql_query(
            "INSERT INTO pool_wants (pool, kind, target, rank)
             SELECT $1, kind, target, rank FROM unnest($2::text[], $3::text[], $4::integer[]) AS wanted (kind, target, rank)",
        )
        .bind::<Text, _>(pool.as_str())
        .bind::<Array<Text>, _>(rows.iter().map(|(kind, ..)| *kind).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(rows.iter().map(|(_, target, _)| target.as_str()).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(rows.iter().map(|(.., rank)| *rank).collect::<Vec<_>>())
        .execute(conn)?;
        // Most of it is taken back already.
        numbers_take_back(conn, pool, wants, i64::MAX)?;
        Ok(true)
    })
}

/// Kind, target and rank inside its kind.
fn ranked(wants: &Wants) -> Vec<(&'static str, String, i32)> {
    let mut next: BTreeMap<AttachmentKind, i32> = BTreeMap::new();
    let rank = |target: crate::domain::Target| {
        let rank = next.entry(target.kind()).or_insert(0);
        let row = (target.kind().as_str(), target.sid().to_owned(), *rank);
        *rank += 1;
        row
    };
    wants.targets().map(rank).collect()
}
