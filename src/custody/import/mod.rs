//! Moving in: the earlier service's numbers and users, up to a thousand a call.
//!
//! The way of a call: [`rows`] reads what was sent; [`look_up`] asks Twilio for the numbers; [`decide`] says what is to be
//! done with each; [`mod@write`] does it, a transaction each; [`tell`] writes our tags at Twilio.
//!
//! Invariants: nothing is written before everything was looked up; a bad row harms no other; a number that somebody has is
//! not rewired unless the call says so; the same call again changes nothing, and finishes what broke off.
//! How to get it wrong: taking the first of two rows that contradict each other. A user would get somebody else's number.

mod decide;
mod look_up;
mod report;
mod rows;
mod tell;
mod write;

use super::error::CustodyError;
use super::keeper::Custody;
use report::Notes;
pub(crate) use report::{ImportReport, ImportRequest, ImportRow};

use crate::db::installation::database_now;
use crate::db::pools::pools_webhooks;

impl Custody {
    /// Moves numbers and users in, or says what it would do.
    ///
    /// # Errors
    /// When Twilio cannot be asked (then nothing was written), or PostgreSQL fails.
    pub async fn import(&self, request: ImportRequest) -> Result<ImportReport, CustodyError> {
        request.pool.as_ref().map(|pool| self.known_pool(pool)).transpose()?;
        // What is in the future is judged by the clock that everything else is written by.
        let now = self.db.run("database_now", database_now).await?;
        let config = self.config.load_full();
        let mut notes = Notes::default();
        let said = rows::Said { reading: request.reading, pool: request.pool.as_ref(), catalog: config.catalog(), now };
        let (rows, mut problems) = rows::read(&request.rows, &said, &mut notes);
        let wanted = self.db.run("pools_webhooks", pools_webhooks).await?;
        let found = match self.look_up(&rows).await {
            Ok(found) => found,
            Err(failure) => {
                slog::error!(self.log, "an import stops before anything is written: Twilio cannot be asked";
                    "cause" => failure.for_log(), "request_id" => failure.request_id());
                self.halt_on(&failure).await;
                return Err(CustodyError::not_asked(failure));
            }
        };
        let decided = self.decide(rows, found, &wanted, &mut problems).await?;
        let mut report = if request.dry_run {
            decided.forecast(request.configure_webhooks)
        } else {
            self.carry_out(decided, &wanted, &request, &mut problems).await?
        };
        problems.sort_by_key(|problem| problem.row);
        report.problems = problems;
        report.notes = notes.told();
        slog::info!(self.log, "numbers were imported"; "dry_run" => request.dry_run, "rows" => request.rows.len(),
            "imported" => report.imported, "assigned" => report.assigned, "already" => report.already_imported,
            "problems" => report.problems.len(), "by" => request.requested_by);
        Ok(report)
    }
}
