//! Where the facts come from: one turn at the database, and what this process knows of itself.
//!
//! How to get it wrong: no facts at all when the database is away. That it is away is the first of them.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use chrono::Utc;
use tokio::sync::watch;

use super::facts::{Facts, Limits, PoolLimits, Process, QuietUntil};
use crate::config::Config;
use crate::db::attention::{SpendCaps, Watched, attention_look};
use crate::db::purchases::holder::holder_seen;
use crate::db::{Db, DbError};
use crate::domain::Away;
use crate::foresight::Forecaster;
use crate::purchaser::HolderWatch;
use crate::supervisor::Health;
use crate::twilio_check::TwilioChecker;
use crate::twilio_events::Rejections;

/// Where the facts come from. Clones are one.
#[derive(Clone)]
pub(crate) struct Sources {
    /// What all instances know.
    pub(crate) db: Db,
    /// The configuration in force.
    pub(crate) config: Arc<ArcSwap<Config>>,
    /// How the parts fare.
    pub(crate) health: Vec<Arc<Health>>,
    /// Whether whoever has the purchase lock lives.
    pub(crate) holder: HolderWatch,
    /// Until when the monitor leaves which pool alone.
    pub(crate) quiet_until: watch::Receiver<QuietUntil>,
    /// Whether buying could succeed.
    pub(crate) checker: TwilioChecker,
    /// Events that Twilio did not send, or so it seems.
    pub(crate) events_rejected: Arc<Rejections>,
    /// Whether boosts will have their numbers.
    pub(crate) forecaster: Forecaster,
}

impl Sources {
    /// Everything that is known now; why the database is not among it.
    pub(crate) async fn facts(&self) -> (Facts, Option<DbError>) {
        let (limits, advisory_key) = {
            let config = self.config.load();
            (Limits::of(&config), config.lock.advisory_key)
        };
        let (watched, caps) = (limits.watched(), limits.caps);
        let look = move |conn: &mut crate::db::Connection| {
            Ok((attention_look(conn, &watched, caps)?, holder_seen(conn, advisory_key)?))
        };
        let (sight, holder_is_frozen, error) = match self.db.run("attention_look", look).await {
            Ok((sight, holder)) => (Some(sight), self.holder.sees(holder.as_ref()), None),
            Err(error) => (None, false, Some(error)),
        };
        let database_away = match &error {
            Some(error) => Some(self.db.why_away(error)),
            None => self.db.waits_for_a_standby().then_some(Away::NoStandby),
        };
        let stuck = self.health.iter().filter(|health| !health.is_well()).map(|health| health.name()).collect();
        let at = sight.as_ref().map_or_else(Utc::now, |sight| sight.at);
        let mut next_try_at = self.quiet_until.borrow().clone();
        next_try_at.retain(|_, until| *until > at);
        let (twilio, events_rejected) = (self.checker.latest(), self.events_rejected.recent(Utc::now()));
        let boosts_unreachable = self.forecaster.unreachable();
        let process = Process {
            stuck,
            next_try_at,
            holder_is_frozen,
            twilio,
            events_rejected,
            database_away,
            boosts_unreachable,
        };
        (Facts { at, limits, sight, process }, error)
    }
}

impl Limits {
    /// Those in force.
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            pools: config
                .pools()
                .filter_map(|(name, pool)| {
                    Some(PoolLimits {
                        keys: config.keys_of(name)?,
                        policy: config.policy(name)?,
                        caps: config.cap_limits(pool),
                    })
                })
                .collect(),
            caps: SpendCaps { hour: config.spend.purchases_per_hour_max, day: config.spend.purchases_per_day_max },
            unknown_settle: Duration::from_secs(config.purchase.unknown_settle().as_secs()),
            webhooks: config.webhooks_by_pool(),
        }
    }

    /// The pools, as the database is asked about them.
    pub(crate) fn watched(&self) -> Vec<Watched> {
        let watched = |pool: &PoolLimits| Watched { keys: pool.keys.clone(), threshold: pool.policy.threshold_low };
        self.pools.iter().map(watched).collect()
    }
}
