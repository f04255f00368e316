//! Twilio's word of how the carriers have a number: taken by its own time, in whatever order it comes, and an operator's beside it.

use callbunker::db::attachments::{Whose, attachments_intend};
use callbunker::db::numbers::{Hearing, MarkedReady, number_mark_ready, registration_hear};
use callbunker::db::pool_failures::pools_failing;
use callbunker::db::pool_halts::Keys;
use callbunker::domain::{AttachmentStatus, Heard, Needs, NumberSid, PoolName, Registration, Wants};
use chrono::{DateTime, TimeDelta, Utc};

use super::attachments::{Rows, sid};

const KEYS: &str = "0123456789abcdef";

fn number(digit: u32) -> NumberSid {
    format!("PN{digit:032x}").parse().unwrap()
}

fn started() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

/// Three numbers in a service of a pool that hands out what the carriers know.
fn attached() -> Rows {
    let rows = Rows::new(3);
    let wants = Wants {
        services: vec![sid("MG", 1).parse().unwrap()],
        needs: Needs { attached: true, registered: true },
        ..Wants::default()
    };
    rows.want(&wants);
    rows.world.sql(&format!(
        "INSERT INTO attachments (number_id, kind, target, state) SELECT id, 'messaging_service', '{}', 'attached' FROM numbers",
        sid("MG", 1)
    ));
    rows
}

fn hear(rows: &Rows, of: u32, service: Option<String>, registration: Registration, second: i64) -> Hearing {
    let heard = Heard { registration, at: started() + TimeDelta::seconds(second) };
    rows.run(move |conn| {
        registration_hear(conn, &number(of), service.as_deref(), heard, Some("30126"), |_pool| KEYS.to_owned())
    })
}

fn failed(rows: &Rows) -> Vec<i32> {
    let keys = Keys { pool: PoolName::default_pool(), fingerprint: KEYS.into() };
    rows.run(move |conn| pools_failing(conn, &[(keys, 1)])).iter().map(|failing| failing.in_a_row).collect()
}

#[test]
fn a_word_is_taken_once_by_its_own_time_and_only_of_a_service_that_the_number_is_in() {
    use Registration::{Failed, Pending, Registered};
    let rows = attached();
    let service = || Some(sid("MG", 1));
    let taken = |id: i64| Hearing::Taken(id, PoolName::default_pool());
    assert_eq!(hear(&rows, 9, service(), Registered, 1), Hearing::NotOurs);
    assert_eq!(hear(&rows, 1, Some(sid("MG", 2)), Registered, 1), Hearing::OtherService);
    assert_eq!(rows.told_of(1), "attached registering false");
    assert_eq!(hear(&rows, 1, service(), Registered, 10), taken(1));
    assert_eq!(rows.told_of(1), "attached - true");
    // Doubled, late, or of the same moment and worse.
    for (word, second) in [(Registered, 10), (Pending, 9), (Failed, 10)] {
        assert_eq!(hear(&rows, 1, service(), word, second), Hearing::Known, "{word} {second}");
    }
    assert_eq!(hear(&rows, 1, None, Failed, 11), taken(1), "one that names no service");
    assert_eq!(rows.told_of(1), "attached registration_failed false");
    assert_eq!(rows.world.sql("SELECT registration_reason FROM numbers WHERE id = 1"), "30126");
    // Each failure counts once; a success ends the row of them.
    assert_eq!(failed(&rows), [1]);
    assert_eq!(hear(&rows, 1, service(), Failed, 12), taken(1));
    assert_eq!(hear(&rows, 2, service(), Registration::Unregistered, 1), taken(2));
    assert_eq!(failed(&rows), [2]);
    assert_eq!(hear(&rows, 3, service(), Pending, 1), taken(3));
    assert_eq!(rows.told_of(3), "attached registering false");
    assert_eq!(failed(&rows), [2]);
    assert_eq!(hear(&rows, 3, service(), Registered, 2), taken(3));
    assert_eq!(failed(&rows), [0; 0]);
    rows.assert_leases_agree();
}

#[test]
fn an_operators_word_stands_until_twilio_says_later_that_the_carriers_do_not_know_it() {
    let rows = attached();
    let mark = |id: i64| rows.run(move |conn| number_mark_ready(conn, id, "dana"));
    let service = || Some(sid("MG", 1));
    hear(&rows, 1, service(), Registration::Failed, 0);
    assert_eq!(mark(1), MarkedReady::Done);
    assert_eq!(rows.told_of(1), "attached - true");
    assert_eq!(failed(&rows), [0; 0]);
    let marked: i64 = rows.world.count("SELECT floor(extract(epoch FROM marked_ready_at)) FROM numbers WHERE id = 1");
    let after = marked + 60 - started().timestamp();
    hear(&rows, 1, service(), Registration::Failed, 5);
    assert_eq!(rows.told_of(1), "attached - true", "that was before");
    hear(&rows, 1, service(), Registration::Pending, after);
    assert_eq!(rows.told_of(1), "attached - true", "that is no failure");
    hear(&rows, 1, service(), Registration::Failed, after + 1);
    assert_eq!(rows.told_of(1), "attached registration_failed false");
    assert_eq!(mark(1), MarkedReady::Done, "said again, it stands again");
    assert_eq!(rows.told_of(1), "attached - true");
    // Nobody's word replaces an attachment.
    rows.world.sql("UPDATE attachments SET state = 'left' WHERE number_id = 2");
    assert_eq!(mark(2), MarkedReady::Lacks(AttachmentStatus::Pending));
    rows.world.sql("UPDATE numbers SET status = 'quarantined', quarantine_reason = 'tag_conflict' WHERE id = 3");
    assert_eq!(mark(3), MarkedReady::NotFree);
}

#[test]
fn what_was_said_of_a_membership_that_is_over_counts_no_more() {
    let rows = attached();
    let service = || Some(sid("MG", 1));
    hear(&rows, 1, service(), Registration::Registered, 10);
    rows.world.sql("UPDATE attachments SET state = 'left' WHERE number_id = 1");
    assert_eq!(hear(&rows, 1, service(), Registration::Unregistered, 11), Hearing::OtherService);
    rows.run(|conn| attachments_intend(conn, 1, Whose::Nobodys));
    assert_eq!(hear(&rows, 1, service(), Registration::Registered, 10), Hearing::Known, "it comes again, late");
    rows.world.sql(
        "UPDATE attachments SET state = 'sent', attempts = 1, last_sent_at = now() WHERE number_id = 1;
         UPDATE attachments SET state = 'attached' WHERE number_id = 1",
    );
    assert_eq!(rows.told_of(1), "attached registering false");
    hear(&rows, 1, service(), Registration::Registered, 12);
    assert_eq!(rows.told_of(1), "attached - true");
}
