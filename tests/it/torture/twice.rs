//! Each step of the money path run twice: the second time changes nothing.
//!
//! The steps are called as the daemon calls them, over a connection of the daemon's own kind; the whole database is
//! compared before and after the second call.
//! How to get it wrong: comparing what the step answers. The second answer may differ, the state may not.

use std::sync::Arc;
use std::time::Duration;

use callbunker::db::assignments::{assignment_release, assignments_claim};
use callbunker::db::installation::installation_read;
use callbunker::db::purchase_items::{
    Ending, Failure, Limits, RunOf, Settlement, item_doubt, item_end, item_not_found, item_settle, items_attempt,
    items_intend, items_sort_leftovers, items_withdraw,
};
use callbunker::db::purchases::{
    Wish, purchase_end, purchase_open, purchase_start, purchase_yield, purchases_interrupt_stale,
};
use callbunker::db::waiters::{Waiter, waiters_join, waiters_serve, waiters_sweep};
use callbunker::db::{Connection, DatabaseUrl, Db, DbError};
use callbunker::domain::{CountryCode, OrderState, PhoneNumber, PoolPolicy, Trigger, UserId, WebhookStatus};
use callbunker::telemetry::Telemetry;
use serde_json::json;
use twilio_simulator::{Fault, FaultKind, On, ReownMode};
use uuid::Uuid;

use crate::world::{World, eventually};

/// Every table, without what only says when somebody last looked.
const STATE: &str = "SELECT string_agg(line, chr(10)) FROM (
    SELECT 'purchase ' || p::text AS line FROM purchases p
    UNION ALL SELECT 'item ' || i::text FROM purchase_items i
    UNION ALL SELECT 'error ' || e::text FROM purchase_errors e
    UNION ALL SELECT 'number ' || n::text FROM numbers n
    UNION ALL SELECT 'assignment ' || a::text FROM assignments a
    UNION ALL SELECT 'waiter ' || w.user_id || w.instance_id || w.created_at FROM waiters w
    UNION ALL SELECT 'gate ' || g::text FROM buying_gate g ORDER BY 1) AS lines";

/// A ledger without a daemon: the schema, and the door to it.
struct Ledger {
    world: World,
    runtime: tokio::runtime::Runtime,
    db: Db,
}

impl Ledger {
    fn new() -> Self {
        let world = World::new().quiet();
        assert_eq!(world.daemon().stop(), Some(0));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let url = DatabaseUrl::new(&world.database.url().to_owned().into());
        let log = slog::Logger::root(slog::Discard, slog::o!());
        let db = Db::new(url, Duration::from_secs(5), runtime.handle().clone(), Telemetry::new(&[]), log);
        Self { world, runtime, db }
    }

    fn run<T: Send + 'static>(&self, step: impl FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static) -> T {
        self.runtime.block_on(self.db.run_patiently("torture", step)).expect("the step succeeds")
    }

    /// Runs `step` twice: the first time it changes something, the second time nothing.
    #[track_caller]
    fn twice<T: Send + 'static>(
        &self,
        step: impl Fn(&mut Connection) -> Result<T, DbError> + Send + Sync + 'static,
    ) -> (T, T) {
        let step = Arc::new(step);
        let before = self.world.sql(STATE);
        let again = Arc::clone(&step);
        let first = self.run(move |conn| step(conn));
        let once = self.world.sql(STATE);
        assert_ne!(before, once, "the first time does something");
        let second = self.run(move |conn| again(conn));
        assert_eq!(once, self.world.sql(STATE), "the second time does nothing");
        (first, second)
    }

    /// An order of three that runs.
    fn order(&self) -> RunOf {
        let wish = Wish {
            trigger: Trigger::Manual,
            count: 3,
            country: CountryCode::US,
            area_code: None,
            fallback: true,
            override_caps: false,
            requested_by: "test".to_owned(),
        };
        let run_id = Uuid::new_v4();
        let order = self.run(move |conn| purchase_open(conn, &wish, run_id));
        RunOf { order_id: order.id, run_id }
    }

    /// An item of `run` with a committed intent.
    fn intended(&self, run: RunOf, number: &str) -> Uuid {
        let (id, number): (Uuid, PhoneNumber) = (Uuid::now_v7(), number.parse().unwrap());
        let policy = PoolPolicy {
            threshold_low: 0,
            replenishment_batch_size: 10,
            total_min: 0,
            available_max: 50,
            owned_max: 1000,
        };
        let limits = Limits { policy, pool_country: CountryCode::US, per_hour_max: 100, per_day_max: 300 };
        self.run(move |conn| items_intend(conn, run, &[(id, number)], &limits));
        id
    }

    /// An item that is on the wire.
    fn sent(&self, run: RunOf, number: &str) -> Uuid {
        let id = self.intended(run, number);
        self.run(move |conn| items_attempt(conn, run, &[id])).expect("it may be sent");
        id
    }

    fn settlement(&self, number: &str, sid: u32) -> Settlement {
        Settlement {
            sid: format!("PN{sid:032}").parse().unwrap(),
            phone_number: number.parse().unwrap(),
            country: CountryCode::US,
            webhook_status: WebhookStatus::Configured,
            webhooks: self.run(installation_read).webhooks,
            capable: true,
            purchased_at: "2026-01-01T00:00:00Z".parse().unwrap(),
            request_id: None,
        }
    }

    /// A number in the pool.
    fn stocked(&self, run: RunOf, number: &str, sid: u32) {
        let (id, settlement) = (self.sent(run, number), self.settlement(number, sid));
        self.run(move |conn| item_settle(conn, id, &settlement));
    }
}

fn failure(code: &str) -> Failure {
    Failure { code: code.to_owned(), message: code.to_owned(), ..Failure::default() }
}

const ONE: &str = "+14155550101";
const TWO: &str = "+14155550102";
const THREE: &str = "+14155550103";

#[test]
fn an_item_settles_ends_and_is_doubted_as_if_once() {
    let ledger = Ledger::new();
    let run = ledger.order();
    let (bought, ended, doubted) = (ledger.sent(run, ONE), ledger.sent(run, TWO), ledger.sent(run, THREE));
    let settlement = ledger.settlement(ONE, 1);
    assert_eq!(ledger.twice(move |conn| item_settle(conn, bought, &settlement)), (true, false));
    let end = move |conn: &mut Connection| item_end(conn, ended, Some(1), Ending::Taken, &failure("twilio_21422"));
    assert_eq!(ledger.twice(end), (true, false));
    ledger.twice(move |conn| item_doubt(conn, doubted, &failure("outcome_unknown")));
    // What ended stays as it ended, whatever else is said of it.
    let before = ledger.world.sql(STATE);
    for item in [bought, ended] {
        ledger.run(move |conn| item_doubt(conn, item, &failure("late")));
        assert!(!ledger.run(move |conn| item_end(conn, item, None, Ending::NotBought, &failure("late"))));
        ledger.run(move |conn| items_withdraw(conn, &[item]));
        assert!(!ledger.run(move |conn| item_not_found(conn, item, 0.0, 0.0)));
        assert_eq!(ledger.run(move |conn| items_attempt(conn, run, &[item])).unwrap(), Vec::new(), "it is not sent");
    }
    assert_eq!(before, ledger.world.sql(STATE));
}

#[test]
fn intents_are_taken_back_and_given_up_as_if_once() {
    let ledger = Ledger::new();
    let run = ledger.order();
    let (intended, unknown) = (ledger.intended(run, ONE), ledger.sent(run, TWO));
    ledger.twice(move |conn| items_withdraw(conn, &[intended]));
    ledger.run(move |conn| item_doubt(conn, unknown, &failure("outcome_unknown")));
    ledger.run(move |conn| item_not_found(conn, unknown, 0.0, 0.0));
    assert_eq!(ledger.twice(move |conn| item_not_found(conn, unknown, 0.0, 0.0)), (true, false));
}

#[test]
fn an_order_ends_and_yields_and_is_interrupted_as_if_once() {
    let ledger = Ledger::new();
    let RunOf { order_id, run_id } = ledger.order();
    let wait = Duration::from_secs(60);
    assert_eq!(ledger.twice(move |conn| purchase_yield(conn, order_id, run_id, wait)), (true, false));
    let (started, again) = ledger.twice(move |conn| purchase_start(conn, order_id, run_id));
    assert_eq!((started.is_some(), again), (true, None));
    let end = move |conn: &mut Connection| purchase_end(conn, order_id, Some(run_id), OrderState::Done);
    assert_eq!(ledger.twice(end), (true, false));
    ledger.order();
    assert_eq!(ledger.twice(|conn| Ok(purchases_interrupt_stale(conn, None)?.len())), (1, 0));
}

#[test]
fn what_a_run_left_is_sorted_as_if_once() {
    let ledger = Ledger::new();
    let run = ledger.order();
    ledger.intended(run, ONE);
    ledger.sent(run, TWO);
    ledger.stocked(run, THREE, 3);
    let sort = |conn: &mut Connection| Ok((purchases_interrupt_stale(conn, None)?.len(), items_sort_leftovers(conn)?));
    assert_eq!(ledger.twice(sort), ((1, 2), (0, 0)));
    assert_eq!(
        ledger.world.sql("SELECT phone_number, state, doubted FROM purchase_items ORDER BY 1"),
        format!("{ONE}|not_bought|f\n{TWO}|unknown|t\n{THREE}|bought|f")
    );
}

#[test]
fn a_user_is_served_and_released_as_if_once() {
    let ledger = Ledger::new();
    let run = ledger.order();
    ledger.stocked(run, ONE, 1);
    ledger.stocked(run, TWO, 2);
    let (given, again) = ledger.twice(|conn| assignments_claim(conn, &["u-1"]));
    assert_eq!((given.len(), again.len()), (1, 0), "who has a number is no newcomer");
    let user: UserId = "u-1".parse().unwrap();
    let release = move |conn: &mut Connection| assignment_release(conn, &user, Duration::from_secs(3600));
    let (released, again) = ledger.twice(release);
    assert_eq!((released.is_some(), again), (true, None));
    let instance = Uuid::new_v4();
    let waiter = Waiter { user_id: "u-2".parse().unwrap(), country: None, patience: Duration::from_secs(60) };
    ledger.twice(move |conn| waiters_join(conn, instance, std::slice::from_ref(&waiter)));
    let (served, again) = ledger.twice(|conn| waiters_serve(conn, 10));
    assert_eq!((served.len(), again.len()), (1, 0));
    ledger.run(waiters_sweep);
    ledger.world.assert_one_to_one_in_the_database();
}

#[test]
fn signups_and_releases_that_are_repeated_over_http_change_nothing() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(2).ok();
    let first = daemon.assign("u-1").ok();
    let state = world.sql(STATE);
    for _repeat in 0..3 {
        let again = daemon.assign("u-1").ok();
        assert_eq!((&again["phone_number"], &again["replayed"]), (&first["phone_number"], &json!(true)));
    }
    assert_eq!(world.sql(STATE), state);
    daemon.release("u-1").ok();
    let state = world.sql(STATE);
    daemon.release("u-1").problem(404, "not_assigned");
    assert_eq!(world.sql(STATE), state);
    assert_eq!(world.bought(), 2);
}

#[test]
fn a_purchase_that_is_posted_twice_is_one_purchase_whichever_way_twilio_answers_the_second() {
    for mode in [ReownMode::A, ReownMode::B] {
        let world = World::new().quiet().set("twilio.request_timeout_ms", 1000);
        let daemon = world.daemon();
        world.twilio.set_reown_mode(mode);
        // The answer is lost, and for two look-ups the list does not show the number: it is posted again.
        world.twilio.fault(Fault::new(On::Create, FaultKind::CommitThenReset));
        world.twilio.fault(Fault::new(On::Create, FaultKind::Lag).requests(2));
        let order = daemon.purchase(1).ok();
        let path = format!("/admin/phones/api/purchases/{}", order["purchase_id"].as_str().unwrap());
        eventually("it is settled", || daemon.get(&path).ok()["purchased_count"] == 1);
        let truth = world.twilio.truth();
        assert_eq!((truth.purchases.len(), truth.creates.len(), truth.repeats.len()), (1, 2, 1), "{mode:?}");
        assert_eq!(truth.repeats[0].accepted, mode == ReownMode::A);
        assert_eq!(truth.creates[0].parameters, truth.creates[1].parameters, "an update that changes nothing");
        world.assert_truth();
    }
}

#[test]
fn a_recovery_that_runs_again_and_again_settles_once_and_posts_nothing() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Create, FaultKind::CommitThenReset).times(3));
    world.twilio.fault(Fault::new(On::List, FaultKind::Error503).forever());
    assert_eq!(daemon.purchase(3).ok()["errors"][0]["count"], 3);
    daemon.kill9();
    world.twilio.clear_faults();
    let posts = world.twilio.truth().creates.len();
    // Several instances start at once, and again: each recovers first.
    for _turn in 0..3 {
        let daemons = [world.daemon(), world.daemon()];
        world.settle();
        world.assert_truth();
        for daemon in daemons {
            daemon.kill9();
        }
    }
    assert_eq!((world.count("SELECT count(*) FROM numbers"), world.twilio.truth().creates.len()), (3, posts));
}
