use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::super::facts::{Facts, Limits, PoolLimits, Process};
use super::super::item::{Item, Kind, Severity};
use super::{attachment_warnings, judge, named_warnings, release_warning};
use crate::db::attachments::{AttachmentsSeen, ClosedTarget};
use crate::db::attention::{LastComparison, Lying, PoolSight, Sight, SpendCaps};
use crate::db::buying_state::{BuyingState, Halted, Paused};
use crate::db::numbers::SomeNumbers;
use crate::db::passes::Pass;
use crate::db::pool_halts::PoolHalt;
use crate::db::pools::PoolsWebhooks;
use crate::db::refusals::Refused;
use crate::db::releases::StuckReleases;
use crate::db::stock::{Observation, Overview, Spend};
use crate::domain::{Away, CapLimits, Keys, PoolName, PoolPolicy, Stock, Trigger, Webhooks};
use crate::twilio_check::{Check, CheckName, CheckResult, Checked, Report};
use crate::twilio_events::Rejections;

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).expect("a time") + TimeDelta::minutes(minutes)
}

fn webhooks(origin: &str) -> PoolsWebhooks {
    let url = |what: &str| format!("https://{origin}/{what}");
    let webhooks =
        Webhooks { voice_url: url("voice"), sms_url: url("sms"), status_callback: url("call"), ..Webhooks::default() };
    PoolsWebhooks::from([(PoolName::default_pool(), webhooks)])
}

/// What is known of one pool, and of everything else.
#[derive(Clone)]
struct Morning {
    observation: Observation,
    webhooks: PoolsWebhooks,
    empty_since: Option<DateTime<Utc>>,
    low_since: Option<DateTime<Utc>>,
    missing_of_users: Lying,
    another_tag: Lying,
    contested: Lying,
    held: Lying,
    webhooks_failed: Lying,
    webhooks_pending: Lying,
    attachments: AttachmentsSeen,
    unsettled: Lying,
    releases_stuck: Option<StuckReleases>,
    refused: Refused,
    hour_free_at: Option<DateTime<Utc>>,
    pass: Option<Pass>,
    comparison: Option<LastComparison>,
}

/// A pool that nothing is wrong with, at minute 0.
fn sight() -> Morning {
    Morning {
        observation: Observation {
            stock: Stock { available: 20, assigned: 30, ..Stock::default() },
            ..Observation::default()
        },
        webhooks: webhooks("a.example"),
        empty_since: None,
        low_since: None,
        missing_of_users: Lying::default(),
        another_tag: Lying::default(),
        contested: Lying::default(),
        held: Lying::default(),
        webhooks_failed: Lying::default(),
        webhooks_pending: Lying::default(),
        attachments: AttachmentsSeen::default(),
        unsettled: Lying::default(),
        releases_stuck: None,
        refused: Refused::default(),
        hour_free_at: None,
        pass: Some(pass("above_threshold", None)),
        comparison: Some(LastComparison { ended_at: at(-30), problem: None }),
    }
}

fn pool(name: &str) -> PoolName {
    name.parse().unwrap()
}

impl Morning {
    /// As the database tells it.
    fn seen(self) -> Sight {
        let name = PoolName::default_pool();
        let (spend, buying) = (self.observation.spend, self.observation.buying.clone());
        let of_pool = PoolSight {
            empty_since: self.empty_since,
            low_since: self.low_since,
            refused: self.refused,
            pass: self.pass,
            order: None,
        };
        Sight {
            at: at(0),
            stock: Overview { pools: [(name.clone(), self.observation)].into(), spend, buying, ..Overview::default() },
            pools: [(name, of_pool)].into(),
            webhooks: self.webhooks,
            missing_of_users: self.missing_of_users,
            another_tag: self.another_tag,
            contested: self.contested,
            held: self.held,
            webhooks_failed: self.webhooks_failed,
            webhooks_pending: self.webhooks_pending,
            attachments: self.attachments,
            unsettled: self.unsettled,
            releases_stuck: self.releases_stuck,
            hour_free_at: self.hour_free_at,
            day_free_at: None,
            comparison: self.comparison,
        }
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
        detail: None,
    }
}

const POLICY: PoolPolicy =
    PoolPolicy { threshold_low: 10, replenishment_batch_size: 10, total_min: 20, available_max: 50, owned_max: 1000 };

fn limits_of(name: &str, policy: PoolPolicy) -> PoolLimits {
    let caps = CapLimits { per_hour_max: 100, per_day_max: 300, pool_per_day_max: None, owned_all_max: None };
    PoolLimits { keys: Keys { pool: pool(name), ..Keys::default() }, policy, caps }
}

fn facts(sight: Option<Morning>) -> Facts {
    Facts {
        at: at(0),
        limits: Limits {
            pools: vec![limits_of("default", POLICY)],
            caps: SpendCaps { hour: 100, day: 300 },
            unknown_settle: Duration::from_secs(300),
            webhooks: webhooks("a.example"),
        },
        sight: sight.map(Morning::seen),
        process: Process { next_try_at: [(PoolName::default_pool(), at(2))].into(), ..Process::default() },
    }
}

fn judged(change: impl FnOnce(&mut Morning)) -> Vec<Item> {
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
    assert_eq!(item.link.map(|link| link.path.into_owned()).as_deref(), Some("/admin/phones/dashboard/acts/replenish"));

    let fresh = only(judged(|sight| sight.observation.stock = Stock { purchasing: 10, ..Stock::default() }));
    assert_eq!(fresh.summary, "The pool is empty: signups wait for a purchase.");
    assert_eq!((fresh.detail.as_str(), fresh.severity), ("10 numbers being bought now.", Critical));

    let registers = only(judged(|sight| sight.observation.stock = Stock { registering: 10, ..Stock::default() }));
    assert_eq!(registers.summary, "The pool is empty: 10 numbers register with the carriers.");
    assert_eq!(registers.todo, "Nothing: each is given out as soon as the carriers know it.");
    assert!(registers.detail.contains("nothing is bought in their place"), "{registers:?}");
}

#[test]
fn a_low_pool_is_told_when_something_is_in_the_way_or_it_lasts() {
    let low = |change: &dyn Fn(&mut Morning)| {
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
    assert_eq!((empty[0].summary.as_str(), empty[0].link.clone()), ("The pool is empty: signups are refused.", None));
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
    let one = |change: fn(&mut Morning, Lying)| only(judged(|sight| change(sight, three)));
    for (item, kind, severity) in [
        (one(|sight, lying| sight.missing_of_users = lying), Kind::MissingOfUsers, Severity::Critical),
        (one(|sight, lying| sight.another_tag = lying), Kind::AnotherTag, Severity::Warning),
        (one(|sight, lying| sight.contested = lying), Kind::Contested, Severity::Warning),
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
    let frozen = Process { database_away: Some(Away::Frozen), ..Process::default() };
    let item = only(judge(&Facts { process: frozen, ..facts(None) }));
    assert_eq!((item.kind, item.summary.as_str()), (Kind::DatabaseAway, Away::Frozen.summary()));
    assert!(item.detail.contains("default_transaction_read_only is on"), "{item:?}");
    assert!(item.todo.contains("off again"), "{item:?}");
    let alone = Process { database_away: Some(Away::NoStandby), ..Process::default() };
    let item = only(judge(&Facts { process: alone, ..facts(Some(sight())) }));
    assert_eq!((item.kind, item.severity), (Kind::DatabaseAway, Severity::Critical));
    assert!(item.detail.contains("synchronous_standby_names") && !item.detail.contains("nothing else"), "{item:?}");
    let stuck = Facts {
        process: Process { stuck: vec!["desk"], holder_is_frozen: true, ..Process::default() },
        ..facts(Some(Morning { webhooks: webhooks("b.example"), ..sight() }))
    };
    let items = judge(&stuck);
    assert_eq!(
        items.iter().map(|item| item.kind).collect::<Vec<_>>(),
        [Kind::ConfigSkew, Kind::PartStuck, Kind::HolderFrozen]
    );
    assert!(items[1].summary.ends_with("desk."), "{items:?}");
}

/// A look that found this wrong.
fn looked(failing: &[(CheckName, Option<&str>)]) -> Option<Arc<Checked>> {
    let line = |(check, name): &(CheckName, Option<&str>)| Check {
        check: *check,
        pool: name.map(pool),
        result: CheckResult::Fail,
        detail: "it is not there".to_owned(),
        todo: Some("Give another one.".to_owned()),
        until: None,
    };
    let report = Report { result: CheckResult::Fail, checks: failing.iter().map(line).collect(), reached: true };
    Some(Arc::new(Checked { at: at(-1), failing_since: Some(at(-7)), report }))
}

#[test]
fn a_look_at_twilio_that_fails_is_one_item_unless_a_halt_says_it() {
    let seen = |failing: &[(CheckName, Option<&str>)], sight: Option<Morning>| {
        let mut facts = facts(sight);
        facts.process.twilio = looked(failing);
        judge(&facts)
    };
    assert_eq!(seen(&[], Some(sight())), []);
    let item = only(seen(&[(CheckName::Stock, Some("default")), (CheckName::Balance, None)], Some(sight())));
    assert_eq!((item.kind, item.pool, item.since), (Kind::TwilioCheckFailed, None, Some(at(-7))));
    assert_eq!(item.summary, "Buying could not succeed: the stock of default, and 1 more.");
    assert_eq!((item.detail.as_str(), item.todo.as_str()), ("It is not there.", "Give another one. Then check again."));
    let item = only(seen(&[(CheckName::PublicUrl, Some("gb"))], Some(sight())));
    assert_eq!(
        (item.pool, item.summary.as_str()),
        (Some(pool("gb")), "Buying could not succeed: the public url of gb.")
    );
    let mut halted_all = sight();
    halted_all.observation.buying.halted = Some(halted(None, None));
    let failing = [(CheckName::Credentials, None), (CheckName::Stock, Some("default"))];
    let items = seen(&failing, Some(halted_all));
    assert_eq!(kinds(&items)[0], (Kind::Halted, Severity::Critical));
    assert_eq!(items[1].summary, "Buying could not succeed: the stock of default.", "the halt is not about that");
    let without = seen(&[(CheckName::Balance, None)], None);
    assert_eq!(kinds(&without)[1], (Kind::TwilioCheckFailed, Severity::Warning), "a database is not needed for it");
}

#[test]
fn a_comparison_that_asks_for_somebody_does_so_once() {
    let problem = "2 of the numbers could not be read.";
    let asks = |sight: &mut Morning| {
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
    let told = |seen: &Observation| {
        let stock = Overview { pools: [(PoolName::default_pool(), seen.clone())].into(), ..Overview::default() };
        named_warnings(&limits, &stock, None)
    };
    assert_eq!(told(&seen), Vec::<String>::new());
    seen.missing_of_users = 2;
    seen.stock.assigned = 2000;
    let both = told(&seen);
    assert_eq!(both[0], "missing_of_users: 2 numbers of users are gone at Twilio");
    assert!(both[1].starts_with("owned_max_exceeded: pool.owned_max 1000"), "{both:?}");
    seen.stock = Stock { available: 1, assigned: 30, ..Stock::default() };
    seen.spend.day = 300;
    assert!(told(&seen)[1].starts_with("cap_binds: the purchases of this day"), "{seen:?}");
}

/// What lacks a pool that Twilio wants a bundle of.
fn no_bundle(name: &str) -> PoolHalt {
    PoolHalt {
        pool: pool(name),
        since: at(-7),
        twilio_code: Some(21_649),
        message: "no bundle".to_owned(),
        needs: pool(name).key("bundle_sid"),
        fingerprint: "0123456789abcdef".to_owned(),
    }
}

/// Three pools: nothing is wrong with `default`, `gb` has these, `ca` wants no stock; and what is left of `old`.
fn three(gb: Observation) -> Facts {
    let mut facts = facts(Some(sight()));
    let wants_none = PoolPolicy { threshold_low: 0, total_min: 0, ..POLICY };
    facts.limits.pools.extend([limits_of("gb", POLICY), limits_of("ca", wants_none)]);
    let seen = facts.sight.as_mut().expect("the database answers");
    seen.stock.pools.extend([(pool("gb"), gb), (pool("ca"), Observation::default())]);
    seen.pools.extend([(pool("gb"), PoolSight::default()), (pool("ca"), PoolSight::default())]);
    let left = Stock { available: 2, assigned: 7, ..Stock::default() };
    seen.stock.others.insert(pool("old"), Observation { stock: left, missing_of_users: 1, ..Observation::default() });
    // Whoever owned some once, and has none any more, is told to nobody.
    seen.stock.others.insert(pool("older"), Observation::default());
    facts
}

#[test]
fn each_pool_says_its_own_and_one_that_wants_nothing_says_nothing() {
    let facts = three(Observation { pool_halt: Some(no_bundle("gb")), ..Observation::default() });
    let items = judge(&facts);
    let told: Vec<_> =
        items.iter().map(|item| (item.kind, item.severity, item.pool.as_ref().map(PoolName::as_str))).collect();
    assert_eq!(
        told,
        [
            (Kind::PoolEmpty, Severity::Critical, Some("gb")),
            (Kind::PoolHalted, Severity::Critical, Some("gb")),
            (Kind::PoolUnconfigured, Severity::Warning, Some("old")),
        ]
    );
    assert_eq!(items[0].summary, "Pool gb is empty: signups are refused.");
    assert_eq!(items[0].detail, "Why: it is halted, because pools.gb.bundle_sid lacks or does not fit.");
    assert_eq!(items[1].summary, "Buying for pool gb is halted: it needs pools.gb.bundle_sid.");
    let link = items[1].link.clone().expect("an act");
    assert_eq!((&*link.path, &*link.text), ("/admin/phones/dashboard/acts/resume?pool=gb", "Resume gb…"));
    assert_eq!((items[1].since, items[2].count), (Some(at(-7)), Some(9)));
    assert!(items[2].detail.starts_with("7 are users', who keep them; 2 serve nobody"), "{items:?}");
    // With stock left it is no emergency.
    let stock = Stock { available: 20, ..Stock::default() };
    let halted = judge(&three(Observation { stock, pool_halt: Some(no_bundle("gb")), ..Observation::default() }));
    assert_eq!((halted[0].kind, halted[0].severity), (Kind::PoolHalted, Severity::Warning));
}

#[test]
fn a_cap_of_all_pools_is_one_cause_and_a_pools_own_is_its_own() {
    let used_up = Spend { hour: 100, day: 100, ..Spend::default() };
    let low = Stock { available: 3, ..Stock::default() };
    let gb = Observation { stock: low, spend: used_up, ..Observation::default() };
    let mut facts = three(gb);
    let stock = &mut facts.sight.as_mut().expect("seen").stock;
    let default = stock.pools.get_mut(&PoolName::default_pool()).expect("default");
    (default.stock, default.spend) = (Stock { available: 4, ..Stock::default() }, used_up);
    let caps =
        |facts: &Facts| -> Vec<Item> { judge(facts).into_iter().filter(|item| item.kind == Kind::CapBinds).collect() };
    let both = only(caps(&facts));
    assert_eq!((both.pool, both.summary.contains("spend.purchases_per_hour_max 100")), (None, true));
    assert!(
        both.detail.starts_with("default: 4 available, threshold 10; gb: 3 available, threshold 10;"),
        "{}",
        both.detail
    );
    let stock = &mut facts.sight.as_mut().expect("seen").stock;
    for seen in stock.pools.values_mut() {
        seen.spend = Spend { pool_day: 5, ..Spend::default() };
    }
    facts.limits.pools[1].caps.pool_per_day_max = Some(5);
    let own = only(caps(&facts));
    assert_eq!(own.pool, Some(pool("gb")));
    assert!(own.summary.ends_with("(pools.gb.purchases_per_day_max 5)."), "{}", own.summary);
}

#[test]
fn readiness_warns_of_pools_that_are_halted_or_not_configured_once_each() {
    let facts = three(Observation { pool_halt: Some(no_bundle("gb")), ..Observation::default() });
    let told = named_warnings(&facts.limits, &facts.sight.expect("seen").stock, None);
    assert_eq!(
        told,
        [
            "missing_of_users: 1 number of users is gone at Twilio",
            "pool_halted: gb needs pools.gb.bundle_sid",
            "pool_unconfigured: numbers belong to pool old, which the configuration does not name",
        ]
    );
}

#[test]
fn every_item_is_a_sentence_with_something_to_do() {
    let items = judged(|sight| {
        let one = Lying { count: 1, since: Some(at(-60)) };
        sight.observation.stock = Stock { waiting: 1, ..Stock::default() };
        sight.observation.buying = BuyingState { paused: Some(paused()), halted: Some(halted(Some(20005), None)) };
        (sight.missing_of_users, sight.another_tag, sight.held, sight.contested) = (one, one, one, one);
        (sight.webhooks_failed, sight.webhooks_pending, sight.unsettled) = (one, one, one);
    });
    assert_eq!(items.len(), 11, "{items:#?}");
    assert!(items.is_sorted_by_key(|item| item.severity), "the worst first");
    for item in &items {
        assert!(item.summary.ends_with('.') && item.todo.ends_with('.'), "{item:?}");
        assert!(!item.detail.contains("  ") && item.summary.chars().count() <= 110, "{item:?}");
        assert_eq!(serde_json::to_value(item.kind).unwrap(), item.kind.as_str(), "one name");
    }
}

#[test]
fn what_does_not_come_to_be_attached_is_told_and_what_waits_as_it_should_is_not() {
    let waiting = |minutes: i64, count: usize| SomeNumbers {
        count: i64::try_from(count).unwrap(),
        since: Some(at(-minutes)),
        numbers: (0..count.min(5)).map(|n| format!("+1415555010{n}").parse().unwrap()).collect(),
    };
    let seen = |attachments: AttachmentsSeen| Morning { attachments, ..sight() };
    let with = |attachments: &AttachmentsSeen| judge(&facts(Some(seen(attachments.clone()))));
    let good = AttachmentsSeen { open: waiting(29, 3), registering: waiting(23 * 60, 3), ..AttachmentsSeen::default() };
    assert_eq!(with(&good), [], "Twilio and the carriers have their time");
    assert_eq!(attachment_warnings(&good, at(0)), Vec::<String>::new());
    let since = at(-5);
    let closed = |target: &str| ClosedTarget { target: target.to_owned(), since };
    let bad = AttachmentsSeen {
        open: waiting(31, 1),
        failed: waiting(60, 7),
        conflict: waiting(60, 1),
        registering: waiting(25 * 60, 2),
        registration_failed: waiting(60, 1),
        closed: vec![closed("MG1"), closed("MG2")],
        ..AttachmentsSeen::default()
    };
    let items = with(&bad);
    let kinds: Vec<Kind> = items.iter().map(|item| item.kind).collect();
    let expected = [
        Kind::AttachmentsFailed,
        Kind::AttachmentsConflict,
        Kind::AttachmentsStuck,
        Kind::RegistrationsFailed,
        Kind::RegistrationsStuck,
        Kind::ServicesFull,
    ];
    assert_eq!(kinds, expected);
    let failed = &items[0];
    assert_eq!(failed.summary, "7 numbers cannot join what the pool wants.");
    assert!(failed.detail.starts_with("+14155550100, ") && failed.detail.ends_with("+14155550104, and 2 more."));
    assert_eq!((failed.count, failed.since), (Some(7), Some(at(-60))));
    assert_eq!(items[1].link.as_ref().unwrap().path, "/admin/phones/dashboard/numbers/+14155550100");
    assert_eq!(items[5].summary, "MG1, MG2 take no number.");
    assert!(items.iter().all(|item| item.severity == Severity::Warning && !item.todo.is_empty()));
    let warnings = attachment_warnings(&bad, at(0));
    assert_eq!(
        warnings,
        [
            "attachments_stuck: 1 attachment waiting for Twilio",
            "attachments_failed: 8 numbers without what the pool wants",
            "registrations_stuck: 2 numbers waiting for the carriers",
        ],
        "whoever asks there may be anybody"
    );
}

#[test]
fn events_that_nothing_shows_to_be_twilios_are_told_by_whoever_had_them() {
    let rejections = Rejections::default();
    rejections.rejected(&slog::Logger::root(slog::Discard, slog::o!()), "signature");
    let events_rejected = rejections.recent(Utc::now());
    let since = events_rejected.map(|told| told.since);
    let process = Process { events_rejected, ..Process::default() };
    let item = only(judge(&Facts { process, ..facts(Some(sight())) }));
    assert_eq!((item.kind, item.severity, item.count), (Kind::EventsRejected, Severity::Warning, Some(1)));
    assert_eq!(
        (item.summary.as_str(), item.since),
        ("1 event came to this instance that nothing shows to be Twilio's.", since)
    );
}

#[test]
fn a_release_that_twilio_does_not_answer_for_is_told_with_its_number_and_what_was_said() {
    let stuck = StuckReleases {
        count: 2,
        since: at(-90),
        phone_number: "+14155550100".parse().unwrap(),
        attempts: 9,
        last_words: Some("status 503/20503: busy".to_owned()),
    };
    let item = only(judged(|sight| sight.releases_stuck = Some(stuck.clone())));
    assert_eq!((item.kind, item.severity, item.count), (Kind::ReleaseStuck, Severity::Warning, Some(2)));
    assert_eq!(item.since, Some(at(-90)));
    for words in ["9 times", "+14155550100", "status 503/20503: busy"] {
        assert!(item.detail.contains(words), "{words}: {}", item.detail);
    }
    assert_eq!(item.link.unwrap().path, "/admin/phones/dashboard/numbers/+14155550100");
    // Whoever asks for readiness may be anybody.
    let warning = release_warning(&stuck);
    assert!(warning.starts_with("releases_stuck: 2 numbers have") && !warning.contains('+'), "{warning}");
}
