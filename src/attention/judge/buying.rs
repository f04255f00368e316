//! What stands between the pool and its purchases: halt, pause, caps.
//!
//! How to get it wrong: two acts that do the same. A resume ends the halt and the pause at once, so one of both offers it.

use super::super::facts::{Facts, Limits};
use super::super::item::{Item, Kind, Severity};
use super::obstacle::{cap_in_the_way, cap_sentence};
use super::one_pool::{OnePool, pools};
use super::words::sentence;
use crate::db::attention::Sight;
use crate::db::buying_state::{Halted, Paused};
use crate::db::stock::Observation;
use crate::domain::{Cap, PoolKey, PoolName, PoolPolicy, counted};
use crate::twilio::meaning;

const RESUME: &str = "/admin/phones/dashboard/acts/resume";
const BUY: &str = "/admin/phones/dashboard#h-buy";

pub(super) fn judge(facts: &Facts, sight: &Sight) -> Vec<Item> {
    let buying = &sight.stock.buying;
    let halted = buying.halted.as_ref().map(|halted| self::halted(halted, buying.paused.is_some()));
    let paused = buying.paused.as_ref().map(|paused| self::paused(paused, buying.halted.is_some()));
    let mut items: Vec<Item> = [halted, paused].into_iter().flatten().collect();
    items.extend(pools(&facts.limits, &sight.stock).filter_map(pool_halted));
    items.extend(binding(facts, sight));
    items.extend(pools(&facts.limits, &sight.stock).filter_map(owned_too_many));
    items.extend(sight.stock.unconfigured().map(|(name, left)| unconfigured(name, left)));
    items
}

fn owned_too_many(pool: OnePool<'_>) -> Option<Item> {
    let words = exceeded(pool)?;
    let todo = format!("Raise {} and reload, or give numbers back to Twilio.", pool.key("owned_max"));
    let item = Item::new(Kind::OwnedMaxExceeded, Severity::Warning, sentence(&words), todo);
    Some(item.count(pool.seen.stock.owned_at_most().into()).of(pool.name))
}

/// More are owned than the pool may own, in words.
pub(super) fn exceeded(pool: OnePool<'_>) -> Option<String> {
    owned_max_exceeded(pool.name, &pool.limits.policy, pool.seen.stock.owned_at_most())
}

fn pool_halted(pool: OnePool<'_>) -> Option<Item> {
    let (halt, name) = (pool.seen.pool_halt.as_ref()?, pool.name);
    let severity = if pool.seen.stock.available == 0 { Severity::Critical } else { Severity::Warning };
    let summary = format!("Buying for pool {name} is halted: it needs {}.", halt.needs);
    let then = if PoolKey::is_of_webhooks(&halt.needs) { "reload and configure the webhooks" } else { "reload" };
    let todo = format!("Set {} and {then}, or mend at Twilio what it names and resume the pool.", halt.needs);
    let url = halt.twilio_code.map(|code| format!("https://www.twilio.com/docs/api/errors/{code}"));
    let item = Item::new(Kind::PoolHalted, severity, summary, todo)
        .detail(sentence(&halt.message))
        .since(Some(halt.since))
        .link(format!("Resume {name}…"), format!("{RESUME}?pool={name}"));
    Some(Item { url, ..item }.of(name))
}

fn unconfigured(name: &PoolName, left: &Observation) -> Item {
    let (idle, assigned) = (left.stock.owned().saturating_sub(left.stock.assigned), left.stock.assigned);
    let summary = format!("{} of pool {name}, which is not configured.", counted(left.stock.owned().into(), "number"));
    let todo = format!("Configure [pools.{name}] again, or move its numbers to a pool that is configured.");
    Item::new(Kind::PoolUnconfigured, Severity::Warning, summary, todo)
        .detail(format!("{assigned} are users', who keep them; {idle} serve nobody and cost their fee."))
        .count(left.stock.owned().into())
        .of(name)
}

fn halted(halted: &Halted, is_paused: bool) -> Item {
    let half = if halted.reads_work { " Reads work, creates do not." } else { "" };
    let summary = match halted.twilio_code {
        Some(code) => match meaning(code) {
            Some(meaning) => format!("All buying is halted: {meaning} ({code})."),
            None => format!("All buying is halted: Twilio refused with {code}."),
        },
        None if halted.silences_twilio() => "All buying is halted: Twilio refuses this account.".to_owned(),
        None => "All buying is halted until somebody has looked.".to_owned(),
    };
    let end = match halted.next_probe_at {
        Some(_) => "Mend the cause at Twilio; buying goes on by itself when a look succeeds, or at once with a resume.",
        None => "Mend the cause, then resume.",
    };
    let both = if is_paused { " The resume ends the pause, too." } else { "" };
    let url = halted.twilio_code.map(|code| format!("https://www.twilio.com/docs/api/errors/{code}"));
    let text = if is_paused { "Resume, which ends both…" } else { "Resume…" };
    Item { url, ..Item::new(Kind::Halted, Severity::Critical, format!("{summary}{half}"), format!("{end}{both}")) }
        .detail(sentence(&halted.message))
        .since(Some(halted.since))
        .next("next look", halted.next_probe_at)
        .link(text, RESUME)
}

fn paused(paused: &Paused, is_halted: bool) -> Item {
    let summary = format!("Automatic buying is paused by {}.", paused.by);
    let todo = if is_halted { "One resume ends the halt and the pause." } else { "Resume when its reason is over." };
    let item = Item::new(Kind::Paused, Severity::Warning, summary, todo)
        .detail(paused.reason.clone().unwrap_or_default())
        .since(Some(paused.since));
    if is_halted { item } else { item.link("Resume…", RESUME) }
}

/// The caps that keep pools below their thresholds: one that binds all of them is one cause.
fn binding(facts: &Facts, sight: &Sight) -> Vec<Item> {
    let mut bound: Vec<(Cap, Vec<OnePool<'_>>)> = Vec::new();
    for pool in pools(&facts.limits, &sight.stock) {
        // One cause is told once.
        let is_told = |cap: &Cap| *cap == Cap::OwnedMax && exceeded(pool).is_some();
        let Some(cap) = cap_in_the_way(pool).filter(|cap| !is_told(cap)) else { continue };
        match bound.iter_mut().find(|(other, _)| *other == cap && binds_all(cap)) {
            Some((_, pools)) => pools.push(pool),
            None => bound.push((cap, vec![pool])),
        }
    }
    bound.into_iter().filter_map(|(cap, pools)| bound_by(cap, &pools, &facts.limits, sight)).collect()
}

/// Whether a cap is of all pools together.
fn binds_all(cap: Cap) -> bool {
    match cap {
        Cap::PurchasesPerHour | Cap::PurchasesPerDay | Cap::SpendOwnedMax => true,
        Cap::AvailableMax | Cap::OwnedMax | Cap::PoolPurchasesPerDay => false,
    }
}

fn bound_by(cap: Cap, pools: &[OnePool<'_>], limits: &Limits, sight: &Sight) -> Option<Item> {
    let pool = *pools.first()?;
    let (todo, free_at) = match cap {
        Cap::PurchasesPerHour => {
            ("Wait, raise spend.purchases_per_hour_max, or buy beyond the caps.".to_owned(), sight.hour_free_at)
        }
        Cap::PurchasesPerDay => {
            ("Wait, raise spend.purchases_per_day_max, or buy beyond the caps.".to_owned(), sight.day_free_at)
        }
        Cap::PoolPurchasesPerDay => {
            (format!("Wait, raise {}, or buy beyond the caps.", pool.key("purchases_per_day_max")), None)
        }
        Cap::AvailableMax => {
            let key = pool.key("available_max");
            (format!("Mend what lies in stock and cannot be given out, or raise {key}."), None)
        }
        Cap::OwnedMax => (format!("Raise {} and reload, or give numbers back to Twilio.", pool.key("owned_max")), None),
        Cap::SpendOwnedMax => ("Raise spend.owned_max and reload, or give numbers back to Twilio.".to_owned(), None),
    };
    let stands = |pool: &OnePool<'_>| {
        let (available, threshold) = (pool.seen.stock.available, pool.limits.policy.threshold_low);
        let of = if pool.is_only { String::new() } else { format!("{}: ", pool.name) };
        format!("{of}{available} available, threshold {threshold}")
    };
    let stands: Vec<String> = pools.iter().map(stands).collect();
    let item = Item::new(Kind::CapBinds, Severity::Warning, sentence(&cap_sentence(cap, pool, limits)), todo)
        .detail(format!("{}; nothing is bought by itself.", stands.join("; ")))
        .next("free again", free_at)
        .link("Buy numbers", BUY);
    Some(if binds_all(cap) { item } else { item.of(pool.name) })
}

/// That `owned` numbers of a pool are more than its `owned_max`, in words; `None` = they are not.
#[must_use]
pub(crate) fn owned_max_exceeded(pool: &PoolName, policy: &PoolPolicy, owned: u32) -> Option<String> {
    let (most, key) = (policy.owned_max, pool.key("owned_max"));
    (owned > most).then(|| {
        format!("{key} {most} is exceeded by the {owned} numbers that are owned: nothing will be bought by itself")
    })
}
