//! A number changes its pool, by an operator's word; whoever has it keeps it.
//!
//! Steps: Twilio is asked for the number, and it is compared with what the new pool wants; the new pool's papers are set on it;
//! it is written to be of that pool; then the webhooks of what nobody has are set. Papers of the new pool harm nothing in the
//! old one, so whatever breaks between the steps, the same call ends it; what breaks after the third, care does: the number
//! serves nobody before its webhooks are confirmed.
//! How to get it wrong: setting a user's webhooks. Their calls would go elsewhere at once; a comparison tells the difference, and
//! an operator has it mended when they may change.

use super::error::CustodyError;
use super::fit::lacks;
use super::keeper::{Custody, TagOn};
use crate::db::numbers::{Moved, OwnedNumber, Stuck, number_confirm_webhooks, number_move, number_owned};
use crate::db::pools::{PoolWanted, pool_wanted};
use crate::domain::{Kind, NumberStatus, NumberType, Papers, PhoneNumber, PoolName, WebhookStatus};
use crate::twilio::{IncomingNumber, TwilioError};

impl Custody {
    /// Moves `number` into `pool`; its id. Repeating it is harmless and finishes what broke off.
    ///
    /// # Errors
    /// See [`CustodyError`].
    pub async fn move_to_pool(
        &self,
        number: &PhoneNumber,
        pool: &PoolName,
        requested_by: &str,
    ) -> Result<i64, CustodyError> {
        self.known_pool(pool)?;
        let wanted = number.clone();
        let owned = self.db.run("number_owned", move |conn| number_owned(conn, &wanted)).await?;
        let owned = owned.filter(|owned| owned.status() != NumberStatus::Released).ok_or(CustodyError::NotOurs)?;
        if owned.pool == *pool {
            return Ok(owned.id);
        }
        if let Some(stuck) = Stuck::of(&owned) {
            return Err(CustodyError::Stuck(stuck));
        }
        let asked = pool.clone();
        let wanted = self.db.run("pool_wanted", move |conn| pool_wanted(conn, &asked)).await?;
        let found = self.heard(self.twilio.fetch(&owned.sid).await).await?;
        let Some(found) = found else { return self.missing(&owned).await };
        if let TagOn::Another(instance) = self.tag_on(&found) {
            return Err(CustodyError::AnotherEnvironments(instance));
        }
        let (papers, number_type) = self.fits(&owned, &found, pool)?;
        self.show(&owned, &papers).await?;
        fail::fail_point!("move_papers_set");
        let (id, to, by) = (owned.id, pool.clone(), requested_by.to_owned());
        let moved = self.db.run("number_move", move |conn| number_move(conn, id, &to, number_type, &by)).await?;
        fail::fail_point!("move_written");
        let now = match moved {
            Moved::Already => return Ok(id),
            Moved::Stuck(stuck) => return Err(CustodyError::Stuck(stuck)),
            Moved::Done(now) => now,
        };
        slog::info!(self.log, "a number moved to another pool"; "phone_number_ends" => number.last_four(),
            "from" => owned.pool.as_str(), "to" => pool.as_str(), "somebodys" => now.user_id.is_some(), "by" => requested_by);
        if now.user_id.is_none() {
            self.wire(&now, wanted).await?;
        }
        fail::fail_point!("move_settled");
        Ok(id)
    }

    /// What the pool shows with its numbers, and of which type it holds them; unless it wants what this one lacks.
    fn fits(
        &self,
        owned: &OwnedNumber,
        found: &IncomingNumber,
        pool: &PoolName,
    ) -> Result<(Papers, NumberType), CustodyError> {
        let config = self.config.load();
        let wants = config.pool(pool).ok_or_else(|| {
            // A reload took it away a moment ago.
            config.catalog().known(pool).err().map_or(CustodyError::NotOurs, CustodyError::Astray)
        })?;
        let of = |number_type| Kind { country: owned.country, number_type };
        let kinds: Vec<Kind> = std::iter::once(owned.number_type).chain(found.told_type()).map(of).collect();
        match lacks(wants, &kinds, found) {
            Some(lacks) => Err(CustodyError::CannotMove { pool: pool.clone(), lacks }),
            None => Ok((wants.papers(), wants.number_type)),
        }
    }

    /// The new pool's papers at Twilio, where it has any.
    async fn show(&self, owned: &OwnedNumber, papers: &Papers) -> Result<(), CustodyError> {
        if papers.is_empty() {
            return Ok(());
        }
        match self.twilio.set_papers(&owned.sid, papers).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => self.missing(owned).await,
            Err(failure) => {
                slog::warn!(self.log, "a number stays in its pool: Twilio did not take the papers of the new one";
                    "phone_number_ends" => owned.phone_number.last_four(), "cause" => failure.for_log(),
                    "twilio_code" => failure.twilio_code(), "request_id" => failure.request_id());
                self.halt_on(&failure).await;
                Err(CustodyError::stays_in_its_pool(failure))
            }
        }
    }

    /// The webhooks of its new pool, on a number that nobody has. What fails is left to care, which comes by every few seconds.
    async fn wire(&self, number: &OwnedNumber, wanted: PoolWanted) -> Result<(), CustodyError> {
        if number.webhook_status == WebhookStatus::Configured {
            return Ok(());
        }
        let set = self.twilio.set_webhooks(&number.sid, &wanted.webhooks).await;
        let failure = match set {
            Ok(Some(now)) if now.carries(&wanted.webhooks) => {
                let id = number.id;
                let confirm = move |conn: &mut crate::db::Connection| number_confirm_webhooks(conn, id, &wanted);
                self.db.run("number_confirm_webhooks", confirm).await?;
                return Ok(());
            }
            Ok(Some(_)) => TwilioError::Unknown {
                message: "Twilio answered the update with other webhooks".to_owned(),
                status: Some(200),
                request_id: None,
            },
            // A comparison judges it together with all that are not there.
            Ok(None) => {
                self.reconciler.soon();
                return Ok(());
            }
            Err(failure) => failure,
        };
        slog::warn!(self.log, "a number that moved serves nobody before its new pool's webhooks are set";
            "phone_number_ends" => number.phone_number.last_four(), "cause" => failure.for_log(),
            "request_id" => failure.request_id());
        self.halt_on(&failure).await;
        Ok(())
    }
}
