//! What whoever watches is told of attachments: how many wait and since when, what failed and which, and why a number is kept back.

use std::time::Duration;

use callbunker::db::attachments::{
    AttachmentEnd, AttachmentReason, AttachmentsSeen, Closed, Counted, Whose, attachment_send, attachment_settle,
    attachments_intend, attachments_seen, target_close,
};
use callbunker::db::numbers::number_attached;
use callbunker::domain::{AttachmentKind, HeldBack, Needs, RefusedFor, Registration, Wants};

use super::attachments::{Rows, sid};

const KEYS: &str = "0123456789abcdef";

fn wants(registered: bool) -> Wants {
    Wants {
        services: vec![sid("MG", 1).parse().unwrap(), sid("MG", 2).parse().unwrap()],
        needs: Needs { attached: true, registered },
        ..Wants::default()
    }
}

fn reason(code: i32, message: &str) -> AttachmentReason {
    AttachmentReason { twilio_code: Some(code), message: message.to_owned(), request_id: None }
}

impl Rows {
    fn seen(&self) -> AttachmentsSeen {
        self.run(attachments_seen)
    }

    /// The number's service, from intended to this end.
    fn ends(&self, number: i64, end: AttachmentEnd) {
        self.run(move |conn| attachments_intend(conn, number, Whose::Nobodys));
        let id = self.world.count(&format!("SELECT max(id) FROM attachments WHERE number_id = {number}"));
        self.run(move |conn| {
            let sending = attachment_send(conn, id, Duration::from_secs(15))?.expect("it is due");
            attachment_settle(conn, sending.asking(), &end, |_pool| KEYS.to_owned())
        });
    }
}

fn counted(state: &str, count: i64) -> Counted {
    Counted { kind: AttachmentKind::MessagingService, state: state.to_owned(), count }
}

#[test]
fn where_nothing_is_wanted_nothing_is_told() {
    let rows = Rows::new(3);
    assert_eq!(rows.seen(), AttachmentsSeen::default());
    rows.want(&wants(false));
    for number in 1..=3 {
        rows.ends(number, AttachmentEnd::Attached(None));
    }
    assert_eq!(rows.seen(), AttachmentsSeen::default(), "all is as it should be");
    let attached = rows.run(|conn| number_attached(conn, 1));
    assert_eq!((attached.attachments.len(), attached.registration, attached.withheld), (1, None, None));
}

#[test]
fn what_waits_what_failed_and_what_is_full_is_counted_and_named() {
    let rows = Rows::new(6);
    rows.want(&wants(false));
    rows.run(|conn| attachments_intend(conn, 1, Whose::Nobodys));
    rows.ends(2, AttachmentEnd::Refused(RefusedFor::Number, reason(21715, "no SMS")));
    rows.ends(3, AttachmentEnd::Conflict(reason(21712, "in another service")));
    rows.ends(4, AttachmentEnd::Refused(RefusedFor::Target, reason(21714, "full")));
    rows.run(|conn| target_close(conn, &sid("MG", 1), Closed::Full, &reason(21714, "full")));
    rows.ends(4, AttachmentEnd::Attached(None));
    rows.world.sql("UPDATE attachments SET since = since - interval '2 hours' WHERE number_id = 1");
    let seen = rows.seen();
    assert_eq!(seen.counted, [counted("conflict", 1), counted("intended", 1), counted("refused", 1)]);
    let number = |id: i64| rows.world.sql(&format!("SELECT phone_number FROM numbers WHERE id = {id}"));
    let names = |waiting: &callbunker::db::numbers::SomeNumbers| {
        waiting.numbers.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!((seen.open.count, names(&seen.open)), (1, vec![number(1)]));
    assert!(seen.open.since.is_some_and(|since| since < chrono::Utc::now() - chrono::TimeDelta::minutes(90)));
    assert_eq!((seen.failed.count, names(&seen.failed)), (1, vec![number(2)]));
    assert_eq!((seen.conflict.count, names(&seen.conflict)), (1, vec![number(3)]));
    assert_eq!(seen.closed.iter().map(|one| one.target.clone()).collect::<Vec<_>>(), [sid("MG", 1)]);

    // Which services are wanted changes: whoever is in a former one is stuck there.
    rows.want(&Wants { services: vec![sid("MG", 3).parse().unwrap()], ..wants(false) });
    let seen = rows.seen();
    assert!(seen.counted.contains(&counted("elsewhere", 1)), "{:?}", seen.counted);
    assert_eq!((seen.failed.count, seen.conflict.count, seen.closed.len()), (2, 1, 0));
    let withheld = |id: i64| rows.run(move |conn| number_attached(conn, id)).withheld.expect("kept back");
    let elsewhere = withheld(4);
    assert_eq!((elsewhere.why, elsewhere.target, elsewhere.said), (HeldBack::Unattachable, Some(sid("MG", 2)), None));
    let refused = withheld(2);
    assert_eq!((refused.target, refused.said), (Some(sid("MG", 1)), Some("21715: no SMS".to_owned())));
    assert_eq!(refused.key, "pool.messaging_services");
    // Nobody gives it to anybody, and what left is told no more.
    rows.world.sql("UPDATE numbers SET status = 'released' WHERE id IN (2, 3)");
    let seen = rows.seen();
    assert_eq!((seen.failed.count, seen.conflict.count), (1, 0));
}

#[test]
fn who_waits_for_the_carriers_is_told_and_whose_word_it_is_that_they_know_it() {
    let rows = Rows::new(3);
    rows.want(&wants(true));
    for number in 1..=3 {
        rows.ends(number, AttachmentEnd::Attached(None));
    }
    rows.world.sql(
        "UPDATE numbers SET registration = 'failed', registration_at = now() - interval '1 hour', registration_reason = '30126' WHERE id = 2;
         UPDATE numbers SET registration = 'pending', registration_at = now() - interval '1 hour' WHERE id = 3",
    );
    let seen = rows.seen();
    assert_eq!((seen.registering.count, seen.registration_failed.count, seen.open.count), (2, 1, 0));
    assert!(seen.registering.since.is_some() && seen.registration_failed.since.is_some());
    let of = |id: i64| rows.run(move |conn| number_attached(conn, id));
    let failed = of(2);
    assert_eq!(
        (failed.registration, failed.registration_reason.as_deref()),
        (Some(Registration::Failed), Some("30126"))
    );
    let withheld = failed.withheld.expect("kept back");
    assert_eq!((withheld.why, withheld.said.as_deref()), (HeldBack::RegistrationFailed, Some("30126")));
    let pending = of(3).withheld.expect("kept back");
    assert_eq!((pending.why, pending.target), (HeldBack::Registering, Some(sid("MG", 1))));
    rows.world.sql("UPDATE numbers SET marked_ready_at = now(), marked_ready_by = 'dana' WHERE id = 2");
    let marked = of(2);
    assert_eq!((marked.registration, marked.withheld), (Some(Registration::Registered), None));
    assert!(marked.registration_reason.is_some_and(|words| words.starts_with("marked ready by dana at 2")));
    assert_eq!(rows.seen().registration_failed.count, 0);
}
