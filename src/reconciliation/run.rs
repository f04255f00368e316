//! One comparison from its beginning to its row in the database.
//!
//! Invariants: comparisons that come by themselves keep apart over all instances, and make no call while Twilio refuses
//! the account; one by hand always runs; what was done before a failure is told.
//! How to get it wrong: judging `missing` after a walk that broke off.

use std::time::Duration;

use chrono::Utc;

use super::dependencies::ReconcilerDependencies;
use super::losses::Losses;
use super::measure::Measure;
use super::recount::recount;
use super::report::Report;
use super::trouble::Trouble;
use super::{attachments, changed_by, judge_losses, missing, on_hold, walk};
use crate::db::buying_state::{Halted, buying_state_read};
use crate::db::comparisons::{reconciliation_begin, reconciliation_end};
use crate::db::numbers::numbers_failed_accept;
use crate::domain::Occasion;

/// Instances that start, or tick, together compare once.
pub(super) const APART: Duration = Duration::from_secs(20);

/// What became of a comparison.
#[derive(Debug, actix::MessageResponse)]
pub enum Reconciled {
    /// There was none, and why.
    Skipped(String),
    /// It came to its end.
    Done(Report),
    /// It broke off; the report holds what was done until then.
    BrokeOff(Report, Trouble),
}

/// Compares. `confirm_missing` is an operator's word that many numbers are really gone.
pub(super) async fn run(deps: &ReconcilerDependencies, occasion: Occasion, confirm_missing: bool) -> Reconciled {
    let (log, db) = (&deps.buyer.log, &deps.buyer.db);
    let mut report = Report::default();
    let begun = db.run_patiently("reconciliation_begin", move |conn| reconciliation_begin(conn, occasion, APART)).await;
    let id = match begun {
        Ok(Some(id)) => id,
        Ok(None) => {
            slog::info!(log, "no comparison with Twilio now: one began a moment ago"; "trigger" => occasion.as_str());
            return Reconciled::Skipped("another reconciliation began less than 20 s ago".to_owned());
        }
        Err(error) => {
            slog::warn!(log, "a comparison with Twilio must wait"; "trigger" => occasion.as_str(), "error" => error.in_full());
            return Reconciled::BrokeOff(report, error.into());
        }
    };
    if occasion != Occasion::Manual {
        match refused(deps).await {
            Ok(None) => {}
            Ok(Some(halted)) => {
                let why = format!("not compared: Twilio refuses the account ({})", halted.message);
                slog::warn!(log, "no comparison with Twilio now: it refuses the account"; "trigger" => occasion.as_str());
                end(deps, id, &report, Some(&why)).await;
                return Reconciled::Skipped(why);
            }
            Err(trouble) => return broke_off(deps, id, occasion, report, trouble).await,
        }
    }
    match compare(deps, confirm_missing, &mut report).await {
        Ok(()) => {
            slog::info!(log, "Twilio's list and the database were compared"; "trigger" => occasion.as_str(),
                "checked" => report.checked, "adopted" => report.adopted.len(), "missing" => report.missing.len(),
                "webhook_drift" => report.webhook_drift.len(), "attachment_drift" => report.attachment_drift.len(), "repaired" => report.repaired.len(),
                "foreign" => report.foreign, "ignored" => report.ignored, "conflicts" => report.conflicts.len());
            deps.buyer.telemetry.reconciled(&report.counts());
            end(deps, id, &report, report.problem.as_deref()).await;
            Reconciled::Done(report)
        }
        Err(trouble) => broke_off(deps, id, occasion, report, trouble).await,
    }
}

/// The halt, if Twilio refuses the account: more calls only make it worse.
async fn refused(deps: &ReconcilerDependencies) -> Result<Option<Halted>, Trouble> {
    let buying = deps.buyer.db.run_patiently("buying_state_read", buying_state_read).await?;
    Ok(buying.halted.filter(Halted::silences_twilio))
}

async fn compare(deps: &ReconcilerDependencies, confirm_missing: bool, report: &mut Report) -> Result<(), Trouble> {
    let began = Utc::now();
    recount(&deps.buyer.db, &deps.buyer.log).await?;
    let measure = Measure::take(deps, confirm_missing).await?;
    if confirm_missing {
        deps.buyer.db.run_patiently("numbers_failed_accept", numbers_failed_accept).await?;
    }
    let mut losses = Losses::default();
    // A list of which so much cannot be read says nothing of the rest, either.
    if let Some(seen) = walk::walk(deps, &measure, &mut losses, report).await? {
        judge_losses::judge(deps, &measure, losses, report).await?;
        if !measure.stops_at_unreadable(deps, report).await {
            missing::judge(deps, &measure, &seen, report).await?;
            // If the account seems to have lost its numbers, they seem to have left everything else as well.
            if report.missing_suspected.is_none() {
                attachments::judge(deps, measure.confirmed, report).await?;
            }
        }
    }
    if measure.confirmed || measure.accepted > 0 {
        let unread = u32::try_from(report.unread.total()).unwrap_or(u32::MAX);
        report.unreadable_accepted = Some(if measure.confirmed { unread } else { unread.min(measure.accepted) });
    }
    on_hold::tell(deps, report).await?;
    changed_by::tell(&deps.buyer, began, report).await;
    report.conclude();
    Ok(())
}

async fn broke_off(
    deps: &ReconcilerDependencies,
    id: i64,
    occasion: Occasion,
    report: Report,
    trouble: Trouble,
) -> Reconciled {
    if let Trouble::Twilio(failure) = &trouble {
        deps.buyer.halt_on(failure).await;
    }
    let why = match &trouble {
        Trouble::Database(error) => error.in_full(),
        other @ (Trouble::Twilio(_) | Trouble::Stopping) => other.to_string(),
    };
    slog::warn!(deps.buyer.log, "a comparison with Twilio broke off; what it did stays, and the next one goes on";
        "trigger" => occasion.as_str(), "cause" => &why, "checked" => report.checked, "adopted" => report.adopted.len(),
        "repaired" => report.repaired.len());
    end(deps, id, &report, Some(&why)).await;
    Reconciled::BrokeOff(report, trouble)
}

async fn end(deps: &ReconcilerDependencies, id: i64, report: &Report, error: Option<&str>) {
    let (stored, error) = (report.stored(), error.map(str::to_owned));
    let written = deps
        .buyer
        .db
        .run_patiently("reconciliation_end", move |conn| reconciliation_end(conn, id, &stored, error.as_deref()))
        .await;
    if let Err(error) = written {
        slog::warn!(deps.buyer.log, "what a comparison with Twilio found could not be written down"; "error" => error.in_full());
    }
}
