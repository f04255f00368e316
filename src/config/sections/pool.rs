//! `[pool]` and each `[pools.NAME]`: how many numbers, which ones, and how long they rest.
//!
//! How to get it wrong: letting `threshold_low` or `total_min` lie above `available_max`. The pool could then never
//! be full, and every pass would try to buy. Or letting a `[pools.NAME]` begin from what `[pool]` says: it begins from the
//! built-in defaults, so that a change of one pool changes no other.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::boost::BoostConfig;
use super::pool_webhooks::PoolWebhooks;
use super::webhooks::WebhooksConfig;
use crate::domain::{
    AddressSid, AreaCode, BundleSid, Capability, Contains, CountryCode, IdentitySid, Kind, Market, MessagingServiceSid,
    NumberType, Papers, Place, PoolPolicy, ReadyFor, RegionName, SmsReadyWhen, TrustSid,
};

/// Keys that came later, as they stand while nobody gives them: no halt of an earlier version is one of other keys for them.
pub(in crate::config) const LATER_KEYS: [&str; 3] =
    ["messaging_services = []", "sms_ready_when = \"attached\"", "trust_products = []"];

/// How many numbers, which ones, and how long they rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PoolConfig {
    /// Replenish when fewer are available; 0 = never by itself.
    pub threshold_low: u32,
    /// Bought at a time.
    pub replenishment_batch_size: u32,
    /// Fill up to this many, available and assigned; 0 = off.
    pub total_min: u32,
    /// Automatic buying never makes idle stock larger.
    pub available_max: u32,
    /// Where to buy.
    pub country: CountryCode,
    /// Which of Twilio's stocks there.
    pub number_type: NumberType,
    /// Area codes that are tried in turn, before any.
    pub area_codes: Vec<AreaCode>,
    /// The town that every number must be of.
    pub locality: Option<String>,
    /// The state or province that every number must be of.
    pub region: Option<RegionName>,
    /// What the digits of every number must match.
    pub contains: Option<Contains>,
    /// Automatic buying never makes everything owned larger; 0 = no automatic buying.
    pub owned_max: u32,
    /// Purchases of this pool in any day; 0 = none, unset = only those of `[spend]` bind.
    pub purchases_per_day_max: Option<u32>,
    /// What a number must be able to do.
    pub capabilities: Vec<Capability>,
    /// How long a released number rests before it can be assigned again.
    pub quarantine_hours: u64,
    /// The address that is shown with each purchase.
    pub address_sid: Option<AddressSid>,
    /// The regulatory bundle that is shown with each purchase.
    pub bundle_sid: Option<BundleSid>,
    /// The identity that is shown with each purchase.
    pub identity_sid: Option<IdentitySid>,
    /// Whether a signup that names only the country may come here.
    pub serves_country: bool,
    /// Messaging services, tried in turn: each number joins one.
    pub messaging_services: Vec<MessagingServiceSid>,
    /// What a number must be able to do before it is handed out; unset = text, if there are services.
    pub ready_for: Option<ReadyFor>,
    /// When a number can text.
    pub sms_ready_when: SmsReadyWhen,
    /// The customer profile that each number is assigned to.
    pub customer_profile: Option<TrustSid>,
    /// The trust products that each number is assigned to after that.
    pub trust_products: Vec<TrustSid>,
    /// Higher thresholds, each for a while.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub boosts: Vec<BoostConfig>,
    /// Where its numbers lead.
    #[serde(skip_serializing_if = "PoolWebhooks::is_empty")]
    pub webhooks: PoolWebhooks,
}

impl PoolConfig {
    /// The most area codes that `area_codes` may name; each may cost a search per batch.
    pub const AREA_CODES_MAX: usize = 100;

    /// What planning cares about, as it is configured; what is in force says [`Config::policy`](crate::config::Config::policy).
    #[must_use]
    pub(in crate::config) fn configured_policy(&self) -> PoolPolicy {
        PoolPolicy {
            threshold_low: self.threshold_low,
            replenishment_batch_size: self.replenishment_batch_size,
            total_min: self.total_min,
            available_max: self.available_max,
            owned_max: self.owned_max,
        }
    }

    /// What it holds.
    #[must_use]
    pub fn kind(&self) -> Kind {
        Kind { country: self.country, number_type: self.number_type }
    }

    /// What it shows with each purchase.
    #[must_use]
    pub fn papers(&self) -> Papers {
        Papers {
            address: self.address_sid.clone(),
            bundle: self.bundle_sid.clone(),
            identity: self.identity_sid.clone(),
        }
    }

    /// Where it buys when no area code is wanted.
    #[must_use]
    pub fn market(&self) -> Market {
        let place = match (&self.locality, self.region) {
            (Some(locality), region) => Place::Locality { locality: locality.clone(), region },
            (None, Some(region)) => Place::Region(region),
            (None, None) => Place::Anywhere,
        };
        Market {
            kind: self.kind(),
            place,
            contains: self.contains.clone(),
            capabilities: self.capabilities.clone(),
            shows_address: self.address_sid.is_some(),
        }
    }

    /// A digest of all of its keys, and of what `[webhooks]`, which is `all`, says in their place, 16 hexadecimal digits: a halt of
    /// the pool is about these keys and no others.
    #[must_use]
    pub(in crate::config) fn fingerprint(&self, all: &WebhooksConfig) -> String {
        // A campaign changes nothing of what Twilio refused.
        let without_boosts = Self { boosts: Vec::new(), ..self.clone() };
        let keys =
            toml::to_string(&without_boosts).expect("a section holds numbers, text and lists; a test serialises it");
        let lines = keys.split_inclusive('\n').filter(|line| !LATER_KEYS.contains(&line.trim_end()));
        let mut said: String = lines.collect();
        // Only what Twilio may not know: a pool that names nothing of the account has the fingerprint that it always had.
        let in_force = self.webhooks.over(all).without_urls();
        said.extend(in_force.targets().map(|(key, sid)| format!("{} = {sid}\n", key.as_str())));
        Sha256::digest(said).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// `quarantine_hours`
    #[must_use]
    pub fn quarantine(&self) -> Duration {
        Duration::from_secs(self.quarantine_hours * 3600)
    }
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            threshold_low: 10,
            replenishment_batch_size: 10,
            total_min: 20,
            available_max: 50,
            country: CountryCode::US,
            number_type: NumberType::Local,
            area_codes: Vec::new(),
            locality: None,
            region: None,
            contains: None,
            owned_max: 1000,
            purchases_per_day_max: None,
            capabilities: vec![Capability::Voice, Capability::Sms],
            quarantine_hours: 720,
            address_sid: None,
            bundle_sid: None,
            identity_sid: None,
            serves_country: true,
            messaging_services: Vec::new(),
            ready_for: None,
            sms_ready_when: SmsReadyWhen::Attached,
            customer_profile: None,
            trust_products: Vec::new(),
            boosts: Vec::new(),
            webhooks: PoolWebhooks::default(),
        }
    }
}
