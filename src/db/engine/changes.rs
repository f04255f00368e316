//! Which statements change something that people watch, and the word about it to the other instances.
//!
//! Invariants: nothing here is part of the statement that changed something. `NOTIFY` makes commits wait for each other,
//! so a signup only rings a bell in its own process; [`crate::live`] sends one `NOTIFY` for many rings. It carries no
//! facts: who hears it looks for himself.
//! How to get it wrong: forgetting a label in [`CHANGES`]. What it changes is then seen up to ten seconds late.

use std::sync::Arc;

use diesel::connection::SimpleConnection as _;
use tokio::sync::{Notify, watch};

use super::connection::Connection;
use super::error::DbError;

/// Labels of [`crate::db::Db::run`] whose success changes what the dashboard shows.
const CHANGES: &[&str] = &[
    "alert_acknowledge",
    "assignment_release",
    "assignments_serve",
    "attachment_found",
    "attachment_missed",
    "attachment_settle",
    "attachments_intend",
    "attachments_try_again",
    "buying_halt",
    "buying_pause",
    "buying_reopen_by_probe",
    "buying_resume",
    "item_doubt",
    "item_end",
    "item_not_ours",
    "item_settle",
    "items_attempt",
    "items_intend",
    "items_withdraw",
    "number_adopted",
    "number_confirm_webhooks",
    "number_fail_webhooks",
    "number_hold_contested",
    "number_hold_tag_conflict",
    "number_ignore",
    "number_import_to",
    "number_let_go",
    "number_mark_drifted",
    "number_mark_ready",
    "number_move",
    "number_protect",
    "number_return",
    "number_set_capable",
    "number_take_in",
    "number_tell_type",
    "number_turned_up",
    "number_unconfirmed",
    "number_unignore",
    "number_unprotect",
    "numbers_mark_missing",
    "numbers_take_back",
    "numbers_tell_apart",
    "numbers_tell_wants",
    "owned_recount",
    "pass_record",
    "pool_halt",
    "pool_resume",
    "pool_set_webhooks",
    "pool_unconfirm",
    "pool_unconfirm_held_back",
    "pool_unconfirm_stock",
    "pools_say_kinds",
    "purchase_add_error",
    "purchase_cancel",
    "purchase_end",
    "purchase_enqueue",
    "purchase_open",
    "purchase_start",
    "purchase_waits_no_more",
    "purchase_yield",
    "reconciliation_begin",
    "reconciliation_end",
    "recycling_intend",
    "recycling_noticed",
    "recycling_take",
    "registrations_hear",
    "release_hold_tag_conflict",
    "release_intend",
    "release_refuse",
    "release_settle",
    "release_withdraw",
    "run_begin",
    "waitlist_leave",
    "waitlist_poll",
    "wants_switch",
];

/// Labels whose success may leave something to be attached, or to be ended at Twilio: a number came, or is another pool's, a pool
/// wants something else, or what takes numbers does so again.
const ATTACHING: &[&str] = &[
    "attachment_missed",
    "attachments_try_again",
    "number_adopted",
    "number_import_to",
    "number_let_go",
    "number_move",
    "number_take_in",
    "number_turned_up",
    "release_settle",
    "target_is_there",
    "wants_told",
];

/// Rung when something changed, here or anywhere.
#[derive(Clone)]
pub struct ChangeBell {
    /// Rung by this instance's own statements: the others do not know yet. One waits for it.
    pub here: Arc<Notify>,
    /// Rung when numbers may lack something of what their pools want, by this instance's own statements and whoever else knows. One
    /// waits for it; the others find it a few seconds later.
    pub unattached: Arc<Notify>,
    /// The listener's: some instance, perhaps this one, said that something changed. Several wait for it.
    heard: Arc<watch::Sender<()>>,
}

impl Default for ChangeBell {
    fn default() -> Self {
        Self { here: Arc::default(), unattached: Arc::default(), heard: Arc::new(watch::Sender::new(())) }
    }
}

impl ChangeBell {
    /// Some instance said that something changed.
    pub(super) fn rings(&self) {
        self.heard.send_replace(());
    }

    /// Hears whatever is rung from here on, whoever else hears it too, and whenever it is listened to.
    #[must_use]
    pub fn hearing(&self) -> watch::Receiver<()> {
        self.heard.subscribe()
    }

    /// Rings for whomever a success of `label` concerns.
    pub(super) fn done(&self, label: &str) {
        if CHANGES.binary_search(&label).is_ok() {
            self.here.notify_one();
        }
        if ATTACHING.binary_search(&label).is_ok() {
            self.unattached.notify_one();
        }
    }
}

/// Tells every instance, this one included, that something changed.
///
/// # Errors
/// When PostgreSQL fails.
pub fn changes_notify(conn: &mut Connection) -> Result<(), DbError> {
    Ok(conn.batch_execute("NOTIFY callbunker_changes")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_who_listens_hears_a_ring_also_one_that_came_while_they_looked() {
        let bell = ChangeBell::default();
        let (mut one, mut other) = (bell.hearing(), bell.hearing());
        bell.clone().rings();
        for heard in [&mut one, &mut other] {
            assert!(heard.has_changed().unwrap());
            heard.mark_unchanged();
            assert!(!heard.has_changed().unwrap());
        }
    }

    #[test]
    fn the_labels_stand_in_the_order_that_the_search_needs() {
        assert!(CHANGES.is_sorted() && ATTACHING.is_sorted());
    }

    #[test]
    fn every_label_is_one_that_some_statement_runs_under() {
        let sources = crate::source::rust_files();
        for label in CHANGES.iter().chain(ATTACHING) {
            let quoted = format!("\"{label}\"");
            let used =
                sources.iter().any(|(path, text)| !path.ends_with("db/engine/changes.rs") && text.contains(&quoted));
            assert!(used, "nothing runs under {quoted} any more: take it out of its list, or write its new name there");
        }
    }
}
