//! From "Twilio says it is ours" to a number in the pool.
//!
//! Invariant: the money is spent, so every error of PostgreSQL is waited out as long as it can be; what still fails is
//! left open in the ledger, where `recover` finds it. How to get it wrong: giving up on an error that passes.

use std::time::Duration;

use uuid::Uuid;

use super::buyer::Buyer;
use super::outcome::Outcome;
use super::shortfall::Shortfall;
use crate::db::purchases::items::{Ending, Reason, Settlement, item_doubt, item_end, item_settle};
use crate::db::{Constraint, DbError};
use crate::domain::PoolName;
use crate::twilio::TwilioError;

const TRIES_MAX: u32 = 30;
const BACK_OFF_FIRST: Duration = Duration::from_millis(200);

/// Settles a number that is ours, by an item of `pool`.
pub(super) async fn settle(buyer: &Buyer, pool: &PoolName, item_id: Uuid, settlement: &Settlement) -> Outcome {
    let mut tries = 1;
    loop {
        let copy = settlement.clone();
        fail::fail_point!("item_settling");
        let settled = buyer.db.run_patiently("item_settle", move |conn| item_settle(conn, item_id, &copy)).await;
        if let Ok(new) = settled {
            fail::fail_point!("item_settled");
            if new {
                buyer.telemetry.item(pool, "bought");
                buyer.ring_attacher(pool);
            }
        }
        match settled {
            Ok(_new) if settlement.number.capable => {
                buyer.stock.notify_one();
                return Outcome::Bought;
            }
            Ok(_new) => {
                slog::error!(buyer.log, "a number lacks a capability that its pool wants (capabilities): it will not be assigned"; "pool" => pool.as_str(),
                    "phone_number_ends" => settlement.number.phone_number.last_four(), "sid" => settlement.number.sid.as_str());
                return Outcome::Unfit;
            }
            Err(
                error @ (DbError::Constraint(
                    Constraint::OneLivePerNumber | Constraint::SidIsForEver | Constraint::ItemsFitTheirOrder,
                )
                | DbError::Corrupt { .. }),
            ) => return conflict(buyer, pool, item_id, settlement, &error).await,
            Err(error) if tries < TRIES_MAX => {
                slog::warn!(buyer.log, "a paid number waits to be written down"; "item" => item_id.to_string(),
                    "sid" => settlement.number.sid.as_str(), "tries" => tries, "error" => error.in_full());
                tokio::time::sleep(BACK_OFF_FIRST * tries.min(10)).await;
                tries += 1;
            }
            Err(error) => {
                slog::error!(buyer.log, "a paid number could not be written down; recovery will find it by its item";
                    "item" => item_id.to_string(), "sid" => settlement.number.sid.as_str(), "error" => error.in_full());
                return Outcome::End(error.into());
            }
        }
    }
}

/// Settles a number that is ours although our tag is not on it, then writes the tag. The money comes first: what Twilio
/// does not take now is written by the next comparison.
pub(super) async fn settle_untagged(buyer: &Buyer, pool: &PoolName, item_id: Uuid, settlement: &Settlement) -> Outcome {
    let outcome = settle(buyer, pool, item_id, settlement).await;
    if !matches!(outcome, Outcome::Bought | Outcome::Unfit) {
        return outcome;
    }
    let ends = settlement.number.phone_number.last_four();
    match buyer.twilio.set_tag(&settlement.number.sid, &buyer.tag(item_id), None).await {
        Ok(Some(_)) => {
            slog::warn!(buyer.log, "a number that was bought lost its tag, and carries it again"; "phone_number_ends" => ends)
        }
        Ok(None) => {
            slog::warn!(buyer.log, "a number that was bought lacks its tag, and Twilio does not show it yet"; "phone_number_ends" => ends)
        }
        Err(failure) => {
            slog::warn!(buyer.log, "a number that was bought lacks its tag; the next comparison writes it";
                "phone_number_ends" => ends, "cause" => failure.for_log(), "twilio_code" => failure.twilio_code(),
                "request_id" => failure.request_id());
            buyer.halt_on(&failure).await;
        }
    }
    outcome
}

/// Another item holds this number: nobody buys on before somebody has looked at it.
async fn conflict(buyer: &Buyer, pool: &PoolName, item_id: Uuid, settlement: &Settlement, error: &DbError) -> Outcome {
    let message = format!(
        "the number ending in {} ({}) conflicts with the ledger ({error}): compare item {item_id} with it, then resume",
        settlement.number.phone_number.last_four(),
        settlement.number.sid.as_str()
    );
    buyer.halt(message.clone()).await;
    let reason = Reason { code: "conflict".to_owned(), message: message.clone(), ..Reason::default() };
    let ended = buyer
        .db
        .run_patiently("item_end", move |conn| {
            item_doubt(conn, item_id, &reason)?;
            item_end(conn, item_id, None, Ending::NotBought, &reason)
        })
        .await;
    if matches!(ended, Ok(true)) {
        buyer.telemetry.item(pool, "not_bought");
    }
    if let Err(error) = ended {
        slog::warn!(buyer.log, "a conflict could not be written down"; "item" => item_id.to_string(), "error" => error.in_full());
    }
    Outcome::End(Shortfall::Halted(TwilioError::Unknown { message, status: None, request_id: None }))
}
