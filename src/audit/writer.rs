//! Writes what waits, many rows in one statement, and goes on when PostgreSQL is back.

use std::time::Duration;

use super::AuditLog;
use crate::db::Db;
use crate::db::audit::{AuditRow, audit_write};

/// Rows of one statement.
const BATCH_MAX: usize = 100;
const TRIED_EVERY: Duration = Duration::from_millis(500);

/// Never ends.
pub(super) async fn write(audit: AuditLog, db: Db, log: slog::Logger) {
    loop {
        let rows = audit.oldest(BATCH_MAX).await;
        fail::fail_point!("audit");
        let count = rows.len();
        match insert(&db, rows.clone()).await {
            Ok(()) => audit.written(count),
            Err(error) if error.is_unavailable() => {
                if audit.is_away() {
                    slog::warn!(log, "audit rows wait for the database"; "error" => error.in_full());
                }
                tokio::time::sleep(TRIED_EVERY).await;
            }
            // One of them is to blame; the others shall not suffer for it.
            Err(_refused) => one_by_one(&audit, &db, rows).await,
        }
    }
}

async fn one_by_one(audit: &AuditLog, db: &Db, rows: Vec<AuditRow>) {
    for row in rows {
        match insert(db, vec![row.clone()]).await {
            Ok(()) => {}
            Err(error) if error.is_unavailable() => return,
            Err(error) => audit.tell(&row, &error.in_full()),
        }
        audit.written(1);
    }
}

async fn insert(db: &Db, rows: Vec<AuditRow>) -> Result<(), crate::db::DbError> {
    db.run("audit_write", move |conn| audit_write(conn, &rows)).await
}
