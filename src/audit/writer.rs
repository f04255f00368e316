//! Writes what waits, many rows in one statement, and goes on when PostgreSQL is back.
//!
//! Invariant: a row stands in the log instead only when it is to blame: PostgreSQL says what is wrong with it, or takes others
//! in the same moment. What nobody understands, and meets every row, is a state of the server (a full disk, say, in words that
//! nobody knows): rows wait for its end, as many as the queue holds, and that is said.
//! How to get it wrong: giving each row up in its turn because each is refused. A disk that is full would empty the queue.

use std::time::{Duration, Instant};

use super::AuditLog;
use crate::db::audit::{AuditRow, audit_write};
use crate::db::{Db, DbError};

/// Rows of one statement.
const BATCH_MAX: usize = 100;
const TRIED_EVERY: Duration = Duration::from_millis(500);
/// When so many rows are refused one after the other, and nobody understands why, the others of the batch are not tried.
const RIDDLES_MAX: usize = 5;
/// For so long that is taken for a state of the server; then each row stands for itself.
const RIDDLE_LASTS: Duration = Duration::from_secs(600);

/// Never ends.
pub(super) async fn write(audit: AuditLog, db: Db, log: slog::Logger) {
    // Since when nothing was written, and nobody understands why.
    let mut riddle: Option<Instant> = None;
    loop {
        let rows = audit.oldest(BATCH_MAX).await;
        fail::fail_point!("audit");
        let count = rows.len();
        let waits = match insert(&db, rows.clone()).await {
            Ok(()) => {
                audit.written(count);
                riddle = None;
                continue;
            }
            Err(error) if error.is_unavailable() => Err(error),
            // One of them is to blame; the others shall not suffer for it.
            Err(_refused) => one_by_one(&audit, &db, rows, &mut riddle).await,
        };
        if let Err(error) = waits {
            if audit.is_away() {
                slog::warn!(log, "audit rows wait for the database"; "error" => error.in_full());
            }
            tokio::time::sleep(TRIED_EVERY).await;
        }
    }
}

/// What became of a row that was written alone.
enum Alone {
    Written,
    Refused(DbError),
    /// It may be to blame, or the server.
    Riddle(DbError),
}

/// Writes each row by itself; an error is what those wait for that are left.
async fn one_by_one(
    audit: &AuditLog,
    db: &Db,
    rows: Vec<AuditRow>,
    riddle: &mut Option<Instant>,
) -> Result<(), DbError> {
    let mut tried = Vec::with_capacity(rows.len());
    let (mut some_written, mut riddles) = (false, 0);
    for row in rows {
        let alone = match insert(db, vec![row.clone()]).await {
            Ok(()) => {
                some_written = true;
                Alone::Written
            }
            Err(error) if error.is_unavailable() => return Err(error),
            Err(error) if error.is_riddle() => {
                riddles += 1;
                Alone::Riddle(error)
            }
            Err(error) => Alone::Refused(error),
        };
        tried.push((row, alone));
        if riddles >= RIDDLES_MAX && !some_written {
            break;
        }
    }
    if some_written {
        *riddle = None;
    }
    // What is written stays so if it is written again.
    for (row, alone) in tried {
        match alone {
            Alone::Written => {}
            Alone::Riddle(error) if !some_written && lasts(riddle) => return Err(error),
            // Whatever refused it may have ended since: another one was written.
            Alone::Riddle(_) => match insert(db, vec![row.clone()]).await {
                Ok(()) => {}
                Err(error) if error.is_unavailable() => return Err(error),
                Err(error) => audit.tell(&row, &error.in_full()),
            },
            Alone::Refused(error) => audit.tell(&row, &error.in_full()),
        }
        audit.written(1);
    }
    Ok(())
}

fn lasts(riddle: &mut Option<Instant>) -> bool {
    riddle.get_or_insert_with(Instant::now).elapsed() < RIDDLE_LASTS
}

async fn insert(db: &Db, rows: Vec<AuditRow>) -> Result<(), DbError> {
    db.run("audit_write", move |conn| audit_write(conn, &rows)).await
}
