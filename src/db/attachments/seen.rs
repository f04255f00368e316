//! What waits to be attached or registered, and what never will be before somebody sees to it: for whoever watches.
//!
//! Invariants: each question reads a stretch of an index that holds only what is not as it should be; none counts further than
//! [`COUNTED_AT_MOST`].
//! How to get it wrong: telling of a refusal that was overcome. What counts is how the number stands now.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text, Timestamptz};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::numbers::{COUNTED_AT_MOST, SomeNumbers, some_numbers, some_numbers_sql};
use crate::domain::AttachmentKind;

/// So many of them are named.
const NAMED: i64 = 5;

/// Attachments of one kind in one state.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Counted {
    /// To what.
    #[diesel(sql_type = Text)]
    pub kind: AttachmentKind,
    /// `intended` and `sent` wait for Twilio, `leaving` for its word that they are gone; `refused`, `conflict` and `elsewhere` (in a
    /// service that its pool does not name) wait for somebody.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
}

/// A service, a profile or a product that some pool wants and that takes no number.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct ClosedTarget {
    /// Twilio's identity of it.
    #[diesel(sql_type = Text)]
    pub target: String,
    /// Since when.
    #[diesel(sql_type = Timestamptz)]
    pub since: DateTime<Utc>,
}

/// Everything that was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttachmentsSeen {
    /// What is not as it should be, by kind and state.
    pub counted: Vec<Counted>,
    /// Waiting for Twilio.
    pub open: SomeNumbers,
    /// Stuck before somebody sees to them, but for those in conflict.
    pub failed: SomeNumbers,
    /// In somebody else's messaging service.
    pub conflict: SomeNumbers,
    /// In their service, and the carriers do not know them yet.
    pub registering: SomeNumbers,
    /// The carriers do not take them, or know them no more.
    pub registration_failed: SomeNumbers,
    /// What takes no number.
    pub closed: Vec<ClosedTarget>,
}

/// Looks.
///
/// # Errors
/// When PostgreSQL fails.
pub fn attachments_seen(conn: &mut Connection) -> Result<AttachmentsSeen, DbError> {
    let stuck: Vec<Stuck> = sql_query(stuck_sql()).load(conn)?;
    let of = |conflict: bool| stuck.iter().find(|row| row.conflict == conflict).map(|row| row.waiting.clone());
    Ok(AttachmentsSeen {
        counted: sql_query(counted_sql()).load(conn)?,
        open: some_numbers(conn, OPEN, NAMED)?,
        failed: of(false).unwrap_or_default(),
        conflict: of(true).unwrap_or_default(),
        registering: some_numbers(conn, REGISTERING, NAMED)?,
        registration_failed: some_numbers(conn, REGISTRATION_FAILED, NAMED)?,
        closed: sql_query(CLOSED).load(conn)?,
    })
}

#[derive(QueryableByName)]
struct Stuck {
    #[diesel(sql_type = diesel::sql_types::Bool)]
    conflict: bool,
    #[diesel(embed)]
    waiting: SomeNumbers,
}

/// One for each attachment, the oldest first.
const OPEN: &str = "SELECT n.id, n.phone_number, a.since FROM attachments a JOIN numbers n ON n.id = a.number_id
    WHERE a.state IN ('intended', 'sent') AND NOT a.leaving ORDER BY a.since, a.id";

/// Whoever is in a service has been so since it joined.
const REGISTERING: &str = "SELECT n.id, n.phone_number, coalesce(
        (SELECT max(a.since) FROM attachments a
          WHERE a.number_id = n.id AND a.kind = 'messaging_service' AND a.state = 'attached'), n.registration_at) AS since
    FROM numbers n WHERE n.held_back = 'registering' AND n.status <> 'released' ORDER BY n.id";

const REGISTRATION_FAILED: &str = "SELECT n.id, n.phone_number, n.registration_at AS since
    FROM numbers n WHERE n.held_back = 'registration_failed' AND n.status <> 'released' ORDER BY n.id";

/// What takes no number and is wanted.
const CLOSED: &str = "SELECT t.target, least(t.full_since, t.unknown_since) AS since FROM attachment_targets t
    WHERE (t.full_since IS NOT NULL OR t.unknown_since IS NOT NULL)
      AND EXISTS (SELECT FROM pool_wants w WHERE w.target = t.target) ORDER BY t.target";

/// Attachments that failed for their number, of numbers that lack them still.
const FAILED: &str = "attachments a JOIN numbers n ON n.id = a.number_id
    WHERE a.state IN ('refused', 'conflict') AND a.refusal_concerns = 'number'
      AND n.attachment_status = 'failed' AND n.status <> 'released'";

fn stuck_sql() -> String {
    format!(
        "WITH failed AS (
            (SELECT n.id, n.phone_number FROM numbers n
              WHERE n.held_back = 'unattachable' AND n.status <> 'released' ORDER BY n.id LIMIT {COUNTED_AT_MOST})
            UNION (SELECT n.id, n.phone_number FROM {FAILED} ORDER BY a.since, a.id LIMIT {COUNTED_AT_MOST})),
         w AS (SELECT f.id, f.phone_number,
                      (SELECT min(a.since) FROM attachments a
                        WHERE a.number_id = f.id AND a.state IN ('refused', 'conflict')) AS since,
                      EXISTS (SELECT FROM attachments a WHERE a.number_id = f.id AND a.state = 'conflict') AS conflict
                 FROM failed f)
         SELECT conflict, {} FROM w GROUP BY conflict",
        some_numbers_sql(NAMED)
    )
}

fn counted_sql() -> String {
    format!(
        "SELECT kind, state, count(*) AS count FROM (
            (SELECT kind, CASE WHEN leaving THEN 'leaving' ELSE state END AS state FROM attachments
              WHERE state IN ('intended', 'sent') OR leaving LIMIT {COUNTED_AT_MOST})
            UNION ALL (SELECT a.kind, a.state FROM {FAILED} LIMIT {COUNTED_AT_MOST})
            UNION ALL (SELECT 'messaging_service', 'elsewhere' FROM numbers n
              WHERE n.held_back = 'unattachable' AND n.status <> 'released'
                AND NOT EXISTS (SELECT FROM attachments a WHERE a.number_id = n.id AND a.state IN ('refused', 'conflict')
                                   AND a.refusal_concerns = 'number') LIMIT {COUNTED_AT_MOST})
         ) AS c GROUP BY kind, state ORDER BY kind, state"
    )
}
