//! Statements that are prepared once per connection.
//!
//! Diesel never caches `sql_query`: each time, PostgreSQL reads and plans its text anew, which takes longer than most
//! look-ups themselves. What a signup, a look-up or a release asks is therefore a type of its own, with its text and its binds
//! in `QueryFragment`.
//!
//! Invariant: the text of such a type is the same for every value of it, because the type is its name in the cache.
//! How to get it wrong: a piece of text that depends on a value. The first value's text would be run for all others; a
//! statement with two forms is two types.

/// `prepared!(Name<'a>, Columns)`: diesel prepares `Name` once per connection and reads its rows as `Columns`.
macro_rules! prepared {
    ($name:ident, $columns:ty) => {
        impl diesel::query_builder::QueryId for $name<'_> {
            type QueryId = $name<'static>;
            const HAS_STATIC_QUERY_ID: bool = true;
        }
        impl diesel::query_builder::Query for $name<'_> {
            type SqlType = $columns;
        }
        impl diesel::RunQueryDsl<crate::db::engine::connection::Connection> for $name<'_> {}
    };
}
pub(in crate::db) use prepared;
