//! Two sessions at the same number: whoever comes second sees what the first did, and neither is killed for it.
//!
//! The steps are those of the daemon, over its own kind of connection. The first one waits before it commits until the
//! second one is in line behind it, or is through.
//! How to get it wrong: believing that the second one was late because it slept. PostgreSQL says who waits for a lock.

use std::sync::Arc;
use std::time::Duration;

use callbunker::db::assignments::{
    Asking, Returning, assignment_release, assignments_claim, assignments_held, assignments_restore,
};
use callbunker::db::numbers::{
    Destination, Gone, NewNumber, TagHold, number_hold_tag_conflict, number_let_go, number_mark_drifted, number_return,
    number_take_in_found, number_tell_type, number_unconfirmed, numbers_mark_missing, pool_set_webhooks,
    pools_say_kinds,
};
use callbunker::db::pools::{PoolWanted, pool_wanted};
use callbunker::db::{Connection, DatabaseUrl, Db, DbError};
use callbunker::domain::{CountryCode, Kind, NumberType, PoolName, UserId, WebhookStatus, Webhooks};
use callbunker::telemetry::Telemetry;
use diesel::{Connection as _, RunQueryDsl as _, sql_query};

use crate::world::session::Session;
use crate::world::{World, eventually};

/// A number in the pool, ready; the door to its database.
struct Pair {
    world: World,
    runtime: tokio::runtime::Runtime,
    db: Arc<Db>,
    number: i64,
    wanted: PoolWanted,
}

const IN_LINE: &str =
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

impl Pair {
    fn new() -> Self {
        let world = World::new().quiet();
        let daemon = world.daemon();
        daemon.purchase(7).ok();
        assert_eq!(daemon.stop(), Some(0));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let url = DatabaseUrl::new(&world.database.owner_url().to_owned().into());
        let log = slog::Logger::root(slog::Discard, slog::o!());
        let db = Arc::new(Db::new(url, Duration::from_secs(30), runtime.handle().clone(), Telemetry::new(&[]), log));
        let number = world.count("SELECT number_id FROM leases ORDER BY purchased_at, number_id LIMIT 1");
        let read = |conn: &mut Connection| pool_wanted(conn, &PoolName::default_pool());
        let wanted = runtime.block_on(db.run_patiently("race", read)).expect("what the pool wants");
        Self { world, runtime, db, number, wanted }
    }

    fn run<T: Send + 'static>(&self, step: impl FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static) -> T {
        self.runtime.block_on(self.db.run_patiently("race", step)).expect("the step succeeds")
    }

    /// Both steps at once: `first` commits when `second` waits for it, or, if `waits` is false, when that one is through.
    fn race<A: Send + 'static, B: Send + 'static>(
        &self,
        first: impl FnOnce(&mut Connection) -> Result<A, DbError> + Send + 'static,
        second: impl FnOnce(&mut Connection) -> Result<B, DbError> + Send + 'static,
        waits: bool,
    ) -> (A, B) {
        let gate = Session::open(&self.world, "SELECT pg_advisory_lock(4711)");
        let (db, other) = (Arc::clone(&self.db), Arc::clone(&self.db));
        let first = self.runtime.spawn(async move {
            let step = move |conn: &mut Connection| {
                conn.transaction::<_, DbError, _>(|conn| {
                    let done = first(conn)?;
                    sql_query("SELECT pg_advisory_xact_lock(4711)").execute(conn)?;
                    Ok(done)
                })
            };
            db.run_patiently("race_first", step).await
        });
        eventually("the first one has done it", || self.world.count(IN_LINE) == 1);
        let second = self.runtime.spawn(async move { other.run_patiently("race_second", second).await });
        if waits {
            eventually("the second one waits", || self.world.count(IN_LINE) == 2);
        } else {
            eventually("the second one is through", || second.is_finished());
        }
        drop(gate);
        let first = self.runtime.block_on(first).expect("no panic").expect("the first one is not killed");
        (first, self.runtime.block_on(second).expect("no panic").expect("the second one is not killed"))
    }

    /// The number's places and its user: `status|reason|webhook_status|user`.
    fn stands(&self) -> String {
        self.world.sql(&format!(
            "SELECT n.status, coalesce(n.quarantine_reason, ''), n.webhook_status, coalesce(l.user_id, coalesce(n.rests_for, ''))
               FROM numbers n LEFT JOIN leases l ON l.number_id = n.id WHERE n.id = {}",
            self.number
        ))
    }

    /// Everything agrees, whoever was first.
    fn agrees(&self) {
        assert_eq!(
            self.world.count(
                "SELECT count(*) FROM numbers n FULL JOIN leases l ON l.number_id = n.id
                  WHERE (n.status = 'active') <> (l.number_id IS NOT NULL) OR (l.user_id IS NULL AND l.ready <> n.ready)"
            ),
            0
        );
    }
}

fn user(name: &str) -> UserId {
    name.parse().expect("a user")
}

fn claims(name: &'static str) -> impl FnOnce(&mut Connection) -> Result<usize, DbError> + Send + 'static {
    move |conn| {
        let pool = PoolName::default_pool();
        Ok(assignments_claim(conn, &[Asking { user_id: name, pool: &pool, only_pool: false }])?.len())
    }
}

fn restores(name: &'static str) -> impl FnOnce(&mut Connection) -> Result<usize, DbError> + Send + 'static {
    move |conn| Ok(assignments_restore(conn, &[Returning { user_id: name, wish: None, only_pool: None }])?.len())
}

fn releases(name: &'static str) -> impl FnOnce(&mut Connection) -> Result<bool, DbError> + Send + 'static {
    move |conn| Ok(assignment_release(conn, &user(name), |_| Duration::from_secs(3600))?.is_some())
}

#[test]
fn a_number_that_drifts_or_goes_missing_while_it_is_handed_out_is_its_new_users() {
    let pair = Pair::new();
    let (id, wanted) = (pair.number, pair.wanted.clone());
    let (claimed, marked) = pair.race(claims("u-1"), move |conn| number_mark_drifted(conn, id, &wanted), true);
    assert_eq!((claimed, marked.and_then(|stood| stood.user_id).as_deref()), (1, Some("u-1")));
    assert_eq!(pair.stands(), "active||drifted|u-1");
    pair.agrees();

    let pair = Pair::new();
    let id = pair.number;
    let (claimed, missing) = pair.race(claims("u-1"), move |conn| numbers_mark_missing(conn, &[id]), true);
    assert_eq!((claimed, missing.len(), missing[0].user_id.as_deref()), (1, 1, Some("u-1")));
    pair.agrees();
}

#[test]
fn a_number_that_drifts_or_goes_missing_first_is_passed_by() {
    let pair = Pair::new();
    let (id, wanted) = (pair.number, pair.wanted.clone());
    let (marked, claimed) = pair.race(move |conn| number_mark_drifted(conn, id, &wanted), claims("u-1"), false);
    assert_eq!((marked.map(|stood| stood.user_id), claimed), (Some(None), 1));
    assert_eq!(pair.stands(), "active||drifted|");
    let (id, other) =
        (pair.world.count("SELECT min(number_id) FROM leases WHERE user_id IS NULL AND ready"), pair.number);
    let (missing, claimed) = pair.race(move |conn| numbers_mark_missing(conn, &[id, other]), claims("u-2"), false);
    assert_eq!((missing.len(), claimed), (2, 1));
    assert_eq!(
        pair.world
            .count(&format!("SELECT count(*) FROM leases WHERE number_id IN ({id}, {other}) AND user_id IS NULL")),
        2
    );
    pair.agrees();
}

#[test]
fn a_hold_and_a_signup_are_never_both_served() {
    let pair = Pair::new();
    let id = pair.number;
    let (claimed, held) = pair.race(claims("u-1"), move |conn| number_hold_tag_conflict(conn, id, false), true);
    assert_eq!((claimed, held), (1, TagHold::NotIdle));
    assert_eq!(pair.stands(), "active||configured|u-1");
    pair.agrees();

    let pair = Pair::new();
    let id = pair.number;
    let (held, claimed) = pair.race(move |conn| number_hold_tag_conflict(conn, id, false), claims("u-1"), false);
    assert_eq!((held, claimed), (TagHold::OnHold, 1));
    assert_eq!(pair.stands(), "quarantined|tag_conflict|configured|");
    pair.agrees();
}

#[test]
fn a_hold_and_a_farewell_lock_in_one_order() {
    for hold_first in [true, false] {
        let pair = Pair::new();
        let id = pair.number;
        let hold = move |conn: &mut Connection| number_hold_tag_conflict(conn, id, false);
        let let_go = move |conn: &mut Connection| number_let_go(conn, id, Gone::Replaced);
        if hold_first {
            assert_eq!(pair.race(hold, let_go, true), (TagHold::OnHold, true));
        } else {
            assert_eq!(pair.race(let_go, hold, true), (true, TagHold::NotIdle));
        }
        assert!(pair.stands().starts_with("released||"), "{}", pair.stands());
        pair.agrees();
    }
}

#[test]
fn what_is_confirmed_no_more_and_what_goes_back_to_its_user_wait_for_each_other() {
    for restore_first in [true, false] {
        let pair = Pair::new();
        assert_eq!(pair.run(claims("u-1")), 1);
        assert!(pair.run(releases("u-1")));
        let id = pair.number;
        let unconfirm = move |conn: &mut Connection| number_unconfirmed(conn, id);
        if restore_first {
            assert_eq!(pair.race(restores("u-1"), unconfirm, true).0, 1);
            assert_eq!(pair.stands(), "active||pending|u-1");
        } else {
            assert_eq!(pair.race(unconfirm, restores("u-1"), true).1, 0);
            assert_eq!(pair.stands(), "quarantined|released|pending|u-1");
        }
        pair.agrees();
    }
}

#[test]
fn a_release_and_a_return_to_the_same_user_come_one_after_the_other() {
    let pair = Pair::new();
    assert_eq!(pair.run(claims("u-1")), 1);
    // What is not over yet is not seen, as if one had come before the other.
    assert_eq!(pair.race(releases("u-1"), restores("u-1"), false), (true, 0));
    assert_eq!(pair.stands(), "quarantined|released|configured|u-1");
    assert_eq!(pair.race(restores("u-1"), releases("u-1"), false), (1, false));
    assert_eq!(pair.stands(), "active||configured|u-1");
    assert_eq!(pair.run(|conn| assignments_held(conn, &["u-1"])).len(), 1);
    assert_eq!(pair.world.count("SELECT count(*) FROM past_assignments WHERE user_id = 'u-1'"), 1);
    // Two releases: one of them ends it.
    assert_eq!(pair.race(releases("u-1"), releases("u-1"), true), (true, false));
    pair.agrees();
}

#[test]
fn a_number_whose_rest_is_over_goes_into_stock_or_back_and_never_both() {
    for restore_first in [true, false] {
        let pair = Pair::new();
        assert_eq!(pair.run(claims("u-1")), 1);
        assert!(pair.run(releases("u-1")));
        pair.world.sql("UPDATE numbers SET quarantined_until = now() - interval '1 hour' WHERE rests_for = 'u-1'");
        let (id, wanted) = (pair.number, pair.wanted.clone());
        let returns = move |conn: &mut Connection| number_return(conn, id, &wanted);
        if restore_first {
            assert_eq!(pair.race(restores("u-1"), returns, true), (1, false));
            assert_eq!(pair.stands(), "active||configured|u-1");
        } else {
            assert_eq!(pair.race(returns, restores("u-1"), true), (true, 0));
            assert_eq!(pair.stands(), "active||configured|");
        }
        pair.agrees();
    }
}

#[test]
fn a_number_that_comes_in_while_its_pool_becomes_another_kind_is_judged_by_what_it_becomes() {
    let pair = Pair::new();
    let ca = || Kind { country: "CA".parse().expect("a country"), number_type: NumberType::Local };
    let becomes_canadian =
        move |conn: &mut Connection| Ok(pools_say_kinds(conn, &[(PoolName::default_pool(), ca())])?.len());
    let newcomer = NewNumber {
        sid: format!("PN{:032}", 7).parse().expect("a SID"),
        phone_number: "+19075550100".parse().expect("a number"),
        country: CountryCode::US,
        capable: true,
        webhook_status: WebhookStatus::Configured,
        compared_with: None,
        purchased_at: "2026-01-01T00:00:00Z".parse().expect("a time"),
        pool: PoolName::default_pool(),
        number_type: NumberType::Local,
    };
    let comes_in = move |conn: &mut Connection| number_take_in_found(conn, &newcomer, &Destination::Pool);
    assert_eq!(pair.race(becomes_canadian, comes_in, true), (1, true));
    let apart = |id: &str| pair.world.sql(&format!("SELECT apart FROM numbers WHERE {id}"));
    assert_eq!(apart("phone_number = '+19075550100'"), "t");
    // The same of one whose type Twilio tells at that moment.
    let us = Kind { country: CountryCode::US, number_type: NumberType::Mobile };
    let becomes_mobile =
        move |conn: &mut Connection| Ok(pools_say_kinds(conn, &[(PoolName::default_pool(), us)])?.len());
    let id = pair.number;
    assert_eq!(pair.world.sql("UPDATE numbers SET apart = true; SELECT 1"), "1");
    let is_mobile = move |conn: &mut Connection| number_tell_type(conn, id, NumberType::Mobile);
    assert_eq!(pair.race(becomes_mobile, is_mobile, true), (1, true));
    assert_eq!(apart(&format!("id = {id}")), "f");
}

#[test]
fn what_comes_back_to_its_user_while_its_pool_wants_other_webhooks_is_to_be_confirmed() {
    let pair = Pair::new();
    assert_eq!(pair.run(claims("u-1")), 1);
    assert!(pair.run(releases("u-1")));
    let wanted = PoolWanted {
        webhooks: Webhooks { sms_url: "https://moved.example.com/sms".to_owned(), ..pair.wanted.webhooks.clone() },
        ..pair.wanted.clone()
    };
    // Most of what is owned is not told yet.
    pair.run(move |conn| pool_set_webhooks(conn, &wanted));
    assert_eq!(pair.stands(), "quarantined|released|configured|u-1");
    assert_eq!(pair.run(restores("u-1")), 1, "it is their own");
    assert_eq!(pair.stands(), "active||pending|u-1");
    pair.agrees();
}
