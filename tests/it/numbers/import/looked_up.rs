//! How many pages of Twilio's list an import reads.

use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, ForeignNumber, On};

use super::{THEIRS, codes, counts, import, number};
use crate::world::World;
use crate::world::daemon::Daemon;

/// An account with more numbers than a page of Twilio's list holds.
fn large_account() -> (World, Daemon) {
    let world = World::new().quiet();
    for n in 0..2500 {
        world.twilio.own(ForeignNumber::new(format!("+1907555{n:04}")).friendly_name("another's"));
    }
    for n in 0..60 {
        world.twilio.own(ForeignNumber::new(number(n)).friendly_name("earlier").voice_url(THEIRS));
    }
    let daemon = world.daemon();
    (world, daemon)
}

#[test]
fn many_numbers_of_a_large_account_are_looked_up_in_the_ranges_that_they_lie_in() {
    let (world, daemon) = large_account();
    let rows = |count: usize| -> Vec<Value> { (0..count).map(|n| json!({"phone_number": number(n)})).collect() };
    let lists = || world.twilio.truth().requests_of(On::List);
    let asked = |rows: Vec<Value>| {
        let before = lists();
        (import(&daemon, &json!({"numbers": rows, "dry_run": true})).ok(), lists() - before)
    };
    // One page of the whole list says that there are more, and one holds the range.
    let (report, pages) = asked(rows(61));
    assert_eq!((counts(&report).0, codes(&report), pages), (60, vec![(number(60), "not_in_account".to_owned())], 2));
    // Where they lie everywhere, the whole list is turned: three pages.
    let mut everywhere = rows(30);
    everywhere.extend((200..220).map(|code| json!({"phone_number": format!("+1{code}5550100")})));
    let (report, pages) = asked(everywhere);
    assert_eq!((counts(&report).0, codes(&report).len(), pages), (30, 20, 3));
    // A row that cannot be read may be a wanted number, in a range as in the whole.
    world.twilio.fault(Fault::new(On::List, FaultKind::OddRow).field("sid").phone_number(number(7)).forever());
    let (report, _) = asked(rows(40));
    assert_eq!((counts(&report).0, codes(&report)), (39, vec![(number(7), "unreadable".to_owned())]), "{report}");
    world.twilio.clear_faults();
    // A range that does not come to its end proves nothing.
    world.twilio.fault(Fault::new(On::List, FaultKind::LoopingNextPage).forever());
    import(&daemon, &json!({"numbers": rows(30)})).problem(503, "unavailable");
    assert_eq!(world.count("SELECT count(*) FROM numbers"), 0);
}
