//! Orders, their items, what a run left, and signups.

use std::time::Duration;

use callbunker::db::assignments::{Asking, Assignment, assignment_release, assignments_claim};
use callbunker::db::pool_halts::{
    Keys, PoolRefused, pool_halt, pool_halt_read, pool_halts_clear_of_others, pool_resume,
};
use callbunker::db::purchases::items::{
    Ending, Intent, Limits, Pace, RunOf, item_doubt, item_end, item_not_ours, item_settle, items_attempt, items_intend,
    items_pace, items_sort_leftovers, items_withdraw,
};
use callbunker::db::purchases::{
    Cancel, Wish, purchase_cancel, purchase_end, purchase_open, purchase_start, purchase_yield,
    purchases_interrupt_stale,
};
use callbunker::db::stock::{Care, levels_glance, stock_read, stock_read_for_buying};
use callbunker::db::waiters::{Waiter, waiters_join, waiters_serve, waiters_sweep};
use callbunker::db::{Connection, Constraint, DbError};
use callbunker::domain::{CapLimits, OrderState, PhoneNumber, PoolName, PoolPolicy, Trigger, UserId, Why};
use uuid::Uuid;

use super::{Ledger, ONE, STATE, THREE, TWO, caps, failure, keys, pool, wish};

fn claim(conn: &mut Connection, user_id: &str) -> Result<Vec<Assignment>, DbError> {
    assignments_claim(conn, &[Asking { user_id, pool: &PoolName::default_pool(), only_pool: false }])
}

/// Who waits for a minute, for whatever the default pool gets.
fn waiter(user: &str) -> Waiter {
    Waiter {
        user_id: user.parse().unwrap(),
        pool: PoolName::default_pool(),
        wish: None,
        only_pool: false,
        patience: Duration::from_secs(60),
    }
}

const POLICY: PoolPolicy =
    PoolPolicy { threshold_low: 2, replenishment_batch_size: 2, total_min: 4, available_max: 9, owned_max: 20 };

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
        assert!(!ledger.run(move |conn| item_not_ours(conn, item, 0.0, 0.0, Ending::NotBought, None)));
        assert_eq!(
            ledger.run(move |conn| items_attempt(conn, run, &[item], &keys())).unwrap(),
            Vec::new(),
            "it is not sent"
        );
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
    ledger.run(move |conn| item_not_ours(conn, unknown, 0.0, 0.0, Ending::Taken, Some(&failure("elsewhere"))));
    assert_eq!(
        ledger.twice(move |conn| item_not_ours(conn, unknown, 0.0, 0.0, Ending::Taken, Some(&failure("elsewhere")))),
        (true, false)
    );
}

#[test]
fn one_create_at_a_time_is_one_over_all_orders_of_a_run() {
    let ledger = Ledger::new();
    let (run_id, policy) = (Uuid::new_v4(), pool());
    ledger.name(run_id);
    let open = |trigger: Trigger| {
        let wish = Wish { trigger, count: 10, ..wish() };
        let order = ledger.run(move |conn| purchase_open(conn, &wish, run_id));
        RunOf { order_id: order.id, run_id }
    };
    let waiting = ["u-1", "u-2", "u-3"].map(waiter);
    ledger.run(move |conn| waiters_join(conn, Uuid::new_v4(), &waiting));
    let (batch, line) = (open(Trigger::Cron), open(Trigger::Emergency));
    // The latest five brought nothing, the last of them a while ago.
    for n in 0..5 {
        let id = ledger.sent(batch, &format!("+1415555020{n}"));
        ledger.run(move |conn| item_doubt(conn, id, &failure("outcome_unknown")));
    }
    let ago = "interval '10 seconds'";
    ledger.world.sql(&format!(
        "UPDATE purchase_items SET first_sent_at = first_sent_at - {ago}, last_sent_at = last_sent_at - {ago}"
    ));
    let intend = |run: RunOf, numbers: &[&str]| {
        let limits = Limits { keys: keys(), policy, caps: caps(), care: Care::Comes };
        let wanted: Vec<_> = numbers.iter().map(|number| (Uuid::now_v7(), number.parse().unwrap())).collect();
        ledger.run(move |conn| items_intend(conn, run, &wanted, &limits))
    };
    assert_eq!(intend(batch, &[ONE, TWO]), [Intent::Written, Intent::Paced]);
    assert_eq!(intend(line, &[THREE]), [Intent::Paced], "the other order's is about to be sent");
    ledger
        .world
        .sql("UPDATE purchase_items SET intended_at = intended_at - interval '6 seconds' WHERE state = 'intended'");
    assert_eq!(intend(line, &[THREE]), [Intent::Written], "a while later it is its turn");
}

#[test]
fn a_clock_that_was_set_back_keeps_no_item_open_until_it_has_caught_up() {
    let ledger = Ledger::new();
    let run = ledger.order();
    let unknown = ledger.sent(run, ONE);
    ledger.run(move |conn| item_doubt(conn, unknown, &failure("outcome_unknown")));
    ledger.world.sql(
        "UPDATE purchase_items SET intended_at = intended_at + interval '1 hour', first_sent_at = first_sent_at + interval '1 hour',
                last_sent_at = last_sent_at + interval '1 hour', last_lookup_at = now() + interval '1 hour'",
    );
    let look = || ledger.run(move |conn| item_not_ours(conn, unknown, 0.05, 0.0, Ending::NotBought, None));
    let looks = [look(), look(), look()];
    assert!(!looks[0] && !looks[1], "the time and the looks count from now: {looks:?}");
    std::thread::sleep(Duration::from_millis(100));
    assert!(looks[2] || look());
}

#[test]
fn a_number_that_was_bought_before_the_clock_was_set_back_forgives_nothing_that_came_after() {
    let ledger = Ledger::new();
    let run_id = Uuid::new_v4();
    ledger.name(run_id);
    let order = ledger.run(move |conn| purchase_open(conn, &Wish { count: 20, ..wish() }, run_id));
    let run = RunOf { order_id: order.id, run_id };
    let doubts = |from: usize| {
        for n in from..from + 5 {
            let id = ledger.sent(run, &format!("+141555502{n:02}"));
            ledger.run(move |conn| item_doubt(conn, id, &failure("outcome_unknown")));
        }
    };
    let pace = || ledger.run(|conn| items_pace(conn, &PoolName::default_pool()));
    doubts(0);
    assert_eq!(pace(), Pace::Wait);
    ledger.stocked(run, ONE, 1);
    assert_eq!(pace(), Pace::Free, "forgiven");
    ledger.world.sql(
        "UPDATE purchase_items SET intended_at = intended_at + interval '1 hour', first_sent_at = first_sent_at + interval '1 hour',
                last_sent_at = last_sent_at + interval '1 hour', ended_at = ended_at + interval '1 hour'",
    );
    assert_eq!(pace(), Pace::Free, "still forgiven");
    doubts(5);
    assert_eq!(pace(), Pace::Wait, "these came after it");
    ledger.stocked(run, TWO, 2);
    assert_eq!(pace(), Pace::Free, "and this one forgives them");
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
    assert_eq!(ledger.twice(end), (Some(OrderState::Done), None));
    ledger.order();
    let next = Uuid::new_v4();
    ledger.name(next);
    assert_eq!(ledger.twice(move |conn| Ok(purchases_interrupt_stale(conn, next, None)?.len())), (1, 0));
}

#[test]
fn an_order_is_cancelled_as_if_once_and_ends_as_stopped_whoever_ends_it() {
    let ledger = Ledger::new();
    let cancel = |id: Uuid| ledger.twice(move |conn: &mut Connection| purchase_cancel(conn, id, "dana"));
    let RunOf { order_id, run_id } = ledger.order();
    let (first, again) = cancel(order_id);
    let (Some(Cancel::Ends(order)), Some(Cancel::Over(same))) = (first, again) else { panic!("it runs") };
    assert_eq!(order, same);
    let wait = Duration::from_secs(60);
    assert!(!ledger.run(move |conn| purchase_yield(conn, order_id, run_id, wait)), "it waits for nothing");
    let end = move |conn: &mut Connection| purchase_end(conn, order_id, Some(run_id), OrderState::Interrupted);
    assert_eq!(ledger.twice(end), (Some(OrderState::Stopped), None));
    let interrupted = ledger.order();
    cancel(interrupted.order_id);
    let next = Uuid::new_v4();
    ledger.name(next);
    let sorted = ledger.run(move |conn| purchases_interrupt_stale(conn, next, None));
    assert_eq!(sorted.into_iter().map(|(_, _, state)| state).collect::<Vec<_>>(), [OrderState::Stopped]);
    let waits = ledger.order();
    let yielded = move |conn: &mut Connection| purchase_yield(conn, waits.order_id, waits.run_id, wait);
    assert!(ledger.run(yielded));
    assert!(matches!(cancel(waits.order_id), (Some(Cancel::Ended(_)), Some(Cancel::Over(_)))));
    let told = "SELECT code, message FROM purchase_errors GROUP BY 1, 2";
    assert_eq!(
        ledger.world.sql(told),
        "cancelled|cancelled by dana; what Twilio had not been asked for is not bought, and a new order needs a new Idempotency-Key"
    );
    assert_eq!(ledger.run(|conn| purchase_cancel(conn, Uuid::new_v4(), "dana")), None);
}

#[test]
fn a_run_that_was_overtaken_before_it_sorted_ends_nobodys_order() {
    let ledger = Ledger::new();
    let (overtaken, running) = (Uuid::new_v4(), ledger.order());
    let before = ledger.world.sql(STATE);
    let refused = ledger.run(move |conn| {
        let sorted = purchases_interrupt_stale(conn, overtaken, None);
        Ok(sorted.is_err_and(|error| error.violates(Constraint::OneRunningOrder)))
    });
    assert_eq!((refused, ledger.world.sql(STATE)), (true, before));
    let RunOf { order_id, run_id } = running;
    let ended = ledger.run(move |conn| purchase_end(conn, order_id, Some(run_id), OrderState::Done));
    assert_eq!(ended, Some(OrderState::Done), "it runs on");
}

#[test]
fn what_a_run_left_is_sorted_as_if_once() {
    let ledger = Ledger::new();
    let run = ledger.order();
    ledger.intended(run, ONE);
    ledger.sent(run, TWO);
    ledger.stocked(run, THREE, 3);
    let next = Uuid::new_v4();
    ledger.name(next);
    let sort = move |conn: &mut Connection| {
        Ok((purchases_interrupt_stale(conn, next, None)?.len(), items_sort_leftovers(conn)?))
    };
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
    let (given, again) = ledger.twice(|conn| claim(conn, "u-1"));
    assert_eq!((given.len(), again.len()), (1, 0), "who has a number is no newcomer");
    let user: UserId = "u-1".parse().unwrap();
    let release = move |conn: &mut Connection| assignment_release(conn, &user, |_| Duration::from_secs(3600));
    let (released, again) = ledger.twice(release);
    assert_eq!((released.is_some(), again), (true, None));
    let instance = Uuid::new_v4();
    let waiter = waiter("u-2");
    ledger.twice(move |conn| waiters_join(conn, instance, std::slice::from_ref(&waiter)));
    let (served, again) = ledger.twice(|conn| waiters_serve(conn, 10));
    assert_eq!((served.len(), again.len()), (1, 0));
    ledger.run(waiters_sweep);
    ledger.world.assert_one_to_one_in_the_database();
}

#[test]
fn a_number_whose_rest_is_over_comes_for_those_in_line_only_if_it_can_serve_them() {
    let ledger = Ledger::new();
    let run = ledger.order();
    ledger.stocked(run, ONE, 1);
    ledger.world.sql(
        "UPDATE numbers SET status = 'quarantined', quarantine_reason = 'released', quarantined_until = clock_timestamp()",
    );
    let instance = Uuid::new_v4();
    let waiter = waiter("u-1");
    ledger.run(move |conn| waiters_join(conn, instance, std::slice::from_ref(&waiter)));
    for (is, unserved) in [
        ("capable = true, webhook_status = 'configured'", 0),
        ("capable = true, webhook_status = 'drifted'", 0),
        ("capable = false, webhook_status = 'configured'", 1),
        ("capable = true, webhook_status = 'failed'", 1),
    ] {
        ledger.world.sql(&format!("UPDATE numbers SET {is}"));
        let stock = ledger.run(stock_read).stock;
        assert_eq!((stock.unserved, stock.due), (unserved, 1 - unserved), "{is}");
        let levels = ledger.run(|conn| levels_glance(conn, &[(PoolName::default_pool(), POLICY)]));
        assert_eq!((levels.len(), levels[0].idle), (1, 1 - unserved), "{is}");
        // While Twilio keeps silent it comes for nobody, and is stock all the same.
        let stalled = ledger.run(|conn| stock_read_for_buying(conn, &POLICY, Care::Stalls, &keys())).stock;
        assert_eq!((stalled.unserved, stalled.due), (1, stock.due), "{is}");
    }
}

#[test]
fn a_number_under_repair_comes_for_those_in_line_unless_twilio_keeps_silent_and_then_for_whom_it_was_bought() {
    let ledger = Ledger::new();
    let run = ledger.order();
    ledger.stocked(run, ONE, 1);
    let instance = Uuid::new_v4();
    let waiter = waiter("u-1");
    ledger.run(move |conn| waiters_join(conn, instance, std::slice::from_ref(&waiter)));
    let unserved =
        |care: Care| ledger.run(move |conn| stock_read_for_buying(conn, &POLICY, care, &keys())).stock.unserved;
    for (is, comes, stalls) in [("configured", 0, 0), ("drifted", 0, 1), ("failed", 1, 1)] {
        ledger.world.sql(&format!("UPDATE numbers SET webhook_status = '{is}'"));
        assert_eq!((unserved(Care::Comes), unserved(Care::Stalls)), (comes, stalls), "{is}");
    }
    // One waiter, one number, whatever it lacks.
    ledger
        .world
        .sql("UPDATE purchases SET trigger = 'emergency'; UPDATE purchase_items SET intended_at = clock_timestamp()");
    for is in ["configured", "drifted", "failed"] {
        ledger.world.sql(&format!("UPDATE numbers SET webhook_status = '{is}'"));
        assert_eq!((unserved(Care::Comes), unserved(Care::Stalls)), (0, 0), "{is}");
    }
}

#[test]
fn a_pools_halt_is_of_its_keys_stops_intents_and_attempts_and_is_told_once() {
    let ledger = Ledger::new();
    let run = ledger.order();
    let item = ledger.intended(run, ONE);
    let refused = |needs: &str, keys: Keys| PoolRefused {
        keys,
        twilio_code: Some(21_649),
        message: "no bundle".to_owned(),
        needs: needs.to_owned(),
    };
    let halt = |refused: PoolRefused| ledger.run(move |conn| pool_halt(conn, &refused));
    assert!(halt(refused("pool.bundle_sid", keys())));
    let before = ledger.world.sql(STATE);
    assert!(!halt(refused("pool.address_sid", keys())), "the first word stands");
    assert_eq!(ledger.world.sql(STATE), before);
    let halted = |keys: Keys| ledger.run(move |conn| pool_halt_read(conn, &keys)).map(|halt| halt.needs);
    let others = Keys { fingerprint: "fedcba9876543210".into(), ..keys() };
    assert_eq!((halted(keys()).as_deref(), halted(others.clone())), (Some("pool.bundle_sid"), None));
    let attempt = |keys: Keys| ledger.run(move |conn| items_attempt(conn, run, &[item], &keys));
    assert_eq!(attempt(keys()).unwrap_err(), Intent::Refused(Why::Halted));
    assert_eq!(attempt(others.clone()).unwrap().len(), 1, "the refused keys are not these");
    let intend = |keys: Keys, number: &'static str| {
        let limits = Limits { keys, policy: pool(), caps: caps(), care: Care::Comes };
        let wanted = vec![(Uuid::now_v7(), number.parse().unwrap())];
        ledger.run(move |conn| items_intend(conn, run, &wanted, &limits))
    };
    assert_eq!(intend(keys(), TWO), [Intent::Refused(Why::Halted)]);
    // Whoever is told of other keys ends the halt of the old ones, and of no pool that it does not know.
    let gb = Keys { pool: "gb".parse().unwrap(), ..keys() };
    assert!(halt(refused("pools.gb.bundle_sid", gb)));
    let known = vec![others.clone()];
    assert_eq!(ledger.run(move |conn| pool_halts_clear_of_others(conn, &known)), 1);
    assert_eq!(ledger.world.sql("SELECT pool FROM pool_halts"), "gb");
    assert_eq!(intend(keys(), TWO), [Intent::Written]);
    assert!(halt(refused("pool.bundle_sid", keys())));
    let resume = || ledger.run(|conn| pool_resume(conn, &PoolName::default_pool()));
    assert_eq!((resume(), resume()), (true, false));
}

#[test]
fn caps_of_a_pool_and_of_all_are_counted_together_and_the_pace_is_each_pools_own() {
    let ledger = Ledger::new();
    let run_id = Uuid::new_v4();
    ledger.name(run_id);
    let gb = Keys { pool: "gb".parse().unwrap(), ..keys() };
    // One after the other: what each has intended goes on to count.
    let open = |pool: &Keys, trigger: Trigger| {
        let wish = Wish { trigger, pool: pool.pool.clone(), count: 20, ..wish() };
        ledger
            .world
            .sql("UPDATE purchases SET state = 'done', run_id = NULL, ended_at = now() WHERE state = 'running'");
        let order = ledger.run(move |conn| purchase_open(conn, &wish, run_id));
        RunOf { order_id: order.id, run_id }
    };
    let mut next = 0;
    let mut intend = |run: RunOf, keys: &Keys, caps: CapLimits, count: usize| {
        let limits = Limits { keys: keys.clone(), policy: POLICY, caps, care: Care::Comes };
        let wanted: Vec<(Uuid, PhoneNumber)> = (0..count)
            .map(|_| {
                next += 1;
                (Uuid::now_v7(), format!("+141555503{next:02}").parse().unwrap())
            })
            .collect();
        let ids: Vec<Uuid> = wanted.iter().map(|(id, _)| *id).collect();
        let step = ledger
            .runtime
            .block_on(ledger.db.run_patiently("items_intend", move |conn| items_intend(conn, run, &wanted, &limits)));
        step.map(|intents| (ids, intents))
    };
    let own_day = CapLimits { pool_per_day_max: Some(1), ..CapLimits::of_spend(3, 300) };
    let said = |intents: Result<(Vec<Uuid>, Vec<Intent>), DbError>| intents.expect("it is judged").1;
    let (written, refused) = (Intent::Written, Intent::Refused(Why::SpendCap));
    let of_default = open(&keys(), Trigger::Manual);
    assert_eq!(said(intend(of_default, &keys(), CapLimits::of_spend(3, 300), 1)), [written]);
    let of_gb = open(&gb, Trigger::Manual);
    assert_eq!(said(intend(of_gb, &gb, own_day, 2)), [written, refused]);
    let of_default = open(&keys(), Trigger::Manual);
    assert_eq!(
        said(intend(of_default, &keys(), CapLimits::of_spend(3, 300), 2)),
        [written, refused],
        "gb's counts too"
    );
    // What is owned, in all pools.
    let automatic = open(&keys(), Trigger::Cron);
    let owned = CapLimits { owned_all_max: Some(4), ..CapLimits::of_spend(100, 300) };
    assert_eq!(said(intend(automatic, &keys(), owned, 2)), [written, Intent::Refused(Why::OwnedMax)]);
    let of_gb = open(&gb, Trigger::Manual);
    assert!(intend(of_gb, &keys(), CapLimits::of_spend(100, 300), 1).is_err(), "the limits of another pool");
    // What is in doubt for one pool slows no other down.
    let (ids, _) = intend(of_gb, &gb, CapLimits::of_spend(100, 300), 6).expect("they are written");
    let sent = ids.clone();
    let under = gb.clone();
    ledger.run(move |conn| items_attempt(conn, of_gb, &sent, &under)).expect("they may be sent");
    for id in ids {
        ledger.run(move |conn| item_doubt(conn, id, &failure("outcome_unknown")));
    }
    let pace = |pool: PoolName| ledger.run(move |conn| items_pace(conn, &pool));
    assert_eq!((pace(gb.pool.clone()), pace(PoolName::default_pool())), (Pace::Wait, Pace::Free));
}
