//! The bodies of the controls that no type of the library is for.
//!
//! Invariant: an unknown field is refused, and what is left out stays.
//!
//! How to get it wrong: `flatten`, which lets unknown fields pass.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::fault::On;
use crate::foreign::Webhooks;
use crate::money::parse_cents;
use crate::monitor::Who;
use crate::number::Sid;
use crate::options::{AccountStatus, AccountType, CapabilitySpelling, LinkHost, ReownMode};
use crate::stock::pool::Capabilities;
use crate::world::World;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Number {
    pub(super) phone_number: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rename {
    pub(super) phone_number: String,
    pub(super) friendly_name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Date {
    pub(super) phone_number: String,
    pub(super) date_created: DateTime<Utc>,
}

/// Who does something to a number.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct As {
    pub(super) phone_number: String,
    #[serde(default)]
    who: Who,
    /// `US…` or `AC…`; left out: whoever usually does such things.
    #[serde(default)]
    actor: Option<Sid>,
    #[serde(default)]
    address: Option<String>,
    /// The number leaves the account.
    #[serde(default)]
    delete: bool,
}

impl As {
    pub(super) const FIELDS: &'static [&'static str] = &["phone_number", "who", "actor", "address", "delete"];

    /// Whether the number is in the account.
    pub(super) fn act(&self, world: &mut World, webhooks: Webhooks) -> bool {
        let mut actor = world.actor(self.who);
        actor.sid = self.actor.clone().or(actor.sid);
        actor.address = self.address.clone().or(actor.address);
        if self.delete {
            world.disown_as(&self.phone_number, actor)
        } else {
            world.set_webhooks_as(&self.phone_number, webhooks, actor)
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Latency {
    pub(super) ms: u64,
    #[serde(default = "any")]
    pub(super) on: On,
}

fn any() -> On {
    On::Any
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reset {
    #[serde(default)]
    pub(super) state: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stock {
    #[serde(default = "us")]
    country: String,
    area_code: String,
    count: Option<u64>,
    capabilities: Option<Capabilities>,
    beta: Option<bool>,
}

fn us() -> String {
    "US".into()
}

impl Stock {
    pub(super) fn apply(self, world: &mut World) -> Result<Value, String> {
        world.stock.set_traits(&self.country, &self.area_code, self.capabilities, self.beta)?;
        if let Some(count) = self.count {
            world.stock.set_count(&self.country, &self.area_code, count)?;
        }
        Ok(json!({}))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Account {
    status: Option<AccountStatus>,
    #[serde(rename = "type")]
    kind: Option<AccountType>,
    balance: Option<String>,
    reown_mode: Option<ReownMode>,
    search_cap: Option<usize>,
    capability_spelling: Option<CapabilitySpelling>,
    links: Option<LinkHost>,
    unknown_address: Option<u32>,
    unknown_trunk: Option<u32>,
    monitor_nested: Option<bool>,
}

impl Account {
    pub(super) fn apply(self, world: &mut World) -> Result<Value, String> {
        let balance = self.balance.as_deref().map(parse_cents).transpose()?;
        world.account.balance_cents = balance.unwrap_or(world.account.balance_cents);
        world.account.status = self.status.unwrap_or(world.account.status);
        world.account.kind = self.kind.unwrap_or(world.account.kind);
        world.reown_mode = self.reown_mode.unwrap_or(world.reown_mode);
        world.search_cap = self.search_cap.unwrap_or(world.search_cap);
        world.spelling = self.capability_spelling.unwrap_or(world.spelling);
        world.links.host = self.links.unwrap_or(world.links.host);
        world.monitor.is_nested = self.monitor_nested.unwrap_or(world.monitor.is_nested);
        world.unknown_address = self.unknown_address.unwrap_or(world.unknown_address);
        world.unknown_trunk = self.unknown_trunk.unwrap_or(world.unknown_trunk);
        Ok(json!({}))
    }
}
