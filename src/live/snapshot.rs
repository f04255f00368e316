//! One look at everything that viewers see, and what is new since the look before.
//!
//! Invariant: a look is one turn at the database, whatever changed and whoever watches.
//! How to get it wrong: remembering the highest id seen. Ids are given before commits, so a lower one may come later.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use crate::db::assignments::{AssignmentRecord, assignments_latest};
use crate::db::passes::{Pass, passes_latest};
use crate::db::purchases::record::{PurchaseRecord, purchase_record};
use crate::db::purchases::{OrderView, orders_watched};
use crate::db::stock::{Overview, stock_read_all};
use crate::db::{Connection, DbError};
use crate::domain::{Keys, OrderOutcome, OrderState};

/// Assignments told of at a time: a wave of thousands needs no line each.
const ASSIGNMENTS_MAX: i64 = 50;
/// Orders watched, besides those that are open or were so in the look before.
const ORDERS_MAX: i64 = 10;

/// An order as far as a viewer must hear of it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct OrderMark {
    state: OrderState,
    bought: i64,
    errors: usize,
    is_open: bool,
    outcome: OrderOutcome,
}

impl OrderMark {
    fn of(order: &OrderView) -> Self {
        let (state, is_open) = (order.state, order.is_open());
        Self { state, bought: order.purchased_count, errors: order.errors.len(), is_open, outcome: order.outcome() }
    }
}

/// What the look before saw.
#[derive(Debug, Clone, Default)]
pub(crate) struct Marks {
    assignments: HashSet<(i64, bool)>,
    orders: HashMap<Uuid, OrderMark>,
}

/// What a look saw.
pub(crate) struct Snapshot {
    pub(crate) stock: Overview,
    /// The latest of each pool.
    pub(crate) passes: Vec<Pass>,
    /// New since the marks.
    pub(crate) assignments: Vec<AssignmentRecord>,
    /// Changed since the marks.
    pub(crate) orders: Vec<PurchaseRecord>,
    pub(crate) marks: Marks,
}

/// Looks at these pools. Without marks everything is old.
pub(crate) fn take_snapshot(
    conn: &mut Connection,
    pools: &[Keys],
    before: Option<&Marks>,
) -> Result<Snapshot, DbError> {
    let (stock, passes) = (stock_read_all(conn, pools)?, passes_latest(conn)?);
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
    let mut snapshot = Snapshot { stock, passes, assignments: Vec::new(), orders: Vec::new(), marks };
    if let Some(before) = before {
        let is_new = |line: &AssignmentRecord| !before.assignments.contains(&(line.id, line.released_at.is_some()));
        snapshot.assignments = lines.into_iter().filter(is_new).collect();
        for order in
            orders.iter().rev().filter(|order| before.orders.get(&order.id) != snapshot.marks.orders.get(&order.id))
        {
            snapshot.orders.extend(purchase_record(conn, order.id)?);
        }
    }
    Ok(snapshot)
}
