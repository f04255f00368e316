//! What stands between the pool and its purchases: halt, pause, caps.
//!
//! How to get it wrong: two acts that do the same. A resume ends the halt and the pause at once, so one of both offers it.

use super::super::facts::{Facts, Limits};
use super::super::item::{Item, Kind, Severity};
use super::obstacle::{cap_in_the_way, cap_sentence};
use super::words::sentence;
use crate::db::attention::Sight;
use crate::db::buying_state::{Halted, Paused};
use crate::domain::{Cap, PoolPolicy};
use crate::twilio::meaning;

const RESUME: &str = "/admin/phones/dashboard/acts/resume";
const BUY: &str = "/admin/phones/dashboard#h-buy";

pub(super) fn judge(facts: &Facts, sight: &Sight) -> Vec<Item> {
    let buying = &sight.observation.buying;
    let exceeded = owned_max_exceeded(&facts.limits.policy, sight.observation.stock.owned_at_most());
    let halted = buying.halted.as_ref().map(|halted| self::halted(halted, buying.paused.is_some()));
    let paused = buying.paused.as_ref().map(|paused| self::paused(paused, buying.halted.is_some()));
    // One cause is told once.
    let cap = cap_in_the_way(&facts.limits, &sight.observation);
    let cap = cap.filter(|cap| *cap != Cap::OwnedMax || exceeded.is_none());
    let exceeded = exceeded.map(|words| {
        Item::new(
            Kind::OwnedMaxExceeded,
            Severity::Warning,
            sentence(&words),
            "Raise pool.owned_max and reload, or give numbers back to Twilio.",
        )
        .count(sight.observation.stock.owned_at_most().into())
    });
    [halted, paused, cap.map(|cap| binding(cap, &facts.limits, sight)), exceeded].into_iter().flatten().collect()
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

fn binding(cap: Cap, limits: &Limits, sight: &Sight) -> Item {
    let stock = &sight.observation.stock;
    let threshold = limits.policy.threshold_low;
    let (todo, free_at) = match cap {
        Cap::PurchasesPerHour => {
            ("Wait, raise spend.purchases_per_hour_max, or buy beyond the caps.", sight.hour_free_at)
        }
        Cap::PurchasesPerDay => ("Wait, raise spend.purchases_per_day_max, or buy beyond the caps.", sight.day_free_at),
        Cap::AvailableMax => ("Mend what lies in stock and cannot be given out, or raise pool.available_max.", None),
        Cap::PoolPurchasesPerDay => ("Wait, raise the pool's purchases_per_day_max, or buy beyond the caps.", None),
        Cap::SpendOwnedMax => ("Raise spend.owned_max and reload, or give numbers back to Twilio.", None),
        Cap::OwnedMax => ("Raise pool.owned_max and reload, or give numbers back to Twilio.", None),
    };
    Item::new(Kind::CapBinds, Severity::Warning, sentence(&cap_sentence(cap, limits)), todo)
        .detail(format!("{} available, threshold {threshold}; nothing is bought by itself.", stock.available))
        .next("free again", free_at)
        .link("Buy numbers", BUY)
}

/// That `owned` numbers are more than `pool.owned_max`, in words; `None` = they are not.
#[must_use]
pub(crate) fn owned_max_exceeded(policy: &PoolPolicy, owned: u32) -> Option<String> {
    let most = policy.owned_max;
    (owned > most).then(|| {
        format!(
            "pool.owned_max {most} is exceeded by the {owned} numbers that are owned: nothing will be bought by itself"
        )
    })
}
