//! Caring for numbers that we own: webhooks set and confirmed, rested numbers brought back.
//!
//! Invariants: a rested number returns only after Twilio confirmed its webhooks; an instance whose webhooks differ from
//! the installation's repairs nothing by itself, else two instances would rewrite each other for ever.
//! Whoever calls this by the clock looks first whether the breaker silences Twilio.
//! How to get it wrong: trusting what the database last knew of a number's webhooks. Twilio is asked.

use std::collections::HashMap;

use futures_util::stream::{self, StreamExt as _};

use super::MonitorDependencies;
use crate::db::installation::{installation_read, installation_set_webhooks};
use crate::db::numbers::{
    Cared, number_mark_missing, number_rest_on, number_return, number_set_webhook_status, numbers_cared_for,
    numbers_rested, numbers_unready,
};
use crate::db::{Db, DbError};
use crate::domain::{NumberSid, WebhookStatus, Webhooks};
use crate::purchaser::breaker;
use crate::twilio::{Failure, IncomingNumber, Twilio};

/// A number that could not be confirmed rests on for so long, so that it keeps no other from returning.
const RESTS_ON: std::time::Duration = std::time::Duration::from_secs(300);
/// Rested numbers looked at in one go.
const RESTED_MAX: i64 = 20;
/// Numbers read from the database at a time.
const PAGE: i64 = 500;
/// Updates in flight.
const UPDATES: usize = 4;

/// A number whose webhooks could not be set.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct FailedNumber {
    /// Which.
    pub phone_number: String,
    /// `missing`, `not_ours`, or Twilio's refusal.
    pub code: String,
    /// What happened.
    pub message: String,
}

/// What configuring the webhooks did.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct ConfigureReport {
    /// Numbers looked at.
    pub checked: u32,
    /// Numbers whose webhooks were set, because they differed.
    pub configured: u32,
    /// Numbers that could not be set.
    pub failed: Vec<FailedNumber>,
}

/// Brings back the numbers whose rest is over, and says how many.
pub(super) async fn return_rested(deps: &MonitorDependencies) -> Result<u32, DbError> {
    let rested = deps.db.run("numbers_rested", |conn| numbers_rested(conn, RESTED_MAX)).await?;
    let wanted = deps.config.load().webhooks.webhooks();
    if rested.is_empty() {
        return Ok(0);
    }
    if is_skewed(&deps.db, &wanted).await? {
        slog::debug!(
            deps.log,
            "rested numbers stay at rest: this instance is configured with other webhooks than the installation"
        );
        return Ok(0);
    }
    let mut returned = 0;
    for number in rested {
        match confirm(&deps.twilio, &number, &wanted).await {
            Ok(Some(_)) => {
                let id = number.id;
                if deps.db.run("number_return", move |conn| number_return(conn, id)).await? {
                    fail::fail_point!("number_returned");
                    slog::info!(deps.log, "a rested number returned to the pool"; "phone_number_ends" => number.phone_number.last_four());
                    deps.stock.notify_one();
                    returned += 1;
                }
            }
            Ok(None) => missing(&deps.db, &deps.log, &number).await?,
            Err(failure) => {
                slog::warn!(deps.log, "a rested number stays at rest: its webhooks could not be confirmed";
                    "phone_number_ends" => number.phone_number.last_four(), "cause" => failure.for_log(),
                    "twilio_code" => failure.twilio_code(), "request_id" => failure.request_id());
                if halts(deps, &failure).await {
                    // Twilio minds the account, not this number: it returns when Twilio accepts us again.
                    break;
                }
                let id = number.id;
                deps.db.run("number_rest_on", move |conn| number_rest_on(conn, id, RESTS_ON)).await?;
                if !matches!(failure, Failure::Refused(_)) {
                    // Twilio does not answer: the others would fare no better now.
                    break;
                }
            }
        }
    }
    Ok(returned)
}

/// Sets the webhooks of stock that cannot be assigned because of them, and says how many are ready now.
pub(super) async fn repair_unready(deps: &MonitorDependencies) -> Result<u32, DbError> {
    let unready = deps.db.run("numbers_unready", |conn| numbers_unready(conn, RESTED_MAX)).await?;
    let wanted = deps.config.load().webhooks.webhooks();
    if unready.is_empty() || is_skewed(&deps.db, &wanted).await? {
        return Ok(0);
    }
    let mut repaired = 0;
    for number in unready {
        let id = number.id;
        let status = match confirm(&deps.twilio, &number, &wanted).await {
            Ok(Some(_)) => WebhookStatus::Configured,
            Ok(None) => {
                missing(&deps.db, &deps.log, &number).await?;
                continue;
            }
            Err(failure) => {
                slog::warn!(deps.log, "stock stays unready: its webhooks could not be set";
                    "phone_number_ends" => number.phone_number.last_four(), "cause" => failure.for_log(),
                    "twilio_code" => failure.twilio_code(), "request_id" => failure.request_id());
                if halts(deps, &failure).await || !matches!(failure, Failure::Refused(_)) {
                    break;
                }
                WebhookStatus::Failed
            }
        };
        deps.db.run("number_set_webhook_status", move |conn| number_set_webhook_status(conn, id, status)).await?;
        if status == WebhookStatus::Configured {
            slog::info!(deps.log, "a number's webhooks were repaired"; "phone_number_ends" => number.phone_number.last_four());
            deps.stock.notify_one();
            repaired += 1;
        }
    }
    Ok(repaired)
}

/// Opens the breaker if the refusal concerns the account.
async fn halts(deps: &MonitorDependencies, failure: &Failure) -> bool {
    breaker::halt_on(&deps.db, &deps.config.load().breaker, &deps.log, failure).await
}

/// Whether this instance is configured with other webhooks than the installation wants.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn is_skewed(db: &Db, wanted: &Webhooks) -> Result<bool, DbError> {
    let installation = db.run("installation_read", installation_read).await?;
    Ok(installation.webhooks != *wanted)
}

/// Asks Twilio for a number and sets its webhooks if they differ. `None` = Twilio does not know it; `true` = it was set.
async fn confirm(twilio: &Twilio, number: &Cared, wanted: &Webhooks) -> Result<Option<bool>, Failure> {
    let Some(found) = twilio.fetch(&number.sid).await? else { return Ok(None) };
    if found.carries(wanted) {
        return Ok(Some(false));
    }
    set(twilio, &number.sid, wanted).await
}

async fn set(twilio: &Twilio, sid: &NumberSid, wanted: &Webhooks) -> Result<Option<bool>, Failure> {
    let set = twilio.set_webhooks(sid, wanted).await?;
    fail::fail_point!("webhooks_set");
    match set {
        None => Ok(None),
        Some(now) if now.carries(wanted) => Ok(Some(true)),
        Some(_) => Err(Failure::Unknown {
            message: "Twilio answered the update with other webhooks".to_owned(),
            status: Some(200),
            request_id: None,
        }),
    }
}

async fn missing(db: &Db, log: &slog::Logger, number: &Cared) -> Result<(), DbError> {
    slog::error!(log, "a number of ours is gone at Twilio; it is not assigned any more";
        "phone_number_ends" => number.phone_number.last_four(), "sid" => number.sid.as_str());
    let id = number.id;
    db.run("number_mark_missing", move |conn| number_mark_missing(conn, id)).await
}

/// Makes `wanted` the installation's webhooks and sets them on every number of ours that differs, or on `only`.
///
/// # Errors
/// When PostgreSQL fails, or Twilio's list cannot be read; single numbers that fail stand in the report.
pub async fn configure_webhooks(
    db: &Db,
    twilio: &Twilio,
    log: &slog::Logger,
    wanted: Webhooks,
    only: Option<Vec<String>>,
) -> Result<ConfigureReport, ConfigureError> {
    let mut report = ConfigureReport::default();
    let stored = wanted.clone();
    db.run("installation_set_webhooks", move |conn| installation_set_webhooks(conn, &stored)).await?;
    // One walk over Twilio's list is cheaper than one fetch for each number.
    let at_twilio = if only.is_none() { Some(walk(twilio).await?) } else { None };
    let mut named: Vec<String> = only.clone().unwrap_or_default();
    let mut after = 0;
    loop {
        let names = only.clone();
        let page =
            db.run("numbers_cared_for", move |conn| numbers_cared_for(conn, names.as_deref(), after, PAGE)).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        named.retain(|name| page.iter().all(|number| number.phone_number.as_str() != name));
        report.checked += u32::try_from(page.len()).unwrap_or(u32::MAX);
        let outcomes: Vec<(Cared, Result<Option<bool>, Failure>)> = stream::iter(page)
            .map(|number| {
                let (known, wanted) = (at_twilio.as_ref().map(|list| list.get(&number.sid)), wanted.clone());
                async move {
                    let outcome = match known {
                        Some(Some(found)) if found.carries(&wanted) => Ok(Some(false)),
                        Some(Some(_)) => set(twilio, &number.sid, &wanted).await,
                        // The list may lag behind a purchase: only a fetch may call a number missing.
                        Some(None) | None => confirm(twilio, &number, &wanted).await,
                    };
                    (number, outcome)
                }
            })
            .buffer_unordered(UPDATES)
            .collect()
            .await;
        for (number, outcome) in outcomes {
            record(db, log, &mut report, number, outcome).await?;
        }
    }
    report.failed.extend(named.into_iter().map(|phone_number| FailedNumber {
        phone_number,
        code: "not_ours".to_owned(),
        message: "no number of this pool; adopt it first if it should be".to_owned(),
    }));
    Ok(report)
}

async fn record(
    db: &Db,
    log: &slog::Logger,
    report: &mut ConfigureReport,
    number: Cared,
    outcome: Result<Option<bool>, Failure>,
) -> Result<(), DbError> {
    let id = number.id;
    let status = match &outcome {
        Ok(Some(set)) => {
            report.configured += u32::from(*set);
            WebhookStatus::Configured
        }
        Ok(None) => {
            missing(db, log, &number).await?;
            report.failed.push(failed(&number, "missing", "Twilio does not know this number any more"));
            return Ok(());
        }
        Err(failure) => {
            slog::warn!(log, "a number's webhooks could not be set"; "phone_number_ends" => number.phone_number.last_four(),
                "cause" => failure.for_log(), "twilio_code" => failure.twilio_code(), "request_id" => failure.request_id());
            report.failed.push(failed(&number, &failure.error_code(), &failure.to_string()));
            // What concerns the account says nothing about this number.
            let refused = matches!(failure, Failure::Refused(_)) && !failure.halts();
            if refused { WebhookStatus::Failed } else { WebhookStatus::Pending }
        }
    };
    db.run("number_set_webhook_status", move |conn| number_set_webhook_status(conn, id, status)).await
}

fn failed(number: &Cared, code: &str, message: &str) -> FailedNumber {
    FailedNumber { phone_number: number.phone_number.to_string(), code: code.to_owned(), message: message.to_owned() }
}

async fn walk(twilio: &Twilio) -> Result<HashMap<NumberSid, IncomingNumber>, Failure> {
    let mut all = HashMap::new();
    let mut next: Option<String> = None;
    loop {
        let (page, following) = twilio.list_page(next.as_deref()).await?;
        all.extend(page.into_iter().map(|number| (number.sid.clone(), number)));
        match following {
            Some(uri) => next = Some(uri),
            None => return Ok(all),
        }
    }
}

/// Why configuring stopped.
#[derive(Debug, thiserror::Error)]
pub enum ConfigureError {
    /// PostgreSQL failed.
    #[error(transparent)]
    Database(#[from] DbError),
    /// Twilio's list could not be read.
    #[error(transparent)]
    Twilio(#[from] Failure),
}
