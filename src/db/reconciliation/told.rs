//! Where numbers stand now that a report told of a while ago.
//!
//! How to get it wrong: asking by the number alone. A number that was given back and bought by somebody else is another one.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Bool, Text};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;

/// What became of a number that a report names.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Told {
    /// E.164 of one that is held, SID of one that was not ours.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Why it is held: `adopting`, `unknown_item` or `tag_conflict`; or it is `ours` by now, or `ignored`.
    #[diesel(sql_type = Text)]
    pub stands: String,
    /// Whether Twilio has lost it.
    #[diesel(sql_type = Bool)]
    pub missing: bool,
}

/// Those of `numbers` that are held now, and those of the strangers (`sids` under `foreign`, in the same order) that are
/// ours or ignored by now.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_told(
    conn: &mut Connection,
    numbers: &[&str],
    foreign: &[&str],
    sids: &[&str],
) -> Result<Vec<Told>, DbError> {
    Ok(sql_query(
        "SELECT phone_number AS name, quarantine_reason AS stands, missing_since IS NOT NULL AS missing
           FROM numbers
          WHERE phone_number = ANY($1) AND status = 'quarantined'
            AND quarantine_reason IN ('adopting', 'unknown_item', 'tag_conflict')
         UNION ALL
         SELECT sid, 'ours', false FROM numbers WHERE sid = ANY($3)
         UNION ALL
         SELECT i.sid, 'ignored', false
           FROM unnest($2, $3) AS told (phone_number, sid)
           JOIN ignored_numbers i ON i.phone_number = told.phone_number AND i.sid = told.sid",
    )
    .bind::<Array<Text>, _>(numbers)
    .bind::<Array<Text>, _>(foreign)
    .bind::<Array<Text>, _>(sids)
    .load(conn)?)
}
