//! Whether what stands at DATABASE_URL can carry callbunker at all; found out with two connections.
//!
//! Invariants: nothing is written, no setting is left behind with whoever gets the session next, and it ends in time.
//! How to get it wrong: asking one connection. A pool that shares sessions by transaction and an engine whose advisory
//! locks exclude nobody both look right to whoever is alone.

use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::dsl::sql;
use diesel::sql_types::{Bool, Integer, Text};
use diesel::{OptionalExtension as _, QueryableByName, RunQueryDsl as _, sql_query};

use super::alarm::Alarm;
use super::away::unreached;
use super::connect::DatabaseUrl;
use super::error::{DbError, first_line};
use super::freeze::is_frozen;
use super::link::Link;
use super::rights::{has_list, has_schema, may_change, may_write_the_word};
use super::versions::{applied_versions, lacks_nothing, unknown_versions};
use crate::db::installation::Installation;

/// The examination itself, after both connections were made.
const WITHIN: Duration = Duration::from_secs(15);
/// How often two connections are compared. A pool that shares gives itself away at the first or the second.
const ROUNDS: u32 = 3;
const OLDEST: i32 = 130_000;

/// What stands there, when it can carry callbunker.
#[derive(Debug)]
pub struct Surveyed {
    /// Whose numbers; `None` = nobody's yet, or not ours to read.
    pub owner: Option<Installation>,
    /// Somebody made it read-only.
    pub is_frozen: bool,
}

/// What `check-config` wants to know of the database: [`examine`], whether its schema is one that we know, whether its role may make
/// what that lacks and write what readers write, and what stands there.
///
/// # Errors
/// [`DbError::Unfit`] with the sentence that says what to do; [`DbError::Unavailable`] when nothing could be found out.
pub fn survey(url: &DatabaseUrl) -> Result<Surveyed, DbError> {
    #[derive(QueryableByName)]
    struct Owner {
        #[diesel(sql_type = Text)]
        account_sid: String,
        #[diesel(sql_type = Text)]
        instance_name: String,
    }
    examine(url)?;
    let mut link = plain(url)?;
    let _alarm = Alarm::set([Arc::clone(link.wire())].into(), WITHIN);
    let has_schema = has_schema(&mut link)?;
    let applied = match has_schema && has_list(&mut link)? {
        true => applied_versions(&mut link)?,
        false => Vec::new(),
    };
    unknown_versions(&applied)?;
    if has_schema && !lacks_nothing(&applied)? {
        may_change(&mut link)?;
    }
    may_write_the_word(&mut link)?;
    // Not there yet, or not ours to read: nothing to tell.
    let owner = sql_query("SELECT account_sid, instance_name FROM callbunker.installation LIMIT 1");
    let owner: Option<Owner> = owner.get_result(&mut *link).optional().ok().flatten();
    let owner = owner.map(|Owner { account_sid, instance_name }| Installation { account_sid, instance_name });
    Ok(Surveyed { owner, is_frozen: is_frozen(&mut link)? })
}

/// Finds out whether sessions are one's own and advisory locks exclude.
///
/// # Errors
/// [`DbError::Unfit`] with the sentence that says what to do; [`DbError::Unavailable`] when nothing could be found out.
pub(super) fn examine(url: &DatabaseUrl) -> Result<(), DbError> {
    let (mut one, mut two) = (plain(url)?, plain(url)?);
    let _alarm = Alarm::set(vec![Arc::clone(one.wire()), Arc::clone(two.wire())], WITHIN);
    let version: i32 = in_transaction(&mut one, "current_setting('server_version_num')::int")?;
    if version < OLDEST {
        return Err(DbError::Unfit(format!(
            "DATABASE_URL: PostgreSQL {} stands there; callbunker needs 13 or newer",
            version / 10_000
        )));
    }
    if share(&mut one, &mut two)? {
        return Err(shared(url));
    }
    one.batch_execute("BEGIN")?;
    two.batch_execute("BEGIN")?;
    // Anybody's key but the configured one, which somebody may hold right now.
    let lock = format!("pg_try_advisory_xact_lock({})", rand::random::<i64>());
    let taken: Result<(bool, bool), DbError> = (|| {
        let first = diesel::select(sql::<Bool>(&lock)).get_result(&mut *one)?;
        Ok((first, diesel::select(sql::<Bool>(&lock)).get_result(&mut *two)?))
    })();
    let lacking = |what: &str| {
        Err(DbError::Unfit(format!(
            "DATABASE_URL: the advisory locks of this database {what}, so that two instances would buy at the same time; take the URL of \
             a PostgreSQL server, version 13 or newer"
        )))
    };
    match taken {
        Ok((true, false)) => Ok(()),
        Ok(_) => lacking("exclude nobody"),
        Err(DbError::Statement { source, .. }) => {
            lacking(&format!("are not there ({})", first_line(&source.to_string())))
        }
        Err(error) => Err(error),
    }
}

/// Whether the two are served by one session, or one of them by several.
fn share(one: &mut Link, two: &mut Link) -> Result<bool, DbError> {
    const SESSION: &str = "pg_backend_pid()";
    for _round in 0..ROUNDS {
        let before: i32 = in_transaction(one, SESSION)?;
        two.batch_execute("BEGIN")?;
        let other: i32 = diesel::select(sql::<Integer>(SESSION)).get_result(&mut **two)?;
        if other == before {
            return Ok(true);
        }
        // The other one holds its session meanwhile.
        let after: i32 = in_transaction(one, SESSION)?;
        two.batch_execute("ROLLBACK")?;
        if after != before {
            return Ok(true);
        }
    }
    Ok(false)
}

/// In a transaction, because a pool may divide even one statement among its sessions.
fn in_transaction(link: &mut Link, expression: &str) -> Result<i32, DbError> {
    link.batch_execute("BEGIN")?;
    let answer = diesel::select(sql::<Integer>(expression)).get_result(&mut **link)?;
    link.batch_execute("ROLLBACK")?;
    Ok(answer)
}

fn plain(url: &DatabaseUrl) -> Result<Link, DbError> {
    url.connect_plainly().map_err(|error| {
        let words = error.to_string();
        // PgBouncer's word when each statement may get another session.
        if words.contains("statement pooling") { shared(url) } else { unreached(&words) }
    })
}

fn shared(url: &DatabaseUrl) -> DbError {
    let here = url.direct_instead().map(|instead| format!(": here most likely {instead}")).unwrap_or_default();
    DbError::Unfit(format!(
        "DATABASE_URL: a pooler stands there that shares sessions between its clients from one transaction to the next \
         (PgBouncer with pool_mode = transaction, say), where locks and settings get lost; take the URL of PostgreSQL \
         itself, or of a pool with pool_mode = session{here}"
    ))
}
