//! What all acts of custody need, and the steps that they share.
//!
//! How to get it wrong: believing an update because it was answered. What Twilio says the number carries now is compared.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::watch;
use uuid::Uuid;

use super::error::CustodyError;
use crate::config::Config;
use crate::db::Db;
use crate::db::numbers::NewNumber;
use crate::db::purchases::items::IntakeOrder;
use crate::domain::{Kind, PoolName, Tag, Trigger, WebhookStatus, Webhooks};
use crate::purchaser::{Wiring, breaker, new_number};
use crate::reconciliation::ReconcilerHandle;
use crate::twilio::{IncomingNumber, Twilio, TwilioError};

/// What custody needs. Plain dependencies, no actor.
#[derive(Clone)]
pub struct Custody {
    /// Whose numbers are whose.
    pub db: Db,
    /// Where they are.
    pub twilio: Twilio,
    /// The configuration in force.
    pub config: Arc<ArcSwap<Config>>,
    /// Who judges what Twilio does not know.
    pub reconciler: ReconcilerHandle,
    /// True from the first signal on.
    pub stopping: watch::Receiver<bool>,
    /// The log.
    pub log: slog::Logger,
}

/// Whose tag stands on a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TagOn {
    /// None of any callbunker.
    Nobody,
    /// Ours, naming this item.
    Ours(Uuid),
    /// Another environment's.
    Another(String),
}

impl Custody {
    pub(super) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    pub(super) fn tag(&self, item_id: Uuid) -> Tag {
        Tag { instance: self.config.load().instance.name.clone(), item_id }
    }

    pub(super) fn tag_on(&self, found: &IncomingNumber) -> TagOn {
        match Tag::parse(&found.friendly_name) {
            None => TagOn::Nobody,
            Some(tag) if tag.instance == self.config.load().instance.name => TagOn::Ours(tag.item_id),
            Some(tag) => TagOn::Another(tag.instance.as_str().to_owned()),
        }
    }

    /// An order of `pool` under which `count` numbers may be written; nothing is written yet.
    pub(super) fn order(&self, trigger: Trigger, count: u32, pool: &PoolName, requested_by: &str) -> IntakeOrder {
        let config = self.config.load();
        // One that is configured no more may have numbers that never had an item.
        let kind = config.pool(pool).unwrap_or(&config.pool).kind();
        let (id, pool) = (Uuid::now_v7(), pool.clone());
        IntakeOrder { id, trigger, count, pool, kind, requested_by: requested_by.to_owned() }
    }

    /// What a number of the account is, as far as pools go by it.
    pub(super) fn kind_of(&self, found: &IncomingNumber) -> Kind {
        let country = found.phone_number.country().unwrap_or_else(|| self.config.load().pool.country);
        Kind { country, number_type: found.type_or_guess() }
    }

    /// A number of the account as the database takes it in.
    pub(super) fn new_number(
        &self,
        found: &IncomingNumber,
        webhook_status: WebhookStatus,
        pool: &PoolName,
    ) -> NewNumber {
        let config = self.config.load();
        let wanted = config.pool(pool).map_or(&[][..], |pool| &pool.capabilities);
        let into = (pool, self.kind_of(found).country);
        // What Twilio does not date is as old as our knowledge of it; whoever confirms it hears more of what it can do, too.
        let new = new_number(found, into, Wiring::Known(webhook_status), wanted, chrono::Utc::now());
        if !new.capable {
            slog::warn!(self.log, "a number is taken in that lacks a capability that its pool wants: the pool gives it to nobody";
                "phone_number_ends" => found.phone_number.last_four(), "sid" => found.sid.as_str(), "pool" => pool.as_str(),
                "wants" => wanted.iter().map(|capability| capability.as_str()).collect::<Vec<_>>().join(", "));
        }
        new
    }

    /// The item that a tag of ours names on it already.
    pub(super) fn tagged_item(&self, found: &IncomingNumber) -> Option<Uuid> {
        match self.tag_on(found) {
            TagOn::Ours(item_id) => Some(item_id),
            TagOn::Nobody | TagOn::Another(_) => None,
        }
    }

    /// Opens the breaker when Twilio refuses the account as a whole.
    pub(super) async fn halt_on(&self, failure: &TwilioError) -> bool {
        breaker::halt_on(&self.db, &self.config.load().breaker, &self.log, failure).await
    }

    /// What Twilio answered to a look before anything was done. A failure says that nothing was, and opens the breaker if it
    /// refuses the account.
    pub(super) async fn heard<T>(&self, answer: Result<T, TwilioError>) -> Result<T, CustodyError> {
        match answer {
            Ok(answer) => Ok(answer),
            Err(failure) => {
                self.halt_on(&failure).await;
                Err(CustodyError::not_asked(failure))
            }
        }
    }

    /// Writes our tag, and the webhooks if given, and checks what Twilio says they are now. `None` = it is gone (404).
    pub(super) async fn tell_twilio(
        &self,
        found: &IncomingNumber,
        item_id: Uuid,
        webhooks: Option<&Webhooks>,
    ) -> Result<Option<IncomingNumber>, TwilioError> {
        let tag = self.tag(item_id);
        let stands = |number: &IncomingNumber| {
            Tag::parse(&number.friendly_name).as_ref() == Some(&tag)
                && webhooks.is_none_or(|webhooks| number.carries(webhooks))
        };
        if stands(found) {
            return Ok(Some(found.clone()));
        }
        match self.twilio.set_tag(&found.sid, &tag, webhooks).await? {
            Some(now) if !stands(&now) => Err(TwilioError::Unknown {
                message: "Twilio answered the update with another name or other webhooks".to_owned(),
                status: Some(200),
                request_id: None,
            }),
            answer => Ok(answer),
        }
    }
}
