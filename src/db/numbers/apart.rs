//! Which numbers are apart from their pool: of another country or type than it is, by an operator's word or by Twilio's.
//!
//! What a pool is, stands in the configuration, and is said to the database first ([`pools_say_kinds`]); then all numbers are told.
//! Invariant: one teller at a time. Whoever says last what a pool is has the word, and nobody tells its numbers anything else.
//! How to get it wrong: telling a million rows at once. A signup or a release may want any of them.

use std::collections::BTreeMap;

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use crate::db::attachments::lock;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::engine::listener::stock_notify;
use crate::db::engine::schema::pools;
use crate::domain::{CountryCode, Kind, NumberType, PoolName};

/// Says what these pools are, from here on; those among them whose numbers are to be told.
///
/// # Errors
/// When PostgreSQL fails.
pub fn pools_say_kinds(conn: &mut Connection, kinds: &[(PoolName, Kind)]) -> Result<Vec<(PoolName, Kind)>, DbError> {
    let mut to_tell = Vec::new();
    for (pool, kind) in kinds {
        let said = sql_query(
            "UPDATE pools SET country = $2, number_type = $3, all_told = false
              WHERE name = $1 AND ((country, number_type) IS DISTINCT FROM ($2, $3) OR NOT all_told)",
        )
        .bind::<Text, _>(pool.as_str())
        .bind::<Text, _>(kind.country.as_str())
        .bind::<Text, _>(kind.number_type.as_str())
        .execute(conn)?;
        if said > 0 {
            to_tell.push((pool.clone(), *kind));
        }
    }
    Ok(to_tell)
}

/// How far the numbers of a pool were told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Up to this one.
    UpTo(i64),
    /// All of them.
    All,
    /// Somebody else has said since that the pool is another kind.
    Overruled,
}

/// Tells the next `most` numbers of `pool` above `after` whether they are apart from what it was said to be.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_tell_apart(
    conn: &mut Connection,
    pool: &PoolName,
    kind: Kind,
    after: i64,
    most: i64,
) -> Result<Told, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<BigInt>)]
        last: Option<i64>,
        #[diesel(sql_type = Bool)]
        stands: bool,
    }
    let row: Row = sql_query(
        // The pool first, as everybody locks them: until this is done nobody says that it is something else.
        "WITH said AS MATERIALIZED (SELECT name FROM pools WHERE name = $1 AND (country, number_type) = ($2, $3) FOR SHARE),
              step AS (SELECT max(id) AS last FROM (SELECT id FROM numbers WHERE pool = (SELECT name FROM said) AND id > $4
                                                     ORDER BY id LIMIT $5) AS next),
              picked AS (SELECT id FROM numbers
                        WHERE pool = $1 AND id > $4 AND id <= (SELECT last FROM step) AND status <> 'released'
                          AND apart <> ((country, number_type) <> ($2, $3))
                        -- As all do that lock many: two of them wait for each other in one direction only.
                        ORDER BY id FOR NO KEY UPDATE),
              told AS (UPDATE numbers SET apart = (numbers.country, numbers.number_type) <> ($2, $3)
                         FROM picked WHERE numbers.id = picked.id AND numbers.pool = $1 RETURNING numbers.id)
         SELECT last, EXISTS (SELECT 1 FROM said) AS stands FROM step",
    )
    .bind::<Text, _>(pool.as_str())
    .bind::<Text, _>(kind.country.as_str())
    .bind::<Text, _>(kind.number_type.as_str())
    .bind::<BigInt, _>(after)
    .bind::<BigInt, _>(most)
    .get_result(conn)?;
    Ok(match row.last {
        _ if !row.stands => Told::Overruled,
        Some(last) => Told::UpTo(last),
        None => {
            let said = pools::table
                .find(pool.as_str())
                .filter(pools::country.eq(kind.country.as_str()))
                .filter(pools::number_type.eq(kind.number_type.as_str()));
            diesel::update(said).set(pools::all_told.eq(true)).execute(conn)?;
            Told::All
        }
    })
}

/// Twilio says of which type a number is: it is apart, or is not any more, as its pool was last told what it is. Whether that
/// changed anything.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_tell_type(conn: &mut Connection, id: i64, number_type: NumberType) -> Result<bool, DbError> {
    let apart = "coalesce((SELECT (p.country, p.number_type) <> (numbers.country, $2) FROM pools p WHERE p.name = numbers.pool), apart)";
    let told = conn.transaction::<_, DbError, _>(|conn| {
        // In a statement of its own, as whoever brings a number in does.
        lock(conn, id)?;
        Ok(sql_query(format!(
            "UPDATE numbers SET number_type = $2, apart = {apart}
              WHERE id = $1 AND status <> 'released' AND (number_type <> $2 OR apart <> {apart})"
        ))
        .bind::<BigInt, _>(id)
        .bind::<Text, _>(number_type.as_str())
        .execute(conn)?)
    })?;
    if told > 0 {
        stock_notify(conn)?;
    }
    Ok(told > 0)
}

/// What each pool was last said to be; none of those of which nobody said it yet.
///
/// # Errors
/// When PostgreSQL fails.
pub fn pools_kinds(conn: &mut Connection) -> Result<BTreeMap<PoolName, Kind>, DbError> {
    let rows: Vec<(PoolName, Option<CountryCode>, Option<NumberType>)> =
        pools::table.select((pools::name, pools::country, pools::number_type)).load(conn)?;
    let said = |(pool, country, number_type): (PoolName, Option<CountryCode>, Option<NumberType>)| {
        Some((pool, Kind { country: country?, number_type: number_type? }))
    };
    Ok(rows.into_iter().filter_map(said).collect())
}

/// Whether `pool` was last said to be something else than `kind`, by an instance that is configured otherwise.
///
/// # Errors
/// When PostgreSQL fails.
pub fn pool_is_another(conn: &mut Connection, pool: &PoolName, kind: Kind) -> Result<bool, DbError> {
    Ok(pools_kinds(conn)?.get(pool).is_some_and(|said| *said != kind))
}
