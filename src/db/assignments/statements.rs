//! The statements that hand out stock, each [`prepared`] once per connection: planning would take longer than running.
//!
//! Invariants: the oldest ready numbers of a pool go first, and locked ones are skipped, so instances never wait for each
//! other; every estimate is the same for any number of users, so PostgreSQL keeps one plan.
//! How to get it wrong: a bare `LIMIT` of a column, which makes the planner read the whole table; inside stands a constant
//! one. Or a statement that looks at one row twice: `SKIP LOCKED` passes by what others locked, not by its own, so the area
//! codes of a ladder are distinct, and pools have no row in common. Where a country that binds and one that does not are asked for in one
//! area code, a row may be picked for two: the update gives it to one of them, and the other is served anew.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::sql_types::{Array, BigInt, Nullable, Text};

use super::row::AssignmentColumns;
use crate::db::engine::prepared::prepared;
use crate::db::numbers::{fit, leased, stock};

/// Many users, as the statements take them: by columns.
pub(super) struct Users<'a> {
    pub(super) ids: Vec<&'a str>,
    pub(super) pools: Vec<&'a str>,
    /// The pools that they named.
    pub(super) only_pools: Vec<Option<&'a str>>,
    pub(super) most: i64,
}

/// Area codes, the nearest first, and who is served by them.
pub(super) struct Near<'a> {
    pub(super) codes: Vec<&'a str>,
    pub(super) rungs: Vec<&'a str>,
    pub(super) country: Option<&'a str>,
    pub(super) source: &'a str,
}

/// What each of many users was seen to get: an area code, its rung, and the country of what is apart; empty = any.
pub(super) struct Each<'a> {
    pub(super) codes: Vec<&'a str>,
    pub(super) rungs: Vec<&'a str>,
    pub(super) countries: Vec<&'a str>,
}

/// A statement with its binds.
pub(super) enum Claim<'a> {
    /// For one user, the pool that they named, and the pool.
    One(&'a str, Option<&'a str>, &'a str),
    /// For many of one pool, and the rung that they are on; empty = they wish for nothing.
    Many(Users<'a>, &'a str, &'static str),
    /// For many of several pools.
    Pools(Users<'a>),
    /// The same whom no area code served that they wished for.
    PoolsAny(Users<'a>),
    /// For many of several pools that wish for different things.
    Each(Users<'a>, Each<'a>),
    /// For many of one pool that wish for the same.
    Ladder(Users<'a>, &'a str, Near<'a>),
}

/// Each form of a claim is a statement of its own.
macro_rules! claims {
    ($($name:ident)*) => { $(
        pub(super) struct $name<'a>(pub(super) Claim<'a>);
        prepared!($name, AssignmentColumns);
        impl QueryFragment<Pg> for $name<'_> {
            fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
                self.0.walk(out)
            }
        }
    )* };
}
claims! { ClaimOne ClaimMany ClaimPools ClaimPoolsAny ClaimEach ClaimLadder }

/// Neither has the user a number, nor does any rest for them that is fit to go back to them, unless it is of another pool
/// than the one that they named. Scalar sub-selects, because they stay look-ups in an index: `NOT EXISTS` would become a
/// join, and a join planned while the tables were small reads them whole when they are large.
///
/// Whose own number is unfit right now (drifted, missing) is a newcomer: a signup must not fail while stock is idle. The
/// number rests on for them all the same, so whoever finds the pool empty gets it back as soon as it is repaired. Nobody
/// gets two by this: a live assignment is unique by index, restoring asks only for users who have none (and runs into
/// that index if two are at it), and the next release clears what rested before.
pub(super) const NEWCOMER: &str = concat!(
    "
    coalesce((SELECT false FROM leases l WHERE l.user_id = asked.user_id), true)
    AND coalesce((SELECT false FROM numbers r WHERE r.rests_for = asked.user_id AND ",
    fit!(),
    " AND (asked.only_pool IS NULL OR r.pool = asked.only_pool) LIMIT 1), true)"
);

/// The columns of an assignment, of the lease `t` that was just taken. What is ready is not missing.
pub(super) const TAKEN: &str =
    " RETURNING t.user_id, t.phone_number, t.area_code, t.assigned_at, t.source, false AS missing, t.pool, t.matched";

/// What a signup writes, and nothing else; `user_id` comes first.
const TAKES: &str = concat!(", source = 'pool', assigned_at = clock_timestamp(), ", leased!());

/// Right after it stands the pool, a bind or a column.
const FREE_OF: &str = "SELECT number_id FROM leases f WHERE f.pool = ";

/// What a newcomer may take of the pool that stands right before this, once nobody waits there, which is asked once.
macro_rules! for_all {
    ($pool:literal) => {
        concat!(
            " AND ",
            stock!(),
            " AND NOT EXISTS (SELECT 1 FROM waiters a WHERE a.pool = ",
            $pool,
            " AND a.expires_at > now())"
        )
    };
}

/// Rows are locked one by one, as they are taken.
const OLDEST: &str = " ORDER BY purchased_at, number_id LIMIT 256 FOR UPDATE SKIP LOCKED) AS ";

/// Who of `users` is a newcomer, each with a place in the order in which they asked: sub-scripts instead of an array's rows.
/// `$columns` are told of them beside, of `$of` the array; places are counted in each `$part`.
macro_rules! newcomers {
    ($columns:literal, $of:literal, $part:literal) => {
        concat!(
            "), newcomers AS (SELECT user_id, ",
            $columns,
            "row_number() OVER (",
            $part,
            "ORDER BY position) AS place FROM (
                SELECT ids[position] AS user_id, only_pools[position] AS only_pool, ",
            $of,
            "position FROM users, generate_subscripts(ids, 1) AS position) AS asked WHERE "
        )
    };
}

/// Each newcomer gets the number that has their place.
const PAIRED: &str = ") AS enough), paired AS (SELECT * FROM newcomers JOIN picked USING (place))
     UPDATE leases t SET user_id = paired.user_id";
const TO_THEM: &str = " FROM paired WHERE t.number_id = paired.number_id";

impl Users<'_> {
    /// `$1` and `$2`; other columns of `users` may follow.
    fn walk<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH users AS (SELECT ");
        out.push_bind_param::<Array<Text>, _>(&self.ids)?;
        out.push_sql("::text[] AS ids, ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.only_pools)?;
        out.push_sql("::text[] AS only_pools");
        Ok(())
    }
}

impl Each<'_> {
    /// As for many pools, but by what each of them gets there.
    fn walk<'b>(&'b self, users: &'b Users<'_>, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        users.walk(out)?;
        for (column, values) in
            [("pools", &users.pools), ("codes", &self.codes), ("countries", &self.countries), ("rungs", &self.rungs)]
        {
            out.push_sql(", ");
            out.push_bind_param::<Array<Text>, _>(values)?;
            out.push_sql("::text[] AS ");
            out.push_sql(column);
        }
        out.push_sql(newcomers!(
            "pool, code, apart_of, matched, ",
            "pools[position] AS pool, codes[position] AS code, countries[position] AS apart_of, rungs[position] AS matched, ",
            "PARTITION BY pool, code, apart_of "
        ));
        out.push_sql(NEWCOMER);
        out.push_sql(
            "), wanted AS MATERIALIZED (SELECT pool, code, apart_of, count(*) AS most FROM newcomers GROUP BY pool, code, apart_of),
             picked AS (SELECT w.pool, w.code, w.apart_of, enough.number_id,
                               row_number() OVER (PARTITION BY w.pool, w.code, w.apart_of) AS place
               FROM wanted w CROSS JOIN LATERAL (SELECT number_id FROM (",
        );
        out.push_sql(FREE_OF);
        out.push_sql(
            "w.pool AND f.area_code = w.code AND user_id IS NULL AND ready
                AND (NOT apart OR coalesce(country = nullif(w.apart_of, ''), true))
                AND NOT EXISTS (SELECT 1 FROM waiters a WHERE a.pool = w.pool AND a.expires_at > now())",
        );
        out.push_sql(OLDEST);
        out.push_sql(
            "oldest LIMIT w.most) AS enough),
             paired AS (SELECT user_id, matched, number_id FROM newcomers JOIN picked USING (pool, code, apart_of, place))
             UPDATE leases t SET user_id = paired.user_id, matched = paired.matched",
        );
        out.push_sql(TAKES);
        out.push_sql(TO_THEM);
        Ok(())
    }
}

impl Claim<'_> {
    fn walk<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match self {
            Claim::One(user_id, only_pool, pool) => {
                out.push_sql("UPDATE leases t SET user_id = ");
                out.push_bind_param::<Text, _>(user_id)?;
                out.push_sql(TAKES);
                out.push_sql(" WHERE number_id = (");
                out.push_sql(FREE_OF);
                out.push_bind_param::<Text, _>(pool)?;
                // The question comes first and once; a join would read and sort all stock before the limit.
                out.push_sql(concat!(for_all!("$2"), " AND (SELECT "));
                out.push_sql(NEWCOMER);
                out.push_sql(" FROM (SELECT $1::text AS user_id, ");
                out.push_bind_param::<Nullable<Text>, _>(only_pool)?;
                out.push_sql(
                    "::text AS only_pool) AS asked) ORDER BY purchased_at, number_id LIMIT 1 FOR UPDATE SKIP LOCKED)",
                );
            }
            Claim::Many(users, pool, matched) => {
                users.walk(&mut out)?;
                out.push_sql(newcomers!("", "", ""));
                out.push_sql(NEWCOMER);
                out.push_sql(
                    "), picked AS (SELECT number_id, row_number() OVER () AS place FROM (SELECT number_id FROM (",
                );
                out.push_sql(FREE_OF);
                out.push_bind_param::<Text, _>(pool)?;
                out.push_sql(for_all!("$3"));
                out.push_sql(OLDEST);
                out.push_sql("oldest LIMIT ");
                out.push_bind_param::<BigInt, _>(&users.most)?;
                out.push_sql(PAIRED);
                out.push_sql(", matched = nullif(");
                out.push_bind_param::<Text, _>(matched)?;
                out.push_sql("::text, '')");
                out.push_sql(TAKES);
                out.push_sql(TO_THEM);
            }
            Claim::Pools(users) | Claim::PoolsAny(users) => {
                users.walk(&mut out)?;
                out.push_sql(", ");
                out.push_bind_param::<Array<Text>, _>(&users.pools)?;
                out.push_sql("::text[] AS pools");
                out.push_sql(newcomers!("pool, ", "pools[position] AS pool, ", "PARTITION BY pool "));
                out.push_sql(NEWCOMER);
                out.push_sql(
                    "), wanted AS MATERIALIZED (SELECT pool, count(*) AS most FROM newcomers GROUP BY pool),
                     picked AS (SELECT w.pool, enough.number_id, row_number() OVER (PARTITION BY w.pool) AS place
                       FROM wanted w CROSS JOIN LATERAL (SELECT number_id FROM (",
                );
                out.push_sql(FREE_OF);
                out.push_sql(concat!("w.pool", for_all!("w.pool")));
                out.push_sql(OLDEST);
                out.push_sql(
                    "oldest LIMIT w.most) AS enough), paired AS (SELECT user_id, number_id FROM newcomers JOIN picked USING (pool, place))
                     UPDATE leases t SET user_id = paired.user_id",
                );
                if matches!(self, Claim::PoolsAny(_)) {
                    out.push_sql(", matched = 'any'");
                }
                out.push_sql(TAKES);
                out.push_sql(TO_THEM);
            }
            Claim::Each(users, each) => each.walk(users, &mut out)?,
            Claim::Ladder(users, pool, near) => {
                users.walk(&mut out)?;
                out.push_sql(newcomers!("", "", ""));
                out.push_sql(NEWCOMER);
                out.push_sql(
                    "), picked AS (SELECT number_id, matched, row_number() OVER () AS place FROM (
                        SELECT found.number_id, rung.matched FROM unnest(",
                );
                out.push_bind_param::<Array<Text>, _>(&near.codes)?;
                out.push_sql("::text[], ");
                out.push_bind_param::<Array<Text>, _>(&near.rungs)?;
                out.push_sql("::text[]) WITH ORDINALITY AS rung (code, matched, position) CROSS JOIN LATERAL (");
                out.push_sql(FREE_OF);
                out.push_bind_param::<Text, _>(pool)?;
                out.push_sql(
                    " AND f.area_code = rung.code AND user_id IS NULL AND ready AND (NOT apart OR coalesce(country = ",
                );
                out.push_bind_param::<Nullable<Text>, _>(&near.country)?;
                out.push_sql(", true)) AND (");
                out.push_bind_param::<Text, _>(near.source)?;
                out.push_sql(
                    "::text = 'emergency' OR NOT EXISTS (SELECT 1 FROM waiters a WHERE a.pool = $5 AND a.expires_at > now()))",
                );
                out.push_sql(OLDEST);
                out.push_sql("found LIMIT ");
                out.push_bind_param::<BigInt, _>(&users.most)?;
                out.push_sql(PAIRED);
                out.push_sql(concat!(
                    ", matched = paired.matched, source = $7::text, assigned_at = clock_timestamp(), ",
                    leased!()
                ));
                out.push_sql(TO_THEM);
            }
        }
        out.push_sql(TAKEN);
        Ok(())
    }
}
