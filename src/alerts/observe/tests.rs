//! Each kind: what is bad, what is good, what lies between, and how bad it is.

use std::time::Duration;

use serde_json::json;

use super::account::{BALANCE, bundle_of};
use super::*;
use crate::attention::{Limits, PoolLimits, Process};
use crate::db::alerts::{ComparisonEnd, EventsRefused};
use crate::db::attachments::AttachmentsSeen;
use crate::db::attention::{Lying, PoolSight, SpendCaps};
use crate::db::buying_state::{Halted, Paused};
use crate::db::charges::{RENEWALS_LOOK, USAGE_LOOK};
use crate::db::numbers::SomeNumbers;
use crate::db::passes::Pass;
use crate::db::pool_halts::PoolHalt;
use crate::db::pools::PoolsWebhooks;
use crate::db::stock::{Observation, Overview};
use crate::domain::{CapLimits, Keys, PoolPolicy, Stock, Trigger};

use AlertSeverity::{Critical, Warning};
use Verdict::{Bad, Beginning, Between, Good, Unknown};

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).expect("a time") + TimeDelta::minutes(minutes)
}

fn gb() -> PoolName {
    "gb".parse().unwrap()
}

/// What is observed from, at minute 0.
struct World {
    facts: Facts,
    look: AlertsLook,
    limits: AlertLimits,
}

impl World {
    /// One pool with which nothing is wrong.
    fn new() -> Self {
        let policy = PoolPolicy {
            threshold_low: 10,
            replenishment_batch_size: 5,
            total_min: 20,
            available_max: 50,
            owned_max: 1000,
        };
        let caps = CapLimits { per_hour_max: 100, per_day_max: 0, pool_per_day_max: Some(10), owned_all_max: None };
        let keys = Keys { pool: gb(), ..Keys::default() };
        let limits = Limits {
            pools: vec![PoolLimits { keys, policy, caps }],
            caps: SpendCaps { hour: 100, day: 0 },
            unknown_settle: Duration::from_secs(900),
            webhooks: PoolsWebhooks::default(),
        };
        let seen = Observation { stock: Stock { available: 20, ..Stock::default() }, ..Observation::default() };
        let sight = Sight {
            at: at(0),
            stock: Overview { pools: [(gb(), seen)].into(), ..Overview::default() },
            pools: [(gb(), PoolSight::default())].into(),
            webhooks: PoolsWebhooks::default(),
            missing_of_users: Lying::default(),
            another_tag: Lying::default(),
            contested: Lying::default(),
            held: Lying::default(),
            webhooks_failed: Lying::default(),
            webhooks_pending: Lying::default(),
            attachments: AttachmentsSeen::default(),
            unsettled: Lying::default(),
            releases_stuck: None,
            hour_free_at: None,
            day_free_at: None,
            comparison: None,
        };
        let limits_of_alerts = AlertLimits {
            low_fraction: 0.5,
            balance_min: Some(Decimal::TEN),
            attached_within: TimeDelta::minutes(30),
            registered_within: TimeDelta::hours(24),
            bundles: [(gb(), "BU1".to_owned())].into(),
        };
        let facts = Facts { at: at(0), limits, sight: Some(sight), process: Process::default() };
        let mut world = Self { facts, look: AlertsLook::default(), limits: limits_of_alerts };
        world.saw(BALANCE, 0, json!({"amount": "20", "currency": "USD"}));
        world
    }

    fn sight(&mut self) -> &mut Sight {
        self.facts.sight.as_mut().unwrap()
    }

    fn pool(&mut self) -> &mut Observation {
        self.sight().stock.pools.get_mut(&gb()).unwrap()
    }

    fn saw(&mut self, what: &str, minutes: i64, detail: serde_json::Value) {
        self.look.looks.insert(what.to_owned(), (at(minutes), detail));
    }

    fn observe(&self) -> Vec<Observed> {
        observe(&self.facts, &self.look, &self.limits)
    }

    /// What is observed of one kind, and of one subject of it.
    fn of(&self, kind: AlertKind, subject: &str) -> Observed {
        let found: Vec<Observed> =
            self.observe().into_iter().filter(|seen| seen.kind == kind && seen.subject == subject).collect();
        assert_eq!(found.len(), 1, "{kind} {subject}: {found:#?}");
        let seen = found.into_iter().next().unwrap();
        if matches!(seen.verdict, Bad | Beginning) {
            assert!(seen.words.summary.ends_with('.') && seen.words.todo.ends_with('.'), "{seen:?}");
            assert_eq!(seen.words.means, kind.means());
        }
        seen
    }
}

/// Whatever `arrange` makes of a world in which all is well.
fn verdict(kind: AlertKind, subject: &str, arrange: impl FnOnce(&mut World)) -> (Verdict, AlertSeverity) {
    let mut world = World::new();
    arrange(&mut world);
    let seen = world.of(kind, subject);
    (seen.verdict, if seen.verdict == Bad { seen.severity } else { Warning })
}

#[test]
fn where_nothing_is_wrong_all_is_good() {
    let observed = World::new().observe();
    assert!(observed.iter().all(|seen| seen.verdict == Good), "{observed:#?}");
    let kinds: std::collections::BTreeSet<AlertKind> = observed.iter().map(|seen| seen.kind).collect();
    // A report is none, a mismatch nobody observes yet, and there is no pool that is not configured.
    assert_eq!(kinds.len(), AlertKind::ALL.len() - 3, "{kinds:?}");
    let mut blind = World::new();
    blind.facts.sight = None;
    assert!(blind.observe().is_empty());
}

#[test]
fn pools_are_low_below_a_share_of_their_threshold_and_well_at_it() {
    let of = |kind, available| verdict(kind, "gb", |world| world.pool().stock.available = available);
    for (available, low, empty) in [
        (4, (Bad, Warning), (Between, Warning)),
        (5, (Between, Warning), (Good, Warning)),
        (9, (Between, Warning), (Good, Warning)),
        (10, (Good, Warning), (Good, Warning)),
    ] {
        assert_eq!(
            (of(AlertKind::PoolLow, available), of(AlertKind::PoolEmpty, available)),
            (low, empty),
            "{available}"
        );
    }
    let empty = |arrange: fn(&mut World)| verdict(AlertKind::PoolEmpty, "gb", arrange);
    let emptied = |world: &mut World| {
        let stock = &mut world.pool().stock;
        (stock.available, stock.assigned) = (0, 20);
    };
    assert_eq!(empty(emptied), (Bad, Critical));
    assert_eq!(verdict(AlertKind::PoolLow, "gb", emptied), (Bad, Warning));
    assert_eq!(empty(|world| world.pool().stock.waiting = 1), (Bad, Critical));
    assert_eq!(empty(|world| _ = world.look.refused.insert(gb(), 3)), (Bad, Critical));
    assert_eq!(empty(|world| _ = world.look.emergencies.insert(gb())), (Bad, Critical));
    let wants_none = |world: &mut World| {
        world.pool().stock.available = 0;
        let policy = &mut world.facts.limits.pools[0].policy;
        (policy.threshold_low, policy.total_min) = (0, 0);
    };
    assert_eq!(verdict(AlertKind::PoolEmpty, "gb", wants_none), (Good, Warning), "it is as it shall be");
    assert_eq!(verdict(AlertKind::PoolLow, "gb", wants_none), (Good, Warning));
}

#[test]
fn a_pool_that_is_filled_for_the_first_time_is_not_empty_yet() {
    let pass = |reason: &str| Pass {
        detail: None,
        id: 1,
        at: at(-1),
        trigger: Trigger::WarmStart,
        reason: reason.to_owned(),
        purchased_count: 0,
        error: None,
        pool: gb(),
    };
    let first = |arrange: &dyn Fn(&mut World)| {
        let mut world = World::new();
        world.pool().stock.available = 0;
        arrange(&mut world);
        world.of(AlertKind::PoolEmpty, "gb").verdict
    };
    let ended = |world: &mut World| world.sight().pools.get_mut(&gb()).unwrap().pass = Some(pass("no_stock"));
    assert_eq!(first(&|_| ()), Beginning, "nobody has tried yet");
    assert_eq!(first(&ended), Bad, "somebody tried, and there are none");
    let locked = |world: &mut World| world.sight().pools.get_mut(&gb()).unwrap().pass = Some(pass("locked"));
    assert_eq!(first(&locked), Beginning, "somebody else was buying");
    // What was bought is on its way, whether the pass has ended or not.
    for on_its_way in [
        |stock: &mut Stock| stock.purchasing = 1,
        |stock: &mut Stock| stock.unsettled = 1,
        |stock: &mut Stock| stock.unready = 1,
        |stock: &mut Stock| stock.registering = 1,
    ] {
        let comes = |world: &mut World| on_its_way(&mut world.pool().stock);
        assert_eq!(first(&comes), Beginning);
        let came = |world: &mut World| {
            comes(world);
            ended(world);
        };
        assert_eq!(first(&came), Beginning);
    }
    // Whoever was hurt is told of; what was there and went is no beginning, nor is what cannot be given to anybody.
    for told in [
        |world: &mut World| world.pool().stock.waiting = 1,
        |world: &mut World| _ = world.look.refused.insert(gb(), 1),
        |world: &mut World| _ = world.look.emergencies.insert(gb()),
        |world: &mut World| world.pool().stock.assigned = 1,
        |world: &mut World| world.pool().stock.quarantined = 1,
        |world: &mut World| world.pool().missing = 1,
        |world: &mut World| world.pool().stock.unfit = 1,
        |world: &mut World| world.pool().stock.registration_failed = 1,
        |world: &mut World| world.pool().stock.apart = 1,
    ] {
        assert_eq!(first(&told), Bad);
    }
}

#[test]
fn halts_a_forgotten_pause_and_caps() {
    let halted = |world: &mut World| {
        let (since, message) = (at(-5), "it is suspended, +14155550100".to_owned());
        world.sight().stock.buying.halted =
            Some(Halted { since, twilio_code: Some(20_005), message, next_probe_at: None, reads_work: false });
    };
    assert_eq!(verdict(AlertKind::BuyingHalted, "", halted), (Bad, Critical));
    let mut world = World::new();
    halted(&mut world);
    let words = world.of(AlertKind::BuyingHalted, "").words;
    assert!(words.detail.contains("…0100") && !words.detail.contains("415555"), "{}", words.detail);
    let paused = |minutes: i64| {
        verdict(AlertKind::BuyingPaused, "", move |world| {
            let reason = Some("the reason of somebody".to_owned());
            world.sight().stock.buying.paused = Some(Paused { since: at(minutes), by: "dana".to_owned(), reason });
        })
    };
    assert_eq!((paused(-24 * 60), paused(-24 * 60 - 1)), ((Between, Warning), (Bad, Warning)));
    let pool_halted = |available: u32| {
        verdict(AlertKind::PoolHalted, "gb", move |world| {
            let (pool, needs) = (gb(), "pools.gb.bundle_sid".to_owned());
            let (message, fingerprint) = ("no bundle".to_owned(), String::new());
            world.pool().stock.available = available;
            world.pool().pool_halt =
                Some(PoolHalt { pool, since: at(-7), twilio_code: None, message, needs, fingerprint });
        })
    };
    assert_eq!((pool_halted(1), pool_halted(0)), ((Bad, Warning), (Bad, Critical)));
    let spent = |subject: &str, bought: u32| {
        verdict(AlertKind::SpendCap, subject, move |world| {
            world.sight().stock.spend.hour = bought;
            world.sight().stock.spend.day = bought;
            world.pool().spend.pool_day = bought;
        })
    };
    for (bought, expected) in [
        (69, (Good, Warning)),
        (70, (Between, Warning)),
        (79, (Between, Warning)),
        (80, (Bad, Warning)),
        (100, (Bad, Critical)),
    ] {
        assert_eq!(spent("hour", bought), expected, "{bought}");
        assert_eq!(spent("day", bought), (Good, Warning), "none is allowed at all");
    }
    assert_eq!(
        (spent("pool gb", 7), spent("pool gb", 8), spent("pool gb", 11)),
        ((Between, Warning), (Bad, Warning), (Bad, Critical))
    );
}

#[test]
fn the_account_is_judged_by_what_is_fresh() {
    let balance = |minutes: i64, amount: &'static str| {
        verdict(AlertKind::BalanceLow, "", move |world| {
            world.saw(BALANCE, minutes, json!({"amount": amount, "currency": "USD"}));
        })
    };
    for (amount, expected) in [
        ("11", (Good, Warning)),
        ("10.99", (Between, Warning)),
        ("9.99", (Bad, Warning)),
        ("0", (Bad, Critical)),
        ("-1", (Bad, Critical)),
    ] {
        assert_eq!(balance(-60, amount), expected, "{amount}");
    }
    assert_eq!(balance(-6 * 60, "1"), (Unknown, Warning));
    assert_eq!(verdict(AlertKind::BalanceLow, "", |world| world.look.looks.clear()), (Unknown, Warning));
    // What the numbers renew for counts, too, in the balance's currency.
    let covers = |amount: &'static str, due: &'static str, currency: &'static str| {
        verdict(AlertKind::BalanceLow, "", move |world| {
            world.saw(BALANCE, -60, json!({"amount": amount, "currency": "USD"}));
            world.saw(RENEWALS_LOOK, -60, json!({"count": 3, "amount": due, "currency": currency}));
        })
    };
    assert_eq!((covers("29", "30", "USD"), covers("32", "30", "USD")), ((Bad, Warning), (Between, Warning)));
    assert_eq!((covers("33", "30", "USD"), covers("29", "30", "EUR")), ((Good, Warning), (Good, Warning)));
    let usage = |minutes: i64, mismatch: bool| {
        verdict(AlertKind::UsageMismatch, "", move |world| {
            world.saw(
                USAGE_LOOK,
                minutes,
                json!({"month": "2026-10", "mismatch": mismatch, "count": -2, "amount": null}),
            );
        })
    };
    assert_eq!((usage(-60, true), usage(-60, false)), ((Bad, Warning), (Good, Warning)));
    assert_eq!(usage(-4 * 24 * 60, true), (Unknown, Warning));
    assert!(World::new().observe().iter().all(|seen| seen.kind != AlertKind::UsageMismatch), "nobody compared them");
    let mut world = World::new();
    world.limits.balance_min = None;
    assert!(world.observe().iter().all(|seen| seen.kind != AlertKind::BalanceLow), "nobody wants to be told");
    let bundle = |days: i64, sid: &'static str| {
        verdict(AlertKind::BundleExpiring, "gb", move |world| {
            world.saw(&bundle_of(&gb()), -9000, json!({"bundle": sid, "until": at(0) + TimeDelta::days(days)}));
        })
    };
    assert_eq!(
        (bundle(30, "BU1"), bundle(29, "BU1"), bundle(-1, "BU1")),
        ((Good, Warning), (Bad, Warning), (Bad, Critical))
    );
    assert_eq!(bundle(-1, "BU2"), (Good, Warning), "that one is not the pool's any more");
}

fn some(count: i64) -> SomeNumbers {
    let numbers = (0..count.min(3)).map(|n| format!("+1415555010{n}").parse().unwrap()).collect();
    SomeNumbers { count, since: Some(at(-9)), numbers }
}

fn waiting(minutes: i64) -> SomeNumbers {
    SomeNumbers { count: 1, since: Some(at(minutes)), numbers: some(1).numbers }
}

#[test]
fn numbers_that_need_somebody() {
    let mut world = World::new();
    world.look.missing = some(12);
    let gone = world.of(AlertKind::NumbersMissing, "");
    assert_eq!((gone.verdict, gone.severity, gone.since), (Bad, Warning, Some(at(-9))));
    assert_eq!(gone.words.numbers, ["+14155550100", "+14155550101", "+14155550102", "and 9 more"]);
    world.pool().missing_of_users = 1;
    assert_eq!(world.of(AlertKind::NumbersMissing, "").severity, Critical);
    world.look.in_conflict = some(2);
    world.sight().attachments.conflict = waiting(-1);
    let conflict = world.of(AlertKind::NumbersConflict, "").words;
    assert!(conflict.summary.starts_with("3 numbers are in somebody else's hands"), "{}", conflict.summary);
    assert!(conflict.detail.ends_with("…0100, …0101, …0100."), "{}", conflict.detail);
    assert_eq!(verdict(AlertKind::WebhooksDrift, "", |world| world.look.drifted = some(1)), (Bad, Warning));
    let refused = |world: &mut World| world.sight().webhooks_failed = Lying { count: 2, since: None };
    assert_eq!(verdict(AlertKind::WebhooksDrift, "", refused), (Bad, Warning));
    let unsettled = |minutes: i64| {
        verdict(AlertKind::PurchasesUnsettled, "", move |world| {
            world.sight().unsettled = Lying { count: 1, since: Some(at(minutes)) };
        })
    };
    assert_eq!((unsettled(-30), unsettled(-31)), ((Good, Warning), (Bad, Warning)), "twice as long as it takes");
    let stuck = |attaching: i64, registering: i64| {
        verdict(AlertKind::AttachmentsStuck, "", move |world| {
            world.sight().attachments.open = waiting(attaching);
            world.sight().attachments.registering = waiting(registering);
        })
    };
    assert_eq!(
        (stuck(-30, -24 * 60), stuck(-31, 0), stuck(0, -24 * 60 - 1)),
        ((Good, Warning), (Bad, Warning), (Bad, Warning))
    );
    let failed = |world: &mut World| world.sight().attachments.failed = waiting(-1);
    assert_eq!(verdict(AlertKind::AttachmentsFailed, "", failed), (Bad, Warning));
    let unregistered = |world: &mut World| world.sight().attachments.registration_failed = waiting(-1);
    assert_eq!(verdict(AlertKind::AttachmentsFailed, "", unregistered), (Bad, Warning));
    let left = |world: &mut World| {
        let stock = Stock { available: 1, ..Stock::default() };
        world.sight().stock.others.insert("old".parse().unwrap(), Observation { stock, ..Observation::default() });
    };
    assert_eq!(verdict(AlertKind::PoolUnconfigured, "old", left), (Bad, Warning));
}

#[test]
fn comparisons_that_break_off_and_events_of_somebody_else() {
    let end = |error: Option<&str>, problem: Option<&str>| ComparisonEnd {
        ended_at: at(-1),
        error: error.map(str::to_owned),
        problem: problem.map(str::to_owned),
    };
    let (well, broke, asks) = (end(None, None), end(Some("no list"), None), end(None, Some("look")));
    let of = |ends: &[&ComparisonEnd], is_halted: bool| {
        verdict(AlertKind::ReconcileFailing, "", |world| {
            world.look.comparisons = ends.iter().map(|end| (*end).clone()).collect();
            let halt = Halted {
                since: at(-5),
                twilio_code: None,
                message: String::new(),
                next_probe_at: None,
                reads_work: false,
            };
            world.sight().stock.buying.halted = is_halted.then_some(halt);
        })
    };
    assert_eq!(of(&[&well, &broke], false), (Good, Warning));
    assert_eq!(of(&[&broke, &well], false), (Between, Warning), "Twilio's list has bad minutes");
    assert_eq!(of(&[&broke], false), (Between, Warning));
    assert_eq!(of(&[&broke, &broke], false), (Bad, Warning));
    assert_eq!(of(&[&asks, &well], false), (Bad, Warning));
    assert_eq!(of(&[&asks, &well], true), (Between, Warning), "the halt is told");
    let events = |lately: i64, hour: i64| {
        verdict(AlertKind::EventsRejected, "", move |world| {
            world.look.events_refused = EventsRefused { lately, hour, since: None };
        })
    };
    assert_eq!((events(1, 1), events(0, 1), events(0, 0)), ((Bad, Warning), (Between, Warning), (Good, Warning)));
}
