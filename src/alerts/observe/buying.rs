//! What stands between the pools and their purchases: halts, a pause that was forgotten, caps.
//!
//! How to get it wrong: a cap of nought. Who allows no purchase has used up none of it.

use chrono::TimeDelta;

use super::{Saying, Seen, bad_or_good, seen_as};
use crate::attention::{Kind, PoolLimits};
use crate::domain::PoolName;
use crate::domain::alert::{AlertKind, AlertSeverity, Observed, Verdict};

/// A pause that is older was forgotten.
const PAUSE_FORGOTTEN: TimeDelta = TimeDelta::hours(24);

pub(super) fn observe(seen: &Seen<'_>) -> Vec<Observed> {
    let mut observed = vec![halted(seen), paused(seen)];
    observed.extend(seen.facts.limits.pools.iter().map(|limits| pool_halted(seen, limits)));
    observed.extend(caps(seen));
    observed
}

fn halted(seen: &Seen<'_>) -> Observed {
    let said = seen.sight.stock.buying.halted.as_ref().map(|halted| {
        let plain = || Saying::new("All buying is halted.", "Mend the cause, then resume.").since(Some(halted.since));
        seen.item(Kind::Halted, None).unwrap_or_else(plain)
    });
    bad_or_good(AlertKind::BuyingHalted, AlertSeverity::Critical, said)
}

fn paused(seen: &Seen<'_>) -> Observed {
    let Some(paused) = &seen.sight.stock.buying.paused else {
        return Observed::plain(AlertKind::BuyingPaused, None, Verdict::Good);
    };
    let is_forgotten = seen.ago(paused.since) > PAUSE_FORGOTTEN;
    let verdict = if is_forgotten { Verdict::Bad } else { Verdict::Between };
    // Its reason is whatever somebody wrote: the dashboard has it.
    let said = Saying::new("Automatic buying has been paused for over a day.", "Resume when its reason is over.")
        .detail("Its reason stands in the dashboard.")
        .since(Some(paused.since));
    seen_as(AlertKind::BuyingPaused, None, (verdict, AlertSeverity::Warning), said)
}

fn pool_halted(seen: &Seen<'_>, limits: &PoolLimits) -> Observed {
    let name = &limits.keys.pool;
    let observation = seen.sight.stock.pools.get(name);
    let Some((halt, stock)) = observation.and_then(|pool| Some((pool.pool_halt.as_ref()?, &pool.stock))) else {
        return Observed::plain(AlertKind::PoolHalted, Some(name), Verdict::Good);
    };
    let severity = if stock.available == 0 { AlertSeverity::Critical } else { AlertSeverity::Warning };
    let said = seen.item(Kind::PoolHalted, Some(name)).unwrap_or_else(|| {
        let summary = format!("Buying for pool {name} is halted: it needs {}.", halt.needs);
        Saying::new(summary, format!("Set {} and reload.", halt.needs)).since(Some(halt.since))
    });
    seen_as(AlertKind::PoolHalted, Some(name), (Verdict::Bad, severity), said)
}

/// A window of purchases.
struct Window<'a> {
    /// What it is called.
    subject: String,
    pool: Option<&'a PoolName>,
    bought: u32,
    max: u32,
    /// Its key, with dots.
    key: String,
}

fn caps(seen: &Seen<'_>) -> Vec<Observed> {
    let (spend, caps) = (seen.sight.stock.spend, seen.facts.limits.caps);
    let of_all = |subject: &str, bought, max, key: &str| Window {
        subject: subject.to_owned(),
        pool: None,
        bought,
        max,
        key: format!("spend.{key}"),
    };
    let mut windows = vec![
        of_all("hour", spend.hour, caps.hour, "purchases_per_hour_max"),
        of_all("day", spend.day, caps.day, "purchases_per_day_max"),
    ];
    windows.extend(seen.facts.limits.pools.iter().filter_map(|limits| {
        let name = &limits.keys.pool;
        Some(Window {
            // A pool may be called `hour`.
            subject: format!("pool {name}"),
            pool: Some(name),
            bought: seen.sight.stock.pools.get(name)?.spend.pool_day,
            max: limits.caps.pool_per_day_max?,
            key: name.key("purchases_per_day_max"),
        })
    }));
    windows.iter().map(cap).collect()
}

fn cap(window: &Window<'_>) -> Observed {
    let Window { subject, pool, bought, max, key } = window;
    let percent = |of: u64| u64::from(*bought) * 100 >= u64::from(*max) * of;
    let (verdict, severity) = match () {
        () if *max == 0 || !percent(70) => (Verdict::Good, AlertSeverity::Warning),
        () if percent(100) => (Verdict::Bad, AlertSeverity::Critical),
        () if percent(80) => (Verdict::Bad, AlertSeverity::Warning),
        () => (Verdict::Between, AlertSeverity::Warning),
    };
    let while_it_is = if subject == "hour" { "this hour" } else { "this day" };
    let of = pool.map(|name| format!(" of pool {name}")).unwrap_or_default();
    let summary = format!("{bought} of the {max} purchases{of} that {while_it_is} allows are used up.");
    let said = Saying::new(summary, format!("Look whether so many signups came; then wait, or raise {key}."));
    Observed { subject: subject.clone(), ..seen_as(AlertKind::SpendCap, *pool, (verdict, severity), said) }
}
