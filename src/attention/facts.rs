//! The facts that are judged: what the database knows, what is configured, and how this process fares.
//!
//! How to get it wrong: a fact that is a judgement already. Whoever judges otherwise could not.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::db::attention::{Sight, SpendCaps};
use crate::db::pools::PoolsWebhooks;
use crate::domain::{Away, CapLimits, Keys, PoolName, PoolPolicy};
use crate::foresight::Unreachable;
use crate::twilio_check::Checked;
use crate::twilio_events::Rejected;

/// When each pool is looked at again that is left alone now.
pub(crate) type QuietUntil = BTreeMap<PoolName, DateTime<Utc>>;

/// Everything that is judged.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// Of when they are.
    pub(crate) at: DateTime<Utc>,
    /// What is configured.
    pub(crate) limits: Limits,
    /// What the database knows; `None` = it does not answer.
    pub(crate) sight: Option<Sight>,
    /// How this process fares.
    pub(crate) process: Process,
}

/// What is configured here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Each pool, `default` first, then by name.
    pub(crate) pools: Vec<PoolLimits>,
    /// `[spend]`
    pub(crate) caps: SpendCaps,
    /// `purchase.unknown_settle_secs`
    pub(crate) unknown_settle: Duration,
    /// What this instance would set on every number of each of its pools.
    pub(crate) webhooks: PoolsWebhooks,
}

/// What is configured of one pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PoolLimits {
    /// Its name, and under which keys.
    pub(crate) keys: Keys,
    /// How it wants to be.
    pub(crate) policy: PoolPolicy,
    /// What bounds its purchases beside that.
    pub(crate) caps: CapLimits,
}

/// How this process fares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Process {
    /// Parts that are away or stuck.
    pub(crate) stuck: Vec<&'static str>,
    /// When a pool is looked at next after a pass that bought nothing for it; one that is not among them at once.
    pub(crate) next_try_at: QuietUntil,
    /// Whoever has the purchase lock gives no sign of life.
    pub(crate) holder_is_frozen: bool,
    /// What it last saw of Twilio, if it looked.
    pub(crate) twilio: Option<Arc<Checked>>,
    /// Why the database is away, while it is.
    pub(crate) database_away: Option<Away>,
    /// Events that came here of late, and that nothing shows to be Twilio's.
    pub(crate) events_rejected: Option<Rejected>,
    /// Boosts that will lack numbers when they begin.
    pub(crate) boosts_unreachable: Vec<Unreachable>,
}
