//! Why a threshold is advised, in a sentence for people.
//!
//! How to get it wrong: a figure without what it rests on. Whoever doubts it wants to know what was seen.

use crate::domain::PoolName;
use crate::domain::foresight::{Advice, Bound, Setting};

/// The sentence.
pub(super) fn because(
    pool: &PoolName,
    advice: &Advice,
    setting: &Setting,
    share: f64,
    signups: usize,
    days: u32,
) -> String {
    if signups == 0 {
        return "nobody has asked this pool for a number in the last 28 days, so nothing is known of what it needs"
            .to_owned();
    }
    let stretch = match days {
        0 => "less than a day".to_owned(),
        1 => "a day".to_owned(),
        days => format!("{days} days"),
    };
    let seen = format!(
        "{} of {stretch}, whose numbers are ready {} after they are ordered, at {} a second",
        plural(signups, "signup"),
        seconds(setting.supply.lead_ms),
        rounded(setting.supply.per_second),
    );
    let most = match advice.bound {
        Bound::Replay => format!("no more than {} of them would have waited", percent(share)),
        Bound::Moments => "they are few, so their spread counts more than the crowds that were seen".to_owned(),
        Bound::Growth => "demand grows, so they are taken at the level of the coming week".to_owned(),
        Bound::SampleEnd => {
            format!(
                "they are too few to show what one in {:.0} meets, so a fifth is added to the worst of them",
                1.0 / share
            )
        }
        Bound::Cap(cap) => format!("{} is in the way of more", cap.key(pool)),
    };
    format!("{seen}: {most}")
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("one {word}") } else { format!("{count} {word}s") }
}

fn seconds(millis: i64) -> String {
    match millis {
        ..10_000 => format!("{} s", rounded(millis as f64 / 1000.0)),
        10_000..600_000 => format!("{} s", millis / 1000),
        _ => format!("{} min", millis / 60_000),
    }
}

/// To two digits that count.
fn rounded(value: f64) -> String {
    if value >= 10.0 {
        format!("{value:.0}")
    } else if value >= 1.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

fn percent(share: f64) -> String {
    let text = format!("{:.3}", share * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::foresight::{Supply, WhatIf};
    use crate::domain::{Cap, CapLimits, PoolPolicy, UNBOUND};

    fn said(bound: Bound, signups: usize, days: u32) -> String {
        let policy = PoolPolicy {
            threshold_low: 10,
            replenishment_batch_size: 10,
            total_min: 0,
            available_max: 50,
            owned_max: 1000,
        };
        let supply = Supply { lead_ms: 2500, per_second: 12.7 };
        let setting =
            Setting { policy, limits: CapLimits::of_spend(UNBOUND, UNBOUND), supply, emergency_wait_ms: 8000 };
        let (now, then) = (WhatIf::default(), WhatIf::default());
        let advice = Advice { threshold: 3, batch: 1, base_stock: 3, bound, now, then };
        because(&PoolName::default_pool(), &advice, &setting, 0.001, signups, days)
    }

    #[test]
    fn a_sentence_says_what_was_seen_and_what_made_it_so_large() {
        assert_eq!(
            said(Bound::Replay, 1204, 28),
            "1204 signups of 28 days, whose numbers are ready 2.5 s after they are ordered, at 13 a second: no more than 0.1 % of them \
             would have waited"
        );
        assert!(said(Bound::SampleEnd, 1, 0).starts_with("one signup of less than a day"));
        assert!(said(Bound::SampleEnd, 1, 0).contains("one in 1000"));
        assert!(said(Bound::Cap(Cap::AvailableMax), 9, 1).ends_with("pool.available_max is in the way of more"));
        assert!(said(Bound::Cap(Cap::PoolPurchasesPerDay), 9, 1).contains("pool.purchases_per_day_max"));
        assert!(said(Bound::Replay, 0, 0).contains("nobody has asked"));
    }
}
