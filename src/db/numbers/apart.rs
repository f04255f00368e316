//! Which numbers are apart from their pool: of another country or type than it is, by an operator's word or by Twilio's.
//!
//! What a pool is, stands in the configuration; the database is told of each number, and whether all were told ([`kinds_told`]).
//! How to get it wrong: telling a million rows at once. A signup or a release may want any of them.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::engine::listener::stock_notify;
use crate::db::engine::schema::pools;
use crate::domain::{CountryCode, Kind, NumberType, PoolName};

/// Tells the next `most` numbers of `pool` above `after` whether they are apart from what it is; the last of them. `None` = there
/// are no more, and all are told.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_tell_apart(
    conn: &mut Connection,
    pool: &PoolName,
    kind: Kind,
    after: i64,
    most: i64,
) -> Result<Option<i64>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<BigInt>)]
        last: Option<i64>,
    }
    let row: Row = sql_query(
        "WITH step AS (SELECT max(id) AS last FROM (SELECT id FROM numbers WHERE pool = $1 AND id > $4 ORDER BY id LIMIT $5) AS next),
              picked AS (SELECT id FROM numbers
                        WHERE pool = $1 AND id > $4 AND id <= (SELECT last FROM step) AND status <> 'released'
                          AND apart <> ((country, number_type) <> ($2, $3))
                        -- As all do that lock many: two of them wait for each other in one direction only.
                        ORDER BY id FOR NO KEY UPDATE),
              told AS (UPDATE numbers SET apart = (numbers.country, numbers.number_type) <> ($2, $3)
                         FROM picked WHERE numbers.id = picked.id AND numbers.pool = $1 RETURNING numbers.id)
         SELECT last FROM step",
    )
    .bind::<Text, _>(pool.as_str())
    .bind::<Text, _>(kind.country.as_str())
    .bind::<Text, _>(kind.number_type.as_str())
    .bind::<BigInt, _>(after)
    .bind::<BigInt, _>(most)
    .get_result(conn)?;
    if row.last.is_none() {
        diesel::update(pools::table.find(pool.as_str()))
            .set((pools::country.eq(kind.country.as_str()), pools::number_type.eq(kind.number_type.as_str())))
            .execute(conn)?;
    }
    Ok(row.last)
}

/// Twilio says of which type a number is: it is apart, or is not any more, as its pool was last told what it is. Whether that
/// changed anything.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_tell_type(conn: &mut Connection, id: i64, number_type: NumberType) -> Result<bool, DbError> {
    let apart = "coalesce((SELECT (p.country, p.number_type) <> (numbers.country, $2) FROM pools p WHERE p.name = numbers.pool), apart)";
    let told = sql_query(format!(
        "UPDATE numbers SET number_type = $2, apart = {apart}
          WHERE id = $1 AND status <> 'released' AND (number_type <> $2 OR apart <> {apart})"
    ))
    .bind::<BigInt, _>(id)
    .bind::<Text, _>(number_type.as_str())
    .execute(conn)?;
    if told > 0 {
        stock_notify(conn)?;
    }
    Ok(told > 0)
}

/// What each pool was when its numbers were last told; none of those that never were.
///
/// # Errors
/// When PostgreSQL fails.
pub fn kinds_told(conn: &mut Connection) -> Result<BTreeMap<PoolName, Kind>, DbError> {
    let rows: Vec<(PoolName, Option<CountryCode>, Option<NumberType>)> =
        pools::table.select((pools::name, pools::country, pools::number_type)).load(conn)?;
    let told = |(pool, country, number_type): (PoolName, Option<CountryCode>, Option<NumberType>)| {
        Some((pool, Kind { country: country?, number_type: number_type? }))
    };
    Ok(rows.into_iter().filter_map(told).collect())
}
