//! Reasons as sentences: for an operator who asks what would be bought now, or why nothing was.
//!
//! How to get it wrong: a sentence that only repeats the code. It names the numbers or the key that decide.

use super::caps::{Cap, Caps, PoolPolicy, UNBOUND};
use super::order::Trigger;
use super::plan::Plan;
use super::plan_passes::PassPlan;
use super::pool::{PoolKey, PoolName};
use super::stock::Stock;
use super::why::{Why, in_pool};

impl Cap {
    /// The name in the API, and the configuration's key without its section.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AvailableMax => "available_max",
            Self::OwnedMax => "owned_max",
            Self::PurchasesPerHour => "purchases_per_hour",
            Self::PurchasesPerDay => "purchases_per_day",
            Self::PoolPurchasesPerDay => "pool_purchases_per_day",
            Self::SpendOwnedMax => "spend_owned_max",
        }
    }

    /// What the configuration calls it, of this pool.
    #[must_use]
    pub fn key(self, pool: &PoolName) -> String {
        match self {
            Self::AvailableMax => pool.key("available_max"),
            Self::OwnedMax => pool.key("owned_max"),
            Self::PurchasesPerHour => "spend.purchases_per_hour_max".to_owned(),
            Self::PurchasesPerDay => "spend.purchases_per_day_max".to_owned(),
            Self::PoolPurchasesPerDay => pool.key("purchases_per_day_max"),
            Self::SpendOwnedMax => "spend.owned_max".to_owned(),
        }
    }

    fn room(self, pool: &PoolName, rooms: &Rooms) -> String {
        match self {
            Self::AvailableMax => format!("{} has room for {}", pool.key("available_max"), rooms.available_room),
            Self::OwnedMax => format!("{} has room for {}", pool.key("owned_max"), rooms.owned_room),
            Self::PurchasesPerHour => format!("the hour's cap allows {} more", rooms.hour_left),
            Self::PurchasesPerDay => format!("the day's cap allows {} more", rooms.day_left),
            Self::PoolPurchasesPerDay => {
                format!("the pool's own cap of the day allows {} more", rooms.pool_day_left.unwrap_or_default())
            }
            Self::SpendOwnedMax => {
                format!("spend.owned_max has room for {}", rooms.owned_all_room.unwrap_or_default())
            }
        }
    }
}

/// What each cap still allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Rooms {
    /// Under `spend.purchases_per_hour_max`.
    pub hour_left: u32,
    /// Under `spend.purchases_per_day_max`.
    pub day_left: u32,
    /// Under `pool.available_max`.
    pub available_room: u32,
    /// Under `pool.owned_max`.
    pub owned_room: u32,
    /// Under the pool's own `purchases_per_day_max`, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool_day_left: Option<u32>,
    /// Under `spend.owned_max`, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owned_all_room: Option<u32>,
}

impl Rooms {
    /// Measures them.
    #[must_use]
    pub fn new(policy: &PoolPolicy, caps: &Caps, stock: &Stock) -> Self {
        let set = |left: u32| (left != UNBOUND).then_some(left);
        Self {
            hour_left: caps.hour_left,
            day_left: caps.day_left,
            available_room: policy.available_max.saturating_sub(stock.idle_at_most()),
            owned_room: policy.owned_max.saturating_sub(stock.owned_at_most()),
            pool_day_left: set(caps.pool_day_left),
            owned_all_room: set(caps.owned_all_left),
        }
    }
}

/// Why an order exists.
#[must_use]
pub fn explain_trigger(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::Threshold => "the stock fell below the pool's threshold",
        Trigger::WarmStart => "the pool was filled up to its minimum",
        Trigger::Cron => "the schedule found too few in stock",
        Trigger::Replenish => "an operator had the pool checked, and there were too few in stock",
        Trigger::Manual => "an operator ordered it",
        Trigger::Emergency => "signups waited and nothing was in stock",
        Trigger::Adopt => "an operator took numbers of the account in",
        Trigger::Import => "numbers of the earlier service moved in",
    }
}

/// The pool that is explained.
#[derive(Debug, Clone, Copy)]
pub struct Explained<'a> {
    /// Which.
    pub pool: &'a PoolName,
    /// The key that it needs, when it is halted alone.
    pub needs: Option<&'a str>,
}

impl Explained<'_> {
    /// A reason; a pool that is halted alone is not told as all buying is.
    fn why(self, why: Why) -> String {
        match self.needs {
            Some(needs) if why == Why::Halted => halted_alone(self.pool, needs),
            _ => why.sentence(self.pool),
        }
    }
}

fn halted_alone(pool: &PoolName, needs: &str) -> String {
    format!("{pool} alone is halted: it needs {needs}; {}", remedy(needs))
}

/// What ends the halt of a pool that needs this key, which was named before.
#[must_use]
pub fn remedy(needs: &str) -> &'static str {
    if PoolKey::is_of_webhooks(needs) {
        // What numbers lead to is changed on purpose only, not by other keys alone.
        "set it and run configure-webhooks, or mend at Twilio what it names and resume the pool"
    } else {
        "set it, or mend at Twilio what it names and resume the pool"
    }
}

/// What an order, a pass or a signup is told of a pool that is halted alone: which key it needs, and what Twilio said.
#[must_use]
pub fn tell_pool_halt(needs: &str, message: &str) -> String {
    format!("{TOLD}{needs}{LACKS} ({message}); {}", remedy(needs))
}

/// The key that [`tell_pool_halt`] has told; `None` = the text tells something else.
#[must_use]
pub fn needs_told(told: &str) -> Option<&str> {
    let (needs, _) = told.strip_prefix(TOLD)?.split_once(LACKS)?;
    (!needs.contains(' ')).then_some(needs)
}

const TOLD: &str = "halted: ";
const LACKS: &str = " lacks or does not fit";

/// What a pass would do, and why, in one sentence.
#[must_use]
pub fn explain_pass(of: Explained<'_>, policy: &PoolPolicy, rooms: &Rooms, stock: &Stock, pass: &PassPlan) -> String {
    let begun = match pass.why {
        Why::BelowThreshold => {
            format!("{} available or on their way, threshold {}", stock.idle(), policy.threshold_low)
        }
        Why::BelowTotalMin => format!(
            "{} available, assigned or on their way, minimum {} ({})",
            stock.idle() + stock.assigned,
            policy.total_min,
            of.pool.key("total_min")
        ),
        Why::AboveThreshold => format!(
            "{} available or on their way, threshold {}; {} with those assigned, minimum {}",
            stock.idle(),
            policy.threshold_low,
            stock.idle() + stock.assigned,
            policy.total_min
        ),
        other @ (Why::SignupsWaiting
        | Why::Manual
        | Why::NobodyWaits
        | Why::Paused
        | Why::Halted
        | Why::AvailableMax
        | Why::OwnedMax
        | Why::SpendCap) => of.why(other),
    };
    let line = match pass.for_waiters {
        0 => String::new(),
        count => format!(", after {count} for signups that wait"),
    };
    let would = match pass.count {
        0 => format!("would buy nothing{line}: {begun}"),
        count => format!("would buy {count} in {}{line}: {begun}", batches(pass.batches)),
    };
    would + &bound(of.pool, pass.binding_cap, rooms)
}

/// What an order by hand would do, and why, in one sentence.
#[must_use]
pub fn explain_order(of: Explained<'_>, rooms: &Rooms, plan: &Plan) -> String {
    let would = match plan.count {
        0 => format!("would buy nothing of {}: {}", plan.wanted, of.why(plan.why)),
        count if count < plan.wanted => format!("would buy {count} of {}", plan.wanted),
        count => format!("would buy all {count}, as far as Twilio has them"),
    };
    would + &bound(of.pool, plan.binding_cap, rooms)
}

fn bound(pool: &PoolName, cap: Option<Cap>, rooms: &Rooms) -> String {
    cap.map(|cap| format!("; {}", cap.room(pool, rooms))).unwrap_or_default()
}

fn batches(count: u32) -> String {
    if count == 1 { "one batch".to_owned() } else { format!("{count} batches") }
}

/// Reasons that no plan gives: what came in the way of one.
const OBSTACLES: &[(&str, &str)] = &[
    ("locked", "somebody else was buying: another instance, an order by hand, or the earlier service"),
    ("unconfigured", "the configuration has no such pool any more, or one of another kind"),
    ("no_stock", "Twilio has no more such numbers; try another area code or country"),
    ("unavailable", "a part of callbunker was restarting, or the database did not answer"),
    ("database_unavailable", "the database did not answer, and without it nothing is bought"),
    ("stopping", "the daemon was shutting down"),
    ("cancelled", "somebody cancelled the order; what is still needed is bought by the next check"),
    ("interrupted", "the purchase lock was lost; what is still needed is bought by the next check"),
    ("twilio_unreachable", "Twilio was not reached"),
    ("twilio_unavailable", "Twilio gave no proper answer to a search"),
    ("outcome_unknown", "Twilio's answer was lost; the number is looked up until it is clear"),
];

/// A pass's or an order's reason for people, whatever wrote it; `error` is what went wrong with it.
#[must_use]
pub fn explain_reason(pool: &PoolName, reason: &str, error: Option<&str>) -> String {
    match error.and_then(needs_told) {
        Some(needs) if reason == Why::Halted.as_str() => halted_alone(pool, needs),
        _ => in_pool(&template_of(reason), pool),
    }
}

/// The same of whatever pool and without what went wrong: `{pool}` stands for the pool's section.
#[must_use]
pub fn template_of(reason: &str) -> String {
    if let Ok(why) = reason.parse::<Why>() {
        return why.template().to_owned();
    }
    match OBSTACLES.iter().find(|(obstacle, _)| *obstacle == reason) {
        Some((_, sentence)) => (*sentence).to_owned(),
        None if reason == "threshold_raised" => "foresight raised the pool's threshold".to_owned(),
        None if reason == "threshold_lowered" => "foresight lowered the pool's threshold".to_owned(),
        None if reason.starts_with("twilio_") => format!("Twilio refused ({reason}); the error has its words"),
        None => reason.replace('_', " "),
    }
}

/// Every reason that can be told beforehand; `twilio_` stands for those that end in a code of Twilio's.
pub fn reasons() -> impl Iterator<Item = &'static str> {
    Why::ALL.iter().map(|why| why.as_str()).chain(obstacles()).chain(["twilio_"])
}

/// Those of them that no plan gives.
pub fn obstacles() -> impl Iterator<Item = &'static str> {
    OBSTACLES.iter().map(|(obstacle, _)| *obstacle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::plan::defaults::{FREE, POLICY};
    use crate::domain::plan_passes::of_one_pool::plan_pass;
    use crate::domain::{ManualWish, Trigger, plan_manual};

    fn pass(caps: Caps, stock: Stock) -> String {
        let planned = plan_pass(&POLICY, &caps, &stock, Trigger::Replenish);
        explain_pass(of(&gb(), None), &POLICY, &Rooms::new(&POLICY, &caps, &stock), &stock, &planned)
    }

    fn gb() -> PoolName {
        "gb".parse().unwrap()
    }

    fn of<'a>(pool: &'a PoolName, needs: Option<&'a str>) -> Explained<'a> {
        Explained { pool, needs }
    }

    #[test]
    fn a_pass_explains_itself_with_the_numbers_that_decide() {
        let empty = Stock::default();
        assert_eq!(pass(FREE, empty), "would buy 20 in 2 batches: 0 available or on their way, threshold 10");
        assert_eq!(
            pass(Caps { day_left: 7, ..FREE }, empty),
            "would buy 7 in one batch: 0 available or on their way, threshold 10; the day's cap allows 7 more"
        );
        assert_eq!(
            pass(FREE, Stock { available: 12, assigned: 9, ..empty }),
            "would buy nothing: 12 available or on their way, threshold 10; 21 with those assigned, minimum 20"
        );
        assert!(pass(Caps { paused: true, ..FREE }, empty).starts_with("would buy nothing: an operator paused"));
    }

    #[test]
    fn an_order_explains_what_is_cut() {
        let order = |caps: Caps, count| {
            let planned = plan_manual(&caps, ManualWish { count, override_caps: false });
            explain_order(of(&PoolName::default_pool(), None), &Rooms::new(&POLICY, &caps, &Stock::default()), &planned)
        };
        assert_eq!(order(FREE, 3), "would buy all 3, as far as Twilio has them");
        assert_eq!(order(Caps { hour_left: 2, ..FREE }, 3), "would buy 2 of 3; the hour's cap allows 2 more");
        let own_day = Caps { pool_day_left: 1, ..FREE };
        assert_eq!(order(own_day, 3), "would buy 1 of 3; the pool's own cap of the day allows 1 more");
        assert!(
            pass(Caps { owned_all_left: 4, ..FREE }, Stock::default()).ends_with("; spend.owned_max has room for 4")
        );
        assert!(order(Caps { halted: true, ..FREE }, 3).starts_with("would buy nothing of 3: all buying is halted"));
    }

    #[test]
    fn every_reason_has_a_sentence() {
        for reason in ["below_threshold", "locked", "no_stock", "twilio_20003", "something_new", "spend_cap"] {
            let sentence = explain_reason(&gb(), reason, None);
            assert!(sentence.contains(' ') && !sentence.contains("  "), "{reason}: {sentence}");
        }
        for reason in reasons() {
            let sentence = explain_reason(&gb(), reason, None);
            assert!(!sentence.contains("pool.") && !sentence.contains('{'), "{reason}: {sentence}");
        }
    }

    #[test]
    fn keys_are_those_of_the_pool_that_is_told_of() {
        for (pool, key) in [("default", "pool.threshold_low"), ("gb", "pools.gb.threshold_low")] {
            let told = explain_reason(&pool.parse().unwrap(), "below_threshold", None);
            assert!(told.contains(&format!("({key})")), "{told}");
        }
        let enough = Stock { available: 40, unfit: 10, ..Stock::default() };
        let full = PoolPolicy { threshold_low: 45, ..POLICY };
        let planned = plan_pass(&full, &FREE, &enough, Trigger::Replenish);
        let told = explain_pass(of(&gb(), None), &full, &Rooms::new(&full, &FREE, &enough), &enough, &planned);
        assert!(told.contains("pools.gb.available_max") && !told.contains(" pool."), "{told}");
    }

    #[test]
    fn a_pool_that_is_halted_alone_says_so_and_what_it_needs() {
        let needs = "pools.gb.bundle_sid";
        let halted = Caps { halted: true, ..FREE };
        let planned = plan_pass(&POLICY, &halted, &Stock::default(), Trigger::Replenish);
        let rooms = Rooms::new(&POLICY, &halted, &Stock::default());
        let told = explain_pass(of(&gb(), Some(needs)), &POLICY, &rooms, &Stock::default(), &planned);
        assert!(told.contains("gb alone is halted: it needs pools.gb.bundle_sid"), "{told}");
        let order = plan_manual(&halted, ManualWish { count: 1, override_caps: false });
        let told = explain_order(of(&gb(), Some(needs)), &rooms, &order);
        assert!(told.contains("gb alone is halted: it needs pools.gb.bundle_sid"), "{told}");
        let error = tell_pool_halt(needs, "Bundle required (21649)");
        assert_eq!(needs_told(&error), Some(needs));
        assert!(explain_reason(&gb(), "halted", Some(&error)).contains("needs pools.gb.bundle_sid"));
        let trunk = tell_pool_halt("webhooks.trunk_sid", "Invalid parameter TrunkSid (20001)");
        assert!(
            trunk.contains("run configure-webhooks") && needs_told(&trunk) == Some("webhooks.trunk_sid"),
            "{trunk}"
        );
        for other in ["halted: all buying is halted; the status says why", "Authenticate", ""] {
            assert_eq!(needs_told(other), None);
            assert!(explain_reason(&gb(), "halted", Some(other)).starts_with("all buying is halted"));
        }
    }
}
