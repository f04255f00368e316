//! Pause and breaker: one row that all instances share and that survives restarts.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::Connection as _;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Double, Integer, Nullable, Text, Timestamptz};

use super::engine::connection::Connection;
use super::engine::error::DbError;
use super::engine::schema::buying_gate;

/// An operator stopped automatic buying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paused {
    /// When.
    pub since: DateTime<Utc>,
    /// Who: the name of their key, or its fingerprint when it has none.
    pub by: String,
    /// Why, if the operator said so.
    pub reason: Option<String>,
}

/// Twilio refused in a way that more calls only make worse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Halted {
    /// When.
    pub since: DateTime<Utc>,
    /// Twilio's error code.
    pub twilio_code: Option<i32>,
    /// What happened, and what to do.
    pub message: String,
    /// When the next probe may look whether Twilio accepts us again; `None` when only an operator's resume ends it.
    pub next_probe_at: Option<DateTime<Utc>>,
    /// Twilio answers what it is asked and refuses what is to be done: a look passed just before.
    pub reads_work: bool,
}

/// The gate as it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuyingState {
    /// Set while paused.
    pub paused: Option<Paused>,
    /// Set while halted.
    pub halted: Option<Halted>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = buying_gate, check_for_backend(diesel::pg::Pg))]
struct BuyingStateRow {
    paused_since: Option<DateTime<Utc>>,
    paused_by: Option<String>,
    paused_reason: Option<String>,
    halted_since: Option<DateTime<Utc>>,
    halt_code: Option<i32>,
    halt_message: Option<String>,
    next_probe_at: Option<DateTime<Utc>>,
    halts_in_a_row: i32,
}

impl Halted {
    /// Whether the halt is Twilio's doing. Then nothing calls it but one probe; a halt of our own making (a conflict, odd
    /// purchases) stops buying only, because looking and repairing may help whoever has to judge it.
    #[must_use]
    pub fn silences_twilio(&self) -> bool {
        self.twilio_code.is_some() || self.next_probe_at.is_some()
    }

    /// What it means and what ends it, for people.
    #[must_use]
    pub fn sentence(&self) -> String {
        let end = match self.next_probe_at {
            Some(at) => format!("the next look whether Twilio accepts this account again is at {}", instant(at)),
            None => "only a resume ends it".to_owned(),
        };
        format!("halted since {}: {}; {end}", instant(self.since), self.message)
    }
}

impl Paused {
    /// Who paused and since when, for people. Whatever the operator wrote is for those with a key.
    #[must_use]
    pub fn sentence(&self) -> String {
        format!("paused by {} since {}: no automatic buying until a resume", self.by, instant(self.since))
    }
}

impl BuyingState {
    /// Whether nothing may call Twilio by itself now; see [`Halted::silences_twilio`].
    #[must_use]
    pub fn silences_twilio(&self) -> bool {
        self.halted.as_ref().is_some_and(Halted::silences_twilio)
    }

    /// What keeps buying from going on, a sentence each; empty when nothing does.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let halted = self.halted.as_ref().map(Halted::sentence);
        halted.into_iter().chain(self.paused.as_ref().map(Paused::sentence)).collect()
    }
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

impl From<BuyingStateRow> for BuyingState {
    fn from(row: BuyingStateRow) -> Self {
        let paused =
            row.paused_since.zip(row.paused_by).map(|(since, by)| Paused { since, by, reason: row.paused_reason });
        let halted = row.halted_since.zip(row.halt_message).map(|(since, message)| Halted {
            since,
            twilio_code: row.halt_code,
            message,
            next_probe_at: row.next_probe_at,
            reads_work: row.halts_in_a_row > 0,
        });
        Self { paused, halted }
    }
}

/// Reads the gate.
///
/// # Errors
/// When PostgreSQL fails.
pub fn buying_state_read(conn: &mut Connection) -> Result<BuyingState, DbError> {
    Ok(buying_gate::table.select(BuyingStateRow::as_select()).first(conn)?.into())
}

/// Reads the gate and locks it until the transaction ends: whoever counts caps does so alone.
pub(super) fn buying_state_lock(conn: &mut Connection) -> Result<BuyingState, DbError> {
    Ok(buying_gate::table.select(BuyingStateRow::as_select()).for_no_key_update().first(conn)?.into())
}

/// Opens the breaker; returns whether this call changed it. `probe_every` is `None` when only an operator may close it.
///
/// A halt that follows soon upon one that a probe closed waits twice as long as that one did, and says so: then Twilio
/// answers looks and refuses the rest, and a probe proves nothing. An operator's resume begins anew.
///
/// Halts add up: one that only an operator may close joins one that a probe could close, and Twilio's refusal joins a halt
/// of our own making; both are told, Twilio's code stays (so that Twilio is left in peace), and only a resume ends it.
///
/// # Errors
/// When PostgreSQL fails.
pub fn buying_halt(
    conn: &mut Connection,
    twilio_code: Option<i32>,
    message: &str,
    probe_every: Option<Duration>,
) -> Result<bool, DbError> {
    let changed = sql_query(format!(
        "UPDATE buying_gate
            SET halted_since = coalesce(halted_since, clock_timestamp()),
                halt_code = coalesce($1, halt_code),
                halt_message = $2 || CASE WHEN {AGAIN} THEN '{HALF_WORKS}' ELSE '' END
                            || coalesce('; before that: ' || halt_message, ''),
                halts_in_a_row = CASE WHEN {AGAIN} THEN least(halts_in_a_row + 1, {DOUBLINGS_MAX})
                                      WHEN halted_since IS NULL THEN 0 ELSE halts_in_a_row END,
                halt_by_probe = halted_since IS NULL AND $3 IS NOT NULL,
                next_probe_at = CASE WHEN halted_since IS NULL THEN clock_timestamp() + make_interval(secs => $3
                    * 2 ^ CASE WHEN {AGAIN} THEN least(halts_in_a_row + 1, {DOUBLINGS_MAX}) ELSE 0 END) END,
                probe_set_at = clock_timestamp()
          WHERE halted_since IS NULL
             OR (halt_by_probe AND $3 IS NULL)
             OR (NOT halt_by_probe AND halt_code IS NULL AND $1 IS NOT NULL)
             -- What only an operator can judge is told beside what he judges already, as far as anybody reads.
             OR ($3 IS NULL AND ($1 IS NULL OR $1 IS DISTINCT FROM halt_code) AND strpos(halt_message, $2) = 0 AND length(halt_message) < 4000)",
    ))
    .bind::<Nullable<Integer>, _>(twilio_code)
    .bind::<Text, _>(message)
    .bind::<Nullable<Double>, _>(probe_every.map(|every| every.as_secs_f64()))
    .execute(conn)?;
    Ok(changed > 0)
}

/// A halt that a probe may close begins, soon after a probe closed the one before: within ten minutes, or twice the pause
/// that it had.
const AGAIN: &str = "(halted_since IS NULL AND $3 IS NOT NULL AND coalesce(probe_closed_at > clock_timestamp()
    - greatest(interval '10 minutes', make_interval(secs => 2 * $3 * 2 ^ halts_in_a_row)), false))";
/// From a minute to an hour.
const DOUBLINGS_MAX: u32 = 6;
/// What such a halt adds to its message.
const HALF_WORKS: &str = "; reads work, creates do not: Twilio accepted a look just before, answers what we ask and refuses what \
                          we want done, so the pauses between looks double until it is mended";

/// Takes the right to probe, one per `every` over all instances; `false` when there is nothing to probe now.
///
/// # Errors
/// When PostgreSQL fails.
pub fn buying_take_probe(conn: &mut Connection, every: Duration) -> Result<bool, DbError> {
    let due = buying_gate::halted_since
        .is_not_null()
        .and(buying_gate::halt_by_probe)
        // A clock that was set back puts no probe off.
        .and(sql::<Bool>("(next_probe_at <= clock_timestamp() OR probe_set_at > clock_timestamp())"));
    let taken = diesel::update(buying_gate::table.filter(due))
        .set((
            buying_gate::next_probe_at.eq(sql::<Nullable<Timestamptz>>("clock_timestamp() + make_interval(secs => ")
                .bind::<Double, _>(every.as_secs_f64())
                .sql(" * 2 ^ halts_in_a_row)")),
            buying_gate::probe_set_at.eq(sql::<Nullable<Timestamptz>>("clock_timestamp()")),
        ))
        .execute(conn)?;
    Ok(taken > 0)
}

/// Closes the breaker after a good probe, if it is of the kind that a probe may close; returns whether it did.
///
/// # Errors
/// When PostgreSQL fails.
pub fn buying_reopen_by_probe(conn: &mut Connection) -> Result<bool, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        let by_probe = buying_gate::halted_since.is_not_null().and(buying_gate::halt_by_probe);
        let closed = close(conn, Box::new(by_probe))?;
        if closed {
            diesel::update(buying_gate::table)
                .set(buying_gate::probe_closed_at.eq(sql::<Nullable<Timestamptz>>("clock_timestamp()")))
                .execute(conn)?;
        }
        Ok(closed)
    })
}

type Which = Box<dyn BoxableExpression<buying_gate::table, diesel::pg::Pg, SqlType = Bool>>;

fn close(conn: &mut Connection, which: Which) -> Result<bool, DbError> {
    let closed = diesel::update(buying_gate::table.filter(which))
        .set((
            buying_gate::halted_since.eq(None::<DateTime<Utc>>),
            buying_gate::halt_code.eq(None::<i32>),
            buying_gate::halt_message.eq(None::<String>),
            buying_gate::halt_by_probe.eq(false),
            buying_gate::next_probe_at.eq(None::<DateTime<Utc>>),
        ))
        .execute(conn)?;
    Ok(closed > 0)
}

/// Stops automatic buying; a pause that stands keeps its beginning.
///
/// # Errors
/// When PostgreSQL fails.
pub fn buying_pause(conn: &mut Connection, by: &str, reason: Option<&str>) -> Result<BuyingState, DbError> {
    diesel::update(buying_gate::table.filter(buying_gate::paused_since.is_null()))
        .set((
            buying_gate::paused_since.eq(sql::<Timestamptz>("clock_timestamp()").nullable()),
            buying_gate::paused_by.eq(by),
            buying_gate::paused_reason.eq(reason),
        ))
        .execute(conn)?;
    buying_state_read(conn)
}

/// Ends a pause, and a halt as well: an operator says that buying may go on.
///
/// # Errors
/// When PostgreSQL fails.
pub fn buying_resume(conn: &mut Connection) -> Result<BuyingState, DbError> {
    diesel::update(buying_gate::table)
        .set((
            buying_gate::paused_since.eq(None::<DateTime<Utc>>),
            buying_gate::paused_by.eq(None::<String>),
            buying_gate::paused_reason.eq(None::<String>),
            buying_gate::probe_closed_at.eq(None::<DateTime<Utc>>),
            buying_gate::halts_in_a_row.eq(0),
        ))
        .execute(conn)?;
    close(conn, Box::new(buying_gate::halted_since.is_not_null()))?;
    buying_state_read(conn)
}
