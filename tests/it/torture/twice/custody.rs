//! Numbers taken in, given to somebody by an operator's word, and given back to Twilio.

use std::time::Duration;

use callbunker::db::ignored_numbers::number_ignore;
use callbunker::db::numbers::{
    Confirmed, Destination, HoldReason, Intake, Moved, NewNumber, Placed, Stuck, number_adopted, number_import_to,
    number_item, number_move, number_take_in, number_tell_type,
};
use callbunker::db::purchases::items::IntakeOrder;
use callbunker::db::releases::{
    Leaving, release_doubt, release_intend, release_refuse, release_send, release_settle, release_withdraw,
    releases_unfinished,
};
use callbunker::db::{Connection, Constraint, DbError};
use callbunker::domain::{CountryCode, Kind, NumberType, PoolName, Trigger, UserId, WebhookStatus};
use uuid::Uuid;

use super::{Ledger, ONE, STATE, THREE, TWO, failure};

fn order(trigger: Trigger) -> IntakeOrder {
    let pool = PoolName::default_pool();
    IntakeOrder {
        id: Uuid::now_v7(),
        trigger,
        count: 3,
        pool,
        kind: Kind { country: CountryCode::US, number_type: NumberType::Local },
        requested_by: "test".to_owned(),
    }
}

fn new_number(number: &str, sid: u32) -> NewNumber {
    NewNumber {
        sid: format!("PN{sid:032}").parse().unwrap(),
        phone_number: number.parse().unwrap(),
        country: CountryCode::US,
        capable: true,
        webhook_status: WebhookStatus::Configured,
        compared_with: None,
        purchased_at: "2026-01-01T00:00:00Z".parse().unwrap(),
        pool: PoolName::default_pool(),
        number_type: NumberType::Local,
    }
}

/// Takes it in; `None` = it is ours already.
fn take_in(
    conn: &mut Connection,
    order: &IntakeOrder,
    number: &NewNumber,
    destination: &Destination,
) -> Result<Option<i64>, DbError> {
    match number_take_in(conn, order, number, None, destination) {
        Ok(Intake::Taken(id, _item)) => Ok(Some(id)),
        Ok(Intake::BeingBought) => panic!("nobody buys it"),
        Err(error) if error.violates(Constraint::OneLivePerNumber) || error.violates(Constraint::SidIsForEver) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

impl Ledger {
    /// Takes `number` in twice; its id.
    fn takes_in(&self, trigger: Trigger, number: &str, sid: u32, destination: Destination) -> i64 {
        let (order, number) = (order(trigger), new_number(number, sid));
        let (taken, again) = self.twice(move |conn| take_in(conn, &order, &number, &destination));
        assert_eq!(again, None);
        taken.expect("it is taken in")
    }

    /// A release of the number of this id, on its way.
    fn leaving(&self, id: i64) -> Uuid {
        let Leaving::Open(release) = self.run(move |conn| release_intend(conn, id, "test")) else {
            panic!("it may leave")
        };
        release
    }
}

#[test]
fn numbers_are_taken_in_and_placed_as_if_once() {
    let ledger = Ledger::new();
    let (user, since): (UserId, _) = ("u-1".parse().unwrap(), "2025-01-01T00:00:00Z".parse().unwrap());
    let adopted = ledger.takes_in(Trigger::Adopt, ONE, 1, Destination::Hold(HoldReason::Adopting));
    let confirmed = Confirmed { capable: Some(true), wanted: ledger.wanted() };
    let seen = confirmed.clone();
    let place = move |conn: &mut Connection| number_adopted(conn, adopted, None, Some(&seen));
    // In the pool it may be confirmed again and again.
    assert_eq!(ledger.twice(place).0, Placed::Done);
    ledger.takes_in(Trigger::Import, TWO, 2, Destination::User(user, since));
    let pooled = ledger.takes_in(Trigger::Import, THREE, 3, Destination::Pool);
    let user: UserId = "u-2".parse().unwrap();
    let import = move |conn: &mut Connection| number_import_to(conn, pooled, &user, since);
    assert_eq!(ledger.twice(import), (Placed::Done, Placed::Already));
    let user: UserId = "u-3".parse().unwrap();
    let (given, seen) = (user.clone(), confirmed.clone());
    let place = move |conn: &mut Connection| number_adopted(conn, adopted, Some(&given), Some(&seen));
    assert_eq!(ledger.twice(place), (Placed::Done, Placed::Already));
    // Whose it is stays so, whatever else is said of it.
    let before = ledger.world.sql(STATE);
    assert_eq!(ledger.run(move |conn| number_adopted(conn, adopted, None, None)), Placed::Already);
    assert_eq!(ledger.run(move |conn| number_adopted(conn, pooled, Some(&user), Some(&confirmed))), Placed::Assigned);
    assert_eq!(ledger.run(move |conn| release_intend(conn, pooled, "test")), Leaving::Assigned);
    assert_eq!(before, ledger.world.sql(STATE));
    ledger.world.assert_one_to_one_in_the_database();
}

#[test]
fn a_number_moves_and_is_of_its_type_as_if_once() {
    let ledger = Ledger::new();
    let id = ledger.takes_in(Trigger::Import, ONE, 1, Destination::Pool);
    ledger.world.sql(
        "INSERT INTO pools (name, voice_url, sms_url, status_callback, country, number_type)
         SELECT 'gb', 'https://gb.example/v', sms_url, status_callback, 'GB', 'mobile' FROM pools",
    );
    let gb: PoolName = "gb".parse().unwrap();
    let (moved, again) = ledger.twice(move |conn| number_move(conn, id, &gb, NumberType::Mobile, "ops"));
    let Moved::Done(moved) = moved else { panic!("{moved:?}") };
    assert_eq!((moved.apart, moved.webhook_status, moved.ready), (true, WebhookStatus::Pending, false));
    assert_eq!(again, Moved::Already);
    assert_eq!(ledger.world.sql("SELECT pool, apart, ready FROM leases"), "gb|t|f", "its lease went with it");
    // Its pool is said to be of another country.
    ledger.world.sql("UPDATE pools SET country = 'US' WHERE name = 'gb'");
    assert_eq!(ledger.twice(move |conn| number_tell_type(conn, id, NumberType::Mobile)), (true, false));
    assert_eq!(ledger.world.sql("SELECT apart FROM leases"), "f");
    assert_eq!(ledger.twice(move |conn| number_tell_type(conn, id, NumberType::National)), (true, false));
    assert_eq!(ledger.world.sql("SELECT number_type, apart FROM numbers"), "national|t");
    // What is leaving stays where it is.
    ledger.leaving(id);
    let before = ledger.world.sql(STATE);
    let home = PoolName::default_pool();
    assert_eq!(
        ledger.run(move |conn| number_move(conn, id, &home, NumberType::Local, "ops")),
        Moved::Stuck(Stuck::Leaving)
    );
    assert_eq!(before, ledger.world.sql(STATE));
}

#[test]
fn a_number_gets_its_item_and_is_ignored_as_if_once() {
    let ledger = Ledger::new();
    ledger.world.sql(&format!(
        "INSERT INTO numbers (sid, phone_number, country, status, quarantine_reason, webhook_status, capable, purchased_at)
         VALUES ('PN00000000000000000000000000000001', '{ONE}', 'US', 'quarantined', 'unknown_item', 'drifted', true, now())"
    ));
    let id = ledger.world.count("SELECT id FROM numbers");
    let order = order(Trigger::Adopt);
    let (item, again) = ledger.twice(move |conn| number_item(conn, id, &order));
    assert_eq!(item, again);
    let (number, sid) = (TWO.parse().unwrap(), format!("PN{:032}", 2).parse().unwrap());
    assert_eq!(ledger.twice(move |conn| number_ignore(conn, &number, &sid, "test")), (true, true));
}

#[test]
fn a_number_leaves_or_stays_as_if_once() {
    let ledger = Ledger::new();
    let run = ledger.order();
    let [gone, refused, withdrawn] =
        [(ONE, 1), (TWO, 2), (THREE, 3)].map(|(number, sid)| ledger.stocked(run, number, sid));
    let (intended, again) = ledger.twice(move |conn| release_intend(conn, gone, "test"));
    assert_eq!(intended, again, "a second wish is the same release");
    let [gone, refused, withdrawn] = [gone, refused, withdrawn].map(|id| ledger.leaving(id));
    assert_eq!(ledger.twice(move |conn| release_withdraw(conn, withdrawn)), (true, false));
    for release in [gone, refused] {
        assert_eq!(ledger.run(move |conn| release_send(conn, release, None)).unwrap().attempt, 1);
        // Somebody else comes by a moment later.
        let soon = Some(Duration::from_secs(30));
        assert_eq!(ledger.run(move |conn| release_send(conn, release, soon)), None);
    }
    ledger.twice(move |conn| release_doubt(conn, gone, &failure("outcome_unknown")));
    assert_eq!(ledger.twice(move |conn| release_settle(conn, gone, Some("RQ1"))), (true, false));
    assert_eq!(ledger.twice(move |conn| release_refuse(conn, refused, &failure("twilio_20001"))), (true, false));
    // What ended stays as it ended, and Twilio is not asked again.
    let before = ledger.world.sql(STATE);
    for release in [gone, refused, withdrawn] {
        assert_eq!(ledger.run(move |conn| release_send(conn, release, None)), None);
        assert!(!ledger.run(move |conn| release_settle(conn, release, None)));
        assert!(!ledger.run(move |conn| release_refuse(conn, release, &failure("late"))));
        assert!(!ledger.run(move |conn| release_withdraw(conn, release)));
        ledger.run(move |conn| release_doubt(conn, release, &failure("late")));
    }
    assert_eq!(before, ledger.world.sql(STATE));
    let left = "SELECT phone_number FROM numbers WHERE status = 'released'";
    assert_eq!(ledger.world.sql(left), ONE);
}

#[test]
fn a_clock_that_was_set_back_keeps_no_release_open_until_it_has_caught_up() {
    let ledger = Ledger::new();
    let run = ledger.order();
    let [sent, intended] = [(ONE, 1), (TWO, 2)].map(|(number, sid)| ledger.stocked(run, number, sid));
    let [sent, intended] = [sent, intended].map(|id| ledger.leaving(id));
    ledger.run(move |conn| release_send(conn, sent, None));
    ledger.world.sql(
        "UPDATE releases SET intended_at = intended_at + interval '1 hour', last_sent_at = last_sent_at + interval '1 hour'",
    );
    let (minute, moment) = (Duration::from_secs(60), Duration::from_millis(50));
    let silent = |silence: Duration| ledger.run(move |conn| releases_unfinished(conn, silence, silence, 9));
    assert_eq!(silent(minute), []);
    std::thread::sleep(moment * 2);
    let mut found: Vec<_> = silent(moment).into_iter().map(|release| (release.id, release.sent)).collect();
    found.sort();
    let mut expected = [(sent, true), (intended, false)];
    expected.sort();
    assert_eq!(found, expected);
}
