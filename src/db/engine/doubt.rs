//! What a statement's error means when its words say nothing: the session that had it is asked.
//!
//! Invariants: PostgreSQL's language decides nothing; a state of the server is never told as a mistake of ours. What is
//! asked here is asked over the same session, under the same deadline, and only after an error that nobody understands.
//! How to get it wrong: taking a trial write that fails for want of room where the table itself cannot be written.

use diesel::prelude::*;
use diesel::r2d2::R2D2Connection as _;
use diesel::sql_query;
use diesel::sql_types::Bool;

use super::connection::Connection;
use super::error::{DbError, first_line};
use super::room::room_try;

#[derive(QueryableByName)]
struct State {
    #[diesel(sql_type = Bool)]
    in_recovery: bool,
    #[diesel(sql_type = Bool)]
    may_try: bool,
}

/// The error of a statement that this session just had, as a decision; for whoever keeps an error from the door.
pub(crate) fn understood(conn: &mut Connection, error: DbError) -> DbError {
    let DbError::Statement { name, source } = error else { return error };
    let words = first_line(&source.to_string());
    let error = DbError::Statement { name, source };
    if !error.is_riddle() {
        // Diesel does not tell a shutdown of the server from a mistake of ours; a ping does.
        return if conn.ping().is_err() { DbError::Unavailable(words) } else { error };
    }
    by_the_server(conn, words).unwrap_or(error)
}

/// What the server's state makes of an error with these words; `None` when it is none of the server's.
pub(super) fn by_the_server(conn: &mut Connection, words: String) -> Option<DbError> {
    // Who lacks the table, or the right to write it, has no trial write to learn from; nor has a migration that comes before
    // the one that made the table what it is.
    let state: Result<State, _> = sql_query(
        "SELECT pg_is_in_recovery() AS in_recovery,
                coalesce(has_table_privilege(to_regclass('callbunker.waiters'), 'INSERT'), false)
                AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('callbunker.waiters') AND attname = 'pool') AS may_try",
    )
    .get_result(conn);
    match state {
        // A standby takes no writes, whatever the statement was.
        Err(_) | Ok(State { in_recovery: true, .. }) => Some(DbError::Unavailable(words)),
        Ok(State { may_try: false, .. }) => None,
        Ok(State { may_try: true, .. }) => match room_try(conn) {
            // What stands in the way of the trial stands in the statement's.
            Err(error @ (DbError::NoRoom(_) | DbError::Unavailable(_))) => Some(error),
            Err(error) if error.is_riddle() => Some(DbError::NoRoom(words)),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use diesel::connection::SimpleConnection as _;
    use diesel::{Connection as _, PgConnection};
    use postgres_fixture::{Cluster, ClusterOptions};
    use secrecy::SecretString;

    use super::*;
    use crate::db::engine::error::is_time_limit;
    use crate::db::{DatabaseUrl, migrate};

    fn session(cluster: &Cluster, database: &str) -> PgConnection {
        let mut session = PgConnection::establish(&cluster.url(database)).expect("a session");
        session.batch_execute("SET search_path = callbunker").expect("its path");
        session
    }

    /// What becomes of the error of a statement.
    fn told(session: &mut PgConnection, sql: &str) -> DbError {
        let error = sql_query(sql).execute(session).expect_err(sql);
        understood(session, DbError::from(error))
    }

    #[test]
    fn a_server_that_speaks_german_is_understood() {
        let german = ClusterOptions { language: Some("de".to_owned()), ..ClusterOptions::default() };
        let primary = Cluster::start(german).expect("PostgreSQL");
        let database = primary.create_database().expect("a database");
        migrate(&DatabaseUrl::new(&SecretString::from(database.url())), |_| {}).expect("the schema");
        let (mut one, mut two) = (session(&primary, database.name()), session(&primary, database.name()));

        let mistake = told(&mut one, "SELECT 1 / 0");
        assert!(matches!(mistake, DbError::Statement { .. }), "{mistake:?}");

        two.batch_execute("BEGIN; LOCK TABLE numbers").expect("a lock");
        one.batch_execute("SET lock_timeout = '20ms'").expect("a limit");
        let late = told(&mut one, "SELECT FROM numbers");
        assert!(matches!(&late, DbError::Unavailable(why) if is_time_limit(why)), "{late:?}");
        two.batch_execute("ROLLBACK; SET statement_timeout = '20ms'").expect("a limit");
        let late = told(&mut two, "SELECT pg_sleep(60)");
        assert!(matches!(&late, DbError::Unavailable(why) if is_time_limit(why)), "{late:?}");

        two.batch_execute("RESET statement_timeout; BEGIN; LOCK TABLE audit").expect("a lock");
        one.batch_execute("RESET lock_timeout; BEGIN; LOCK TABLE numbers").expect("a lock");
        let second = thread::spawn(move || {
            two.batch_execute("SET deadlock_timeout = '1h'; LOCK TABLE numbers").map_err(DbError::from)
        });
        thread::sleep(Duration::from_millis(100));
        let sent_off = told(&mut one, "LOCK TABLE audit");
        assert!(matches!(sent_off, DbError::Collided(_)), "{sent_off:?}");
        one.batch_execute("ROLLBACK").expect("the end");
        second.join().expect("no panic").expect("it has its lock");

        let standby = primary.standby().expect("a standby");
        let mut third = session(&standby, database.name());
        for statement in ["SELECT FROM waiters", "UPDATE numbers SET version = 1", "SELECT FROM nothing"] {
            let away = told(&mut third, statement);
            assert!(matches!(away, DbError::Unavailable(_)), "{statement}: {away:?}");
        }
    }

    #[test]
    fn want_of_room_is_found_out_by_a_trial_whatever_the_words_are() {
        let cluster = Cluster::shared();
        let database = cluster.create_database().expect("a database");
        migrate(&DatabaseUrl::new(&SecretString::from(database.url())), |_| {}).expect("the schema");
        let mut one = session(cluster, database.name());
        let full = |sqlstate: &str, table: &str| {
            format!(
                "CREATE OR REPLACE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN RAISE EXCEPTION 'Auf dem Gerät ist kein Speicherplatz mehr verfügbar'
                       USING ERRCODE = '{sqlstate}'; END $$;
                 CREATE TRIGGER fails BEFORE INSERT ON {table} FOR EACH STATEMENT EXECUTE FUNCTION public.fail()"
            )
        };
        let insert = "INSERT INTO audit DEFAULT VALUES";
        one.batch_execute(&full("53100", "audit")).expect("a trigger");
        let mistake = told(&mut one, insert);
        assert!(matches!(mistake, DbError::Statement { .. }), "another table grows: {mistake:?}");
        one.batch_execute(&full("53100", "waiters")).expect("a trigger");
        let lacking = told(&mut one, insert);
        assert!(matches!(lacking, DbError::NoRoom(_)), "{lacking:?}");
        one.batch_execute("CREATE ROLE reader; GRANT USAGE ON SCHEMA callbunker TO reader; SET ROLE reader")
            .expect("a role");
        let refused = told(&mut one, insert);
        assert!(matches!(refused, DbError::Statement { .. }), "it may not write at all: {refused:?}");
        one.batch_execute("RESET ROLE; DROP OWNED BY reader; DROP ROLE reader").expect("it goes");
    }

    #[test]
    fn a_mistake_is_no_want_of_room_where_the_trial_cannot_be_made_yet() {
        let cluster = Cluster::shared();
        let database = cluster.create_database().expect("a database");
        migrate(&DatabaseUrl::new(&SecretString::from(database.url())), |_| {}).expect("the schema");
        let mut one = session(cluster, database.name());
        // As it was before there were pools.
        one.batch_execute("ALTER TABLE waiters RENAME COLUMN pool TO former").expect("another schema");
        let mistake = told(&mut one, "SELECT nothing FROM audit");
        assert!(matches!(mistake, DbError::Statement { .. }), "{mistake:?}");
    }

    #[test]
    fn a_trial_fails_for_want_of_room_although_its_table_has_room_inside() {
        let cluster = Cluster::shared();
        let database = cluster.create_database().expect("a database");
        migrate(&DatabaseUrl::new(&SecretString::from(database.url())), |_| {}).expect("the schema");
        let mut one = session(cluster, database.name());
        one.batch_execute(
            "INSERT INTO waiters (user_id, instance_id, expires_at)
             SELECT repeat('x', 1200) || n, gen_random_uuid(), now() FROM generate_series(1, 500) AS n;
             DELETE FROM waiters WHERE user_id NOT LIKE '%x500'",
        )
        .expect("a long line, long ago");
        one.batch_execute("VACUUM (TRUNCATE false) waiters").expect("its room is free");
        one.batch_execute(
            "CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'Auf dem Gerät ist kein Speicherplatz mehr verfügbar'
                   USING ERRCODE = '53100'; END $$;
             CREATE TRIGGER fails BEFORE INSERT ON audit FOR EACH STATEMENT EXECUTE FUNCTION public.fail();
             CREATE TABLE public.size AS SELECT pg_relation_size('waiters') AS size;
             CREATE FUNCTION public.fail_grown() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN IF pg_relation_size('waiters') > (SELECT size FROM public.size) THEN
                   RAISE EXCEPTION 'Auf dem Gerät ist kein Speicherplatz mehr verfügbar' USING ERRCODE = '53100'; END IF;
                   RETURN NULL; END $$;
             CREATE TRIGGER fails AFTER INSERT ON waiters FOR EACH STATEMENT EXECUTE FUNCTION public.fail_grown()",
        )
        .expect("a full disk");
        sql_query("INSERT INTO waiters (user_id, instance_id, expires_at) VALUES ('u', gen_random_uuid(), now())")
            .execute(&mut one)
            .expect("there is room inside");
        let lacking = told(&mut one, "INSERT INTO audit DEFAULT VALUES");
        assert!(matches!(lacking, DbError::NoRoom(_)), "{lacking:?}");
    }
}
