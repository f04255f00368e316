//! The life of an attachment, statement by statement: what is intended, sent, settled, and what failures come to.

use std::time::Duration;

use callbunker::db::attachments::{
    AttachmentEnd, AttachmentReason, Closed, Intended, Unattachable, Whose, attachment_doubt, attachment_found,
    attachment_left, attachment_missed, attachment_put_off, attachment_send, attachment_settle, attachment_stays,
    attachments_due, attachments_intend, attachments_leaving, attachments_of, attachments_try_again, numbers_to_attach,
    pool_attach_again, pool_halt_unattachable, pools_without_room, target_close, target_seen, targets_open,
};
use callbunker::db::numbers::{Gone, number_let_go};
use callbunker::db::pool_failures::{failures_forget, pools_failing};
use callbunker::db::pool_halts::{Keys, PoolRefused};
use callbunker::domain::{AttachmentKind, Needs, PoolName, RefusedFor, Target, Wants};

use super::attachments::{Rows, sid};
use crate::world::eventually;
use crate::world::session::Session;

const KEYS: &str = "0123456789abcdef";
/// Nobody works on what was silent for so long.
const SILENT: Duration = Duration::from_secs(15);

fn wants() -> Wants {
    Wants {
        services: vec![sid("MG", 1).parse().unwrap(), sid("MG", 2).parse().unwrap()],
        profile: Some(sid("BU", 5).parse().unwrap()),
        products: vec![sid("BU", 6).parse().unwrap()],
        needs: Needs { attached: true, registered: false },
    }
}

fn only_services() -> Wants {
    Wants { profile: None, products: Vec::new(), ..wants() }
}

fn reason(message: &str) -> AttachmentReason {
    AttachmentReason { twilio_code: Some(21715), message: message.to_owned(), request_id: None }
}

fn refused() -> AttachmentEnd {
    AttachmentEnd::Refused(RefusedFor::Number, reason("no SMS"))
}

impl Rows {
    fn intend(&self, number: i64, whose: Whose) -> Intended {
        self.run(move |conn| attachments_intend(conn, number, whose))
    }

    fn intended(&self, number: i64) -> Vec<String> {
        let short = |target: Target| target.sid()[..3].to_owned();
        self.intend(number, Whose::Nobodys).targets.into_iter().map(short).collect()
    }

    /// The numbers that lack something which may be written down now.
    fn to_attach(&self) -> Vec<i64> {
        self.run(|conn| numbers_to_attach(conn, Whose::Nobodys, 0, 10)).numbers
    }

    /// `MG1 sent` of each attachment of the number.
    fn standing(&self, number: i64) -> Vec<String> {
        let rows = self.run(move |conn| attachments_of(conn, number));
        rows.iter().map(|row| format!("{} {}", &row.target[..3], row.state)).collect()
    }

    fn due(&self) -> Vec<String> {
        let due = self.run(|conn| attachments_due(conn, SILENT, &[], 10));
        due.iter().map(|due| format!("{} {}", due.id, &due.target[..3])).collect()
    }

    fn settle(&self, id: i64, end: AttachmentEnd) -> bool {
        let attempt = self.last_attempt(id);
        self.run(move |conn| attachment_settle(conn, attempt, &end, |_pool| KEYS.to_owned()))
    }

    /// What is intended is sent, and ends like this.
    fn end(&self, id: i64, end: AttachmentEnd) {
        assert!(self.run(move |conn| attachment_send(conn, id, SILENT)).is_some());
        assert!(self.settle(id, end));
    }

    fn doubt(&self, id: i64, message: &'static str) -> bool {
        let attempt = self.last_attempt(id);
        self.run(move |conn| attachment_doubt(conn, attempt, &reason(message)))
    }

    fn failed(&self, most: u32) -> Vec<i32> {
        let keys = Keys { pool: PoolName::default_pool(), fingerprint: KEYS.into() };
        self.run(move |conn| pools_failing(conn, &[(keys, most)])).iter().map(|failing| failing.in_a_row).collect()
    }
}

#[test]
fn what_lacks_is_intended_once_sent_by_one_and_settled_once() {
    let rows = Rows::new(2);
    rows.want(&wants());
    assert_eq!(rows.to_attach(), [1, 2]);
    assert_eq!(rows.intended(1), ["MG1", "BU5", "BU6"]);
    assert_eq!(rows.intended(1), [""; 0], "it is written down");
    assert_eq!(rows.to_attach(), [2]);
    // The product waits for the profile.
    assert_eq!(rows.due(), ["2 BU5", "1 MG1"]);
    assert!(rows.run(|conn| attachment_send(conn, 3, SILENT)).is_none());
    let sent = rows.run(|conn| attachment_send(conn, 2, SILENT)).expect("it is due");
    assert_eq!(
        (sent.attempt, sent.may_be_there, sent.number_id, sent.kind),
        (1, false, 1, AttachmentKind::CustomerProfile)
    );
    assert!(rows.run(|conn| attachment_send(conn, 2, SILENT)).is_none(), "somebody else is at it");
    assert_eq!(rows.due(), ["1 MG1"]);
    // The answer was lost: whoever comes next asks first what Twilio has.
    assert!(rows.doubt(2, "time-out"));
    rows.world.sql("UPDATE attachments SET last_sent_at = last_sent_at - interval '1 minute' WHERE id = 2");
    let again = rows.run(|conn| attachment_send(conn, 2, SILENT)).expect("it was silent for long");
    assert_eq!((again.attempt, again.may_be_there), (2, true));
    assert!(rows.settle(2, AttachmentEnd::Attached(Some(format!("RA{}", "0".repeat(32))))));
    assert!(!rows.settle(2, refused()), "it is over");
    assert_eq!(rows.due(), ["3 BU6", "1 MG1"]);
    rows.end(3, AttachmentEnd::Attached(None));
    assert_eq!(rows.told_of(1), "pending attaching false");
    rows.end(1, AttachmentEnd::Attached(None));
    assert_eq!(rows.told_of(1), "attached - true");
    rows.assert_leases_agree();
    // Of one slow target at most so many are taken up, and none of one that rests.
    assert_eq!(rows.intended(2), ["MG1", "BU5", "BU6"]);
    let due = rows.run(|conn| attachments_due(conn, SILENT, &[sid("MG", 1).as_str()], 1));
    assert_eq!(due.iter().map(|due| &due.target[..2]).collect::<Vec<_>>(), ["BU"]);
}

#[test]
fn what_is_on_hold_leaving_missing_or_gone_is_not_touched() {
    let rows = Rows::new(4);
    rows.want(&only_services());
    assert_eq!(rows.intended(1), ["MG1"]);
    for (id, what) in [
        (1, "status = 'quarantined', quarantine_reason = 'tag_conflict'"),
        (2, "missing_since = now()"),
        (3, "status = 'released'"),
    ] {
        rows.world.sql(&format!("UPDATE numbers SET {what} WHERE id = {id}"));
        assert_eq!(rows.intended(id), [""; 0]);
    }
    assert_eq!(rows.due(), [""; 0]);
    assert!(rows.run(|conn| attachment_send(conn, 1, SILENT)).is_none());
    assert_eq!(rows.to_attach(), [4]);
    // At rest it keeps what it has, and is attached if it lacks something.
    rows.world.sql("UPDATE numbers SET status = 'quarantined', quarantine_reason = 'released', quarantined_until = now() WHERE id = 4");
    assert_eq!(rows.intended(4), ["MG1"]);
    rows.end(2, AttachmentEnd::Attached(None));
    assert_eq!(rows.told_of(4), "attached - false", "at rest, and lacks nothing");
}

#[test]
fn a_full_service_is_passed_by_and_a_pool_whose_services_are_full_is_known() {
    let rows = Rows::new(3);
    rows.want(&only_services());
    let full = |digit: u32| {
        rows.run(move |conn| {
            target_close(conn, &sid("MG", digit), Closed::Full, &reason("Number Pool size limit reached"))
        })
    };
    assert_eq!(rows.intended(1), ["MG1"]);
    assert!(full(1) && !full(1), "it is known once");
    rows.end(1, AttachmentEnd::Refused(RefusedFor::Target, reason("full")));
    assert_eq!(rows.told_of(1), "pending attaching false", "another one may take it");
    assert_eq!(rows.failed(1), [0; 0], "a full service is no failure of a number");
    assert_eq!(rows.intended(1), ["MG2"]);
    assert!(rows.run(pools_without_room).is_empty());
    full(2);
    assert_eq!(
        rows.run(pools_without_room).iter().map(|one| one.message.as_str()).collect::<Vec<_>>(),
        ["Number Pool size limit reached"]
    );
    assert_eq!(rows.to_attach(), [0; 0], "for them there is nothing to be done");
    let none = rows.intend(2, Whose::Nobodys);
    assert!(none.targets.is_empty() && none.no_room.contains(&AttachmentKind::MessagingService));
    // What was on its way goes on, and one that leaves makes room.
    rows.end(2, AttachmentEnd::Attached(None));
    assert_eq!(rows.told_of(1), "attached - true");
    assert!(rows.run(|conn| attachment_missed(conn, 2, &reason("it left"))));
    assert_eq!(rows.standing(1), ["MG1 refused", "MG2 left"]);
    assert!(rows.run(pools_without_room).is_empty());
    assert_eq!(rows.intended(2), ["MG2"]);
    assert_eq!(rows.run(|conn| targets_open(conn, &[sid("MG", 1).as_str(), sid("MG", 2).as_str()])), 1);
    assert_eq!(rows.intended(1), ["MG1"], "what was full is tried again");
}

#[test]
fn failures_in_a_row_are_counted_under_their_keys_and_a_success_ends_them() {
    let rows = Rows::new(5);
    rows.want(&only_services());
    for number in 1..=4 {
        assert_eq!(rows.intended(number), ["MG1"]);
    }
    rows.end(1, refused());
    rows.end(2, AttachmentEnd::Conflict(reason("in another service")));
    assert_eq!(
        (rows.told_of(1), rows.told_of(2)),
        ("failed unattachable false".to_owned(), "failed unattachable false".to_owned())
    );
    assert_eq!((rows.failed(2), rows.failed(3)), (vec![2], vec![]));
    assert_eq!(rows.intended(1), [""; 0], "it will do nowhere");
    let others = Keys { pool: PoolName::default_pool(), fingerprint: "fedcba9876543210".into() };
    assert!(rows.run(move |conn| pools_failing(conn, &[(others, 1)])).is_empty(), "under other keys it never was");
    rows.end(3, AttachmentEnd::Attached(None));
    assert_eq!(rows.failed(1), [0; 0]);
    rows.end(4, refused());
    assert_eq!(rows.failed(1), [1]);
    rows.run(|conn| failures_forget(conn, &PoolName::default_pool()));
    assert_eq!(rows.failed(1), [0; 0]);
    // After a day, or an operator's word, what failed is tried again.
    assert_eq!(rows.run(|conn| attachments_try_again(conn, None, Duration::from_secs(86_400), 10)), 0);
    let pool = PoolName::default_pool();
    assert_eq!(rows.run(move |conn| attachments_try_again(conn, Some(&pool), Duration::ZERO, 2)), 2);
    assert_eq!(rows.to_attach(), [1, 2, 5]);
    assert_eq!(rows.intended(1), ["MG1"]);
}

#[test]
fn a_failure_is_counted_for_the_pool_that_its_number_is_in_by_then_under_that_pools_keys() {
    let rows = Rows::new(2);
    rows.want(&only_services());
    rows.world.sql(
        "INSERT INTO pools (name, voice_url, sms_url, status_callback) VALUES ('gb', 'v', 's', 'c');
         INSERT INTO pool_wants SELECT 'gb', kind, target, rank FROM pool_wants",
    );
    for id in 1..=2 {
        assert_eq!(rows.intended(id), ["MG1"]);
        assert!(rows.run(move |conn| attachment_send(conn, id, SILENT)).is_some());
    }
    rows.world.sql("UPDATE numbers SET pool = 'gb' WHERE id = 1");
    let settle = |id: i64, keys: fn(&PoolName) -> String| {
        let attempt = rows.last_attempt(id);
        assert!(rows.run(move |conn| attachment_settle(conn, attempt, &refused(), keys)));
        rows.world.sql("SELECT string_agg(concat_ws(' ', pool, fingerprint, in_a_row), ', ') FROM pool_failures")
    };
    assert_eq!(settle(1, |pool| format!("of-{pool}")), "gb of-gb 1");
    // Nobody here knows that pool: nothing is counted, and nothing that was.
    assert_eq!(settle(2, |_pool| String::new()), "gb of-gb 1");
}

#[test]
fn a_users_number_joins_no_service_that_takes_its_sms_away_unless_somebody_says_so() {
    let rows = Rows::new(3);
    rows.world.sql(
        "UPDATE leases SET user_id = 'u-' || number_id, assigned_at = now(), source = 'pool', assignment_id = nextval('assignment_ids')",
    );
    rows.want(&wants());
    let alone = rows.intend(1, Whose::Nobodys);
    assert!(alone.left_alone && alone.targets.iter().all(|target| target.kind() != AttachmentKind::MessagingService));
    assert_eq!(rows.standing(1), ["BU5 intended", "BU6 intended"], "these take nothing away");
    for (inbound, expected) in [(false, None), (true, Some("MG2 intended"))] {
        rows.run(move |conn| target_seen(conn, &sid("MG", 2), inbound));
        rows.intend(1, Whose::Nobodys);
        let standing = rows.standing(1);
        assert_eq!(standing.iter().find(|line| line.starts_with("MG")).map(String::as_str), expected);
    }
    // A look that is old proves nothing.
    rows.world.sql("UPDATE attachment_targets SET looked_at = now() - interval '2 days'");
    let look = |whose| rows.run(move |conn| numbers_to_attach(conn, whose, 0, 2));
    assert_eq!((look(Whose::Nobodys).numbers, look(Whose::Anybodys).numbers), (vec![2], vec![2]), "its profile lacks");
    assert_eq!(look(Whose::Nobodys).rerouting, [sid("MG", 1), sid("MG", 2)]);
    assert!(look(Whose::Anybodys).rerouting.is_empty());
    assert_eq!(
        (look(Whose::Nobodys).last, rows.run(|conn| numbers_to_attach(conn, Whose::Nobodys, 3, 2)).last),
        (Some(2), None)
    );
    assert!(rows.intend(2, Whose::Nobodys).left_alone);
    let said = rows.intend(2, Whose::Anybodys);
    assert!(!said.left_alone && said.targets.iter().any(|target| target.sid() == sid("MG", 1)));
    rows.assert_leases_agree();
}

#[test]
fn a_number_that_became_somebodys_since_does_not_join_what_takes_its_sms_away() {
    let rows = Rows::new(4);
    // Nothing keeps them from being handed out meanwhile.
    let needs = Needs { attached: false, registered: false };
    rows.want(&Wants { needs, ..only_services() });
    for (number, whose) in [(1, Whose::Nobodys), (2, Whose::Anybodys), (3, Whose::Nobodys)] {
        assert_eq!(rows.intend(number, whose).targets.len(), 1);
    }
    rows.world.sql(
        "UPDATE leases SET user_id = 'u-' || number_id, assigned_at = now(), source = 'pool', assignment_id = nextval('assignment_ids')
          WHERE number_id <> 3",
    );
    let takes = |id: i64| {
        let sending = rows.run(move |conn| attachment_send(conn, id, SILENT)).expect("it is due");
        assert!(rows.doubt(id, "reset"));
        (sending.takes_sms_away, sending.for_anybody)
    };
    assert_eq!((takes(1), takes(2), takes(3)), ((true, false), (false, true), (false, false)));
    // Whoever repeats it asks again.
    rows.run(|conn| target_seen(conn, &sid("MG", 1), true));
    assert_eq!(takes(1), (false, false), "their SMS go where they went");
    rows.world.sql("UPDATE attachment_targets SET looked_at = now() - interval '2 days'");
    assert_eq!(takes(1), (true, false), "that is long ago");
    // Profiles take nothing away.
    rows.want(&Wants { services: Vec::new(), products: Vec::new(), needs, ..wants() });
    assert_eq!(rows.intended(4), ["BU5"]);
    assert_eq!(takes(4), (false, false));
}

#[test]
fn a_number_that_is_found_in_a_service_is_in_it_and_in_no_other() {
    let rows = Rows::new(2);
    rows.want(&only_services());
    assert_eq!(rows.intended(1), ["MG1"]);
    let found = |digit: u32| {
        rows.run(move |conn| {
            let target = Target::parse(AttachmentKind::MessagingService, &sid("MG", digit)).unwrap();
            attachment_found(conn, 1, &target, None)
        })
    };
    assert!(found(2) && !found(2));
    assert_eq!(rows.standing(1), ["MG1 left", "MG2 attached"]);
    assert_eq!(rows.told_of(1), "attached - true");
    assert!(found(9));
    assert_eq!(rows.told_of(1), "failed unattachable false", "its pool wants another, and nobody moves it");
    assert_eq!(rows.intended(1), [""; 0]);
    assert!(found(1));
    assert_eq!(rows.told_of(1), "attached - true");
}

#[test]
fn what_a_number_that_left_may_still_be_in_is_ended_at_twilio() {
    let rows = Rows::new(2);
    rows.want(&wants());
    assert_eq!(rows.intended(1).len(), 3);
    rows.end(1, AttachmentEnd::Attached(None));
    assert!(rows.run(|conn| attachment_send(conn, 2, SILENT)).is_some());
    rows.world.sql("UPDATE numbers SET status = 'quarantined', quarantine_reason = 'leaving' WHERE id = 1");
    assert!(rows.run(|conn| number_let_go(conn, 1, Gone::Released)));
    assert_eq!(rows.standing(1), ["MG1 attached", "BU5 sent", "BU6 left"]);
    assert_eq!(rows.due(), [""; 0], "it is asked for no more");
    let others = sid("MG", 1);
    assert_eq!(rows.run(move |conn| attachments_leaving(conn, &[&others], &[], 10)).len(), 1, "one of them rests");
    let leaving = rows.run(|conn| attachments_leaving(conn, &[], &[], 10));
    assert_eq!(leaving.iter().map(|one| one.id).collect::<Vec<_>>(), [1, 2]);
    for id in [1, 2] {
        assert!(rows.run(move |conn| attachment_left(conn, id, &reason("gone"))));
        assert!(!rows.run(move |conn| attachment_left(conn, id, &reason("gone"))));
    }
    assert!(rows.run(|conn| attachments_leaving(conn, &[], &[], 10)).is_empty());
    assert_eq!(rows.standing(1), ["MG1 left", "BU5 left", "BU6 left"]);
}

#[test]
fn a_number_that_leaves_makes_room_and_no_service_that_twilio_does_not_know() {
    let rows = Rows::new(1);
    rows.want(&only_services());
    assert_eq!(rows.intended(1), ["MG1"]);
    rows.end(1, AttachmentEnd::Attached(None));
    for why in [Closed::Full, Closed::Unknown] {
        assert!(rows.run(move |conn| target_close(conn, &sid("MG", 1), why, &reason("no more"))));
    }
    assert!(rows.run(|conn| attachment_missed(conn, 1, &reason("it left"))));
    let known = "SELECT full_since IS NULL, unknown_since IS NULL, message FROM attachment_targets";
    assert_eq!(rows.world.sql(known), "t|f|no more");
    assert_eq!(rows.intended(1), ["MG2"], "nothing is sent there again and again");
    assert_eq!(rows.run(|conn| targets_open(conn, &[sid("MG", 1).as_str()])), 1);
    assert_eq!(
        rows.world.sql("SELECT full_since IS NULL, unknown_since IS NULL, message IS NULL FROM attachment_targets"),
        "t|t|t"
    );
}

#[test]
fn what_is_answered_after_its_number_left_ends_or_is_ended_at_twilio() {
    let rows = Rows::new(4);
    rows.want(&only_services());
    for (id, end, expected) in [
        (1, refused(), "refused false"),
        (2, AttachmentEnd::Conflict(reason("in another service")), "conflict false"),
        (3, AttachmentEnd::Left(reason("in another one")), "left false"),
        (4, AttachmentEnd::Attached(None), "attached true"),
    ] {
        assert_eq!(rows.intended(id), ["MG1"]);
        assert!(rows.run(move |conn| attachment_send(conn, id, SILENT)).is_some());
        rows.world
            .sql(&format!("UPDATE numbers SET status = 'quarantined', quarantine_reason = 'leaving' WHERE id = {id}"));
        assert!(rows.run(move |conn| number_let_go(conn, id, Gone::Released)));
        assert!(rows.settle(id, end), "{expected}");
        assert_eq!(
            rows.world.sql(&format!("SELECT state || ' ' || leaving FROM attachments WHERE id = {id}")),
            expected
        );
    }
    assert_eq!(rows.run(|conn| attachments_leaving(conn, &[], &[], 10)).len(), 1);
}

#[test]
fn what_the_carriers_said_of_a_former_service_counts_no_more_in_the_one_in_which_the_number_is_found() {
    let rows = Rows::new(2);
    rows.want(&Wants { needs: Needs { attached: true, registered: true }, ..only_services() });
    for id in 1..=2 {
        assert_eq!(rows.intended(id), ["MG1"]);
    }
    rows.end(1, AttachmentEnd::Attached(None));
    rows.world.sql("UPDATE numbers SET registration = 'registered', registration_at = now()");
    assert_eq!((rows.told_of(1).as_str(), rows.told_of(2).as_str()), ("attached - true", "pending attaching false"));
    for number in 1..=2 {
        assert!(rows.run(move |conn| {
            let target = Target::parse(AttachmentKind::MessagingService, &sid("MG", 2)).unwrap();
            attachment_found(conn, number, &target, None)
        }));
    }
    assert_eq!(rows.told_of(1), "attached registering false", "somebody moved it there: the carriers begin anew");
    // The second one never was in the other one: what was said may be of this one.
    assert_eq!(rows.told_of(2), "attached - true");
    rows.assert_leases_agree();
}

#[test]
fn what_the_carriers_said_of_a_service_that_a_number_was_missed_in_counts_no_more_wherever_it_is_found() {
    let rows = Rows::new(2);
    rows.want(&Wants { needs: Needs { attached: true, registered: true }, ..only_services() });
    for id in 1..=2 {
        assert_eq!(rows.intended(id), ["MG1"]);
        rows.end(id, AttachmentEnd::Attached(None));
    }
    rows.world.sql("UPDATE numbers SET registration = 'registered', registration_at = now()");
    // Somebody takes both out, and a comparison sees that first; one is put into another service, one into the same again.
    for (id, digit) in [(1, 2), (2, 1)] {
        assert_eq!(rows.told_of(id), "attached - true");
        assert!(rows.run(move |conn| attachment_missed(conn, id, &reason("it left"))));
        assert!(rows.run(move |conn| {
            let target = Target::parse(AttachmentKind::MessagingService, &sid("MG", digit)).unwrap();
            attachment_found(conn, id, &target, None)
        }));
        assert_eq!(rows.told_of(id), "attached registering false", "the carriers begin anew");
    }
    rows.assert_leases_agree();
}

#[test]
fn a_doubt_is_taken_up_at_once_and_what_is_sent_or_put_off_when_it_was_silent() {
    let rows = Rows::new(2);
    rows.want(&only_services());
    assert_eq!((rows.intended(1).len(), rows.intended(2).len()), (1, 1));
    for id in 1..=2 {
        assert!(rows.run(move |conn| attachment_send(conn, id, SILENT)).is_some());
    }
    assert_eq!(rows.due(), [""; 0]);
    assert!(rows.doubt(1, "reset"));
    let attempt = rows.last_attempt(2);
    assert!(rows.run(move |conn| attachment_put_off(conn, attempt, &reason("not known yet"))));
    assert_eq!(rows.due(), ["1 MG1"]);
    let again = rows.run(|conn| attachment_send(conn, 1, SILENT)).expect("it is known to be over");
    assert_eq!((again.attempt, again.may_be_there, again.is_wanted, again.closed), (2, true, true, None));
    assert_eq!(rows.due(), [""; 0], "somebody is at it again");
    // What is wanted no more, and what is full by now, is said to whoever sends.
    rows.world.sql("UPDATE attachments SET doubted = true");
    rows.want(&Wants { services: vec![sid("MG", 2).parse().unwrap()], ..only_services() });
    assert!(!rows.run(|conn| attachment_send(conn, 1, SILENT)).expect("it is due").is_wanted);
    rows.run(|conn| target_close(conn, &sid("MG", 1), Closed::Full, &reason("full")));
    assert_eq!(rows.run(|conn| attachment_send(conn, 2, SILENT)).expect("it is due").closed.as_deref(), Some("full"));
}

#[test]
fn what_fails_again_and_again_keeps_nothing_behind_it_waiting() {
    let rows = Rows::new(3);
    rows.want(&only_services());
    for id in 1..=3 {
        assert_eq!(rows.intended(id), ["MG1"]);
    }
    let first = || rows.run(|conn| attachments_due(conn, SILENT, &[], 1))[0].id;
    for expected in [1, 2, 3, 1, 2] {
        assert_eq!(first(), expected);
        assert!(rows.run(move |conn| attachment_send(conn, expected, SILENT)).is_some());
        assert!(rows.doubt(expected, "reset"));
    }
    // The same of what leaves.
    rows.world.sql("UPDATE numbers SET status = 'quarantined', quarantine_reason = 'leaving'");
    for id in 1..=3 {
        assert!(rows.run(move |conn| number_let_go(conn, id, Gone::Released)));
    }
    let first = || rows.run(|conn| attachments_leaving(conn, &[], &[], 1))[0].id;
    for expected in [3, 1, 2, 3] {
        assert_eq!(first(), expected);
        assert!(rows.run(move |conn| attachment_stays(conn, expected)));
    }
    assert_eq!(rows.run(|conn| attachments_leaving(conn, &[], &[1, 2], 10)).len(), 1, "these rest alone");
    assert!(rows.run(|conn| attachment_left(conn, 3, &reason("gone"))));
    assert!(!rows.run(|conn| attachment_stays(conn, 3)));
}

#[test]
fn what_succeeds_beside_what_fails_of_the_same_number_is_no_success() {
    let rows = Rows::new(3);
    rows.want(&wants());
    for number in 1..=2 {
        let first = (number - 1) * 3 + 1;
        assert_eq!(rows.intended(number).len(), 3);
        rows.end(first, AttachmentEnd::Attached(None));
        rows.end(first + 1, AttachmentEnd::Attached(None));
        rows.end(first + 2, refused());
    }
    assert_eq!(rows.failed(2), [2]);
    let keys = Keys { pool: PoolName::default_pool(), fingerprint: KEYS.into() };
    let failing = rows.run(move |conn| pools_failing(conn, &[(keys, 2)]));
    assert_eq!(failing[0].kind, AttachmentKind::TrustProduct);
    assert_eq!(rows.intended(3).len(), 3);
    for id in 7..=9 {
        rows.end(id, AttachmentEnd::Attached(None));
    }
    assert_eq!(rows.failed(1), [0; 0]);
    // An operator says that it will do now.
    rows.run(|conn| target_close(conn, &sid("BU", 6), Closed::Unknown, &reason("no such product")));
    assert_eq!(
        rows.run(pools_without_room).iter().map(|one| one.kind).collect::<Vec<_>>(),
        [AttachmentKind::TrustProduct]
    );
    rows.run(|conn| pool_attach_again(conn, &PoolName::default_pool(), 10));
    assert!(rows.run(pools_without_room).is_empty());
    assert_eq!(rows.to_attach(), [1, 2]);
}

#[test]
fn a_resume_is_not_undone_by_a_halt_that_was_decided_before_it_and_is_whole() {
    let rows = Rows::new(3);
    rows.want(&only_services());
    let halted = || rows.world.count("SELECT count(*) FROM pool_halts");
    let resume = || rows.try_run(|conn| pool_attach_again(conn, &PoolName::default_pool(), 10));
    let halt = |why| {
        let keys = Keys { pool: PoolName::default_pool(), fingerprint: KEYS.into() };
        let (message, needs) = ("2 failed in a row".to_owned(), "pool.messaging_services".to_owned());
        let refused = PoolRefused { keys, twilio_code: None, message, needs };
        rows.run(move |conn| pool_halt_unattachable(conn, &refused, why))
    };
    let failing = || Unattachable::Failing(Keys { pool: PoolName::default_pool(), fingerprint: KEYS.into() }, 2);
    let fail = || {
        for id in 1..=2 {
            assert_eq!(rows.intended(id), ["MG1"]);
            rows.end(id, refused());
        }
        assert_eq!(rows.failed(2), [2]);
    };
    // Somebody saw that it fails, and an operator was faster.
    fail();
    resume().unwrap();
    assert!(!halt(failing()) && !halt(Unattachable::WithoutRoom));
    assert_eq!(halted(), 0);
    fail();
    assert!(halt(failing()) && !halt(failing()), "once");
    // A resume that breaks off in the middle has done nothing.
    rows.run(|conn| target_close(conn, &sid("MG", 1), Closed::Full, &reason("full")));
    rows.world.sql(
        "CREATE FUNCTION breaks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$;
         CREATE TRIGGER breaks BEFORE UPDATE ON attachment_targets FOR EACH ROW EXECUTE FUNCTION breaks()",
    );
    assert!(resume().is_err());
    assert_eq!((halted(), rows.failed(2)), (1, vec![2]));
    rows.world.sql("DROP TRIGGER breaks ON attachment_targets");
    resume().unwrap();
    assert_eq!((halted(), rows.failed(1)), (0, vec![]));
    // Without room it is halted for that.
    for digit in 1..=2 {
        rows.run(move |conn| target_close(conn, &sid("MG", digit), Closed::Full, &reason("full")));
    }
    assert!(halt(Unattachable::WithoutRoom));
}

#[test]
fn a_number_that_moves_while_it_is_waited_for_is_locked_with_its_pool_as_it_is_then() {
    let rows = Rows::new(1);
    let world = &rows.world;
    world.sql("INSERT INTO pools (name, voice_url, sms_url, status_callback) VALUES ('gb', 'v', 's', 'c')");
    rows.want(&only_services());
    world.sql("INSERT INTO pool_wants SELECT 'gb', kind, target, rank FROM pool_wants");
    // Whoever writes an attachment stops here, with what it has locked.
    world.sql(
        "CREATE FUNCTION stops() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NEW; END $$;
         CREATE TRIGGER stops BEFORE INSERT ON attachments FOR EACH ROW EXECUTE FUNCTION stops()",
    );
    let gate = Session::open(world, "SELECT pg_advisory_lock(4711)");
    let mover = Session::open(world, "SELECT pg_advisory_lock(4712)");
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    std::thread::scope(|scope| {
        let moves = "BEGIN; UPDATE numbers SET pool = 'gb' WHERE id = 1; SELECT pg_advisory_xact_lock(4712); COMMIT";
        scope.spawn(|| world.sql(moves));
        eventually("somebody moves it, and has not committed", || world.count(waiting) == 1);
        let intending = scope.spawn(|| rows.intended(1));
        eventually("the number is waited for", || world.count(waiting) == 2);
        drop(mover);
        // Whatever is not held by whoever writes the attachment.
        let free = "SELECT string_agg(name, ' ') FROM (SELECT name FROM pools ORDER BY name FOR NO KEY UPDATE SKIP LOCKED) AS free";
        eventually("its pool is held, and no other", || world.count(waiting) == 1 && world.sql(free) == "default");
        drop(gate);
        assert_eq!(intending.join().unwrap(), ["MG1"]);
    });
    assert_eq!(rows.told_of(1), "pending attaching false");
}

#[test]
fn what_became_of_an_attachment_is_a_line_of_its_numbers_history() {
    let rows = Rows::new(3);
    rows.want(&only_services());
    let lines = |id: i64| {
        let lines = "SELECT string_agg(concat_ws(':', note, replace(detail, repeat('1', 31), '')), ', ' ORDER BY id) FROM number_notes";
        rows.world.sql(&format!("{lines} WHERE number_id = {id}")).replace(&"2".repeat(31), "")
    };
    for number in [1, 2, 3] {
        assert_eq!(rows.intended(number), ["MG1"]);
    }
    rows.end(1, AttachmentEnd::Attached(None));
    assert!(rows.run(|conn| attachment_missed(conn, 1, &reason("somebody took it out"))));
    assert_eq!(lines(1), "attached:MG1, detached:MG1 somebody took it out");
    // Refused alike each day, that is one line; otherwise it is another one.
    for message in ["no SMS", "no SMS", "no MMS"] {
        rows.end(2, AttachmentEnd::Refused(RefusedFor::Number, reason(message)));
        rows.run(|conn| attachments_try_again(conn, None, Duration::ZERO, 10));
        assert_eq!(rows.intended(2), ["MG1"]);
    }
    assert_eq!(lines(2), "attachment_refused:MG1 no SMS, attachment_refused:MG1 no MMS");
    // That a service is full says nothing of the number, and what it was never in it does not leave.
    rows.end(3, AttachmentEnd::Refused(RefusedFor::Target, reason("full")));
    assert_eq!(rows.intended(3), ["MG1"]);
    rows.end(3, AttachmentEnd::Left(reason("it is in another one")));
    assert_eq!(lines(3), "");
    assert_eq!(rows.intended(3), ["MG1"]);
    rows.end(3, AttachmentEnd::Conflict(reason("in another service")));
    let target = Target::parse(AttachmentKind::MessagingService, &sid("MG", 2)).unwrap();
    assert!(rows.run(move |conn| attachment_found(conn, 3, &target, None)));
    assert_eq!(lines(3), "attachment_conflict:MG1 in another service, attached:MG2");
}

#[test]
fn a_look_for_what_is_due_reads_what_it_takes_up_however_many_wait() {
    let rows = Rows::new(4000);
    let service = sid("MG", 1);
    rows.world.sql(&format!(
        "INSERT INTO attachments (number_id, kind, target) SELECT id, 'messaging_service', '{service}' FROM numbers; ANALYZE; SELECT pg_stat_reset()"
    ));
    assert_eq!(rows.due().len(), 10);
    let index = "FROM pg_stat_user_indexes WHERE indexrelname = 'attachments_by_target_idx'";
    eventually("it is counted", || rows.world.count(&format!("SELECT idx_scan {index}")) > 0);
    let read = rows.world.count(&format!("SELECT idx_tup_read {index}"));
    assert!(read < 100, "{read} of 4,000 were read");
}
