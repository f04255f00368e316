//! Attempts that overtake each other, what was meant for whoever has a number, and what nobody wants any more.

use std::time::Duration;

use callbunker::db::attachments::{
    AttachmentAttempt, AttachmentEnd, AttachmentReason, SendingAttachment, Whose, attachment_doubt, attachment_missed,
    attachment_put_off, attachment_send, attachment_settle, attachments_due, attachments_intend, attachments_of,
    attachments_try_again, numbers_to_attach,
};
use callbunker::domain::{Needs, RefusedFor, Wants};

use super::attachments::{Rows, sid};

const SILENT: Duration = Duration::from_secs(15);

fn services(count: u32) -> Wants {
    Wants {
        services: (1..=count).map(|digit| sid("MG", digit).parse().unwrap()).collect(),
        needs: Needs { attached: true, registered: false },
        ..Wants::default()
    }
}

fn reason() -> AttachmentReason {
    AttachmentReason { twilio_code: Some(21715), message: "no SMS".to_owned(), request_id: None }
}

fn refused(concerns: RefusedFor) -> AttachmentEnd {
    AttachmentEnd::Refused(concerns, reason())
}

impl Rows {
    fn standing_of(&self, number: i64) -> Vec<String> {
        let rows = self.run(move |conn| attachments_of(conn, number));
        rows.iter().map(|row| format!("{} {}", &row.target[..3], row.state)).collect()
    }

    fn means(&self, number: i64, whose: Whose) -> usize {
        self.run(move |conn| attachments_intend(conn, number, whose)).targets.len()
    }

    /// Nobody has heard of the one before for long.
    fn sends_after_silence(&self, id: i64) -> SendingAttachment {
        self.world.sql(&format!("UPDATE attachments SET last_sent_at = now() - interval '1 hour' WHERE id = {id}"));
        self.run(move |conn| attachment_send(conn, id, SILENT)).expect("it is due")
    }

    fn comes_to(&self, attempt: AttachmentAttempt, end: AttachmentEnd) -> bool {
        self.run(move |conn| attachment_settle(conn, attempt, &end, |_pool| "0123456789abcdef".to_owned()))
    }
}

#[test]
fn an_earlier_attempt_ends_nothing_after_a_later_one_began() {
    let rows = Rows::new(1);
    rows.want(&services(1));
    assert_eq!(rows.means(1, Whose::Nobodys), 1);
    let first = rows.sends_after_silence(1).asking();
    let second = rows.sends_after_silence(1).asking();
    for end in [refused(RefusedFor::Number), refused(RefusedFor::Target), AttachmentEnd::Conflict(reason())] {
        assert!(!rows.comes_to(first, end), "somebody else has the word");
    }
    assert!(!rows.comes_to(first, AttachmentEnd::Left(reason())));
    assert!(!rows.run(move |conn| attachment_doubt(conn, first, &reason())));
    assert!(!rows.run(move |conn| attachment_put_off(conn, first, &reason())));
    assert_eq!(rows.standing_of(1), ["MG1 sent"]);
    assert_eq!(rows.world.count("SELECT count(*) FROM attachments WHERE doubted"), 0);
    assert_eq!(rows.world.count("SELECT count(*) FROM pool_failures"), 0);
    assert!(rows.comes_to(second, AttachmentEnd::Attached(None)));
    assert!(!rows.comes_to(second, AttachmentEnd::Attached(None)), "it is over");
    assert_eq!(rows.told_of(1), "attached - true");
}

#[test]
fn an_attempt_is_another_one_also_after_the_attachment_began_anew() {
    let rows = Rows::new(1);
    rows.want(&services(1));
    rows.means(1, Whose::Nobodys);
    let first = rows.sends_after_silence(1).asking();
    assert!(rows.comes_to(first, refused(RefusedFor::Number)));
    rows.run(|conn| attachments_try_again(conn, None, Duration::ZERO, 10));
    assert_eq!(rows.means(1, Whose::Nobodys), 1);
    assert!(!rows.comes_to(first, refused(RefusedFor::Number)), "nothing was sent yet");
    let again = rows.sends_after_silence(1).asking();
    assert_ne!(first, again);
    assert!(!rows.comes_to(first, refused(RefusedFor::Number)));
    assert_eq!(rows.standing_of(1), ["MG1 sent"]);
}

#[test]
fn that_twilio_has_the_number_counts_whichever_attempt_did_it() {
    let rows = Rows::new(3);
    rows.want(&services(2));
    for (number, end) in
        [(1, refused(RefusedFor::Number)), (2, AttachmentEnd::Conflict(reason())), (3, refused(RefusedFor::Target))]
    {
        rows.means(number, Whose::Nobodys);
        let id = rows.world.count(&format!("SELECT id FROM attachments WHERE number_id = {number}"));
        let first = rows.sends_after_silence(id).asking();
        let second = rows.sends_after_silence(id).asking();
        assert!(rows.comes_to(second, end));
        // What has no room is passed by, and the number is on its way elsewhere.
        if number == 3 {
            rows.world.sql(&format!(
                "INSERT INTO attachment_targets (target, full_since, message) VALUES ('{}', now(), 'full')",
                sid("MG", 1)
            ));
            assert_eq!(rows.means(3, Whose::Nobodys), 1);
            assert_eq!(rows.standing_of(3), ["MG1 refused", "MG2 intended"]);
        }
        assert!(rows.comes_to(first, AttachmentEnd::Attached(None)));
        assert_eq!(rows.told_of(number), "attached - true");
    }
    assert_eq!(rows.standing_of(3), ["MG1 attached", "MG2 left"]);
    rows.assert_leases_agree();
}

#[test]
fn what_was_meant_for_whoever_has_the_number_is_so_until_it_has_joined_one() {
    let rows = Rows::new(1);
    let needs = Needs { attached: false, registered: false };
    rows.want(&Wants { needs, ..services(2) });
    // A purchase brought it.
    assert_eq!(rows.means(1, Whose::Anybodys), 1);
    rows.world.sql(
        "UPDATE leases SET user_id = 'u-1', assigned_at = now(), source = 'pool', assignment_id = nextval('assignment_ids')",
    );
    let sending = rows.sends_after_silence(1);
    rows.world.sql(&format!(
        "INSERT INTO attachment_targets (target, full_since, message) VALUES ('{}', now(), 'full')",
        sid("MG", 1)
    ));
    assert!(rows.comes_to(sending.asking(), refused(RefusedFor::Target)));
    // Whoever wrote that died: the round finds it.
    let look = || rows.run(|conn| numbers_to_attach(conn, Whose::Nobodys, 0, 10));
    assert_eq!((look().numbers, look().rerouting), (vec![1], vec![]));
    assert_eq!(rows.means(1, Whose::Nobodys), 1);
    let sending = rows.sends_after_silence(2);
    assert!(sending.for_anybody && !sending.takes_sms_away);
    // The same after a day, or an operator's word.
    assert!(rows.comes_to(sending.asking(), refused(RefusedFor::Number)));
    assert_eq!(rows.run(|conn| attachments_try_again(conn, None, Duration::ZERO, 10)), 2);
    assert_eq!((look().numbers, look().rerouting), (vec![1], vec![]));
    assert_eq!(rows.means(1, Whose::Nobodys), 1);
    let sending = rows.sends_after_silence(2);
    assert!(sending.for_anybody);
    assert!(rows.comes_to(sending.asking(), AttachmentEnd::Attached(None)));
    // Somebody took it out of there: that is another matter.
    assert!(rows.run(|conn| attachment_missed(conn, 2, &reason())));
    assert_eq!((look().numbers, look().rerouting), (vec![], vec![sid("MG", 2)]));
    assert_eq!(rows.means(1, Whose::Nobodys), 0);
}

#[test]
fn what_was_sent_before_the_clock_was_set_back_is_taken_up_again() {
    let rows = Rows::new(1);
    rows.want(&services(1));
    rows.means(1, Whose::Nobodys);
    rows.sends_after_silence(1);
    let due = || rows.run(|conn| attachments_due(conn, SILENT, &[], 10)).len();
    assert_eq!(due(), 0);
    rows.world
        .sql("UPDATE attachments SET last_sent_at = now() + interval '1 hour', since = now() + interval '1 hour'");
    assert_eq!(due(), 1);
    // The same of what the carriers say of the next membership.
    let attempt = rows.run(|conn| attachment_send(conn, 1, SILENT)).expect("it is due").asking();
    assert!(rows.comes_to(attempt, AttachmentEnd::Attached(None)));
    assert!(rows.run(|conn| attachment_missed(conn, 1, &reason())));
    rows.world.sql("UPDATE attachments SET since = now() + interval '1 hour'");
    assert_eq!(rows.means(1, Whose::Nobodys), 1);
    assert_eq!(rows.world.count("SELECT count(*) FROM numbers WHERE registration_at > now()"), 0);
}

#[test]
fn a_product_that_nobody_wants_any_more_is_let_go_and_one_that_is_wanted_waits_for_its_profile() {
    let rows = Rows::new(1);
    let with_trust = Wants {
        profile: Some(sid("BU", 5).parse().unwrap()),
        products: vec![sid("BU", 6).parse().unwrap()],
        ..services(1)
    };
    rows.want(&with_trust);
    rows.means(1, Whose::Nobodys);
    assert_eq!(rows.standing_of(1), ["MG1 intended", "BU5 intended", "BU6 intended"]);
    let profile = rows.sends_after_silence(2).asking();
    assert!(rows.comes_to(profile, refused(RefusedFor::Number)));
    let due = || rows.run(|conn| attachments_due(conn, SILENT, &[], 10)).iter().map(|due| due.id).collect::<Vec<_>>();
    assert_eq!(due(), [1], "it waits for its profile");
    rows.want(&services(1));
    assert_eq!(due(), [3, 1]);
    let sending = rows.sends_after_silence(3);
    assert!(!sending.is_wanted);
    assert!(rows.comes_to(sending.asking(), AttachmentEnd::Left(reason())));
    assert_eq!(rows.standing_of(1), ["MG1 intended", "BU5 refused", "BU6 left"]);
}
