//! How fast creates may go out: freely, or one at a time, because the latest brought nothing.
//!
//! Read off the ledger, so that all instances agree and a restart forgets nothing. Invariant: while every create hangs, is
//! answered with a number that stays unready, or is refused, those who wait cost one item every few seconds, not one each.
//! How to get it wrong: closing for good. One success opens it again, and so does a quarter of an hour.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Double, Nullable};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;

/// So many creates in a row without a known outcome, or for somebody who waits whose numbers are not ready.
const DOUBTS_MAX: i64 = 5;
/// So many refused ones in a row: they cost nothing, but rows.
const REFUSALS_MAX: i64 = 60;
/// Then one goes out so often.
const ONE_EVERY_SECS: f64 = 5.0;

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
        // A clock that was set back makes nobody wait for it.
        let waited = since_secs.is_none_or(|since| !(0.0..ONE_EVERY_SECS).contains(&since));
        if waited { Self::One } else { Self::Wait }
    }
}

/// Reads the pace off what became of the creates since the last one that brought a number.
///
/// # Errors
/// When PostgreSQL fails.
pub fn items_pace(conn: &mut Connection) -> Result<Pace, DbError> {
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
                               AND n.capable AND n.missing_since IS NULL) AND p.trigger = 'emergency' AS unready
               FROM purchase_items i JOIN purchases p ON p.id = i.purchase_id
              -- What is only intended is sent in a moment, by whichever order: one goes out at a time, over all of them.
              WHERE i.intended_at > clock_timestamp() - interval '15 minutes' AND (i.attempts > 0 OR i.state = 'intended')),
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
    .get_result(conn)?;
    Ok(Pace::of(row.doubts, row.refusals, row.since_secs))
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
}
