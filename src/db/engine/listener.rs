//! Hears `NOTIFY callbunker_stock`, so that who waits on this instance is served the moment another one bought, and
//! `NOTIFY callbunker_changes`, so that who watches sees what another one did.
//!
//! Invariants: a connection and a thread of its own, never the pool's; it only rings, it carries no facts; without it
//! the waitlist is still looked at every 250 ms.
//! How to get it wrong: relying on it. A notification that falls into a lost connection is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use tokio::sync::Notify;

use super::changes::ChangeBell;
use super::connect::DatabaseUrl;
use super::connection::Connection;
use super::error::{DbError, first_line};

/// libpq buffers notifications until it is asked; it is asked this often while somebody waits,
const WHILE_WAITING: Duration = Duration::from_millis(20);
/// and this often otherwise, which only keeps the buffer empty.
const OTHERWISE: Duration = Duration::from_millis(100);
const RECONNECT_AFTER: Duration = Duration::from_secs(2);

/// What the listener rings, and when it must hurry.
#[derive(Clone, Default)]
pub struct StockBell {
    /// Rung when a number became assignable, here or on another instance.
    pub stock: Arc<Notify>,
    /// Whether somebody waits for a number here.
    pub somebody_waits: Arc<AtomicBool>,
}

/// Starts the listener's thread; it ends with the process.
///
/// # Errors
/// When the system starts no more threads.
pub fn listen(url: DatabaseUrl, bell: StockBell, changes: ChangeBell, log: slog::Logger) -> std::io::Result<()> {
    std::thread::Builder::new().name("callbunker-listen".to_owned()).spawn(move || {
        loop {
            if let Err(why) = hear(&url, &bell, &changes) {
                slog::debug!(log, "not listening to other instances for a moment"; "error" => why);
            }
            std::thread::sleep(RECONNECT_AFTER);
        }
    })?;
    Ok(())
}

/// Tells every instance, as soon as the transaction commits, that a number may have become assignable.
///
/// # Errors
/// When PostgreSQL fails.
pub(in crate::db) fn stock_notify(conn: &mut Connection) -> Result<(), DbError> {
    Ok(conn.batch_execute("NOTIFY callbunker_stock")?)
}

fn hear(url: &DatabaseUrl, bell: &StockBell, changes: &ChangeBell) -> Result<(), String> {
    let mut connection = url.connect().map_err(|error| first_line(&error.to_string()))?;
    connection
        .batch_execute("LISTEN callbunker_stock; LISTEN callbunker_changes")
        .map_err(|error| first_line(&error.to_string()))?;
    loop {
        let (mut stock, mut change) = (false, false);
        for notification in connection.notifications_iter() {
            let notification = notification.map_err(|error| first_line(&error.to_string()))?;
            stock |= notification.channel == "callbunker_stock";
            change |= notification.channel == "callbunker_changes";
        }
        if stock {
            bell.stock.notify_one();
        }
        if change {
            changes.rings();
        }
        let hurry = bell.somebody_waits.load(Ordering::Relaxed);
        std::thread::sleep(if hurry { WHILE_WAITING } else { OTHERWISE });
    }
}
