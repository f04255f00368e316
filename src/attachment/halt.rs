//! A pool for which nothing succeeds, or whose targets take no more, buys nothing.
//!
//! Invariants: as many failures in a row as one batch halt a pool, while it wants what it wanted then; what is full or unknown
//! halts it before anything is bought. Only where the database wants what this configuration says: another instance, or a reload
//! a moment ago, may want something else.
//! How to get it wrong: halting the new keys for what the former ones wanted.

use super::attacher::Attacher;
use crate::config::PoolConfig;
use crate::db::attachments::{Unattachable, pool_halt_unattachable, pools_without_room};
use crate::db::pool_failures::pools_failing;
use crate::db::pool_halts::{PoolRefused, pool_halt};
use crate::db::pool_wants::wants_stored;
use crate::db::{Connection, DbError};
use crate::domain::{AttachmentKind, Keys, PoolName};
use crate::twilio::hide_numbers;

impl Attacher {
    /// Halts whatever pool has to be.
    pub(super) async fn halt_pools(&self) -> Result<(), DbError> {
        let config = self.config.load_full();
        let stored = self.db.run("wants_stored", wants_stored).await?;
        let wants_the_same = |pool: &(&PoolName, &PoolConfig)| {
            let wants = pool.1.wants();
            !wants.is_nothing() && stored.get(pool.0).is_some_and(|stored| stored.wants == wants)
        };
        let same: Vec<(&PoolName, &PoolConfig)> = config.pools().filter(wants_the_same).collect();
        let pools: Vec<Keys> = same.iter().filter_map(|(name, _)| config.keys_of(name)).collect();
        let most_of = |(name, pool): &(&PoolName, &PoolConfig)| {
            Some((config.wants_keys_of(name)?, pool.replenishment_batch_size.max(1)))
        };
        let asked: Vec<(Keys, u32)> = same.iter().filter_map(most_of).collect();
        if pools.is_empty() {
            return Ok(());
        }
        let counted = asked.clone();
        let (failing, without_room) = self
            .db
            .run("pools_failing", move |conn| Ok((pools_failing(conn, &asked)?, pools_without_room(conn)?)))
            .await?;
        let keys_of = |pool: &PoolName| pools.iter().find(|keys| keys.pool == *pool).cloned();
        for failing in failing {
            let Some(keys) = keys_of(&failing.pool) else { continue };
            let Some((counted, most)) = counted.iter().find(|(keys, _)| keys.pool == failing.pool).cloned() else {
                continue;
            };
            let message = format!("{} failed in a row, the last one: {}", failing.in_a_row, failing.message);
            self.halt(keys, failing.kind, (None, message), Some(Unattachable::Failing(counted, most))).await?;
        }
        for full in without_room {
            let Some(keys) = keys_of(&full.pool) else { continue };
            let message = match full.kind {
                AttachmentKind::MessagingService => {
                    format!(
                        "no messaging service of the pool takes another number; of the last one Twilio said: {}",
                        full.message
                    )
                }
                AttachmentKind::CustomerProfile | AttachmentKind::TrustProduct => {
                    format!("what each number shall be assigned to takes none; Twilio said: {}", full.message)
                }
            };
            self.halt(keys, full.kind, (full.twilio_code, message), Some(Unattachable::WithoutRoom)).await?;
        }
        Ok(())
    }

    /// Halts one pool for whoever has these keys; if it is for what is written, then only if it is still so.
    pub(super) async fn halt(
        &self,
        keys: Keys,
        kind: AttachmentKind,
        (twilio_code, message): (Option<i32>, String),
        why: Option<Unattachable>,
    ) -> Result<(), DbError> {
        let (pool, needs) = (keys.pool.clone(), keys.pool.key(kind.key()));
        let refused = PoolRefused { keys, twilio_code, message: message.clone(), needs: needs.clone() };
        let halt = move |conn: &mut Connection| match why {
            Some(why) => pool_halt_unattachable(conn, &refused, why),
            None => pool_halt(conn, &refused),
        };
        if self.db.run_patiently("pool_halt", halt).await? {
            self.telemetry.pool_halted(&pool, true);
            slog::crit!(self.log, "a pool is halted: its numbers cannot be attached; set the key that it needs, or mend what it names at Twilio and resume";
                "pool" => pool.as_str(), "needs" => needs, "twilio_code" => twilio_code, "cause" => hide_numbers(&message));
        }
        Ok(())
    }
}
