//! How fast creates may go out: freely, or one at a time, because the latest brought nothing.
//!
//! Read off the ledger, so that all instances agree and a restart forgets nothing. Each pool has its own: what hangs or is
//! refused in one market says nothing of another. Invariants: while every create hangs, is
//! answered with a number that stays unready, or is refused, those who wait cost one item every few seconds, not one each;
//! while Twilio refuses in a way that nobody knows, less and less often.
//! How to get it wrong: closing for good. One success opens it again, and so does a quarter of an hour; an hour, where nobody
//! knows what was refused.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Double, Nullable, Text};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::PoolName;

/// So many creates in a row without a known outcome, or for somebody who waits whose numbers are not ready.
const DOUBTS_MAX: i64 = 5;
/// So many refused ones in a row: they cost nothing, but rows.
const REFUSALS_MAX: i64 = 60;
/// Then one goes out so often.
const ONE_EVERY_SECS: f64 = 5.0;
/// So many numbers refused with one code that nobody knows: from here on one goes out after [`ONE_EVERY_SECS`], then after
/// twice as long, and so on.
const UNCLEAR_MAX: i64 = 4;
/// Doubled at most so often: to more than five minutes.
const DOUBLINGS_MAX: i32 = 6;

/// How creates for the pool and for those who wait may go out. An operator's order knows what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// As many as the concurrency allows.
    Free,
    /// One, to see whether Twilio sells again.
    One,
    /// None yet.
    Wait,
}

impl Pace {
    fn of(doubts: i64, refusals: i64, since_secs: Option<f64>) -> Self {
        if doubts < DOUBTS_MAX && refusals < REFUSALS_MAX {
            return Self::Free;
        }
        Self::one_every(ONE_EVERY_SECS, since_secs)
    }

    /// After so many numbers in a row that were refused with one code that nobody knows.
    fn of_unclear(refused: i64, since_secs: Option<f64>) -> Self {
        if refused < UNCLEAR_MAX {
            return Self::Free;
        }
        let doublings = i32::try_from(refused - UNCLEAR_MAX).unwrap_or(DOUBLINGS_MAX).min(DOUBLINGS_MAX);
        Self::one_every(ONE_EVERY_SECS * 2f64.powi(doublings), since_secs)
    }

    fn one_every(secs: f64, since_secs: Option<f64>) -> Self {
        // A clock that was set back makes nobody wait for it.
        let waited = since_secs.is_none_or(|since| !(0.0..secs).contains(&since));
        if waited { Self::One } else { Self::Wait }
    }

    /// The slower of both.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Wait, _) | (_, Self::Wait) => Self::Wait,
            (Self::One, _) | (_, Self::One) => Self::One,
            (Self::Free, Self::Free) => Self::Free,
        }
    }
}

/// Reads the pace of `pool` off what became of its creates since the last one that brought a number.
///
/// # Errors
/// When PostgreSQL fails.
pub fn items_pace(conn: &mut Connection, pool: &PoolName) -> Result<Pace, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        doubts: i64,
        #[diesel(sql_type = BigInt)]
        refusals: i64,
        #[diesel(sql_type = Nullable<Double>)]
        since_secs: Option<f64>,
    }
    let row: Row = sql_query(
        "WITH latest AS (
             SELECT i.state, i.doubted, i.twilio_code, i.error_code, i.ended_at, coalesce(i.last_sent_at, i.intended_at) AS last_sent_at,
                    EXISTS (SELECT 1 FROM numbers n JOIN leases l ON l.number_id = n.id
                             WHERE n.purchase_item_id = i.id AND l.user_id IS NULL AND NOT l.ready
                               -- What only joins its service, or waits for the carriers, is no doubt; what they deny halts its pool.
                               AND n.capable AND n.missing_since IS NULL AND n.held_back IS NULL) AND p.trigger = 'emergency' AS unready
               FROM purchase_items i JOIN purchases p ON p.id = i.purchase_id
              -- What is only intended is sent in a moment, by whichever order: one goes out at a time, over all orders of the pool.
              WHERE i.pool = $1 AND i.intended_at > statement_timestamp() - interval '15 minutes' AND (i.attempts > 0 OR i.state = 'intended')),
         forgiven AS (
             SELECT max(ended_at) AS until, max(ended_at) FILTER (WHERE ended_at <= clock_timestamp()) AS until_now
               FROM latest WHERE state = 'bought' AND NOT unready)
         SELECT count(*) FILTER (WHERE state = 'bought' OR (doubted AND state <> 'taken')
                                    OR (state = 'sent' AND last_sent_at < clock_timestamp() - interval '3 seconds')) AS doubts,
                count(*) FILTER (WHERE state IN ('taken', 'not_bought') AND NOT doubted
                                   AND (twilio_code IS NOT NULL OR error_code LIKE 'twilio\\_%')) AS refusals,
                extract(epoch FROM clock_timestamp()
                                   - max(last_sent_at) FILTER (WHERE last_sent_at <= clock_timestamp()))::float8 AS since_secs
           FROM latest, forgiven
          -- One that brought a number forgives all that were sent before its end. If that lies in the future, because somebody
          -- set the clock back, what was sent since is none of them.
          WHERE (state <> 'bought' OR unready)
            AND last_sent_at > coalesce(CASE WHEN last_sent_at > clock_timestamp() THEN until ELSE until_now END, '-infinity')",
    )
    .bind::<Text, _>(pool.as_str())
    .get_result(conn)?;
    Ok(Pace::of(row.doubts, row.refusals, row.since_secs).and(unclear_pace(conn, pool)?))
}

/// The pace that refusals of a kind that nobody knows leave: different numbers, one code, since the last one that was bought.
fn unclear_pace(conn: &mut Connection, pool: &PoolName) -> Result<Pace, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        refused: i64,
        #[diesel(sql_type = Nullable<Double>)]
        since_secs: Option<f64>,
    }
    let row: Row = sql_query(
        "WITH latest AS (
             SELECT phone_number, state, doubted, error_code, refusal_concerns, ended_at,
                    coalesce(last_sent_at, intended_at) AS last_sent_at
               FROM purchase_items
              WHERE pool = $1 AND intended_at > statement_timestamp() - interval '1 hour' AND (attempts > 0 OR state = 'intended')),
         since AS (
             SELECT latest.* FROM latest, (
                 SELECT max(ended_at) AS at FROM latest WHERE state = 'bought' AND ended_at <= clock_timestamp()) AS bought
              WHERE last_sent_at > coalesce(bought.at, '-infinity'))
         SELECT coalesce((SELECT count(DISTINCT phone_number) AS refused FROM since
                           WHERE state = 'not_bought' AND NOT doubted AND refusal_concerns = 'unclear'
                           GROUP BY error_code ORDER BY refused DESC LIMIT 1), 0) AS refused,
                extract(epoch FROM clock_timestamp() - (
                    SELECT max(last_sent_at) FROM since WHERE last_sent_at <= clock_timestamp()))::float8 AS since_secs",
    )
    .bind::<Text, _>(pool.as_str())
    .get_result(conn)?;
    Ok(Pace::of_unclear(row.refused, row.since_secs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_doubts_or_many_refusals_in_a_row_let_one_create_out_at_a_time() {
        assert_eq!(Pace::of(4, 59, Some(0.0)), Pace::Free);
        assert_eq!(Pace::of(5, 0, Some(4.9)), Pace::Wait);
        assert_eq!(Pace::of(5, 0, Some(5.0)), Pace::One);
        assert_eq!(Pace::of(0, 60, Some(1.0)), Pace::Wait);
        assert_eq!(Pace::of(9, 0, Some(-120.0)), Pace::One, "a clock that was set back");
    }

    #[test]
    fn what_nobody_knows_is_tried_less_and_less_often() {
        assert_eq!(Pace::of_unclear(3, Some(0.0)), Pace::Free);
        for (refused, secs) in [(4, 5.0), (5, 10.0), (6, 20.0), (9, 160.0), (10, 320.0), (60, 320.0)] {
            assert_eq!(Pace::of_unclear(refused, Some(secs - 0.1)), Pace::Wait, "{refused}");
            assert_eq!(Pace::of_unclear(refused, Some(secs)), Pace::One, "{refused}");
        }
        assert_eq!(Pace::of_unclear(9, Some(-1.0)), Pace::One, "a clock that was set back");
    }

    #[test]
    fn the_slower_pace_counts() {
        assert_eq!(Pace::Free.and(Pace::One), Pace::One);
        assert_eq!(Pace::Wait.and(Pace::One), Pace::Wait);
        assert_eq!(Pace::Free.and(Pace::Free), Pace::Free);
    }
}
