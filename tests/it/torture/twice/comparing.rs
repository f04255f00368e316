//! What a comparison with Twilio takes in, marks and repairs.

use callbunker::db::Connection;
use callbunker::db::buying_state::{buying_halt, buying_state_read};
use callbunker::db::numbers::{
    Destination, FailedWebhooks, Gone, HoldReason, TagHold, number_confirm_webhooks, number_fail_webhooks,
    number_hold_tag_conflict, number_let_go, number_mark_drifted, number_take_in_found, number_turned_up,
    numbers_mark_missing, pool_set_webhooks, pool_unconfirm, pool_unconfirm_stock,
};
use callbunker::db::pools::{PoolWanted, PoolsWebhooks, pools_claim};
use callbunker::db::purchases::items::{Ending, item_end, item_settle};
use callbunker::domain::Webhooks;

use super::{Ledger, ONE, STATE, THREE, TWO, failure};

#[test]
fn a_purchase_that_turns_up_after_it_was_given_up_is_settled_as_if_once() {
    let ledger = Ledger::new();
    let run = ledger.order();
    let item = ledger.sent(run, ONE);
    ledger.run(move |conn| item_end(conn, item, Some(1), Ending::NotBought, &failure("not_found")));
    let settlement = ledger.settlement(ONE, 1);
    assert_eq!(ledger.twice(move |conn| item_settle(conn, item, &settlement)), (true, false));
}

#[test]
fn numbers_that_nobody_knows_are_taken_in_and_make_way_as_if_once() {
    let ledger = Ledger::new();
    for (number, sid, destination) in
        [(ONE, 1, Destination::Pool), (TWO, 2, Destination::Hold(HoldReason::UnknownItem))]
    {
        let new = ledger.settlement(number, sid).number;
        assert_eq!(ledger.twice(move |conn| number_take_in_found(conn, &new, &destination)), (true, false));
    }
    for number in [ONE, TWO] {
        let id = ledger.world.count(&format!("SELECT id FROM numbers WHERE phone_number = '{number}'"));
        assert_eq!(ledger.twice(move |conn| number_let_go(conn, id, Gone::Replaced)), (true, false));
    }
}

#[test]
fn numbers_are_marked_and_repaired_as_if_once() {
    let ledger = Ledger::new();
    let run = ledger.order();
    let [drifted, gone, conflict] =
        [(ONE, 1), (TWO, 2), (THREE, 3)].map(|(number, sid)| ledger.stocked(run, number, sid));
    let wanted = ledger.wanted();
    let (stranger, now) = (former(&wanted), wanted.clone());
    assert_eq!(ledger.run(move |conn| number_mark_drifted(conn, drifted, &stranger)), None, "others are wanted by now");
    let (first, second) = ledger.twice(move |conn| number_mark_drifted(conn, drifted, &now));
    assert!(first.is_some() && first == second);
    let (first, second) = ledger.twice(move |conn| number_fail_webhooks(conn, drifted, false));
    assert_eq!((first, second), (FailedWebhooks::GivenUp, FailedWebhooks::GivenUp));
    let now = wanted.clone();
    // Whoever comes second hears that it is confirmed, as it is.
    assert_eq!(ledger.twice(move |conn| number_confirm_webhooks(conn, drifted, &now)), (true, true));
    let (first, second) = ledger.twice(move |conn| numbers_mark_missing(conn, &[gone]));
    assert_eq!((first.len(), second.len()), (1, 0));
    assert_eq!(ledger.twice(move |conn| number_turned_up(conn, gone)), (true, false));
    let held = ledger.twice(move |conn| number_hold_tag_conflict(conn, conflict, false));
    assert_eq!(held, (TagHold::OnHold, TagHold::NotIdle));
    // What is held is nobody's to mark or to repair.
    let before = ledger.world.sql(STATE);
    assert_eq!(ledger.run(move |conn| number_mark_drifted(conn, conflict, &wanted)), None);
    assert_eq!(ledger.run(move |conn| number_fail_webhooks(conn, conflict, true)), FailedWebhooks::NotFree);
    assert!(!ledger.run(move |conn| number_turned_up(conn, conflict)));
    assert_eq!(before, ledger.world.sql(STATE));
}

/// What the pool wanted before.
fn former(wanted: &PoolWanted) -> PoolWanted {
    let webhooks = Webhooks { voice_url: "https://old.example/v".to_owned(), ..wanted.webhooks.clone() };
    PoolWanted { webhooks, ..wanted.clone() }
}

#[test]
fn what_one_pool_wants_confirms_no_number_of_another() {
    let ledger = Ledger::new();
    let run = ledger.order();
    let [moved, stays] = [(ONE, 1), (TWO, 2)].map(|(number, sid)| ledger.stocked(run, number, sid));
    let ours = ledger.wanted();
    let theirs = PoolWanted { pool: "gb".parse().unwrap(), ..former(&ours) };
    let claimed = PoolsWebhooks::from([(theirs.pool.clone(), theirs.webhooks.clone())]);
    // Twice, and by somebody who wants something else by now: what was stored first stays.
    let others = PoolsWebhooks::from([(theirs.pool.clone(), ours.webhooks.clone())]);
    let (stored, again) = ledger.twice(move |conn| pools_claim(conn, &claimed));
    assert_eq!((stored.len(), &stored), (2, &again));
    assert_eq!(ledger.run(move |conn| pools_claim(conn, &others)), stored);
    let status = |id: i64| ledger.world.sql(&format!("SELECT webhook_status FROM numbers WHERE id = {id}"));

    // It moved while Twilio was told what its former pool wants.
    ledger.world.sql(&format!("UPDATE numbers SET pool = 'gb', webhook_status = 'pending' WHERE id = {moved}"));
    let late = ours.clone();
    assert!(!ledger.run(move |conn| number_confirm_webhooks(conn, moved, &late)));
    assert_eq!(status(moved), "pending");
    let late = ours.clone();
    assert_eq!(ledger.run(move |conn| number_mark_drifted(conn, moved, &late)), None, "it is judged by its own pool");
    let now = theirs.clone();
    assert_eq!(ledger.twice(move |conn| number_confirm_webhooks(conn, moved, &now)), (true, true));
    assert_eq!(status(moved), "configured");

    // Other webhooks for one pool leave the numbers of the other as they are.
    let news = PoolWanted { webhooks: ours.webhooks.clone(), ..theirs.clone() };
    let (stock, set) = (news.clone(), news.clone());
    assert!(ledger.run(move |conn| pool_unconfirm_stock(conn, &stock, 10)));
    assert_eq!((status(moved).as_str(), status(stays).as_str()), ("pending", "configured"));
    ledger.twice(move |conn| pool_set_webhooks(conn, &set));
    let (gb, default) = (news.clone(), ours.clone());
    assert_eq!(ledger.run(move |conn| pool_unconfirm(conn, &gb, 0, 10)), Some(moved));
    assert_eq!(ledger.run(move |conn| pool_unconfirm(conn, &default, 0, 10)), Some(stays));
    assert_eq!((status(moved).as_str(), status(stays).as_str()), ("pending", "configured"));
    assert!(ledger.run(move |conn| number_confirm_webhooks(conn, moved, &news)));
    assert!(!ledger.run(move |conn| number_confirm_webhooks(conn, moved, &theirs)), "they are wanted no more");
    assert_eq!(status(moved), "pending");
}

#[test]
fn who_configures_first_says_nothing_for_who_wants_others_since() {
    let ledger = Ledger::new();
    let run = ledger.order();
    let [one, two, three] = [(ONE, 1), (TWO, 2), (THREE, 3)].map(|(number, sid)| ledger.stocked(run, number, sid));
    let wanted = ledger.wanted();
    let others = |voice_url: &str| {
        let webhooks = Webhooks { voice_url: voice_url.to_owned(), ..wanted.webhooks.clone() };
        PoolWanted { webhooks, ..wanted.clone() }
    };
    let (first, second) = (others("https://one.example/v"), others("https://two.example/v"));
    for id in [one, two, three] {
        ledger.world.sql(&format!("UPDATE leases SET user_id = 'u-{id}', source = 'pool', assigned_at = now(), assignment_id = nextval('assignment_ids')
                                    WHERE number_id = {id}"));
    }
    let statuses = || ledger.world.sql("SELECT string_agg(webhook_status, ' ' ORDER BY id) FROM numbers");
    let (set, walk) = (first.clone(), first.clone());
    ledger.run(move |conn| pool_set_webhooks(conn, &set));
    assert_eq!(ledger.run(move |conn| pool_unconfirm(conn, &walk, 0, 1)), Some(one));
    // Ahead of the first walk somebody else's mind is changed, and behind it what the first wanted was confirmed.
    let (set, walk) = (second.clone(), second.clone());
    ledger.run(move |conn| pool_set_webhooks(conn, &set));
    assert_eq!(ledger.run(move |conn| pool_unconfirm(conn, &walk, 0, 1)), Some(one));
    assert_eq!(statuses(), "pending configured configured");
    // The first goes on, which takes nothing back for the second, and ends nothing for it.
    let walk = first.clone();
    assert_eq!(ledger.run(move |conn| pool_unconfirm(conn, &walk, three, 10)), None);
    assert_eq!(ledger.world.sql("SELECT unconfirming FROM pools WHERE name = 'default'"), "t");
    let walk = second.clone();
    assert_eq!(ledger.run(move |conn| pool_unconfirm(conn, &walk, one, 10)), Some(three));
    assert_eq!(statuses(), "pending pending pending");
    assert_eq!(ledger.twice(move |conn| pool_unconfirm(conn, &second, three, 10)), (None, None));
    assert_eq!(ledger.world.sql("SELECT unconfirming FROM pools WHERE name = 'default'"), "f");
}

#[test]
fn who_sets_webhooks_that_nobody_wants_any_more_takes_the_confirmation_back() {
    let ledger = Ledger::new();
    let run = ledger.order();
    let id = ledger.stocked(run, ONE, 1);
    let wanted = ledger.wanted();
    let old = former(&wanted);
    let late = old.clone();
    assert_eq!(ledger.twice(move |conn| number_confirm_webhooks(conn, id, &late)), (false, false));
    assert!(ledger.world.sql("SELECT webhook_status FROM numbers").ends_with("pending"));
    assert_eq!(ledger.twice(move |conn| number_confirm_webhooks(conn, id, &wanted)), (true, true));
    assert!(ledger.world.sql("SELECT webhook_status FROM numbers").ends_with("configured"));
}

#[test]
fn every_reason_to_halt_is_told_once_until_somebody_resumes() {
    let ledger = Ledger::new();
    let halt =
        |code: Option<i32>, message: &'static str| ledger.twice(move |conn| buying_halt(conn, code, message, None));
    assert_eq!(halt(Some(22300), "Twilio bars this account (RQ1)"), (true, false));
    let again = |conn: &mut Connection| buying_halt(conn, Some(22300), "Twilio bars this account (RQ2)", None);
    assert!(!ledger.run(again), "the same in another request");
    assert_eq!(halt(None, "a number conflicts with the ledger"), (true, false));
    assert_eq!(halt(None, "seven numbers are gone"), (true, false));
    let told = ledger.run(buying_state_read).halted.unwrap();
    for reason in ["RQ1", "conflicts with the ledger", "seven numbers"] {
        assert!(told.message.contains(reason), "{}", told.message);
    }
    assert_eq!((told.twilio_code, told.next_probe_at), (Some(22300), None));
}
