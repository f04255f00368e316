//! The queue between those who act and the one who writes: bounded, and never in anybody's way.
//!
//! How to get it wrong: taking rows off before they are written. The writer may die in between.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

use crate::db::audit::AuditRow;

/// Rows that wait for PostgreSQL; those beyond go to the log only.
const WAITING_MAX: usize = 2000;
/// How long a caller waits for its row; later it is written all the same.
const PATIENCE: Duration = Duration::from_millis(1800);

/// Where rows are handed in. Cheap to clone.
#[derive(Clone)]
pub struct AuditLog(Arc<Shared>);

struct Shared {
    waiting: Mutex<VecDeque<Waiting>>,
    news: Notify,
    emptied: Notify,
    /// PostgreSQL refused last: nobody waits for it then.
    away: AtomicBool,
    log: slog::Logger,
}

struct Waiting {
    row: AuditRow,
    written: Option<oneshot::Sender<()>>,
}

impl AuditLog {
    /// An empty queue.
    #[must_use]
    pub fn new(log: slog::Logger) -> Self {
        Self(Arc::new(Shared {
            waiting: Mutex::default(),
            news: Notify::new(),
            emptied: Notify::new(),
            away: AtomicBool::new(false),
            log,
        }))
    }

    /// Hands a row in and waits until it is written, unless PostgreSQL is away.
    pub async fn record(&self, row: AuditRow) {
        let (written, is_written) = oneshot::channel();
        self.push(Waiting { row, written: Some(written) });
        if !self.0.away.load(Ordering::Relaxed) {
            // Whoever is not told in time goes on; the row stays in the queue.
            let _ = timeout(PATIENCE, is_written).await;
        }
    }

    /// Hands a row in.
    pub fn note(&self, row: AuditRow) {
        self.push(Waiting { row, written: None });
    }

    /// Resolves when nothing waits any more.
    pub async fn drained(&self) {
        loop {
            let emptied = self.0.emptied.notified();
            if self.waiting().is_empty() {
                return;
            }
            emptied.await;
        }
    }

    /// Puts what was not written into the log: the process ends.
    pub fn give_up(&self) {
        for left in self.waiting().drain(..) {
            self.tell(&left.row, "the process ends before PostgreSQL took it");
        }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, entry: Waiting) {
        let mut waiting = self.waiting();
        if waiting.len() >= WAITING_MAX {
            drop(waiting);
            return self.tell(&entry.row, "too many rows wait for PostgreSQL");
        }
        waiting.push_back(entry);
        drop(waiting);
        self.0.news.notify_one();
    }

    /// The oldest rows, at least one: waits for it.
    pub(super) async fn oldest(&self, count: usize) -> Vec<AuditRow> {
        loop {
            let rows: Vec<AuditRow> = self.waiting().iter().take(count).map(|entry| entry.row.clone()).collect();
            if !rows.is_empty() {
                return rows;
            }
            self.0.news.notified().await;
        }
    }

    /// Takes the oldest rows off, written as they are, and lets their callers go on.
    pub(super) fn written(&self, count: usize) {
        self.0.away.store(false, Ordering::Relaxed);
        let mut waiting = self.waiting();
        let count = count.min(waiting.len());
        for entry in waiting.drain(..count) {
            // A caller that went on meanwhile needs no word.
            let _ = entry.written.map(|written| written.send(()));
        }
        if waiting.is_empty() {
            self.0.emptied.notify_waiters();
        }
    }

    /// PostgreSQL is away: callers go on, rows stay. `true` when that is news.
    pub(super) fn is_away(&self) -> bool {
        let is_news = !self.0.away.swap(true, Ordering::Relaxed);
        for entry in self.waiting().iter_mut() {
            entry.written = None;
        }
        is_news
    }

    /// The last resort: a row in words.
    pub(super) fn tell(&self, row: &AuditRow, why: &str) {
        slog::error!(self.0.log, "an audit row could not be written"; "why" => why, "at" => row.at.to_rfc3339(),
            "who" => &row.who, "address" => row.address.clone(), "action" => &row.action, "path" => row.path.clone(),
            "result" => row.result, "code" => row.code.clone(), "request_id" => row.request_id.clone());
    }
}
