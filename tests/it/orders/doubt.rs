//! Creates whose outcome is not known: lost answers, lag, and what ends the doubt.

use serde_json::json;
use twilio_simulator::{Fault, FaultKind, ForeignNumber, On, ReownMode};

use crate::world::comparing::{assert_found, only, reconcile};
use crate::world::{World, eventually};

#[test]
fn a_purchase_whose_answer_is_lost_is_found_and_nothing_else_is_bought_instead() {
    let world = World::new().quiet().set("twilio.request_timeout_ms", 1500);
    let daemon = world.daemon();
    let losses = [
        FaultKind::CommitThenHang,
        FaultKind::CommitThenReset,
        FaultKind::CommitThenClose,
        FaultKind::CommitThen500,
        FaultKind::CommitThen503,
        FaultKind::CommitThenHtml502,
        FaultKind::TruncatedBody,
        FaultKind::MalformedJson,
    ];
    for mode in [ReownMode::A, ReownMode::B] {
        world.twilio.set_reown_mode(mode);
        for kind in losses {
            let before = world.bought();
            world.twilio.fault(Fault::new(On::Create, kind));
            let order = daemon.purchase(1).ok();
            assert_eq!((&order["state"], &order["purchased_count"]), (&json!("done"), &json!(1)), "{kind:?}: {order}");
            assert_eq!(world.bought(), before + 1, "{kind:?}");
        }
    }
    let doubted = world.count("SELECT count(*) FROM purchase_items WHERE doubted AND state = 'bought'");
    assert_eq!(usize::try_from(doubted), Ok(2 * losses.len()));
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_create_without_effect_is_posted_again_for_the_same_number_under_a_counted_attempt() {
    let world = World::new().quiet().set("twilio.request_timeout_ms", 1500);
    let daemon = world.daemon();
    for kind in [FaultKind::Reset, FaultKind::Hang, FaultKind::Error503, FaultKind::Html502, FaultKind::TooManyRequests]
    {
        let before = world.twilio.truth().creates.len();
        world.twilio.fault(Fault::new(On::Create, kind));
        assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1, "{kind:?}");
        let truth = world.twilio.truth();
        let posts = &truth.creates[before..];
        assert_eq!(posts.len(), 2, "{kind:?}");
        assert_eq!(posts[0].parameters, posts[1].parameters, "{kind:?}");
        let number = posts[0].phone_number.as_deref().unwrap();
        let attempts = format!("SELECT attempts FROM purchase_items WHERE phone_number = '{number}'");
        assert_eq!(world.sql(&attempts), "2", "{kind:?}");
    }
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_refusal_after_a_doubt_proves_nothing_so_the_number_counts_and_nobody_takes_its_place() {
    // The answer is lost, the repeat is told "not available", and the list does not show the number.
    let world = World::new().quiet().set("pool.owned_max", 4).set("purchase.emergency_wait_ms", 500);
    let daemon = world.daemon();
    world.twilio.set_reown_mode(ReownMode::B);
    world.twilio.fault(Fault::new(On::Create, FaultKind::CommitThenReset));
    world.twilio.fault(Fault::new(On::Create, FaultKind::Lag).requests(10_000));
    let order = daemon.purchase(3).ok();
    assert_eq!((&order["state"], &order["purchased_count"]), (&json!("done"), &json!(2)), "{order}");
    let errors = order["errors"].as_array().unwrap();
    assert_eq!((errors.len(), &errors[0]["code"], &errors[0]["count"]), (1, &json!("outcome_unknown"), &json!(1)));
    assert_eq!(world.bought(), 3, "and no fourth one in place of the unknown");
    let status = daemon.status();
    assert_eq!((&status["unsettled"], &status["available"]), (&json!(1), &json!(2)));
    assert_eq!(status["spend"]["hour"]["bought"], 3, "an unknown one counts against the caps");
    assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1, "an unknown item blocks no other order");
    for user in 1..=3 {
        daemon.assign(&format!("u-{user}")).ok();
    }
    // Three assigned, one unknown: all four that pool.owned_max allows.
    let refused = daemon.assign("u-4").problem(503, "pool_empty");
    assert_eq!(world.bought(), 4, "{refused}");
    assert_eq!(world.sql("SELECT state, attempts FROM purchase_items WHERE doubted"), "unknown|2");
}

#[test]
fn an_unknown_item_of_an_ended_order_settles_later_and_never_beyond_what_was_asked_for() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.twilio.set_reown_mode(ReownMode::B);
    world.twilio.fault(Fault::new(On::Create, FaultKind::CommitThenReset));
    world.twilio.fault(Fault::new(On::List, FaultKind::Error503).forever());
    let order = daemon.purchase(2).ok();
    assert_eq!((&order["purchased_count"], &order["errors"][0]["code"]), (&json!(1), &json!("outcome_unknown")));
    let posts = world.twilio.truth().creates.len();
    world.twilio.clear_faults();
    let path = format!("/admin/phones/api/purchases/{}", order["purchase_id"].as_str().unwrap());
    eventually("the unknown item is looked up", || daemon.get(&path).ok()["purchased_count"] == 2);
    let settled = daemon.get(&path).ok();
    assert_eq!((&settled["state"], &settled["errors"]), (&json!("done"), &json!([])));
    assert_eq!(daemon.status()["unsettled"], 0);
    assert_eq!(world.twilio.truth().creates.len(), posts, "a recovery looks, it never posts");
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn an_unknown_item_ends_not_bought_only_after_two_looks_ten_seconds_apart() {
    let world = World::new().quiet().set("purchase.unknown_settle_secs", 1);
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Create, FaultKind::Reset).times(3));
    let order = daemon.purchase(1).ok();
    assert_eq!(order["errors"][0]["code"], "outcome_unknown", "{order}");
    assert_eq!(world.twilio.truth().creates.len(), 3);
    let item = format!("FROM purchase_items WHERE purchase_id = '{}'", order["purchase_id"].as_str().unwrap());
    let long_ago =
        format!("SELECT count(*) {item} AND last_sent_at < clock_timestamp() - interval '1100 milliseconds'");
    eventually("its time is over", || world.count(&long_ago) == 1);
    assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1, "an unknown item blocks no other order");
    let first = format!("SELECT count(*) {item} AND negative_lookups = 1");
    eventually("it is looked up once", || world.count(&first) == 1);
    assert_eq!(world.sql(&format!("SELECT state {item}")), "unknown", "one look proves nothing");
    let first_look = world.sql(&format!("SELECT last_lookup_at {item}"));
    eventually("the item ends", || world.sql(&format!("SELECT state {item}")) == "not_bought");
    let apart = format!(
        "SELECT count(*) {item} AND ended_at >= '{first_look}'::timestamptz + interval '10 seconds' AND negative_lookups = 2"
    );
    assert_eq!(world.count(&apart), 1);
    assert_eq!((daemon.status()["unsettled"].clone(), world.bought()), (json!(0), 1), "nothing replaced it");
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn an_item_in_doubt_is_not_posted_again_while_buying_is_halted_or_its_run_is_over() {
    let ways = [
        ("UPDATE buying_gate SET halted_since = now(), halt_message = 'test'", "halted"),
        ("UPDATE purchases SET state = 'interrupted', run_id = NULL, ended_at = now()", "interrupted"),
    ];
    for (statement, state) in ways {
        let world = World::new().quiet().set("twilio.request_timeout_ms", 1500);
        let daemon = world.daemon();
        world.twilio.fault(Fault::new(On::Create, FaultKind::Hang));
        let order = std::thread::scope(|scope| {
            let order = scope.spawn(|| daemon.purchase(1).ok());
            eventually("the create hangs", || world.twilio.truth().creates.len() == 1);
            world.sql(statement);
            order.join().unwrap()
        });
        assert_eq!((&order["state"], &order["purchased_count"]), (&json!(state), &json!(0)), "{order}");
        assert_eq!(world.twilio.truth().creates.len(), 1, "{state}");
        assert_eq!(world.sql("SELECT state, attempts FROM purchase_items"), "unknown|1", "{state}");
    }
}

#[test]
fn after_a_doubt_twilios_list_is_read_before_every_further_post_also_after_a_429() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    // Paid for, its answer is lost, and the first look does not show it yet; the repeat is told "too many requests".
    world.twilio.fault(Fault::new(On::Create, FaultKind::CommitThenReset).times(1));
    world.twilio.fault(Fault::new(On::Create, FaultKind::Lag).requests(1).times(1));
    world.twilio.fault(Fault::new(On::Create, FaultKind::TooManyRequests).times(1));
    let order = daemon.purchase(1).ok();
    assert_eq!((&order["state"], &order["purchased_count"]), (&json!("done"), &json!(1)), "{order}");
    assert_eq!(world.twilio.truth().creates.len(), 2, "the second look showed it, so it was not posted a third time");
    assert_eq!(world.sql("SELECT state, attempts, doubted FROM purchase_items"), "bought|2|t");
    world.assert_nothing_lost_or_doubled();
}

/// The next look at what is in doubt is due.
const DUE: &str = "UPDATE purchase_items SET last_lookup_at = now() - interval '1 minute' WHERE state = 'unknown'";

#[test]
fn a_list_that_shows_another_tag_after_a_doubt_frees_no_place() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Create, FaultKind::CommitThen500));
    world.twilio.fault(Fault::new(On::List, FaultKind::ForeignTag).forever());
    let order = daemon.purchase(1).ok();
    assert_eq!(
        (&order["purchased_count"], &order["errors"][0]["code"], world.bought()),
        (&json!(0), &json!("outcome_unknown"), 1),
        "its place stays taken: {order}"
    );
    // A look later says the same, and it is still no more than one.
    world.sql(DUE);
    let looked = "SELECT count(*) FROM purchase_items WHERE negative_lookups > 0";
    eventually("it is looked up again", || world.count(looked) == 1);
    assert_eq!(world.sql("SELECT state FROM purchase_items"), "unknown");
    world.twilio.clear_faults();
    world.sql(DUE);
    let path = format!("/admin/phones/api/purchases/{}", order["purchase_id"].as_str().unwrap());
    eventually("it is ours after all", || daemon.get(&path).ok()["purchased_count"] == 1);
    assert_eq!((daemon.status()["halted"].clone(), world.bought()), (json!(null), 1));
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn an_answer_with_another_tag_is_believed_only_if_the_list_says_the_same() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let another = "callbunker:elsewhere:00000000-0000-4000-8000-000000000001";
    let odd = |on| Fault::new(on, FaultKind::OddRow).field("friendly_name").value(another);
    world.twilio.fault(odd(On::Create));
    assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1);
    assert_eq!(world.bought(), 1, "the list shows our tag");
    // The list shows somebody's number under another SID: it may be an old row.
    world.twilio.fault(odd(On::Create));
    world.twilio.fault(odd(On::List));
    world
        .twilio
        .fault(Fault::new(On::List, FaultKind::OddRow).field("sid").value("PN000000000000000000000000000000ff"));
    let order = daemon.purchase(1).ok();
    assert_eq!((&order["errors"][0]["code"], world.bought()), (&json!("outcome_unknown"), 2), "{order}");
    world.sql(DUE);
    eventually("it is settled", || daemon.status()["unsettled"] == 0);
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_number_in_doubt_that_is_anothers_ends_taken_only_after_two_looks() {
    let world = World::new().quiet().set("purchase.unknown_settle_secs", 1);
    let daemon = world.daemon();
    // Another environment has bought it in the same moment; the answer is lost.
    world.twilio.fault(Fault::new(On::Create, FaultKind::ForeignTag));
    world.twilio.fault(Fault::new(On::Create, FaultKind::CommitThen500));
    let order = daemon.purchase(1).ok();
    assert_eq!((&order["errors"][0]["code"], world.bought()), (&json!("outcome_unknown"), 0), "{order}");
    world.sql("UPDATE purchase_items SET last_sent_at = now() - interval '1 hour'");
    eventually("it is looked up", || world.count("SELECT max(negative_lookups) FROM purchase_items") == 1);
    assert_eq!(world.sql("SELECT state FROM purchase_items"), "unknown", "one look proves nothing");
    world.sql(DUE);
    eventually("it ends", || world.sql("SELECT state FROM purchase_items") == "taken");
    assert_eq!(world.sql("SELECT error_code FROM purchase_items"), "taken_by_another_environment");
    assert_eq!((daemon.status()["unsettled"].clone(), world.twilio.truth().requests_of(On::Update)), (json!(0), 0));
}

#[test]
fn a_number_without_our_tag_is_ours_only_if_it_came_soon_after_a_doubt_that_is_remembered() {
    // How many days ago the doubt was, and the number was bought; what a recovery and a comparison make of it.
    for (doubted, bought, ends, adopted, conflicts) in
        [(60, 0, "taken", 0, 0), (8, 8, "not_bought", 0, 1), (6, 6, "bought", 1, 0)]
    {
        for open in [true, false] {
            let world = World::new().quiet();
            let daemon = world.daemon();
            world.twilio.fault(Fault::new(On::Create, FaultKind::Reset).times(3));
            daemon.purchase(1).ok();
            let number = world.sql("SELECT phone_number FROM purchase_items");
            let date = chrono::Utc::now() - chrono::TimeDelta::days(bought);
            let theirs = || ForeignNumber { date_created: Some(date), ..ForeignNumber::new(number.clone()) };
            let state = if open {
                "unknown', ended_at = NULL, error_code = '"
            } else {
                "not_bought', ended_at = now(), error_code = '"
            };
            let ago = format!("interval '{doubted} days'");
            let remember = format!(
                "UPDATE purchase_items SET state = '{state}outcome_unknown', negative_lookups = 1, last_lookup_at = now() - interval '1 minute',
                        intended_at = now() - {ago}, first_sent_at = now() - {ago}, last_sent_at = now() - {ago}"
            );
            if open {
                world.twilio.own(theirs());
                world.sql(&remember);
                let ended = format!("SELECT count(*) FROM purchase_items WHERE state = '{ends}'");
                eventually("it is looked up", || world.count(&ended) == 1);
            } else {
                world.sql(&remember);
                world.twilio.own(theirs());
                let report = reconcile(&daemon);
                let found = [("adopted", adopted), ("conflicts", conflicts)];
                assert_found(&report, &found);
                assert_eq!(report["foreign"], 1 - adopted, "{report}");
                if conflicts > 0 {
                    assert!(only(&report, "conflicts")["reason"].as_str().unwrap().contains("7 days"), "{report}");
                }
            }
            let known = format!("SELECT count(*) FROM numbers WHERE phone_number = '{number}'");
            assert_eq!(world.count(&known), i64::from(ends == "bought"), "{doubted} days, {open}");
            let name = world.twilio.truth().owned_number(&number).unwrap().friendly_name.clone();
            assert_eq!(name.starts_with("callbunker:"), ends == "bought", "{doubted} days, {open}: {name}");
        }
    }
}

#[test]
fn a_number_that_the_list_hides_beyond_its_time_is_found_by_its_tag_and_the_cap_held_meanwhile() {
    let world = World::new().quiet().set("purchase.unknown_settle_secs", 1).set("spend.purchases_per_hour_max", 2);
    let daemon = world.daemon();
    world.twilio.set_reown_mode(ReownMode::B);
    world.twilio.fault(Fault::new(On::Create, FaultKind::CommitThen500));
    world.twilio.fault(Fault::new(On::Create, FaultKind::Lag).requests(40));
    let order = daemon.purchase(1).ok();
    assert_eq!((&order["errors"][0]["code"], world.bought()), (&json!("outcome_unknown"), 1), "{order}");
    eventually("its time is over", || world.sql("SELECT state FROM purchase_items") == "not_bought");
    // What is bought in its place counts, and so does what was in doubt.
    assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1);
    assert_eq!(daemon.status()["spend"]["hour"]["bought"], 2);
    daemon.purchase(1).problem(409, "spend_cap");
    assert_eq!(daemon.status()["total"], 1);
    eventually("the list shows it", || {
        reconcile(&daemon);
        daemon.status()["total"] == 2
    });
    assert_eq!((world.bought(), daemon.status()["spend"]["hour"]["bought"].clone()), (2, json!(2)));
    daemon.purchase(1).problem(409, "spend_cap");
    assert_eq!(daemon.status()["available"], 2);
    world.assert_nothing_lost_or_doubled();
}
