//! Answers that are not what they are said to be: nulls, rows that cannot be read, labels, lists without end, refusals of one
//! number. None of them loses a number, buys a second one, or stops what it does not concern.

use serde_json::json;
use twilio_simulator::{Fault, FaultKind, On};

use crate::world::comparing::{age, lines, only, owned, reconcile, rename, rewire, stocked};
use crate::world::daemon::Daemon;
use crate::world::{World, eventually};

fn settled(world: &World, state: &str) -> i64 {
    world.count(&format!("SELECT count(*) FROM purchase_items WHERE state = '{state}'"))
}

fn is_tagged(world: &World, number: &str) -> bool {
    owned(world, number).friendly_name.starts_with("callbunker:default:")
}

fn halted(daemon: &Daemon) -> serde_json::Value {
    daemon.status()["halted"].clone()
}

#[test]
fn one_odd_row_of_a_search_stops_nothing() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    for (bought, field) in
        ["phone_number", "capabilities.mms", "capabilities.voice", "capabilities", "beta"].iter().enumerate()
    {
        world.twilio.fault(Fault::new(On::Search, FaultKind::OddRow).field(*field).forever());
        let order = daemon.purchase(1).ok();
        assert_eq!((&order["purchased_count"], world.bought()), (&json!(1), bought + 1), "{field}: {order}");
        world.twilio.clear_faults();
    }
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn rows_that_cannot_be_read_are_counted_and_hide_nothing() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let told = |count: u64| {
        let lines = daemon.log_lines().into_iter();
        let told = lines.filter(|line| line["msg"].as_str().is_some_and(|text| text.contains("rows of a search")));
        told.filter(|line| line["rows"] == count).count()
    };
    // One row hides its number, the other one is no row at all.
    for odd in
        [Fault::new(On::Search, FaultKind::OddRow).field("phone_number"), Fault::new(On::Search, FaultKind::OddRow)]
    {
        world.twilio.fault(odd);
        assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1);
    }
    eventually("both were counted", || told(1) == 2);
    // What says clearly that it cannot be bought can be read.
    world.twilio.fault(Fault::new(On::Search, FaultKind::AddressRequired));
    daemon.purchase(1).ok();
    assert_eq!(daemon.log_text().matches("rows of a search").count(), 2);
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_null_in_the_answer_to_a_create_or_in_the_list_loses_no_number() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let buys_one = |faults: &[Fault], field: &str| {
        let before = world.bought();
        faults.iter().for_each(|fault| world.twilio.fault(fault.clone()));
        let order = daemon.purchase(1).ok();
        assert_eq!((&order["purchased_count"], world.bought()), (&json!(1), before + 1), "{field}: {order}");
        world.twilio.clear_faults();
    };
    for field in ["date_created", "capabilities.mms", "capabilities.fax", "friendly_name", "sid", "phone_number"] {
        buys_one(&[Fault::new(On::Create, FaultKind::OddRow).field(field)], field);
    }
    for field in ["date_created", "capabilities.mms"] {
        let odd = Fault::new(On::List, FaultKind::OddRow).field(field).forever();
        buys_one(&[Fault::new(On::Create, FaultKind::CommitThen500), odd], field);
    }
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_number_that_twilio_keeps_silent_about_can_do_what_its_search_promised() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let silent = |on, field: &str| Fault::new(on, FaultKind::OddRow).field(field).forever();
    let fit = |bought: usize| {
        let status = daemon.status();
        assert_eq!(
            (&status["available"], &status["unfit"], &status["halted"], world.bought()),
            (&json!(bought), &json!(0), &json!(null), bought)
        );
    };
    // The answer says nothing; a look at the number does. Two of them in a row would have halted all buying.
    for (bought, field) in [(2, "capabilities"), (4, "capabilities.sms")] {
        world.twilio.fault(silent(On::Create, field));
        assert_eq!(daemon.purchase(2).ok()["purchased_count"], 2, "{field}");
        fit(bought);
        assert_eq!(world.twilio.truth().requests_of(On::Fetch), u64::try_from(bought).unwrap(), "one look each");
        world.twilio.clear_faults();
    }
    // Nor does a look, and the list neither, after a doubt.
    world.twilio.fault(silent(On::Create, "capabilities"));
    world.twilio.fault(silent(On::Fetch, "capabilities"));
    assert_eq!(daemon.purchase(2).ok()["purchased_count"], 2);
    fit(6);
    world.twilio.fault(silent(On::List, "capabilities"));
    world.twilio.fault(Fault::new(On::Create, FaultKind::CommitThen500));
    assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1);
    fit(7);
    // And a comparison takes nothing away for a null.
    world.twilio.clear_faults();
    world.twilio.fault(silent(On::List, "capabilities.sms"));
    reconcile(&daemon);
    fit(7);
    // What the look says counts.
    world.twilio.clear_faults();
    world.twilio.fault(Fault::new(On::Create, FaultKind::OddRow).field("capabilities"));
    world.twilio.fault(Fault::new(On::Fetch, FaultKind::LoseCapability));
    assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1);
    let status = daemon.status();
    assert_eq!((&status["available"], &status["unfit"]), (&json!(7), &json!(1)));
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_row_that_cannot_be_read_is_never_taken_for_not_there() {
    let world = World::new().quiet().set("purchase.unknown_settle_secs", 1);
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Create, FaultKind::CommitThen500));
    world.twilio.fault(Fault::new(On::List, FaultKind::OddRow).field("sid").forever());
    let order = daemon.purchase(1).ok();
    assert_eq!((&order["errors"][0]["code"], world.bought()), (&json!("outcome_unknown"), 1), "{order}");
    // Its time is over, and it was looked for twice.
    world.sql("UPDATE purchase_items SET last_sent_at = now() - interval '1 hour', last_lookup_at = now() - interval '1 minute'");
    let looks = world.twilio.truth().requests_of(On::List);
    eventually("it is looked up again", || world.twilio.truth().requests_of(On::List) > looks);
    world.sql("UPDATE purchase_items SET last_lookup_at = now() - interval '1 minute'");
    let looks = world.twilio.truth().requests_of(On::List);
    eventually("and again", || world.twilio.truth().requests_of(On::List) > looks);
    assert_eq!((settled(&world, "unknown"), settled(&world, "not_bought")), (1, 0));
    world.twilio.clear_faults();
    world.sql("UPDATE purchase_items SET last_lookup_at = now() - interval '1 minute'");
    eventually("it is settled once it can be read", || settled(&world, "bought") == 1);
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_comparison_tells_what_it_could_not_read_and_takes_none_of_it_for_gone() {
    for field in ["phone_number", "sid"] {
        let (world, daemon, numbers) = stocked(3);
        age(&world);
        world.twilio.fault(Fault::new(On::List, FaultKind::OddRow).field(field).phone_number(&numbers[0]).forever());
        let report = reconcile(&daemon);
        assert_eq!((&report["complete"], &report["unreadable"]), (&json!(false), &json!(1)), "{field}: {report}");
        assert!(report["problem"].as_str().is_some_and(|problem| problem.contains("could not be read")), "{report}");
        assert!(lines(&report, "missing").is_empty(), "{field}: {report}");
        assert_eq!(daemon.status()["available"], 3, "{field}");
        // Nor when a look at it says nothing, either.
        world.twilio.fault(Fault::new(On::Fetch, FaultKind::OddRow).field(field).phone_number(&numbers[0]).forever());
        let report = reconcile(&daemon);
        assert_eq!((&report["complete"], lines(&report, "missing").len()), (&json!(false), 0), "{field}: {report}");
        assert!(only(&report, "conflicts")["reason"].as_str().unwrap().contains("does not let us look"), "{report}");
    }
}

#[test]
fn a_create_that_loses_our_tag_is_ours_all_the_same_and_is_tagged_again() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Create, FaultKind::DropParameters).parameters(["FriendlyName"]).forever());
    assert_eq!(daemon.purchase(3).ok()["purchased_count"], 3);
    assert_eq!(world.bought(), 3);
    let truth = world.twilio.truth();
    for number in &truth.owned {
        assert!(is_tagged(&world, &number.phone_number), "{}", number.friendly_name);
    }
    assert_eq!(halted(&daemon), json!(null));
    world.twilio.clear_faults();
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn an_operators_label_on_an_unsettled_number_takes_nothing_from_us() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Create, FaultKind::CommitThenReset));
    world.twilio.fault(Fault::new(On::List, FaultKind::Error503).forever());
    daemon.purchase(1).ok();
    let number = world.twilio.truth().owned[0].phone_number.clone();
    rename(&world, &number, "sales, do not touch");
    world.twilio.clear_faults();
    eventually("it is settled", || settled(&world, "bought") == 1);
    eventually("and tagged again", || is_tagged(&world, &number));
    assert_eq!(world.bought(), 1);
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_number_that_turned_up_too_late_under_a_label_is_adopted_by_a_comparison() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Create, FaultKind::CommitThenReset));
    world.twilio.fault(Fault::new(On::List, FaultKind::Error503).forever());
    daemon.purchase(1).ok();
    let number = world.twilio.truth().owned[0].phone_number.clone();
    world.sql("UPDATE purchase_items SET state = 'not_bought', ended_at = now()");
    rename(&world, &number, "sales, do not touch");
    world.twilio.clear_faults();
    let report = reconcile(&daemon);
    assert_eq!((&report["foreign"], lines(&report, "adopted").len()), (&json!(0), 1), "{report}");
    assert!(is_tagged(&world, &number));
    assert_eq!(daemon.assign("u-1").ok()["phone_number"], json!(number));
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn what_twilio_refuses_about_one_number_halts_nothing() {
    let (world, daemon, numbers) = stocked(4);
    age(&world);
    numbers.iter().for_each(|number| rewire(&world, number));
    let refuse = |on| Fault::new(on, FaultKind::Refuse).status(403).code(20403).phone_number(&numbers[0]).forever();
    world.twilio.fault(refuse(On::Update));
    let report = reconcile(&daemon);
    assert_eq!((lines(&report, "repaired").len(), lines(&report, "webhook_drift").len()), (3, 1), "{report}");
    assert_eq!((halted(&daemon), &daemon.status()["available"]), (json!(null), &json!(3)));
    // A look at it is refused.
    world.twilio.fault(refuse(On::Fetch));
    let report = reconcile(&daemon);
    assert!(only(&report, "conflicts")["reason"].as_str().unwrap().contains("403"), "{report}");
    assert_eq!(halted(&daemon), json!(null));
    // It is not given back.
    world.twilio.fault(Fault::new(On::Delete, FaultKind::Refuse).status(403).code(20403));
    let path = format!("/admin/phones/api/numbers/{}/release-to-twilio", numbers[1]);
    daemon.post_empty(&path).problem(502, "twilio_refused");
    assert_eq!(halted(&daemon), json!(null));
    assert_eq!(daemon.assign("u-1").ok()["source"], "pool");
}

#[test]
fn what_is_refused_of_several_numbers_in_a_row_concerns_the_account() {
    let (world, daemon, numbers) = stocked(8);
    numbers.iter().for_each(|number| rewire(&world, number));
    world.twilio.fault(Fault::new(On::Update, FaultKind::Refuse).status(403).code(20403).forever());
    daemon.post_empty("/admin/phones/api/reconcile");
    assert_eq!(halted(&daemon)["twilio_code"], 20403);
    assert!(world.twilio.truth().requests_of(On::Update) < 8);
}

#[test]
fn a_full_messaging_service_or_one_candidate_refused_is_not_the_account() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Create, FaultKind::Refuse).status(412).code(21714));
    daemon.purchase(1).ok();
    assert_eq!(halted(&daemon), json!(null));
    world.twilio.fault(Fault::new(On::Create, FaultKind::Refuse).status(403).code(20403));
    assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1, "another candidate");
    assert_eq!(halted(&daemon), json!(null));
}

#[test]
fn where_looks_pass_and_purchases_are_refused_the_pauses_double_and_the_status_says_so() {
    let world = World::new().set("breaker.probe_secs", 1).set("pool.threshold_low", 3).set("pool.total_min", 0);
    world.twilio.fault(Fault::new(On::Create, FaultKind::Unauthorized).forever());
    let daemon = world.daemon();
    eventually("it halts for the third time", || world.count("SELECT halts_in_a_row FROM buying_gate") >= 2);
    eventually("it is halted", || halted(&daemon).is_object());
    let (halted, row) =
        (halted(&daemon), world.sql("SELECT next_probe_at - halted_since >= interval '3 seconds' FROM buying_gate"));
    assert_eq!(row, "t", "{halted}");
    assert!(halted["message"].as_str().unwrap().contains("pauses between looks double"), "{halted}");
    assert!(halted["message"].as_str().unwrap().contains("reads work, creates do not"), "{halted}");
    assert_eq!(halted["reads_work"], true, "{halted}");
    let attention = daemon.get("/admin/phones/api/attention").ok().to_string();
    assert!(attention.contains("Reads work, creates do not."), "{attention}");
    world.twilio.clear_faults();
    daemon.post_empty("/admin/phones/api/resume").ok();
    assert_eq!(world.count("SELECT halts_in_a_row FROM buying_gate"), 0, "a resume begins anew");
}

#[test]
fn a_list_that_goes_nowhere_ends_a_comparison_as_failed() {
    for kind in [FaultKind::EndlessList, FaultKind::EmptyPage] {
        let (world, daemon, _) = stocked(3);
        age(&world);
        world.twilio.fault(Fault::new(On::List, kind).forever());
        let before = world.twilio.truth().requests_of(On::List);
        let refused = daemon.post_empty("/admin/phones/api/reconcile").problem(503, "unavailable");
        assert!(world.twilio.truth().requests_of(On::List) < before + 10, "{kind:?}: {refused}");
        assert_eq!(world.count("SELECT count(*) FROM numbers WHERE missing_since IS NOT NULL"), 0);
    }
}

#[test]
fn a_foreign_number_on_two_pages_counts_once() {
    let (world, daemon, _) = stocked(1);
    for n in 0..1100 {
        world.twilio.own(twilio_simulator::ForeignNumber::new(format!("+1212555{n:04}")));
    }
    world.twilio.fault(Fault::new(On::List, FaultKind::RepeatRow).forever());
    assert_eq!(reconcile(&daemon)["foreign"], 1100);
}

#[test]
fn numbers_that_need_an_address_are_no_candidates() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Search, FaultKind::AddressRequired));
    let order = daemon.purchase(1).ok();
    assert!(world.twilio.truth().creates.iter().all(|create| create.status == Some(201)), "{order}");
    assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1);
}

#[test]
fn a_candidate_that_turns_out_to_need_an_address_is_passed_over_where_its_row_kept_silent() {
    let world = World::new().quiet().set("purchase.concurrency", 1);
    let daemon = world.daemon();
    let refused = || world.twilio.truth().creates.iter().filter(|create| create.status == Some(400)).count();
    // The row keeps silent about it.
    world.twilio.fault(Fault::new(On::Search, FaultKind::AddressRequired));
    world.twilio.fault(Fault::new(On::Search, FaultKind::OddRow).field("address_requirements"));
    let order = daemon.purchase(1).ok();
    assert_eq!((&order["purchased_count"], &order["errors"], refused()), (&json!(1), &json!([]), 1), "{order}");
    assert_eq!(world.sql("SELECT refusal_concerns FROM purchase_items WHERE error_code = 'twilio_21631'"), "number");
    assert_eq!((halted(&daemon), world.bought()), (json!(null), 1));
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_former_apps_fallbacks_and_receive_mode_are_taken_off() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    let truth = world.twilio.truth();
    for (name, value) in [("VoiceFallbackUrl", ""), ("SmsFallbackUrl", ""), ("VoiceReceiveMode", "voice")] {
        let sent = truth.creates[0].parameters.iter().find(|(sent, _)| sent.as_str() == name);
        assert_eq!(sent.map(|(_, value)| value.as_str()), Some(value), "{name}");
    }
    let number = truth.owned[0].phone_number.clone();
    world
        .twilio
        .fault(Fault::new(On::List, FaultKind::OddRow).field("sms_fallback_url").value("https://former.example/sms"));
    world
        .twilio
        .fault(Fault::new(On::Fetch, FaultKind::OddRow).field("sms_fallback_url").value("https://former.example/sms"));
    let report = reconcile(&daemon);
    assert_eq!(only(&report, "repaired")["reason"], "webhooks differ (sms_fallback_url)", "{report}");
    assert_eq!(owned(&world, &number).sms_fallback_url, "");
}

#[test]
fn an_order_that_could_not_start_frees_its_key() {
    let world = World::new().quiet().set("spend.purchases_per_hour_max", 1);
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    let ask = || daemon.post_with("/admin/phones/api/purchase", &json!({"count": 1}), &[("Idempotency-Key", "k-1")]);
    ask().problem(409, "spend_cap");
    world.sql("UPDATE purchase_items SET intended_at = intended_at - interval '2 hours', first_sent_at = first_sent_at - interval '2 hours'");
    let order = ask().ok();
    assert_eq!(order["purchased_count"], 1, "{order}");
    assert_eq!(ask().ok()["purchase_id"], order["purchase_id"], "a key of an order that ran stays its order's");
}

#[test]
fn a_number_stays_a_candidate_when_its_refusal_was_the_accounts_and_not_when_it_was_its_own() {
    let world = World::new().quiet().set("purchase.concurrency", 1);
    let daemon = world.daemon();
    world.twilio.set_stock("US", "907", 0);
    world.twilio.offer("+19075550101");
    let order = || daemon.post("/admin/phones/api/purchase", &json!({"count": 1, "area_code": "907"}));
    let concerns = || {
        world.sql("SELECT string_agg(coalesce(refusal_concerns, '-'), ' ' ORDER BY intended_at) FROM purchase_items")
    };
    world.twilio.fault(Fault::new(On::Create, FaultKind::Unauthorized));
    order().ok();
    assert_eq!(concerns(), "account");
    daemon.post_empty("/admin/phones/api/resume").ok();
    world.twilio.fault(Fault::new(On::Create, FaultKind::Refuse).code(21_402));
    assert_eq!(order().ok()["errors"][0]["code"], "twilio_21402", "it was tried again");
    assert_eq!(concerns(), "account order");
    assert_eq!(order().ok()["errors"][0]["code"], "no_stock", "and now it is not, for a while");
    world.sql("UPDATE purchase_items SET ended_at = ended_at - interval '11 minutes'");
    world.twilio.fault(Fault::new(On::Create, FaultKind::Refuse).status(403).code(20_003));
    order().ok();
    assert_eq!((concerns().as_str(), halted(&daemon)), ("account order number", json!(null)));
    assert_eq!(order().ok()["errors"][0]["code"], "no_stock");
    world.sql("UPDATE purchase_items SET ended_at = ended_at - interval '11 minutes'");
    assert_eq!(order().ok()["purchased_count"], 1);
    assert_eq!(concerns(), "account order number -");
}

#[test]
fn an_area_code_belongs_to_its_country() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let order = |code: &str| daemon.post("/admin/phones/api/purchase", &json!({"count": 1, "area_code": code}));
    let refused = order("787").problem(422, "invalid_field");
    assert!(refused["detail"].as_str().unwrap().contains("PR"), "{refused}");
    order("888").problem(422, "invalid_field");
    let strict = json!({"user_id": "u-1", "area_code": "787", "strict": true});
    daemon.post("/signup/api/assign", &strict).problem(422, "invalid_field");
    let wish = json!({"user_id": "u-1", "area_code": "787"});
    assert_ne!(daemon.post("/signup/api/assign", &wish).ok()["area_code"], "787");
}
