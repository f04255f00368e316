//! One look at everything that viewers see, and what is new since the look before.
//!
//! Invariant: a look is one turn at the database, whatever changed and whoever watches.
//! How to get it wrong: remembering the highest id seen. Ids are given before commits, so a lower one may come later.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::api::status::Status;
use crate::db::assignments::AssignmentLine;
use crate::db::dashboard::{OrderLine, assignments_latest, orders_watched};
use crate::db::passes::{Pass, pass_latest};
use crate::db::purchases::record::{PurchaseError, PurchaseRecord, purchase_record};
use crate::db::stock::{Observation, stock_read};
use crate::db::{Connection, DbError};
use crate::domain::OrderState;

/// Assignments told of at a time: a wave of thousands needs no line each.
const ASSIGNMENTS_MAX: i64 = 50;
/// Orders watched, besides those that are open or were so in the look before.
const ORDERS_MAX: i64 = 10;

/// An order as far as a viewer must hear of it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct OrderMark {
    state: String,
    bought: i64,
    errors: usize,
    is_open: bool,
}

impl OrderMark {
    fn of(order: &OrderLine) -> Self {
        let (state, is_open) = (order.state.clone(), order.is_open());
        Self { state, bought: order.purchased_count, errors: order.errors.len(), is_open }
    }
}

/// What the look before saw.
#[derive(Debug, Clone, Default)]
pub(crate) struct Marks {
    assignments: HashSet<(i64, bool)>,
    orders: HashMap<Uuid, OrderMark>,
}

/// What a look saw.
pub(crate) struct Seen {
    pub(crate) observation: Observation,
    pub(crate) pass: Option<Pass>,
    /// New since the marks.
    pub(crate) assignments: Vec<AssignmentLine>,
    /// Changed since the marks.
    pub(crate) orders: Vec<PurchaseRecord>,
    pub(crate) marks: Marks,
}

/// Looks. Without marks everything is old.
pub(crate) fn look(conn: &mut Connection, before: Option<&Marks>) -> Result<Seen, DbError> {
    let (observation, pass) = (stock_read(conn)?, pass_latest(conn)?);
    let lines = assignments_latest(conn, ASSIGNMENTS_MAX)?;
    // What ended since is told, too, though others came after it.
    let were_open: Vec<Uuid> = before
        .iter()
        .flat_map(|before| before.orders.iter().filter(|(_, mark)| mark.is_open).map(|(id, _)| *id))
        .collect();
    let orders = orders_watched(conn, ORDERS_MAX, &were_open)?;
    let marks = Marks {
        assignments: lines.iter().map(|line| (line.id, line.released_at.is_some())).collect(),
        orders: orders.iter().map(|order| (order.id, OrderMark::of(order))).collect(),
    };
    let mut seen = Seen { observation, pass, assignments: Vec::new(), orders: Vec::new(), marks };
    if let Some(before) = before {
        let is_new = |line: &AssignmentLine| !before.assignments.contains(&(line.id, line.released_at.is_some()));
        seen.assignments = lines.into_iter().filter(is_new).collect();
        for order in
            orders.iter().rev().filter(|order| before.orders.get(&order.id) != seen.marks.orders.get(&order.id))
        {
            seen.orders.extend(purchase_record(conn, order.id)?);
        }
    }
    Ok(seen)
}

/// Something that a person should know without reading numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Alert {
    pub(crate) at: DateTime<Utc>,
    pub(crate) kind: &'static str,
    pub(crate) message: String,
}

impl Alert {
    pub(super) fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { at: Utc::now(), kind, message: message.into() }
    }
}

/// What became of the pool between two looks, in sentences.
pub(super) fn alerts(before: &Status, now: &Status, ended: &[PurchaseRecord]) -> Vec<Alert> {
    let mut alerts = Vec::new();
    match (&before.paused, &now.paused) {
        (None, Some(paused)) => alerts.push(Alert::new(
            "paused",
            match &paused.reason {
                Some(reason) => format!("Automatic buying is paused: {reason}"),
                None => "Automatic buying is paused.".to_owned(),
            },
        )),
        (Some(_), None) => alerts.push(Alert::new("resumed", "Automatic buying is on again.")),
        _ => {}
    }
    match (&before.halted, &now.halted) {
        (None, Some(halted)) => alerts.push(Alert::new("halted", format!("All buying is halted: {}", halted.message))),
        (Some(_), None) => alerts.push(Alert::new("halt_ended", "Buying is no longer halted.")),
        _ => {}
    }
    if before.available > 0 && now.available == 0 {
        alerts.push(Alert::new("empty", "The pool is empty: signups wait for a purchase."));
    } else if !before.needs_replenishment && now.needs_replenishment {
        let message = format!("Stock is low: {} available, the threshold is {}.", now.available, now.threshold);
        alerts.push(Alert::new("low", message));
    }
    let failed = now.last_replenishment.as_ref().filter(|pass| before.last_replenishment.as_ref() != Some(*pass));
    if let Some(error) = failed.and_then(|pass| pass.error.as_ref()) {
        alerts.push(Alert::new("pass_failed", format!("A replenishment fell short: {error}")));
    }
    for record in ended.iter().filter(|record| record.order.wish.trigger == crate::domain::Trigger::Manual) {
        let (wanted, bought) = (record.order.wish.count as usize, record.numbers.len());
        if record.order.state.has_ended() && bought < wanted {
            let why = record.errors.first().map_or_else(|| "it was stopped".to_owned(), PurchaseError::told);
            alerts.push(Alert::new("purchase_short", format!("A purchase bought {bought} of {wanted}: {why}")));
        } else if record.order.state == OrderState::Done {
            alerts.push(Alert::new("purchase_done", format!("A purchase of {wanted} is done.")));
        }
    }
    alerts
}
