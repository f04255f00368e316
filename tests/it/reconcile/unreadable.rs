//! Rows and answers about numbers of ours that cannot be read: few are told, many at once change nothing and halt buying.

use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, ForeignNumber, On};

use crate::world::World;
use crate::world::comparing::{assert_found, is_ours, lines, reconcile, reconcile_confirmed, rewire, stocked};
use crate::world::daemon::Daemon;

fn odd(on: On, field: &str, number: &str) -> Fault {
    Fault::new(on, FaultKind::OddRow).field(field).phone_number(number).forever()
}

/// Nothing was changed, somebody is called, and nothing is bought.
fn assert_suspected(world: &World, daemon: &Daemon, report: &Value, unread: usize) {
    assert_eq!((&report["unreadable_suspected"], &report["complete"]), (&json!(unread), &json!(false)), "{report}");
    let problem = report["problem"].as_str().unwrap();
    assert!(problem.contains("confirm_missing") && problem.contains("resume"), "{problem}");
    for list in ["missing", "webhook_drift", "repaired", "adopted"] {
        assert!(lines(report, list).is_empty(), "{report}");
    }
    let changed = world.count("SELECT count(*) FROM numbers WHERE NOT ready OR missing_since IS NOT NULL");
    assert_eq!((changed, world.twilio.truth().updates), (0, 0));
    let halted = daemon.status()["halted"].clone();
    assert_eq!((&halted["twilio_code"], &halted["next_probe_at"]), (&json!(null), &json!(null)), "{halted}");
    daemon.purchase(1).problem(503, "halted");
}

#[test]
fn more_rows_that_cannot_be_read_than_can_be_true_change_nothing_until_an_operator_confirms() {
    let (world, daemon, numbers) = stocked(10);
    let break_rows = || {
        for number in &numbers[..6] {
            world.twilio.fault(odd(On::List, "sid", number));
        }
    };
    break_rows();
    rewire(&world, &numbers[8]);
    assert!(world.twilio.disown(&numbers[9]));
    for _ in 0..2 {
        assert_suspected(&world, &daemon, &reconcile(&daemon), 6);
    }
    // It is so: the rest is judged.
    let report = reconcile_confirmed(&daemon).ok();
    assert_eq!((&report["unreadable_accepted"], &report["complete"]), (&json!(6), &json!(false)), "{report}");
    assert_eq!((lines(&report, "repaired").len(), lines(&report, "missing").len()), (1, 1), "{report}");
    assert!(is_ours(&world, &numbers[8]));
    daemon.post_empty("/admin/phones/api/resume").ok();
    for _ in 0..2 {
        let report = reconcile(&daemon);
        assert_eq!(
            (&report["unreadable_suspected"], &report["unreadable_accepted"]),
            (&json!(null), &json!(6)),
            "{report}"
        );
        assert_eq!(daemon.status()["halted"], json!(null));
    }
    // When they could be read again, the word has had its time.
    world.twilio.clear_faults();
    assert_found(&reconcile(&daemon), &[]);
    break_rows();
    let report = reconcile(&daemon);
    assert_eq!((&report["unreadable_suspected"], daemon.status()["halted"].is_object()), (&json!(6), true), "{report}");
}

#[test]
fn all_of_a_few_are_too_many_and_other_peoples_rows_are_none_of_ours() {
    let (world, daemon, numbers) = stocked(2);
    let strangers: Vec<String> = (0..7).map(|n| format!("+1212555010{n}")).collect();
    for stranger in &strangers {
        world.twilio.own(ForeignNumber::new(stranger));
        world.twilio.fault(odd(On::List, "phone_number", stranger));
    }
    let report = reconcile(&daemon);
    assert_eq!((&report["unreadable"], &report["unreadable_suspected"]), (&json!(7), &json!(null)), "{report}");
    assert_eq!(daemon.status()["halted"], json!(null));
    for number in &numbers {
        world.twilio.fault(odd(On::List, "phone_number", number));
    }
    assert_suspected(&world, &daemon, &reconcile(&daemon), 2);
}

#[test]
fn rows_on_an_early_page_that_could_be_anybodys_are_judged_when_the_list_has_shown_all() {
    let (world, daemon, numbers) = stocked(3);
    for n in 0..1100 {
        world.twilio.own(ForeignNumber::new(format!("+1212555{n:04}")));
    }
    let truth = world.twilio.truth();
    let strangers = truth.owned.iter().map(|owned| &owned.phone_number).filter(|number| number.starts_with("+1212"));
    for stranger in strangers.take(5) {
        world.twilio.fault(odd(On::List, "phone_number", stranger));
    }
    let report = reconcile(&daemon);
    assert_eq!((&report["unreadable"], &report["unreadable_suspected"]), (&json!(5), &json!(null)), "{report}");
    assert_eq!(daemon.status()["halted"], json!(null));
    for number in &numbers {
        world.twilio.fault(odd(On::List, "phone_number", number));
    }
    assert_suspected(&world, &daemon, &reconcile(&daemon), 3);
}

#[test]
fn numbers_that_neither_list_nor_look_shows_readably_are_not_judged_when_they_are_many() {
    let (world, daemon, numbers) = stocked(7);
    for number in &numbers {
        world.twilio.fault(Fault::new(On::List, FaultKind::Omit).phone_number(number).forever());
    }
    assert!(world.twilio.disown(&numbers[6]));
    for number in &numbers[..6] {
        world.twilio.fault(odd(On::Fetch, "sid", number));
    }
    assert_suspected(&world, &daemon, &reconcile(&daemon), 6);
}

#[test]
fn all_of_a_few_that_a_look_answers_with_404_in_other_words_than_twilios_are_not_judged() {
    let (world, daemon, numbers) = stocked(3);
    for number in &numbers {
        world.twilio.fault(Fault::new(On::List, FaultKind::Omit).phone_number(number).forever());
    }
    world.twilio.fault(Fault::new(On::Fetch, FaultKind::Refuse).status(404).code(99999).forever());
    assert_suspected(&world, &daemon, &reconcile(&daemon), 3);
}

#[test]
fn numbers_that_differ_and_cannot_be_looked_at_are_told_and_stop_the_judgement_when_they_are_many() {
    let (world, daemon, numbers) = stocked(7);
    for number in &numbers[..6] {
        rewire(&world, number);
        world.twilio.fault(odd(On::Fetch, "sid", number));
    }
    assert!(world.twilio.disown(&numbers[6]));
    let report = reconcile(&daemon);
    assert_suspected(&world, &daemon, &report, 6);
    assert_eq!(lines(&report, "conflicts").len(), 6, "{report}");
    // They can be looked at again.
    world.twilio.clear_faults();
    let report = reconcile(&daemon);
    assert_eq!((lines(&report, "repaired").len(), lines(&report, "missing").len()), (6, 1), "{report}");
}
