//! How this process fares, and whoever else is seen from here.

use super::super::facts::Facts;
use super::super::item::{Item, Kind, Severity};
use crate::db::pools::PoolsWebhooks;
use crate::domain::{Away, counted};

pub(super) fn judge(facts: &Facts) -> Vec<Item> {
    let mut items = Vec::new();
    let process = &facts.process;
    match &facts.sight {
        None => items.push(away(process.database_away.unwrap_or_default(), "; nothing else is known of the pool")),
        Some(sight) => {
            // It answers whoever only looks.
            items.extend(process.database_away.map(|why| away(why, "")));
            if is_skewed(&sight.webhooks, &facts.limits.webhooks) {
                items.push(
                    Item::new(
                        Kind::ConfigSkew,
                        Severity::Critical,
                        "This instance is configured with other webhooks than the installation.",
                        "Give it the same PUBLIC_APP_URL and [webhooks] as the others, or configure the webhooks from here.",
                    )
                    .detail("It is not ready, and repairs no number."),
                );
            }
        }
    }
    if !process.stuck.is_empty() {
        items.push(
            Item::new(
                Kind::PartStuck,
                Severity::Critical,
                format!("A part of this instance stands still: {}.", process.stuck.join(", ")),
                "It is started again by itself; if it stays, restart the instance and keep its log.",
            )
            .count(i64::try_from(process.stuck.len()).unwrap_or(i64::MAX)),
        );
    }
    if let Some(rejected) = process.events_rejected {
        let count = i64::try_from(rejected.count).unwrap_or(i64::MAX);
        let summary = format!("{} came to this instance that nothing shows to be Twilio's.", counted(count, "event"));
        let todo = "If they come from Twilio, it has another token or another address than this daemon, and they are lost: look at \
                    TWILIO_AUTH_TOKEN and events.public_url, then run `callbunker twilio setup-events`.";
        items.push(
            Item::new(Kind::EventsRejected, Severity::Warning, summary, todo)
                .detail("Told for a quarter of an hour after the last of them. They were not taken.")
                .count(count)
                .since(Some(rejected.since)),
        );
    }
    if process.holder_is_frozen {
        items.push(
            Item::new(
                Kind::HolderFrozen,
                Severity::Warning,
                "The instance that buys has given no sign of life for a minute.",
                "Look whether that process or its machine is frozen.",
            )
            .detail("Whoever buys next takes the purchase lock from it."),
        );
    }
    items
}

fn away(away: Away, unknown: &str) -> Item {
    let meanwhile = format!("Meanwhile signups get 503 and nothing is bought{unknown}.");
    let detail = away.why().map_or_else(|| meanwhile.clone(), |why| format!("{why} {meanwhile}"));
    Item::new(Kind::DatabaseAway, Severity::Critical, away.summary(), away.todo()).detail(detail)
}

/// Whether one of this instance's pools wants other webhooks by now.
fn is_skewed(stored: &PoolsWebhooks, ours: &PoolsWebhooks) -> bool {
    ours.iter().any(|(pool, webhooks)| stored.get(pool) != Some(webhooks))
}
