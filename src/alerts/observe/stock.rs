//! Pools that are low or empty, and numbers of pools that the configuration does not name.
//!
//! How to get it wrong: looking only at what is available now. A signup that waited and was served in between was hurt, too. Or telling
//! of a pool that was made a moment ago: it is empty until it is filled for the first time.

use super::{Saying, Seen, seen_as};
use crate::attention::{Kind, PoolLimits};
use crate::db::passes::Pass;
use crate::db::stock::Observation;
use crate::domain::alert::{AlertKind, AlertSeverity, Observed, Verdict};
use crate::domain::{PoolName, PoolPolicy, Stock, counted};

pub(super) fn observe(seen: &Seen<'_>) -> Vec<Observed> {
    let mut observed = Vec::new();
    for limits in &seen.facts.limits.pools {
        let Some(stock) = seen.sight.stock.pools.get(&limits.keys.pool) else { continue };
        observed.push(low(seen, limits, stock));
        observed.push(empty(seen, limits, stock));
    }
    observed.extend(seen.sight.stock.unconfigured().map(|(name, left)| unconfigured(seen, name, left)));
    observed
}

fn low(seen: &Seen<'_>, limits: &PoolLimits, stock: &Observation) -> Observed {
    let (name, threshold, available) = (&limits.keys.pool, limits.policy.threshold_low, stock.stock.available);
    if available >= threshold {
        return Observed::plain(AlertKind::PoolLow, Some(name), Verdict::Good);
    }
    let is_bad = f64::from(available) < f64::from(threshold) * seen.limits.low_fraction;
    let verdict = if is_bad { Verdict::Bad } else { Verdict::Between };
    let said = seen.item(Kind::PoolLow, Some(name)).or_else(|| seen.item(Kind::PoolEmpty, Some(name)));
    let said = said.unwrap_or_else(|| {
        let summary = format!("Stock of {name} is low: {available} available, threshold {threshold}.");
        Saying::new(summary, "Nothing: numbers are bought by themselves.")
    });
    seen_as(AlertKind::PoolLow, Some(name), (verdict, AlertSeverity::Warning), said)
}

fn empty(seen: &Seen<'_>, limits: &PoolLimits, stock: &Observation) -> Observed {
    let name = &limits.keys.pool;
    let PoolPolicy { threshold_low, total_min, replenishment_batch_size, .. } = limits.policy;
    let (available, waiting) = (stock.stock.available, stock.stock.waiting);
    let refused = seen.look.refused.get(name).copied().unwrap_or_default();
    let is_empty = available == 0 && (threshold_low > 0 || total_min > 0);
    let hurt = waiting > 0 || refused > 0 || seen.look.emergencies.contains(name);
    let pass = seen.sight.pools.get(name).and_then(|sight| sight.pass.as_ref());
    let verdict = match (is_empty || hurt, available >= replenishment_batch_size.min(threshold_low)) {
        (true, _) if !hurt && is_filled_first(stock, pass) => Verdict::Beginning,
        (true, _) => Verdict::Bad,
        (false, true) => return Observed::plain(AlertKind::PoolEmpty, Some(name), Verdict::Good),
        (false, false) => Verdict::Between,
    };
    let said = [Kind::PoolEmpty, Kind::SignupsRefused, Kind::SignupsWaiting]
        .into_iter()
        .find_map(|kind| seen.item(kind, Some(name)))
        .unwrap_or_else(|| {
            let summary = format!("A signup had to wait for a number of pool {name}, which had none left.");
            let todo = format!("A larger {} keeps more in stock.", name.key("threshold_low"));
            Saying::new(summary, todo).detail(format!("{available} available now."))
        });
    seen_as(AlertKind::PoolEmpty, Some(name), (verdict, AlertSeverity::Critical), said)
}

/// Whether a pool that is empty never had a number that anybody could get, and its first ones are being bought: no pass has ended that
/// says otherwise, or what was bought is on its way.
fn is_filled_first(seen: &Observation, pass: Option<&Pass>) -> bool {
    let Stock { unready, registering, unfit, registration_failed, apart, assigned, quarantined, purchasing, .. } =
        seen.stock;
    let was_filled = assigned + quarantined + seen.missing > 0;
    // What serves nobody was bought and is no beginning of anything.
    let serves_nobody = unfit + registration_failed + apart > 0;
    let comes = unready + registering + purchasing + seen.stock.unsettled > 0;
    // Whoever found somebody else buying decided nothing.
    let is_undecided = pass.is_none_or(|pass| pass.reason == "locked");
    !was_filled && !serves_nobody && (is_undecided || comes)
}

fn unconfigured(seen: &Seen<'_>, name: &PoolName, left: &Observation) -> Observed {
    let said = seen.item(Kind::PoolUnconfigured, Some(name)).unwrap_or_else(|| {
        let count = counted((left.stock.owned() + left.missing).into(), "number");
        let todo = format!("Configure [pools.{name}] again, or move its numbers to a pool that is configured.");
        Saying::new(format!("{count} of pool {name}, which is not configured."), todo)
    });
    seen_as(AlertKind::PoolUnconfigured, Some(name), (Verdict::Bad, AlertSeverity::Warning), said)
}
