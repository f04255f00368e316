//! Our tags at Twilio, and the webhooks of what nobody uses yet.
//!
//! Invariants: only numbers that the database calls ours are touched; what stands at Twilio already is not written again;
//! a 404 marks no number missing: a comparison judges them together;
//! when Twilio stops answering, the rest is left to reconciliation instead of being tried one by one.
//! How to get it wrong: rewiring a number that somebody has. Its calls would stop at the earlier service at once.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use uuid::Uuid;

use super::super::keeper::Custody;
use super::report::ImportProblem;
use super::rows::Row;
use crate::db::numbers::{number_confirm_webhooks, number_unconfirmed};
use crate::db::pools::PoolWanted;
use crate::domain::Webhooks;
use crate::twilio::{IncomingNumber, TwilioError};

/// Updates in flight.
const UPDATES: usize = 4;
/// Updates of one number; repeating one is harmless.
const TRIES_MAX: u32 = 3;
const BACK_OFF: Duration = Duration::from_millis(300);
const BACK_OFF_MAX: Duration = Duration::from_secs(5);
/// So many numbers that Twilio did not answer for, and the others are not tried.
const FAILED_MAX: u32 = 3;

/// A number of ours that Twilio is to be told of.
#[derive(Debug)]
pub(super) struct Telling {
    pub(super) id: i64,
    pub(super) item_id: Uuid,
    /// The webhooks that are set, too.
    pub(super) rewire: Option<PoolWanted>,
    pub(super) row: Row,
    pub(super) found: IncomingNumber,
}

impl Custody {
    pub(super) async fn tell(&self, telling: Vec<Telling>) -> Vec<ImportProblem> {
        let failed = AtomicU32::new(0);
        stream::iter(telling)
            .map(|told| async {
                let told = told;
                let outcome = self.tell_one(&told, &failed).await;
                fail::fail_point!("import_told");
                outcome.err().map(|why| {
                    let message = format!(
                        "the number is imported, but its FriendlyName could not be written ({why}); reconciliation will"
                    );
                    told.row.problem("tag_failed", message)
                })
            })
            .buffer_unordered(UPDATES)
            .filter_map(std::future::ready)
            .collect()
            .await
    }

    async fn tell_one(&self, told: &Telling, failed: &AtomicU32) -> Result<(), String> {
        let webhooks = told.rewire.as_ref().map(|wanted| &wanted.webhooks);
        match (self.tell_patiently(told, webhooks, failed).await, told.rewire.clone()) {
            (Ok(Some(_)), Some(confirmed)) => {
                let id = told.id;
                let set = move |conn: &mut crate::db::Connection| number_confirm_webhooks(conn, id, &confirmed);
                let written = self.db.run_patiently("number_confirm_webhooks", set).await;
                // What is not written down is confirmed by care, or by reconciliation.
                if let Err(error) = written {
                    slog::warn!(self.log, "an imported number's webhooks are set, but that could not be written down";
                        "phone_number_ends" => told.row.number.last_four(), "error" => error.in_full());
                }
                Ok(())
            }
            (Ok(Some(_)), None) => Ok(()),
            (Ok(None), _) => {
                let id = told.id;
                slog::error!(self.log, "Twilio does not know an imported number; a comparison will tell";
                    "phone_number_ends" => told.row.number.last_four(), "sid" => told.found.sid.as_str());
                let unconfirmed =
                    self.db.run_patiently("number_unconfirmed", move |conn| number_unconfirmed(conn, id)).await;
                if let Err(error) = unconfirmed {
                    slog::warn!(self.log, "a number could not be marked as unconfirmed"; "error" => error.in_full());
                }
                self.reconciler.soon();
                Err("Twilio does not know it any more; a comparison will tell".to_owned())
            }
            (Err(why), _) => Err(why),
        }
    }

    async fn tell_patiently(
        &self,
        told: &Telling,
        webhooks: Option<&Webhooks>,
        failed: &AtomicU32,
    ) -> Result<Option<IncomingNumber>, String> {
        let mut tries = 1;
        loop {
            if self.is_stopping() || failed.load(Ordering::Relaxed) >= FAILED_MAX {
                return Err("Twilio was not asked any more".to_owned());
            }
            let failure: TwilioError = match self.tell_twilio(&told.found, told.item_id, webhooks).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            if !failure.is_passing() || tries >= TRIES_MAX {
                slog::warn!(self.log, "an imported number's tag could not be written";
                    "phone_number_ends" => told.row.number.last_four(), "cause" => failure.for_log(),
                    "request_id" => failure.request_id());
                if self.halt_on(&failure).await {
                    failed.store(FAILED_MAX, Ordering::Relaxed);
                } else if failure.is_passing() {
                    failed.fetch_add(1, Ordering::Relaxed);
                }
                return Err(failure.to_string());
            }
            tokio::time::sleep(failure.retry_after().unwrap_or(BACK_OFF * tries).min(BACK_OFF_MAX)).await;
            tries += 1;
        }
    }
}
