//! Twilio's words of the carriers, and an operator's: heard twice they are as if heard once.

use callbunker::db::numbers::{Hearing, MarkedReady, Said, number_mark_ready, registrations_hear};
use callbunker::domain::{Heard, Registration, RegistrationEvent, WhichNumber};
use chrono::{DateTime, TimeDelta, Utc};

use super::{Ledger, ONE, TWO};

/// The lines and the counts that follow from them.
const FOLLOWS: &str = "SELECT (SELECT string_agg(t::text, chr(10) ORDER BY id) FROM number_notes t), (SELECT string_agg(f::text, chr(10)) FROM pool_failures f)";

fn heard(sid: u32, registration: Registration, second: i64) -> RegistrationEvent {
    let at: DateTime<Utc> = DateTime::from_timestamp(1_790_000_000, 0).unwrap() + TimeDelta::seconds(second);
    let which = WhichNumber::Sid(format!("PN{sid:032}").parse().unwrap());
    RegistrationEvent { which, service: None, heard: Heard { registration, at }, reason: Some("30126".to_owned()) }
}

#[test]
fn events_and_marks_are_taken_as_if_once() {
    let ledger = Ledger::new();
    let run = ledger.order();
    let [first, _second] = [(ONE, 1), (TWO, 2)].map(|(number, sid)| ledger.stocked(run, number, sid));
    let service = format!("MG{}", "1".repeat(32));
    ledger.world.sql(&format!(
        "UPDATE pools SET needs_attached = true, needs_registered = true;
         INSERT INTO pool_wants VALUES ('default', 'messaging_service', '{service}', 0);
         INSERT INTO attachments (number_id, kind, target, state) SELECT id, 'messaging_service', '{service}', 'attached' FROM numbers;
         UPDATE numbers SET held_back = NULL"
    ));
    let batch = [
        heard(1, Registration::Registered, 2),
        heard(1, Registration::Pending, 1),
        heard(2, Registration::Failed, 3),
        heard(2, Registration::Registered, 2),
    ]
    .map(Said::from);
    let (once, again) = ledger.twice(move |conn| registrations_hear(conn, &batch, |_pool| "keys".to_owned()));
    assert!(matches!(once[..], [Hearing::Taken(..), Hearing::Known, Hearing::Taken(..), Hearing::Known]), "{once:?}");
    assert!(again.iter().all(|hearing| *hearing == Hearing::Known), "{again:?}");
    assert_eq!(ledger.world.count("SELECT in_a_row FROM pool_failures"), 1);
    assert_eq!(ledger.world.count("SELECT count(*) FROM number_notes"), 2);
    ledger.world.sql("UPDATE numbers SET registration = 'unregistered', registration_at = registration_at + interval '1 s' WHERE id = (SELECT min(id) FROM numbers)");
    let marked = ledger.twice(move |conn| number_mark_ready(conn, first, "dana"));
    assert_eq!(marked, (MarkedReady::Done, MarkedReady::NotNeeded));
    let follows = ledger.world.sql(FOLLOWS);
    assert_eq!(ledger.run(move |conn| number_mark_ready(conn, first, "dana")), MarkedReady::NotNeeded);
    assert_eq!(follows, ledger.world.sql(FOLLOWS));
}
