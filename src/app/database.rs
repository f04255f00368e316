//! The database of an instance that starts: brought up to date, heard, and claimed for its account and its pools.
//!
//! Invariant: nothing is written before the listener hears: where commits wait for a standby that is away, it is the one who says so.
//! How to get it wrong: claiming before migrating. The rows that say whose a database is are the schema's.

use std::time::Duration;

use tokio::time::Instant;

use super::StartError;
use super::claim::{claim, sender_fault};
use super::pools::claim_pools;
use crate::config::Config;
use crate::db::foresight::thresholds_read;
use crate::db::{DatabaseUrl, Db, DbError, StockBell, listen, migrate};
use crate::reconciliation::recount;
use crate::telemetry::Telemetry;

/// How long `serve` waits for PostgreSQL at start.
const PATIENCE: Duration = Duration::from_secs(60);
const TRIED_EVERY: Duration = Duration::from_secs(1);

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
        let attempt = tokio::task::spawn_blocking(move || migrate(&url, tell)).await;
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
