//! Twilio's word of how the carriers have a number: taken by its own time, in whatever order it comes, and an operator's beside it.

use callbunker::db::attachments::{Whose, attachments_intend};
use callbunker::db::numbers::{
    Hearing, MarkedReady, Said, number_mark_ready, registration_hear, registrations_hear, registrations_known,
};
use callbunker::db::pool_failures::pools_failing;
use callbunker::db::pool_halts::Keys;
use callbunker::domain::{
    AttachmentStatus, Heard, Needs, NumberSid, PoolName, Registration, RegistrationEvent, Wants, WhichNumber,
};
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
    // Each failure of one that was never ready counts once; a success ends the row of them.
    assert_eq!(hear(&rows, 1, service(), Failed, 12), taken(1));
    assert_eq!(failed(&rows), [0; 0]);
    assert_eq!(hear(&rows, 2, service(), Registration::Unregistered, 1), taken(2));
    assert_eq!(hear(&rows, 2, service(), Failed, 2), taken(2));
    assert_eq!(failed(&rows), [1]);
    assert_eq!(hear(&rows, 3, service(), Pending, 1), taken(3));
    assert_eq!(rows.told_of(3), "attached registering false");
    assert_eq!(failed(&rows), [1]);
    assert_eq!(hear(&rows, 3, service(), Registered, 2), taken(3));
    assert_eq!(failed(&rows), [0; 0]);
    rows.assert_leases_agree();
}

#[test]
fn what_is_taken_away_on_purpose_is_no_failure_of_its_pool() {
    let rows = attached();
    let service = || Some(sid("MG", 1));
    // Somebody deletes one at Twilio, and one is on hold; nobody bought a number that does not become ready.
    hear(&rows, 1, service(), Registration::Registered, 1);
    hear(&rows, 1, service(), Registration::Unregistered, 2);
    assert_eq!(rows.told_of(1), "attached registration_failed false");
    rows.world.sql("UPDATE numbers SET status = 'quarantined', quarantine_reason = 'tag_conflict' WHERE id = 2");
    assert_eq!(hear(&rows, 2, service(), Registration::Failed, 1), Hearing::Taken(2, PoolName::default_pool()));
    assert_eq!(failed(&rows), [0; 0]);
    hear(&rows, 3, service(), Registration::Pending, 1);
    hear(&rows, 3, service(), Registration::Failed, 2);
    assert_eq!(failed(&rows), [1]);
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
    let left = (started() + TimeDelta::seconds(11)).to_rfc3339();
    rows.world.sql(&format!("UPDATE attachments SET state = 'left', since = '{left}' WHERE number_id = 1"));
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

/// The kinds of lines that a number's history has about attachments and registrations.
fn lines(rows: &Rows, id: i64) -> String {
    rows.world.sql(&format!("SELECT string_agg(note, ' ' ORDER BY id) FROM number_notes WHERE number_id = {id}"))
}

#[test]
fn what_is_told_late_of_a_membership_that_is_over_makes_no_number_ready() {
    let rows = attached();
    let service = || Some(sid("MG", 1));
    // Twilio told of one that they are told; of the other nothing came yet. Both leave, and are to join anew.
    hear(&rows, 1, service(), Registration::Pending, 10);
    let left = started() + TimeDelta::seconds(20);
    rows.world
        .sql(&format!("UPDATE attachments SET state = 'left', since = '{}' WHERE number_id < 3", left.to_rfc3339()));
    for number in [1, 2] {
        rows.run(move |conn| attachments_intend(conn, number, Whose::Nobodys));
        let digit = u32::try_from(number).unwrap();
        for (word, second) in
            [(Registration::Registered, 12), (Registration::Failed, 15), (Registration::Registered, 20)]
        {
            assert_eq!(hear(&rows, digit, service(), word, second), Hearing::Known, "{number}: {word} at {second}");
        }
        rows.world.sql(&format!(
            "UPDATE attachments SET state = 'sent', attempts = 1, last_sent_at = now() WHERE number_id = {number};
             UPDATE attachments SET state = 'attached' WHERE number_id = {number}"
        ));
        assert_eq!(rows.told_of(number), "attached registering false");
        hear(&rows, digit, service(), Registration::Registered, 21);
        assert_eq!(rows.told_of(number), "attached - true");
    }
    // One that never was a member hears whatever comes.
    rows.world.sql("UPDATE attachments SET state = 'left' WHERE number_id = 3");
    rows.world.stock("default", 4, 1);
    rows.run(|conn| attachments_intend(conn, 4, Whose::Nobodys));
    assert_eq!(rows.world.sql("SELECT registration_at FROM numbers WHERE id = 4"), "");
    assert_eq!(hear(&rows, 4, service(), Registration::Registered, 1), Hearing::Taken(4, PoolName::default_pool()));
}

#[test]
fn what_a_batch_says_of_one_number_stands_as_a_whole_and_strangers_cost_nothing() {
    let rows = attached();
    let event = |which, registration, second| RegistrationEvent {
        which,
        service: Some(sid("MG", 1)),
        heard: Heard { registration, at: started() + TimeDelta::seconds(second) },
        reason: None,
    };
    let of = |digit| WhichNumber::Sid(number(digit));
    let taken = |id| Hearing::Taken(id, PoolName::default_pool());
    let number_2 = rows.world.sql("SELECT phone_number FROM numbers WHERE id = 2").parse().unwrap();
    let batch = vec![
        event(of(3), Registration::Failed, 5),
        event(WhichNumber::Number(number_2), Registration::Registered, 3),
        event(of(9), Registration::Registered, 3),
        event(of(3), Registration::Registered, 4),
        event(of(2), Registration::Registered, 3),
    ];
    let batch: Vec<Said> = batch.into_iter().map(Said::from).collect();
    let hear = |batch: Vec<Said>| rows.run(move |conn| registrations_hear(conn, &batch, |_pool| KEYS.to_owned()));
    let came = hear(batch.clone());
    assert_eq!(came, [taken(3), taken(2), Hearing::NotOurs, Hearing::Known, Hearing::Known]);
    assert_eq!(failed(&rows), [1]);
    let came = hear(batch);
    assert_eq!(came.iter().filter(|hearing| **hearing == Hearing::Known).count(), 4);
    assert_eq!(failed(&rows), [1]);
    assert_eq!(hear(Vec::new()), []);
    // What a look at all of them left to be heard has its numbers, and is looked up no more: by then they may be called otherwise.
    let batch = [event(of(9), Registration::Registered, 6), event(of(3), Registration::Failed, 6)].map(Said::from);
    let (told, left) = rows.run(move |conn| registrations_known(conn, batch.to_vec()));
    assert_eq!((told.as_slice(), left.len()), ([Hearing::NotOurs].as_slice(), 1));
    rows.world
        .sql("SET session_replication_role = replica; UPDATE numbers SET sid = 'PN' || repeat('f', 32) WHERE id = 3");
    assert_eq!(hear(left), [taken(3)]);
    rows.world.sql(&format!(
        "SET session_replication_role = replica; UPDATE numbers SET sid = '{}' WHERE id = 3",
        number(3).as_str()
    ));
    // What is said of the last one breaks a rule of the database: nothing of that is written, and what is said of another one is.
    rows.world.sql("ALTER TABLE numbers ADD CONSTRAINT broken CHECK (id <> 3 OR registration_at < '2030-01-01')");
    let at = "SELECT registration_at FROM numbers WHERE id = 3";
    let (before, batch) = (
        rows.world.sql(at),
        [
            event(of(3), Registration::Registered, 20),
            event(of(3), Registration::Registered, 200_000_000),
            event(of(1), Registration::Registered, 9),
        ]
        .map(Said::from),
    );
    let broken = rows.try_run(move |conn| registrations_hear(conn, &batch, |_pool| KEYS.to_owned()));
    assert!(broken.is_err(), "{broken:?}");
    assert_eq!(rows.world.sql(at), before);
    assert_eq!(rows.told_of(1), "attached - true");
    rows.assert_leases_agree();
}

#[test]
fn a_numbers_history_has_a_line_for_what_became_so_and_one_only() {
    use Registration::{Failed, Pending, Registered, Unregistered};
    let rows = attached();
    let service = || Some(sid("MG", 1));
    for (word, second) in [(Pending, 1), (Failed, 2), (Failed, 3), (Registered, 4), (Registered, 5), (Unregistered, 6)]
    {
        hear(&rows, 1, service(), word, second);
    }
    assert_eq!(lines(&rows, 1), "registration_failed registered registration_failed");
    let details = "SELECT string_agg(coalesce(detail, '-'), ',' ORDER BY id) FROM number_notes WHERE number_id = 1";
    assert_eq!(rows.world.sql(details), "30126,-,30126");
    assert_eq!(
        rows.world.sql("SELECT extract(epoch FROM min(at))::bigint FROM number_notes"),
        (started().timestamp() + 2).to_string(),
        "by Twilio's time"
    );
    rows.run(|conn| number_mark_ready(conn, 1, "dana"));
    assert_eq!(rows.run(|conn| number_mark_ready(conn, 1, "dana")), MarkedReady::NotNeeded, "it stands");
    assert_eq!(lines(&rows, 1), "registration_failed registered registration_failed marked_ready");
    assert_eq!(rows.world.sql("SELECT noted_by FROM number_notes WHERE note = 'marked_ready'"), "dana");
    // Where nobody waits for the carriers, a mark is no word at all.
    rows.want(&Wants { needs: Needs { attached: true, registered: false }, ..Wants::default() });
    assert_eq!(rows.run(|conn| number_mark_ready(conn, 2, "dana")), MarkedReady::NotNeeded);
    assert_eq!(lines(&rows, 2), "");
}
