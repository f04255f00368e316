//! Numbers attached to what their pool wants, and let go, step by step.

use std::time::Duration;

use callbunker::db::attachments::{
    AttachmentAttempt, AttachmentEnd, AttachmentReason, Closed, Whose, attachment_doubt, attachment_found,
    attachment_left, attachment_missed, attachment_send, attachment_settle, attachments_intend, target_close,
    targets_open,
};
use callbunker::db::numbers::{Gone, number_let_go};
use callbunker::domain::{AttachmentKind, RefusedFor, Target};

use super::{Ledger, ONE, THREE, TWO};
use crate::attachments::{services, want};

const FIRST: &str = "MG11111111111111111111111111111111";
const SECOND: &str = "MG22222222222222222222222222222222";
const SILENT: Duration = Duration::from_secs(15);

fn reason() -> AttachmentReason {
    AttachmentReason { twilio_code: None, message: "x".to_owned(), request_id: None }
}

#[test]
fn numbers_are_attached_and_let_go_as_if_once() {
    let ledger = Ledger::new();
    let run = ledger.order();
    // What is bought before its pool wants anything.
    let [one, two, three] = [(ONE, 1), (TWO, 2), (THREE, 3)].map(|(number, sid)| ledger.stocked(run, number, sid));
    want(&ledger.world, "default", &services(&[FIRST, SECOND]));
    let attachment = |number: i64| {
        ledger.twice(move |conn| attachments_intend(conn, number, Whose::Nobodys));
        ledger.world.count(&format!("SELECT max(id) FROM attachments WHERE number_id = {number}"))
    };
    let ids = [one, two, three].map(attachment);
    let attempts = ids.map(|id| {
        let (sent, again) = ledger.twice(move |conn| attachment_send(conn, id, SILENT));
        assert!(again.is_none(), "of two who are at it, one sends");
        let first = sent.expect("it is due").asking();
        ledger.twice(move |conn| attachment_doubt(conn, first, &reason()));
        // Whoever comes next may send at once.
        let sending = ledger.run(move |conn| attachment_send(conn, id, SILENT)).expect("it is known to be over");
        assert!(sending.may_be_there);
        sending.asking()
    });
    let [attached, refused, elsewhere] = attempts;
    let settle = |attempt: AttachmentAttempt, end: AttachmentEnd| {
        ledger.twice(move |conn| attachment_settle(conn, attempt, &end, |_pool| "0123456789abcdef".to_owned()))
    };
    assert_eq!(settle(attached, AttachmentEnd::Attached(None)), (true, false));
    assert_eq!(settle(refused, AttachmentEnd::Refused(RefusedFor::Number, reason())), (true, false));
    let found = move |conn: &mut callbunker::db::Connection| {
        attachment_found(conn, three, &Target::parse(AttachmentKind::MessagingService, SECOND).unwrap(), None)
    };
    assert_eq!(ledger.twice(found), (true, false));
    assert!(
        !ledger
            .run(move |conn| attachment_settle(conn, elsewhere, &AttachmentEnd::Attached(None), |_pool| String::new())),
        "it is over"
    );
    assert_eq!(ledger.twice(|conn| target_close(conn, FIRST, Closed::Full, &reason())), (true, false));
    assert_eq!(ledger.twice(move |conn| attachment_missed(conn, attached.attachment, &reason())), (true, false));
    let elsewhere =
        ledger.world.count(&format!("SELECT id FROM attachments WHERE number_id = {three} AND state = 'attached'"));
    assert!(ledger.twice(move |conn| number_let_go(conn, three, Gone::Replaced)).0);
    assert_eq!(ledger.twice(move |conn| attachment_left(conn, elsewhere, &reason())), (true, false));
}

#[test]
fn nothing_is_bought_for_a_pool_whose_services_are_full_whatever_keys_it_has() {
    let ledger = Ledger::new();
    let run = ledger.order();
    want(&ledger.world, "default", &services(&[FIRST, SECOND]));
    let meant = || {
        ledger.intended(run, ONE);
        ledger.world.count("SELECT count(*) FROM purchase_items")
    };
    for target in [FIRST, SECOND] {
        ledger.run(move |conn| target_close(conn, target, Closed::Full, &reason()));
    }
    assert_eq!(ledger.world.count("SELECT count(*) FROM pool_halts"), 0, "nobody has noticed yet");
    assert_eq!(meant(), 0);
    ledger.run(|conn| targets_open(conn, &[SECOND]));
    assert_eq!(meant(), 1);
}
