//! One number of the account, or one that is held in quarantine, taken in by an operator's word.
//!
//! Steps: the number is written down as ours and held (`adopting`); Twilio is told our tag and its pool's
//! webhooks, and its echo is checked; the number goes into the pool or to its user. Whatever breaks between them, the
//! same call goes on where it stood.
//! How to get it wrong: using this instance's own webhooks. An instance that is configured otherwise than the
//! pool would wire the number to another program.

use uuid::Uuid;

use super::error::CustodyError;
use super::keeper::{Custody, TagOn};
use crate::db::assignments::assignments_held;
use crate::db::numbers::{
    Confirmed, Destination, HoldReason, Intake, OwnedNumber, Placed, number_adopted, number_confirm_webhooks,
    number_item, number_note_retagged, number_note_tag, number_owned, number_take_in, numbers_mark_missing,
};
use crate::db::pools::pool_wanted;
use crate::db::{Constraint, DbError};
use crate::domain::{NumberStatus, PhoneNumber, PoolName, QuarantineReason, Trigger, UserId, WebhookStatus};
use crate::twilio::IncomingNumber;

impl Custody {
    /// Takes `number` in, for `pool` or for `user_id`; its id. Without a pool it goes into the first of its kind. Repeating it is harmless and finishes what broke off.
    ///
    /// # Errors
    /// See [`CustodyError`].
    pub async fn adopt(
        &self,
        number: &PhoneNumber,
        user_id: Option<&UserId>,
        pool: Option<&PoolName>,
        requested_by: &str,
    ) -> Result<i64, CustodyError> {
        pool.map(|pool| self.known_pool(pool)).transpose()?;
        if let Some(user_id) = user_id {
            self.check_user(user_id, number).await?;
        }
        let wanted = number.clone();
        let owned = self.db.run("number_owned", move |conn| number_owned(conn, &wanted)).await?;
        let (owned, found) = match owned.filter(|owned| owned.status() != NumberStatus::Released) {
            Some(owned) => (owned, None),
            None => {
                let (owned, found) = self.take_in(number, pool, requested_by).await?;
                (owned, Some(found))
            }
        };
        if pool.is_some_and(|pool| *pool != owned.pool) {
            return Err(CustodyError::InAnotherPool(owned.pool.clone()));
        }
        match (owned.status(), owned.quarantine_reason) {
            (NumberStatus::Assigned, _) if user_id.is_none_or(|user| owned.is_of(user)) => {
                self.take_back_tag(&owned, requested_by).await?;
                return Ok(owned.id);
            }
            (NumberStatus::Assigned, _) => return Err(CustodyError::AnotherUsers),
            (_, Some(QuarantineReason::Leaving)) => return Err(CustodyError::Leaving),
            (NumberStatus::Available, _) if owned.ready && user_id.is_none() => return Ok(owned.id),
            // Ready: Twilio confirmed it already. If it is not so any more by the time it is placed, Twilio is asked.
            (NumberStatus::Available, _) if owned.ready => {
                if let Some(id) = self.place(&owned, user_id, None).await? {
                    return Ok(id);
                }
            }
            _ => {}
        }
        let confirmed = self.confirm(&owned, found, requested_by).await?;
        fail::fail_point!("adopt_tagged");
        // What was confirmed needs no readiness.
        self.place(&owned, user_id, Some(confirmed)).await?.ok_or(CustodyError::Leaving)
    }

    /// Nobody has two numbers; the index says so too, but here nothing has happened yet.
    async fn check_user(&self, user_id: &UserId, number: &PhoneNumber) -> Result<(), CustodyError> {
        let user = user_id.clone();
        let has = self.db.run("assignments_held", move |conn| assignments_held(conn, &[user.as_str()])).await?;
        if has.iter().any(|assignment| assignment.phone_number != *number) {
            return Err(CustodyError::UserHasAnother);
        }
        Ok(())
    }

    /// Step 1: ours by SID, whatever crashes from here on.
    async fn take_in(
        &self,
        number: &PhoneNumber,
        pool: Option<&PoolName>,
        requested_by: &str,
    ) -> Result<(OwnedNumber, IncomingNumber), CustodyError> {
        let found = self.heard(self.twilio.find(number, None).await).await?.ok_or(CustodyError::NotInAccount)?.body;
        if let TagOn::Another(instance) = self.tag_on(&found) {
            slog::warn!(self.log, "a number is adopted that carries another environment's tag";
                "phone_number_ends" => number.last_four(), "sid" => found.sid.as_str(), "environment" => instance);
        }
        let pool = self.pool_for(&found, pool)?;
        let order = self.order(Trigger::Adopt, 1, &pool, requested_by);
        let (new, tagged_item) = (self.new_number(&found, WebhookStatus::Pending, &pool), self.tagged_item(&found));
        let hold = Destination::Hold(HoldReason::Adopting);
        let take_in = move |conn: &mut crate::db::Connection| number_take_in(conn, &order, &new, tagged_item, &hold);
        let taken = self.db.run("number_take_in", take_in).await;
        match taken {
            Ok(Intake::Taken(..)) => {
                slog::info!(self.log, "a number of the account was taken in"; "phone_number_ends" => number.last_four(),
                    "sid" => found.sid.as_str(), "pool" => pool.as_str(), "by" => requested_by);
            }
            Ok(Intake::BeingBought) => return Err(CustodyError::BeingBought),
            // Another call was first: go on with what it wrote.
            Err(error) if error.violates(Constraint::OneLivePerNumber) => {}
            // Just given back, and Twilio's list lags; or somebody else was first.
            Err(error) if error.violates(Constraint::SidIsForEver) => {}
            Err(error) => return Err(error.into()),
        }
        fail::fail_point!("adopt_written");
        let wanted = number.clone();
        let owned = self.db.run("number_owned", move |conn| number_owned(conn, &wanted)).await?;
        match owned.filter(|owned| owned.status() != NumberStatus::Released) {
            Some(owned) if owned.sid == found.sid => Ok((owned, found)),
            Some(_) => Err(CustodyError::AnotherSid),
            None => Err(CustodyError::Left),
        }
    }

    /// What is its user's already is left as it is, but for another environment's tag: that one is overwritten, and the
    /// webhooks with it, because that environment may have set them.
    async fn take_back_tag(&self, owned: &OwnedNumber, requested_by: &str) -> Result<(), CustodyError> {
        let found = self.heard(self.twilio.fetch(&owned.sid).await).await?;
        let Some(found) = found else { return self.missing(owned).await };
        let id = owned.id;
        let tag_is_ours = move |conn: &mut crate::db::Connection| number_note_tag(conn, id, false);
        if !matches!(self.tag_on(&found), TagOn::Another(_)) {
            return Ok(self.db.run("number_note_tag", tag_is_ours).await?);
        }
        let Confirmed { wanted, .. } = self.confirm(owned, Some(found), requested_by).await?;
        self.db.run("number_note_tag", tag_is_ours).await?;
        let confirm = move |conn: &mut crate::db::Connection| number_confirm_webhooks(conn, id, &wanted);
        self.db.run("number_confirm_webhooks", confirm).await?;
        Ok(())
    }

    /// Step 2: Twilio carries our tag and its pool's webhooks. Says what was confirmed.
    async fn confirm(
        &self,
        owned: &OwnedNumber,
        found: Option<IncomingNumber>,
        requested_by: &str,
    ) -> Result<Confirmed, CustodyError> {
        let found = match found {
            Some(found) => Some(found),
            None => match self.twilio.fetch(&owned.sid).await {
                Ok(found) => found,
                Err(failure) => {
                    self.halt_on(&failure).await;
                    return Err(CustodyError::stays_on_hold(failure));
                }
            },
        };
        let Some(found) = found else { return self.missing(owned).await };
        let others = match self.tag_on(&found) {
            TagOn::Another(instance) => Some(instance),
            TagOn::Nobody | TagOn::Ours(_) => None,
        };
        if let Some(instance) = &others {
            slog::warn!(self.log, "another environment's tag is overwritten by an operator's word";
                "phone_number_ends" => owned.phone_number.last_four(), "sid" => owned.sid.as_str(), "environment" => instance);
        }
        let item_id = self.item_of(owned, requested_by).await?;
        let pool = owned.pool.clone();
        let wanted = self.db.run("pool_wanted", move |conn| pool_wanted(conn, &pool)).await?;
        match self.tell_twilio(&found, item_id, Some(&wanted.webhooks)).await {
            Ok(Some(now)) => {
                if let Some(instance) = others {
                    let (id, by) = (owned.id, requested_by.to_owned());
                    let note = move |conn: &mut crate::db::Connection| number_note_retagged(conn, id, &instance, &by);
                    self.db.run("number_note_retagged", note).await?;
                }
                // What a pool wants that is configured no more, nobody knows.
                let config = self.config.load();
                let capable = config.pool(&owned.pool).and_then(|pool| now.fitness(&pool.capabilities));
                Ok(Confirmed { capable, wanted })
            }
            Ok(None) => self.missing(owned).await,
            Err(failure) => {
                slog::warn!(self.log, "an adopted number stays held: Twilio could not be told";
                    "phone_number_ends" => owned.phone_number.last_four(), "cause" => failure.for_log(),
                    "request_id" => failure.request_id());
                self.halt_on(&failure).await;
                Err(CustodyError::stays_on_hold(failure))
            }
        }
    }

    async fn item_of(&self, owned: &OwnedNumber, requested_by: &str) -> Result<Uuid, DbError> {
        if let Some(item_id) = owned.purchase_item_id {
            return Ok(item_id);
        }
        let (id, order) = (owned.id, self.order(Trigger::Adopt, 1, &owned.pool, requested_by));
        self.db.run("number_item", move |conn| number_item(conn, id, &order)).await
    }

    pub(super) async fn missing<T>(&self, owned: &OwnedNumber) -> Result<T, CustodyError> {
        slog::error!(self.log, "a number of ours is gone at Twilio; it is not assigned any more";
            "phone_number_ends" => owned.phone_number.last_four(), "sid" => owned.sid.as_str());
        let id = owned.id;
        self.db.run("numbers_mark_missing", move |conn| numbers_mark_missing(conn, &[id])).await?;
        // Bought anew by somebody? Then the operator is told what to do about the old one.
        match self.twilio.find(&owned.phone_number, None).await {
            Ok(Some(found)) if found.body.sid != owned.sid => Err(CustodyError::AnotherSid),
            _ => Err(CustodyError::Gone),
        }
    }

    /// Step 3: into the pool, or to its user. `None` = it was to be ready, and is not any more.
    async fn place(
        &self,
        owned: &OwnedNumber,
        user_id: Option<&UserId>,
        confirmed: Option<Confirmed>,
    ) -> Result<Option<i64>, CustodyError> {
        let (id, user) = (owned.id, user_id.cloned());
        let placed = self
            .db
            .run("number_adopted", move |conn| number_adopted(conn, id, user.as_ref(), confirmed.as_ref()))
            .await;
        match placed {
            Ok(Placed::Done) => {
                fail::fail_point!("adopt_settled");
                slog::info!(self.log, "a number was adopted"; "phone_number_ends" => owned.phone_number.last_four(),
                    "to_a_user" => user_id.is_some());
                Ok(Some(id))
            }
            Ok(Placed::Already) => Ok(Some(id)),
            Ok(Placed::NotReady) => Ok(None),
            Ok(Placed::Assigned) => Err(CustodyError::AnotherUsers),
            Ok(Placed::Leaving) => Err(CustodyError::Leaving),
            Err(error) if error.violates(Constraint::OneLivePerUser) => Err(CustodyError::UserHasAnother),
            Err(error) => Err(error.into()),
        }
    }
}
