//! The database of an instance that starts: brought up to date, heard, and claimed for its account and its pools.
//!
//! Invariant: nothing is written before the listener hears: where commits wait for a standby that is away, it is the one who says so.
//! How to get it wrong: claiming before migrating. The rows that say whose a database is are the schema's. Or having systemd end what
//! migrates: the migration would be rolled back, and begun anew by the next start, for ever.

use std::time::Duration;

use tokio::time::Instant;

use super::StartError;
use super::claim::{claim, sender_fault};
use super::pools::claim_pools;
use super::systemd::notify;
use crate::config::Config;
use crate::db::foresight::thresholds_read;
use crate::db::{DatabaseUrl, Db, DbError, StockBell, listen, migrate};
use crate::reconciliation::recount;
use crate::telemetry::Telemetry;

/// How long `serve` waits for PostgreSQL at start.
const PATIENCE: Duration = Duration::from_secs(60);
const TRIED_EVERY: Duration = Duration::from_secs(1);
/// While migrations run, its own or another instance's, systemd hears so often that the start goes on,
const TOLD_EVERY: Duration = Duration::from_secs(10);
/// and gives it so long from then on, whatever `TimeoutStartSec=` says.
const GOES_ON_FOR: Duration = Duration::from_secs(60);

/// Whatever of the configuration the database has to say is in force when it returns.
///
/// # Errors
/// [`StartError::Database`] when PostgreSQL stays away or refuses the schema, [`StartError::Foreign`] when it is another account's.
pub(super) async fn open(
    url: &DatabaseUrl,
    config: &Config,
    bell: &StockBell,
    telemetry: &Telemetry,
    log: &slog::Logger,
) -> Result<Db, StartError> {
    migrate_patiently(url, log).await?;
    let runtime = tokio::runtime::Handle::current();
    let db = Db::new(url.clone(), config.database.acquire_timeout(), runtime, telemetry.clone(), log.clone());
    listen(db.clone(), bell.clone()).map_err(StartError::Threads)?;
    if let Some(sentence) = claim(&db, config).await? {
        return Err(StartError::Foreign(sentence));
    }
    if let Some(sentence) = sender_fault(&db, config).await? {
        return Err(StartError::Foreign(sentence));
    }
    claim_pools(&db, config, &|| true, log).await?;
    recount(&db, log).await?;
    config.thresholds_are(db.run_patiently("thresholds_read", thresholds_read).await?);
    Ok(db)
}

async fn migrate_patiently(url: &DatabaseUrl, log: &slog::Logger) -> Result<(), DbError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (url, told) = (url.clone(), log.clone());
        let tell = move |waits: &str| slog::crit!(told, "the database is not migrated yet"; "error" => waits);
        let mut attempt = tokio::task::spawn_blocking(move || migrate(&url, tell));
        let attempt = loop {
            tokio::select! {
                attempt = &mut attempt => break attempt,
                () = tokio::time::sleep(TOLD_EVERY) => still_starting(log),
            }
        };
        match attempt.map_err(|_panicked| DbError::Panicked("migrate"))? {
            Ok(applied) => {
                if !applied.is_empty() {
                    slog::info!(log, "the database was migrated"; "applied" => applied.join(", "));
                }
                return Ok(());
            }
            Err(error) if error.is_unavailable() && Instant::now() < deadline => {
                slog::warn!(log, "waiting for PostgreSQL"; "error" => error.in_full());
                tokio::time::sleep(TRIED_EVERY).await;
            }
            Err(error) => return Err(error),
        }
    }
}

fn still_starting(log: &slog::Logger) {
    let micros = u32::try_from(GOES_ON_FOR.as_micros()).unwrap_or(u32::MAX);
    notify(log, sd_notify::NotifyState::ExtendTimeoutUsec(micros));
}
