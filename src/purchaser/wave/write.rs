//! Intents and attempts of a wave, committed before anything goes on the wire.
//!
//! Invariant: only what comes back with an attempt may be sent.
//! How to get it wrong: leaving an intent that will not be sent. It counts as stock until a recovery reads it off.

use uuid::Uuid;

use crate::db::purchases::items::{Attempt, Intent, RunOf, items_attempt, items_intend, items_withdraw};
use crate::db::{Connection, DbError};
use crate::domain::PoolName;
use crate::purchaser::buyer::Buyer;
use crate::purchaser::shortfall::Shortfall;
use crate::twilio::Candidate;

pub(super) type Written = Result<Vec<(Candidate, Uuid, Intent, Option<Attempt>)>, Shortfall>;

/// Commits the intents of a wave, then its attempts. Only what comes back with an attempt may be sent.
pub(super) async fn write(buyer: Buyer, pool: PoolName, run: RunOf, wanted: Vec<Candidate>) -> Written {
    if buyer.db.lacks_room().await {
        return Err(no_room());
    }
    // Read for each wave: a reload may have taken the pool away, or made its caps smaller.
    let limits = buyer.limits(&pool).ok_or(Shortfall::Unconfigured)?;
    let keys = limits.keys.clone();
    let wanted: Vec<(Uuid, Candidate)> = wanted.into_iter().map(|candidate| (Uuid::now_v7(), candidate)).collect();
    let items: Vec<_> = wanted.iter().map(|(id, candidate)| (*id, candidate.phone_number.clone())).collect();
    let intents = buyer.db.run_patiently("items_intend", move |conn| items_intend(conn, run, &items, &limits)).await?;
    fail::fail_point!("intent_written");
    let written: Vec<Uuid> =
        wanted.iter().zip(&intents).filter(|(_, intent)| **intent == Intent::Written).map(|((id, _), _)| *id).collect();
    let attempts = if written.is_empty() {
        Vec::new()
    } else {
        let ids = written.clone();
        let attempted = move |conn: &mut Connection| items_attempt(conn, run, &ids, &keys);
        let refused = match buyer.db.run_patiently("items_attempt", attempted).await {
            Ok(Ok(attempts)) => Ok(attempts),
            Ok(Err(intent)) => Err(intent.into()),
            Err(error) => Err(error.into()),
        };
        match refused {
            Ok(attempts) => attempts,
            Err(shortfall) => {
                withdraw(&buyer, written).await;
                return Err(shortfall);
            }
        }
    };
    fail::fail_point!("attempt_written");
    Ok(wanted
        .into_iter()
        .zip(intents)
        .map(|((id, candidate), intent)| {
            let attempt = attempts.iter().find(|attempt| attempt.item_id == id).copied();
            (candidate, id, intent, attempt)
        })
        .collect())
}

pub(super) fn no_room() -> Shortfall {
    DbError::NoRoom("what was bought last could not be written down".to_owned()).into()
}

/// Takes items back that will not be sent. What cannot be written now, recovery reads off their attempts.
pub(super) async fn withdraw(buyer: &Buyer, items: Vec<Uuid>) {
    let withdrawn = buyer.db.run_patiently("items_withdraw", move |conn| items_withdraw(conn, &items)).await;
    fail::fail_point!("items_withdrawn");
    if let Err(error) = withdrawn {
        slog::warn!(buyer.log, "intents could not be taken back; recovery will"; "error" => error.in_full());
    }
}
