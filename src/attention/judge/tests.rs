use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::super::facts::{Facts, Limits, Process};
use super::super::item::{Item, Kind, Severity};
use super::{judge, named_warnings};
use crate::db::attention::{LastComparison, Lying, Sight, SpendCaps};
use crate::db::buying_state::{BuyingState, Halted, Paused};
use crate::db::passes::Pass;
use crate::db::pools::PoolsWebhooks;
use crate::db::refusals::Refused;
use crate::db::stock::{Observation, Spend};
use crate::domain::{PoolName, PoolPolicy, Stock, Trigger, Unserved, Webhooks};

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).expect("a time") + TimeDelta::minutes(minutes)
}

fn webhooks(origin: &str) -> PoolsWebhooks {
    let url = |what: &str| format!("https://{origin}/{what}");
    let webhooks = Webhooks { voice_url: url("voice"), sms_url: url("sms"), status_callback: url("call") };
    PoolsWebhooks::from([(PoolName::default_pool(), webhooks)])
}

/// A pool that nothing is wrong with, at minute 0.
fn sight() -> Sight {
    Sight {
        at: at(0),
        observation: Observation {
            stock: Stock { available: 20, assigned: 30, ..Stock::default() },
            missing: 0,
            missing_of_users: 0,
            held: 0,
            spend: Spend::default(),
            buying: BuyingState::default(),
            pool_halt: None,
            owned_all: 0,
            needs: Unserved::new(),
        },
        webhooks: webhooks("a.example"),
        empty_since: None,
        low_since: None,
        missing_of_users: Lying::default(),
        another_tag: Lying::default(),
        held: Lying::default(),
        webhooks_failed: Lying::default(),
        webhooks_pending: Lying::default(),
        unsettled: Lying::default(),
        refused: Refused::default(),
        hour_free_at: None,
        day_free_at: None,
        pass: Some(pass("above_threshold", None)),
        order: None,
        comparison: Some(LastComparison { ended_at: at(-30), problem: None }),
    }
}

fn pass(reason: &str, error: Option<&str>) -> Pass {
    let trigger = Trigger::Threshold;
    Pass {
        id: 1,
        at: at(-1),
        trigger,
        reason: reason.to_owned(),
        purchased_count: 0,
        error: error.map(str::to_owned),
        pool: PoolName::default_pool(),
    }
}

fn facts(sight: Option<Sight>) -> Facts {
    let policy = PoolPolicy {
        threshold_low: 10,
        replenishment_batch_size: 10,
        total_min: 20,
        available_max: 50,
        owned_max: 1000,
    };
    Facts {
        at: at(0),
        limits: Limits {
            policy,
            caps: SpendCaps { hour: 100, day: 300 },
            unknown_settle: Duration::from_secs(300),
            webhooks: webhooks("a.example"),
        },
        sight,
        process: Process { next_try_at: Some(at(2)), ..Process::default() },
    }
}

fn judged(change: impl FnOnce(&mut Sight)) -> Vec<Item> {
    let mut sight = sight();
    change(&mut sight);
    judge(&facts(Some(sight)))
}

fn kinds(items: &[Item]) -> Vec<(Kind, Severity)> {
    items.iter().map(|item| (item.kind, item.severity)).collect()
}

fn only(items: Vec<Item>) -> Item {
    assert_eq!(items.len(), 1, "{items:#?}");
    items.into_iter().next().expect("one")
}

fn halted(code: Option<i32>, probe: Option<DateTime<Utc>>) -> Halted {
    Halted {
        since: at(-5),
        twilio_code: code,
        message: "Authenticate".to_owned(),
        next_probe_at: probe,
        reads_work: false,
    }
}

fn paused() -> Paused {
    Paused { since: at(-12), by: "dana".to_owned(), reason: Some("ask me first".to_owned()) }
}

#[test]
fn a_pool_that_is_well_needs_nobody() {
    assert_eq!(judged(|_| {}), []);
    assert_eq!(judged(|sight| sight.pass = None), [], "nothing was looked at yet");
    // Below the threshold for less than a minute, and nothing in the way.
    assert_eq!(judged(|sight| sight.observation.stock.available = 9), []);
}

#[test]
fn an_empty_pool_says_why_and_when_it_is_tried_again() {
    use {Kind::PoolEmpty, Severity::Critical};
    let item = only(judged(|sight| {
        sight.observation.stock.available = 0;
        sight.empty_since = Some(at(-11));
        sight.pass =
            Some(pass("twilio_unavailable", Some("Twilio gave no proper answer to a search (503); try again later")));
        sight.refused = Refused { ten_minutes: 14, hour: 20, since: Some(at(-11)) };
    }));
    assert_eq!((item.kind, item.severity, item.count, item.since), (PoolEmpty, Critical, Some(14), Some(at(-11))));
    assert_eq!(item.summary, "The pool is empty: signups are refused.");
    assert_eq!(
        item.detail,
        "Why: Twilio gave no proper answer to a search. Twilio gave no proper answer to a search (503); try again later. \
         14 refused in the last 10 min, 20 in the last hour."
    );
    assert_eq!(item.next.map(|next| (next.what, next.at)), Some(("next try", at(2))));
    assert_eq!(item.link.map(|link| link.path), Some("/admin/phones/dashboard/acts/replenish"));

    let fresh = only(judged(|sight| sight.observation.stock = Stock { purchasing: 10, ..Stock::default() }));
    assert_eq!(fresh.summary, "The pool is empty: signups wait for a purchase.");
    assert_eq!((fresh.detail.as_str(), fresh.severity), ("10 numbers being bought now.", Critical));
}

#[test]
fn a_low_pool_is_told_when_something_is_in_the_way_or_it_lasts() {
    let low = |change: &dyn Fn(&mut Sight)| {
        judged(|sight| {
            sight.observation.stock.available = 9;
            change(sight);
        })
    };
    let failed = only(low(&|sight| sight.pass = Some(pass("no_stock", None))));
    assert_eq!((failed.kind, failed.severity), (Kind::PoolLow, Severity::Warning));
    assert!(failed.detail.contains("Twilio has no more such numbers"), "{failed:?}");
    let lasting = only(low(&|sight| sight.low_since = Some(at(-3))));
    assert_eq!((lasting.severity, lasting.since), (Severity::Notice, Some(at(-3))));
}

#[test]
fn halt_and_pause_say_who_and_since_when_and_one_resume_ends_both() {
    let item = only(judged(|sight| sight.observation.buying.halted = Some(halted(Some(20003), Some(at(1))))));
    assert_eq!(item.summary, "All buying is halted: Twilio refuses the credentials (20003).");
    assert_eq!((item.since, item.next.map(|next| next.at)), (Some(at(-5)), Some(at(1))));
    assert_eq!(item.url.as_deref(), Some("https://www.twilio.com/docs/api/errors/20003"));
    assert!(item.todo.contains("by itself"), "{item:?}");
    let ours = only(judged(|sight| sight.observation.buying.halted = Some(halted(None, None))));
    assert_eq!((ours.url, ours.todo.as_str()), (None, "Mend the cause, then resume."));

    let item = only(judged(|sight| sight.observation.buying.paused = Some(paused())));
    assert_eq!((item.kind, item.severity, item.since), (Kind::Paused, Severity::Warning, Some(at(-12))));
    assert_eq!((item.summary.as_str(), item.detail.as_str()), ("Automatic buying is paused by dana.", "ask me first"));

    let both = judged(|sight| {
        sight.observation.buying = BuyingState { paused: Some(paused()), halted: Some(halted(Some(20003), None)) };
    });
    assert_eq!(kinds(&both), [(Kind::Halted, Severity::Critical), (Kind::Paused, Severity::Warning)]);
    assert!(both[0].todo.ends_with("The resume ends the pause, too."), "{both:?}");
    assert_eq!(both.iter().filter(|item| item.link.is_some()).count(), 1, "one act");
    assert_eq!(both[1].detail, "ask me first", "whoever resumes reads it");

    // The cause is told once more where the pool is empty, the act is not.
    let empty = judged(|sight| {
        sight.observation.stock.available = 0;
        sight.observation.buying.halted = Some(halted(Some(20003), None));
    });
    assert_eq!(kinds(&empty), [(Kind::PoolEmpty, Severity::Critical), (Kind::Halted, Severity::Critical)]);
    assert_eq!((empty[0].summary.as_str(), empty[0].link), ("The pool is empty: signups are refused.", None));
}

#[test]
fn a_cap_is_told_when_it_keeps_the_pool_below_its_threshold() {
    let used_up = |available: u32| {
        judged(|sight| {
            sight.observation.stock.available = available;
            sight.observation.spend = Spend { hour: 100, day: 100, ..Spend::default() };
            sight.hour_free_at = Some(at(40));
        })
    };
    assert_eq!(used_up(20), [], "nothing is wanted");
    let items = used_up(9);
    assert_eq!(kinds(&items), [(Kind::PoolLow, Severity::Warning), (Kind::CapBinds, Severity::Warning)]);
    assert_eq!(items[1].next.map(|next| (next.what, next.at)), Some(("free again", at(40))));
    let items = used_up(0);
    assert_eq!(kinds(&items), [(Kind::PoolEmpty, Severity::Critical), (Kind::CapBinds, Severity::Warning)]);
    assert!(
        items[0].summary.ends_with("refused.") && items[0].detail.contains("of this hour are used up"),
        "{items:?}"
    );
}

#[test]
fn more_owned_than_allowed_is_one_warning_whether_stock_is_low_or_not() {
    let owned = |available: u32| {
        judged(|sight| sight.observation.stock = Stock { available, assigned: 2000, ..Stock::default() })
    };
    let item = only(owned(20));
    assert_eq!((item.kind, item.severity, item.count), (Kind::OwnedMaxExceeded, Severity::Warning, Some(2020)));
    assert!(item.summary.contains("1000 is exceeded by the 2020") && item.summary.contains("bought by itself"));
    let items = owned(0);
    assert_eq!(kinds(&items), [(Kind::PoolEmpty, Severity::Critical), (Kind::OwnedMaxExceeded, Severity::Warning)]);
    assert!(items[0].detail.contains("pool.owned_max 1000 leaves no room"), "{items:?}");
}

#[test]
fn numbers_that_wait_for_a_person_are_told_each_with_its_place() {
    let three = Lying { count: 3, since: Some(at(-60)) };
    let one = |change: fn(&mut Sight, Lying)| only(judged(|sight| change(sight, three)));
    for (item, kind, severity) in [
        (one(|sight, lying| sight.missing_of_users = lying), Kind::MissingOfUsers, Severity::Critical),
        (one(|sight, lying| sight.another_tag = lying), Kind::AnotherTag, Severity::Warning),
        (one(|sight, lying| sight.held = lying), Kind::ToDecide, Severity::Warning),
        (one(|sight, lying| sight.webhooks_failed = lying), Kind::WebhooksFailed, Severity::Warning),
        (one(|sight, lying| sight.webhooks_pending = lying), Kind::WebhooksPending, Severity::Notice),
        (one(|sight, lying| sight.unsettled = lying), Kind::UnsettledLong, Severity::Warning),
    ] {
        assert_eq!((item.kind, item.severity, item.count), (kind, severity, Some(3)));
        assert!(item.link.is_some() && item.since == Some(at(-60)) && item.summary.starts_with('3'), "{item:?}");
    }
    // A purchase whose answer was lost a moment ago is looked up by itself.
    assert_eq!(judged(|sight| sight.unsettled = Lying { count: 1, since: Some(at(-9)) }), []);
}

#[test]
fn refused_signups_are_told_after_the_pool_has_stock_again() {
    let refused =
        |ten_minutes, hour| judged(|sight| sight.refused = Refused { ten_minutes, hour, since: Some(at(-9)) });
    let now = only(refused(1, 5));
    assert_eq!((now.severity, now.summary.as_str()), (Severity::Warning, "1 signup was refused in the last 10 min."));
    let then = only(refused(0, 5));
    assert_eq!((then.severity, then.summary.as_str()), (Severity::Notice, "5 signups were refused in the last hour."));
}

#[test]
fn without_a_database_that_is_what_there_is_to_tell() {
    let item = only(judge(&facts(None)));
    assert_eq!((item.kind, item.severity), (Kind::DatabaseAway, Severity::Critical));
    let stuck = Facts {
        process: Process { stuck: vec!["desk"], holder_is_frozen: true, next_try_at: None },
        ..facts(Some(Sight { webhooks: webhooks("b.example"), ..sight() }))
    };
    let items = judge(&stuck);
    assert_eq!(
        items.iter().map(|item| item.kind).collect::<Vec<_>>(),
        [Kind::ConfigSkew, Kind::PartStuck, Kind::HolderFrozen]
    );
    assert!(items[1].summary.ends_with("desk."), "{items:?}");
}

#[test]
fn a_comparison_that_asks_for_somebody_does_so_once() {
    let problem = "2 of the numbers could not be read.";
    let asks = |sight: &mut Sight| {
        sight.comparison = Some(LastComparison { ended_at: at(-30), problem: Some(problem.to_owned()) });
    };
    let item = only(judged(asks));
    assert_eq!((item.kind, item.detail.as_str()), (Kind::ComparisonProblem, problem));
    let items = judged(|sight| {
        asks(sight);
        sight.observation.buying.halted = Some(Halted { message: problem.to_owned(), ..halted(None, None) });
    });
    assert_eq!(kinds(&items), [(Kind::Halted, Severity::Critical)]);
}

#[test]
fn readiness_warns_by_name_of_what_keeps_nobody_from_being_served() {
    let limits = facts(None).limits;
    let mut seen = sight().observation;
    assert_eq!(named_warnings(&limits, &seen), Vec::<String>::new());
    seen.missing_of_users = 2;
    seen.stock.assigned = 2000;
    let told = named_warnings(&limits, &seen);
    assert_eq!(told[0], "missing_of_users: 2 numbers of users are gone at Twilio");
    assert!(told[1].starts_with("owned_max_exceeded: pool.owned_max 1000"), "{told:?}");
    seen.stock = Stock { available: 1, assigned: 30, ..Stock::default() };
    seen.spend.day = 300;
    assert!(named_warnings(&limits, &seen)[1].starts_with("cap_binds: the purchases of this day"), "{seen:?}");
}

#[test]
fn every_item_is_a_sentence_with_something_to_do() {
    let items = judged(|sight| {
        let one = Lying { count: 1, since: Some(at(-60)) };
        sight.observation.stock = Stock { waiting: 1, ..Stock::default() };
        sight.observation.buying = BuyingState { paused: Some(paused()), halted: Some(halted(Some(20005), None)) };
        (sight.missing_of_users, sight.another_tag, sight.held) = (one, one, one);
        (sight.webhooks_failed, sight.webhooks_pending, sight.unsettled) = (one, one, one);
    });
    assert_eq!(items.len(), 10, "{items:#?}");
    assert!(items.is_sorted_by_key(|item| item.severity), "the worst first");
    for item in &items {
        assert!(item.summary.ends_with('.') && item.todo.ends_with('.'), "{item:?}");
        assert!(!item.detail.contains("  ") && item.summary.chars().count() <= 110, "{item:?}");
        assert_eq!(serde_json::to_value(item.kind).unwrap(), item.kind.as_str(), "one name");
    }
}
