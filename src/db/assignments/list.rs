//! Assignments a page at a time, by when they began; and users whose id begins with something.
//!
//! Invariant: the order is that of their ids, which say when they began: an import brings assignments of long ago
//! (`numbers::lease`).
//! How to get it wrong: an index by time, which every signup would pay for; a search over all users. What is looked for is cut into few stretches of an index.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};

use super::row::{AssignmentRecord, RECORD};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::slice::{Counted, Slice, counted_sql};
use crate::domain::PoolName;

/// Which assignments to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AssignmentFilter {
    /// Only those of users whose id begins like this, in capitals or not.
    pub user: Option<String>,
    /// Only those that go on, or only those that ended.
    pub is_live: Option<bool>,
    /// Only those of numbers that were of this pool then.
    pub pool: Option<PoolName>,
}

/// A page of the assignments, those that began last first, ended ones too. After a row that never was there is nothing.
///
/// # Errors
/// When PostgreSQL fails.
pub fn assignments_list(
    conn: &mut Connection,
    filter: &AssignmentFilter,
    slice: Slice<i64>,
    limit: i64,
) -> Result<Vec<AssignmentRecord>, DbError> {
    let (than, direction) = slice.reading(true);
    // Before and after all that there can be.
    let outermost = if than == "<" { i64::MAX } else { i64::MIN };
    let part = |table: &str, id: &str, released: &str, is_live: &str| {
        format!(
            "(SELECT {id} AS id, number_id, user_id, source, assigned_at, {released} AS released_at, pool, matched FROM {table}
               WHERE {id} {than} $1
                 AND ($2 IS NULL OR starts_with(lower(user_id), lower($2))) AND coalesce($3, {is_live}) = {is_live}
                 AND ($5 IS NULL OR pool = $5)
               ORDER BY {id} {direction} LIMIT $4)"
        )
    };
    let rows = sql_query(format!(
        // Row by row: a join that is planned once may read all numbers.
        "SELECT {RECORD} FROM (SELECT * FROM ({} UNION ALL {}) AS both_tables
                                ORDER BY id {direction} LIMIT $4) AS a
           JOIN LATERAL (SELECT phone_number, area_code FROM numbers WHERE numbers.id = a.number_id LIMIT 1) AS n ON true
          ORDER BY a.id {direction}",
        part("leases", "assignment_id", "NULL::timestamptz", "true"),
        part("past_assignments", "id", "released_at", "false")
    ))
    .bind::<BigInt, _>(slice.key().unwrap_or(outermost))
    .bind::<Nullable<Text>, _>(filter.user.as_deref())
    .bind::<Nullable<Bool>, _>(filter.is_live)
    .bind::<BigInt, _>(limit)
    .bind::<Nullable<Text>, _>(filter.pool.as_ref().map(PoolName::as_str))
    .load(conn)?;
    Ok(slice.in_order(rows))
}

/// How many there are, and how many before `first`.
///
/// # Errors
/// When PostgreSQL fails.
pub fn assignments_count(conn: &mut Connection, filter: &AssignmentFilter, first: i64) -> Result<Counted, DbError> {
    let part = |table: &str, id: &str, is_live: &str| {
        format!(
            "(SELECT {id} > $1 AS ahead FROM {table}
               WHERE {id} IS NOT NULL AND ($2 IS NULL OR starts_with(lower(user_id), lower($2)))
                 AND coalesce($3, {is_live}) = {is_live} AND ($4 IS NULL OR pool = $4))"
        )
    };
    let both =
        format!("{} UNION ALL {}", part("leases", "assignment_id", "true"), part("past_assignments", "id", "false"));
    Ok(sql_query(counted_sql(&format!("SELECT ahead FROM ({both}) AS a")))
        .bind::<BigInt, _>(first)
        .bind::<Nullable<Text>, _>(filter.user.as_deref())
        .bind::<Nullable<Bool>, _>(filter.is_live)
        .bind::<Nullable<Text>, _>(filter.pool.as_ref().map(PoolName::as_str))
        .get_result(conn)?)
}

/// So many letters are looked for in both of their shapes; each doubles the stretches of the index that are read.
const LETTERS_MAX: u32 = 10;
/// So many ids are looked at in a stretch that holds more than what is looked for.
const LOOKED_AT_MAX: i64 = 5_000;

/// The stretches of the index that hold whatever begins like `text`, in capitals or not, and whether that is all they hold:
/// as much of it as has few letters, in all their shapes; and if there are more, the whole as people write names.
fn stretches(text: &str) -> Vec<(String, bool)> {
    let mut all = vec![String::new()];
    let mut letters = 0;
    for character in text.chars() {
        let mut shapes: Vec<String> = vec![character.to_lowercase().collect(), character.to_uppercase().collect()];
        shapes.dedup();
        letters += u32::from(shapes.len() > 1);
        if letters > LETTERS_MAX {
            let lower = text.to_lowercase();
            let (first, rest) = lower.split_at(lower.chars().next().map_or(0, char::len_utf8));
            let capital = first.to_uppercase() + rest;
            let mut whole = vec![text.to_owned(), text.to_uppercase(), capital, lower];
            whole.sort_unstable();
            whole.dedup();
            let parts = all.into_iter().map(|begin| (begin, false));
            return whole.into_iter().map(|begin| (begin, true)).chain(parts).collect();
        }
        all = all.iter().flat_map(|begun| shapes.iter().map(move |shape| format!("{begun}{shape}"))).collect();
    }
    all.into_iter().map(|begin| (begin, true)).collect()
}

#[derive(QueryableByName)]
struct User {
    #[diesel(sql_type = Text)]
    user_id: String,
}

/// Users who have or had a number and whose id begins with `text`, in capitals or not, by their ids, at most `limit`.
///
/// # Errors
/// When PostgreSQL fails.
pub fn users_like(conn: &mut Connection, text: &str, limit: i64) -> Result<Vec<String>, DbError> {
    let (begins, are_exact): (Vec<String>, Vec<bool>) = stretches(text).into_iter().unzip();
    // Ids are ordered by their bytes, and nothing comes after this character. Each stretch is read in order, so that a
    // limit ends it.
    let part = |table: &str, more: &str| {
        format!(
            "SELECT f.user_id FROM unnest($1, $2) AS s (begin, is_exact) CROSS JOIN LATERAL (
                    SELECT DISTINCT user_id FROM {table}
                     WHERE user_id >= s.begin AND user_id < s.begin || U&'\\+10FFFF' {more}
                     ORDER BY user_id LIMIT CASE WHEN s.is_exact THEN $4 ELSE $5 END) AS f
              WHERE s.is_exact OR starts_with(lower(f.user_id), lower($3))"
        )
    };
    let rows: Vec<User> = sql_query(format!(
        "SELECT user_id FROM ({} UNION {}) AS u ORDER BY user_id LIMIT $4",
        part("leases", "AND user_id IS NOT NULL"),
        part("past_assignments", "")
    ))
    .bind::<Array<Text>, _>(begins)
    .bind::<Array<Bool>, _>(are_exact)
    .bind::<Text, _>(text)
    .bind::<BigInt, _>(limit)
    .bind::<BigInt, _>(LOOKED_AT_MAX)
    .load(conn)?;
    Ok(rows.into_iter().map(|row| row.user_id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_looked_for_in_both_shapes_as_long_as_they_are_few() {
        let exact = |text: &str| (text.to_owned(), true);
        assert_eq!(stretches("a-1"), [exact("a-1"), exact("A-1")]);
        assert_eq!(stretches("42"), [exact("42")]);
        assert_eq!(stretches("ab").len(), 4);
        assert_eq!(stretches(""), [exact("")]);
        let long = stretches("customer-number-42");
        assert_eq!((long.iter().filter(|(_, is_exact)| *is_exact).count(), long.len()), (3, 3 + 1024));
        assert!(long.contains(&exact("Customer-number-42")) && long.contains(&exact("CUSTOMER-NUMBER-42")));
        assert!(long.contains(&("customer-nu".to_owned(), false)), "{long:?}");
    }
}
