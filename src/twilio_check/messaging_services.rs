//! The messaging services that numbers shall join: there, with room, with an approved campaign, and what they do with the SMS that
//! come in. Each is asked about once, however many pools name it.
//!
//! How to get it wrong: a `fail` for the first service, where the next one takes the numbers. Or a `fail` for a campaign that is
//! looked at: its numbers are registered when it is approved.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt as _;

use super::bounds::{Bounds, Silence};
use super::report::{Check, CheckName, CheckResult};
use crate::config::{Config, PoolConfig};
use crate::domain::{CountryCode, Kind, MessagingServiceSid, Needs, NumberType, PoolName};
use crate::twilio::{Campaign, Service, Twilio};

/// So many services are looked at side by side; each is asked one thing at a time.
const AT_ONCE: usize = 3;
/// What a service holds unless Twilio has raised it; no call tells.
const HELD_AT_MOST: usize = 400;
/// From here on somebody should have the next one ready.
const HELD_MANY: usize = HELD_AT_MOST / 10 * 9;

/// What is known of the services that any pool names.
pub(super) type Services = BTreeMap<MessagingServiceSid, Seen>;

/// What was seen of one.
pub(super) struct Seen {
    /// `None` = there is no such one.
    service: Result<Option<Service>, Silence>,
    campaigns: Result<Vec<Campaign>, Silence>,
    /// How many numbers it has; of more than a page, those of the first.
    members: Result<usize, Silence>,
}

/// What is not as it should be.
struct Fault {
    /// Whether it keeps every number from joining, or from ever being ready.
    blocks: bool,
    detail: String,
    todo: String,
}

pub(super) async fn ask(config: &Config, twilio: &Twilio, bounds: &Bounds) -> Services {
    let named: BTreeSet<MessagingServiceSid> =
        config.pools().flat_map(|(_, pool)| pool.messaging_services.iter().cloned()).collect();
    let asked = named.into_iter().map(|sid| async move {
        let seen = look_at(&sid, twilio, bounds).await;
        (sid, seen)
    });
    let asked: Vec<_> = asked.collect();
    futures_util::stream::iter(asked).buffered(AT_ONCE).collect().await
}

async fn look_at(sid: &MessagingServiceSid, twilio: &Twilio, bounds: &Bounds) -> Seen {
    let service = bounds.ask("a messaging service", || twilio.service(sid)).await;
    if !matches!(service, Ok(Some(_))) {
        return Seen { service, campaigns: Ok(Vec::new()), members: Ok(0) };
    }
    let campaigns = bounds.ask("a service's campaign", || twilio.campaigns(sid)).await;
    let members = bounds.ask("a service's numbers", || twilio.members(sid, None)).await;
    let members = members.map(|page| page.rows.len() + usize::try_from(page.unreadable).unwrap_or(usize::MAX));
    Seen { service, campaigns, members }
}

/// A line for each service of the pool. `sms_url` is where this pool wants the SMS that come in.
pub(super) fn judge(services: &Services, name: &PoolName, pool: &PoolConfig, sms_url: Option<&str>) -> Vec<Check> {
    let needs = pool.wants().needs;
    let key = name.key("messaging_services");
    let seen: Vec<(&MessagingServiceSid, &Seen)> =
        pool.messaging_services.iter().filter_map(|sid| Some((sid, services.get(sid)?))).collect();
    let found: Vec<_> = seen.iter().map(|(_, seen)| seen.faults(&key, pool.kind(), needs, sms_url)).collect();
    let takes_any = found.iter().any(|faults| faults.as_ref().map_or(true, |faults| !blocked(faults)));
    let fails = needs.attached && !takes_any;
    let lines = seen.iter().zip(found).map(|((sid, _), faults)| {
        let what = CheckName::MessagingService.of(Some(name));
        match faults {
            Err(silence) => {
                let told = silence.told(what);
                Check { detail: format!("{}: {}", sid.as_str(), told.detail), ..told }
            }
            Ok(faults) if faults.is_empty() => what.pass(format!("{} is there, with room for numbers", sid.as_str())),
            Ok(faults) => {
                let result = if fails && blocked(&faults) { CheckResult::Fail } else { CheckResult::Warn };
                let told = |of: fn(&Fault) -> &str| faults.iter().map(of).collect::<Vec<_>>();
                let detail = format!("{} {}", sid.as_str(), told(|fault| &fault.detail).join("; "));
                what.judged(result, detail, Some(told(|fault| &fault.todo).join(" ")))
            }
        }
    });
    lines.collect()
}

fn blocked(faults: &[Fault]) -> bool {
    faults.iter().any(|fault| fault.blocks)
}

impl Seen {
    /// What is wrong with it for such a pool; why it is not known.
    fn faults(&self, key: &str, kind: Kind, needs: Needs, sms_url: Option<&str>) -> Result<Vec<Fault>, &Silence> {
        let service = self.service.as_ref()?;
        let Some(service) = service else {
            let todo = format!("Set {key} to services of this account (Twilio's console, Messaging, Services).");
            return Ok(vec![Fault { blocks: true, detail: "is no messaging service of the account".to_owned(), todo }]);
        };
        let faults = [
            room(*self.members.as_ref()?, key),
            campaign(self.campaigns.as_ref()?, kind, needs.registered),
            inbound(service, sms_url),
        ];
        Ok(faults.into_iter().flatten().collect())
    }
}

fn room(members: usize, key: &str) -> Option<Fault> {
    let todo = format!("Have another service ready, and name it in {key}, too.");
    match members {
        HELD_AT_MOST => Some(Fault {
            blocks: true,
            detail: format!("has {members} numbers, and holds no more unless Twilio has raised that"),
            todo: format!("Name another service in {key}, or have Twilio's support raise it."),
        }),
        HELD_MANY.. => Some(Fault {
            blocks: false,
            detail: format!("has {members} numbers; {HELD_AT_MOST} are usual at most"),
            todo,
        }),
        _ => None,
    }
}

/// Carriers of the United States want a campaign of local numbers.
fn campaign(campaigns: &[Campaign], kind: Kind, waits: bool) -> Option<Fault> {
    let is_registered = kind.country == CountryCode::US && kind.number_type == NumberType::Local;
    if !is_registered {
        return waits.then(|| Fault {
            blocks: false,
            detail: format!("is to register {kind} numbers, and Twilio tells of US local ones only"),
            todo: "Set sms_ready_when to attached for this pool, or its numbers may wait for ever.".to_owned(),
        });
    }
    let todo = "Register a campaign for it (Twilio's console, Messaging, Regulatory Compliance); until one is approved carriers \
                refuse what its numbers text.";
    let fault = |blocks: bool, detail: String| Some(Fault { blocks, detail, todo: todo.to_owned() });
    let is = |campaign: &Campaign, word: &str| campaign.campaign_status.eq_ignore_ascii_case(word);
    if campaigns.iter().any(|campaign| is(campaign, "VERIFIED")) {
        return None;
    }
    let Some(last) = campaigns.last() else { return fault(waits, "has no campaign".to_owned()) };
    // A failure was seen with PENDING and errors.
    if is(last, "FAILED") || !last.errors.is_empty() {
        let errors: Vec<String> = last.errors.iter().map(|error| error.words()).collect();
        let because = if errors.is_empty() { String::new() } else { format!(": {}", errors.join(", ")) };
        return fault(waits, format!("has a campaign that was turned down{because}"));
    }
    let status = if last.campaign_status.is_empty() { "of no status" } else { &last.campaign_status };
    Some(Fault {
        blocks: false,
        detail: format!("has a campaign that is {status}"),
        todo: "Wait until it is approved, which takes days: its numbers are registered then.".to_owned(),
    })
}

/// Where the SMS go that come in for its numbers.
fn inbound(service: &Service, sms_url: Option<&str>) -> Option<Fault> {
    if service.use_inbound_webhook_on_number
        || sms_url.is_some_and(|url| !url.is_empty() && url == service.inbound_request_url)
    {
        return None;
    }
    let goes = match service.inbound_request_url.as_str() {
        "" => "gives SMS that come in to nobody",
        _ => "gives SMS that come in to a URL of its own, not to the numbers' webhooks",
    };
    Some(Fault {
        blocks: false,
        detail: goes.to_owned(),
        todo: "Choose \"Defer to sender's webhook\" in its Integration settings (use_inbound_webhook_on_number)."
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twilio::CampaignError;

    const US: Kind = Kind { country: CountryCode::US, number_type: NumberType::Local };

    fn of(status: &str, codes: &[i32]) -> Campaign {
        let errors = codes.iter().map(|code| CampaignError { error_code: Some(*code), ..CampaignError::default() });
        Campaign { campaign_status: status.to_owned(), errors: errors.collect() }
    }

    #[test]
    fn what_no_campaign_can_ever_register_blocks_who_waits_for_it_and_nobody_else() {
        let told = |campaigns: &[Campaign], waits| campaign(campaigns, US, waits).map(|fault| fault.blocks);
        assert_eq!(told(&[of("VERIFIED", &[])], true), None);
        assert_eq!(told(&[of("FAILED", &[]), of("verified", &[])], true), None, "one that is approved is enough");
        for (campaigns, blocks) in [
            (vec![], true),
            (vec![of("FAILED", &[])], true),
            (vec![of("PENDING", &[30897])], true),
            (vec![of("PENDING", &[])], false),
            (vec![of("IN_PROGRESS", &[])], false),
            (vec![of("", &[])], false),
        ] {
            assert_eq!((told(&campaigns, true), told(&campaigns, false)), (Some(blocks), Some(false)), "{campaigns:?}");
        }
    }

    #[test]
    fn a_service_is_full_at_four_hundred_as_far_as_anybody_knows() {
        let blocks = |members| room(members, "pool.messaging_services").map(|fault| fault.blocks);
        let told = [0, 359, 360, 399, 400, 401].map(blocks);
        assert_eq!(told, [None, None, Some(false), Some(false), Some(true), Some(false)]);
    }
}
