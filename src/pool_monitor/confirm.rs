//! One number of ours beside what Twilio shows: its webhooks confirmed or set, or why not.
//!
//! Invariants: a difference is marked before it is mended, so that no signup gets the number meanwhile; another
//! instance's tag stops everything, and an idle number that carries one is held; a 404 never marks a number missing: one
//! wrong credential would make all of them vanish. A comparison is asked for, which judges them together. What is
//! somebody's by now is set only by an operator's word. No number is under repair for ever: one that Twilio refuses to set is
//! given up, and so is one about which it contradicts itself again and again; but no more of them than can be true.
//! How to get it wrong: trusting what the database last knew of a number's webhooks, or a list that may lag. Twilio is
//! asked for the number itself before it is confirmed or held.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::watch;

use crate::config::Config;
use crate::db::numbers::{NumberRow, number_mark_drifted, number_unconfirmed};
use crate::db::pool_halts::pool_halts_of;
use crate::db::pools::{PoolWanted, PoolsWebhooks, pools_webhooks};
use crate::db::{Connection, Db, DbError};
use crate::domain::{InstanceName, PoolKey, PoolName, Tag, WebhookStatus, Webhooks};
use crate::purchaser::breaker;
use crate::purchaser::pool_breaker::halt_without_target;
use crate::reconciliation::ReconcilerHandle;
use crate::reconciliation::suspicion::{Suspicion, Word, give_up, hold_contested, hold_tagged, tried_in_vain};
use crate::twilio::{IncomingNumber, Twilio, TwilioError};

/// What caring for numbers needs. Plain dependencies, no actor.
#[derive(Clone)]
pub struct WebhookConfigurer {
    /// The numbers.
    pub db: Db,
    /// Where they are.
    pub twilio: Twilio,
    /// The configuration in force.
    pub config: Arc<ArcSwap<Config>>,
    /// True from the first signal on.
    pub stopping: watch::Receiver<bool>,
    /// Who judges what Twilio does not know.
    pub reconciler: ReconcilerHandle,
    /// The log.
    pub log: slog::Logger,
}

/// What came of a number.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    /// It carries what it shall.
    Stands,
    /// It differed and was set.
    Set,
    /// Twilio does not know it; it is not assignable, and a comparison was asked for.
    Gone,
    /// Somebody else has set it back too often within a day: it is held, and nothing was done at Twilio.
    Contested,
    /// Another instance's tag stands on it; nothing was done at Twilio, and nobody is given it.
    TaggedFor(InstanceName),
    /// It is on hold, leaving or somebody's by now, or other webhooks are wanted; nothing was done at Twilio.
    NotFree,
    /// It differs, and nothing may be set; nobody is given it.
    Differs,
    /// What its pool wants is not in the account: the pool is halted, and needs this key; the number is not at fault.
    NoTarget { needs: String, failure: TwilioError },
    /// Twilio was not to be had, or refused.
    Failed(TwilioError),
    /// The same, and more numbers than can be true are like that: buying is halted.
    TooMany(TwilioError),
}

/// Whose numbers may be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MaySet {
    /// None: this instance is configured with other webhooks than the pool wants. It looks what they carry.
    None,
    /// Idle ones: what care does by itself.
    Nobodys,
    /// Those of users, too: an operator's word.
    Anybodys,
}

/// What the numbers of each pool shall carry, and whose of them this instance may set to it by itself.
#[derive(Debug, Default)]
pub(super) struct Wants(BTreeMap<PoolName, (PoolWanted, MaySet)>);

impl Wants {
    fn of(stored: PoolsWebhooks, config: &Config) -> Self {
        let want = |(pool, webhooks): (PoolName, Webhooks)| {
            // Of a pool that is configured no more, what was stored last holds.
            let is_ours = config.webhooks_of(&pool).is_none_or(|ours| ours == webhooks);
            let may = if is_ours { MaySet::Nobodys } else { MaySet::None };
            (pool.clone(), (PoolWanted { pool, webhooks }, may))
        };
        Self(stored.into_iter().map(want).collect())
    }

    /// Those of the number's pool; `None` = nobody ever configured it, or what it wants is not in the account.
    pub(super) fn for_number(&self, number: &NumberRow) -> Option<(&PoolWanted, MaySet)> {
        self.0.get(&number.pool).map(|(wanted, may)| (wanted, *may))
    }

    /// Whether this instance may set numbers of any pool.
    pub(super) fn may_set_some(&self) -> bool {
        self.0.values().any(|(_, may)| *may != MaySet::None)
    }
}

impl WebhookConfigurer {
    pub(super) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Opens the breaker if the refusal concerns the account.
    pub(super) async fn halts(&self, failure: &TwilioError) -> bool {
        breaker::halt_on(&self.db, &self.config.load().breaker, &self.log, failure).await
    }

    /// Sees that a number carries `wanted`, and sets it if it does not, but for numbers that are somebody's: those only by
    /// the word of `may`. `listed` is what Twilio's list showed just now.
    pub(super) async fn see_to(
        &self,
        number: &NumberRow,
        listed: Option<IncomingNumber>,
        wanted: &PoolWanted,
        may: MaySet,
    ) -> Result<Outcome, DbError> {
        let id = number.id;
        let shown = match listed.filter(|listed| self.list_will_do(number, listed, &wanted.webhooks)) {
            Some(listed) => Some(listed),
            None => match self.twilio.fetch(&number.sid).await {
                Ok(shown) => shown,
                Err(failure) => return self.in_vain(number, failure, may).await,
            },
        };
        let Some(shown) = shown else { return self.gone(number).await };
        if let Some(instance) = self.another(&shown) {
            return self.tagged_for(number, instance).await;
        }
        if shown.carries(&wanted.webhooks) {
            return Ok(Outcome::Stands);
        }
        let marked = wanted.clone();
        match self.db.run("number_mark_drifted", move |conn| number_mark_drifted(conn, id, &marked)).await? {
            None => return Ok(Outcome::NotFree),
            Some(standing) if standing.user_id.is_some() && may != MaySet::Anybodys => {
                return Ok(Outcome::NotFree);
            }
            Some(standing) if standing.contested => {
                hold_contested(&self.db, &self.log, (id, &number.phone_number), Word::Ours).await?;
                return Ok(Outcome::Contested);
            }
            Some(_) if may == MaySet::None => {
                tried_in_vain(&self.db, &self.log, (id, &number.phone_number), Word::Bystanders).await?;
                return Ok(Outcome::Differs);
            }
            Some(_) => {}
        }
        fail::fail_point!("care_marked");
        let set = self.twilio.set_webhooks(&number.sid, &wanted.webhooks).await;
        fail::fail_point!("webhooks_set");
        match set {
            Ok(None) => self.gone(number).await,
            Ok(Some(now)) if now.carries(&wanted.webhooks) => Ok(Outcome::Set),
            Ok(Some(_)) => {
                let failure = TwilioError::Unknown {
                    message: "Twilio answered the update with other webhooks".to_owned(),
                    status: Some(200),
                    request_id: None,
                };
                self.in_vain(number, failure, may).await
            }
            Err(failure) if failure.lacking_target(&wanted.webhooks).is_some() => {
                let config = self.config.load();
                let halted = halt_without_target(&self.db, &config, &self.log, wanted, &failure).await;
                Ok(Outcome::NoTarget { needs: halted.unwrap_or_default(), failure })
            }
            Err(failure) if failure.minds_the_number() => {
                let suspicion = give_up(&self.db, &self.log, (id, &number.phone_number), Word::Ours).await?;
                Ok(failed(failure, suspicion))
            }
            Err(failure) => {
                if matches!(failure, TwilioError::Unknown { .. }) {
                    // It may have taken effect, or may yet, after somebody else had other webhooks confirmed.
                    self.db.run("number_unconfirmed", move |conn| number_unconfirmed(conn, id)).await?;
                }
                self.in_vain(number, failure, may).await
            }
        }
    }

    /// A call about the number failed. What Twilio says of it again and again without an end is one, too.
    async fn in_vain(&self, number: &NumberRow, failure: TwilioError, may: MaySet) -> Result<Outcome, DbError> {
        if !failure.concerns_one_number() {
            return Ok(Outcome::Failed(failure));
        }
        let word = if may == MaySet::None { Word::Bystanders } else { Word::Ours };
        let suspicion = tried_in_vain(&self.db, &self.log, (number.id, &number.phone_number), word).await?;
        Ok(failed(failure, suspicion))
    }

    /// What every number shall carry, and whose numbers this instance may set to it by itself; without those of pools that are
    /// halted because of just that.
    pub(super) async fn wanted(&self) -> Result<Wants, DbError> {
        let config = self.config.load_full();
        let keys = config.keys();
        let read = move |conn: &mut Connection| Ok((pools_webhooks(conn)?, pool_halts_of(conn, &keys)?));
        let (mut stored, halts) = self.db.run("pools_webhooks", read).await?;
        // What is not in the account would be refused again and again, for one number after the other.
        stored.retain(|pool, _| halts.get(pool).is_none_or(|halt| !PoolKey::is_of_webhooks(&halt.needs)));
        Ok(Wants::of(stored, &config))
    }

    /// The list may lag: it confirms nothing, it holds nothing, and it does not say that somebody set a number back. It will do
    /// where it says what the database says: all is well, or what is set because of it only becomes what it shall be.
    fn list_will_do(&self, number: &NumberRow, listed: &IncomingNumber, wanted: &Webhooks) -> bool {
        let agrees = listed.carries(wanted) == (number.webhook_status == WebhookStatus::Configured);
        agrees && self.another(listed).is_none()
    }

    /// The other instance whose tag stands on it.
    fn another(&self, shown: &IncomingNumber) -> Option<InstanceName> {
        let tag = Tag::parse(&shown.friendly_name)?;
        (tag.instance != self.config.load().instance.name).then_some(tag.instance)
    }

    async fn gone(&self, number: &NumberRow) -> Result<Outcome, DbError> {
        slog::error!(self.log, "Twilio does not know a number of ours; a comparison will tell";
            "phone_number_ends" => number.phone_number.last_four(), "sid" => number.sid.as_str());
        let id = number.id;
        self.db.run("number_unconfirmed", move |conn| number_unconfirmed(conn, id)).await?;
        self.reconciler.soon();
        Ok(Outcome::Gone)
    }

    async fn tagged_for(&self, number: &NumberRow, instance: InstanceName) -> Result<Outcome, DbError> {
        let (held, _halts) = hold_tagged(&self.db, &self.log, number.id, Word::Ours).await?;
        slog::error!(self.log, "another instance's tag stands on a number of ours: adopt it here or release it there";
            "phone_number_ends" => number.phone_number.last_four(), "sid" => number.sid.as_str(),
            "instance" => instance.as_str(), "held" => held);
        Ok(Outcome::TaggedFor(instance))
    }
}

fn failed(failure: TwilioError, suspicion: Option<Suspicion>) -> Outcome {
    match suspicion {
        Some(_) => Outcome::TooMany(failure),
        None => Outcome::Failed(failure),
    }
}

/// Whether this instance is configured with other webhooks for one of its pools than the pool wants.
///
/// # Errors
/// When PostgreSQL fails.
pub(crate) async fn is_skewed(db: &Db, ours: &PoolsWebhooks) -> Result<bool, DbError> {
    let stored = db.run("pools_webhooks", pools_webhooks).await?;
    Ok(ours.iter().any(|(pool, webhooks)| stored.get(pool) != Some(webhooks)))
}
