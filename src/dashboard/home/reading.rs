//! Everything that the dashboard shows of the database, read in one turn.
//!
//! How to get it wrong: a list that is read of all pools and cut afterwards. A busy pool would leave nothing of a quiet one.

use chrono::{DateTime, Utc};

use super::super::chart;
use super::super::checks;
use super::super::comparison::{self, Comparison};
use crate::db::alerts::{AlertRecord, alerts_list};
use crate::db::assignments::{AssignmentFilter, AssignmentRecord, Paces, assignments_list, paces_read};
use crate::db::attachments::{ServicesClosed, services_closed};
use crate::db::attention::{SpendCaps, spend_free_at};
use crate::db::audit::{AuditTold, audit_acts_latest, audit_told};
use crate::db::numbers::{IdleNumber, pools_oldest};
use crate::db::passes::{Pass, passes_latest, passes_list};
use crate::db::purchases::{OrderFilter, OrderView, orders_list, orders_recent, purchases_of_month};
use crate::db::slice::Slice;
use crate::db::stock::{Overview, stock_read_all};
use crate::db::{Connection, DbError};
use crate::domain::{Keys, PoolName};

const ORDERS: i64 = 6;
/// Open orders are few; more than this are not shown before the others.
const OPEN_MAX: i64 = 50;
const ASSIGNMENTS: i64 = 10;
const POOL: i64 = 50;
const ACTS: i64 = 20;
const ALERTS: i64 = 50;

/// What was read.
pub(super) struct Read {
    pub(super) seen: Overview,
    pub(super) paces: Paces,
    pub(super) free_at: [Option<DateTime<Utc>>; 2],
    pub(super) bought_this_month: i64,
    pub(super) past: chart::Past,
    pub(super) hours: u32,
    pub(super) orders: Vec<OrderView>,
    pub(super) passes: Vec<Pass>,
    /// The latest of each pool.
    pub(super) latest: Vec<Pass>,
    pub(super) assignments: Vec<AssignmentRecord>,
    pub(super) pool: Vec<IdleNumber>,
    pub(super) comparison: Option<Comparison>,
    /// Messaging services that take no number.
    pub(super) closed: Vec<ServicesClosed>,
    pub(super) audit: Vec<AuditTold>,
    /// Those that are open.
    pub(super) alerts: Vec<AlertRecord>,
}

/// What is asked for.
pub(super) struct Asked {
    /// The configured pools.
    pub(super) keys: Vec<Keys>,
    /// Of this pool alone.
    pub(super) pool: Option<PoolName>,
    /// The pools whose stock is listed.
    pub(super) pools: Vec<PoolName>,
    /// How much of the past, and the stretch that each point stands for.
    pub(super) range: (u32, u32),
    pub(super) caps: SpendCaps,
}

pub(super) fn read(conn: &mut Connection, asked: Asked) -> Result<Read, DbError> {
    let (seen, pool, (hours, step)) = (stock_read_all(conn, &asked.keys)?, asked.pool.as_ref(), asked.range);
    let assignments = AssignmentFilter { pool: asked.pool.clone(), ..AssignmentFilter::default() };
    Ok(Read {
        free_at: spend_free_at(conn, seen.spend, asked.caps)?,
        bought_this_month: purchases_of_month(conn, pool)?,
        seen,
        paces: paces_read(conn)?,
        past: chart::read(conn, pool, hours, step)?,
        hours,
        orders: orders(conn, pool)?,
        passes: passes_list(conn, pool, Slice::First, checks::READ)?,
        latest: passes_latest(conn)?,
        assignments: assignments_list(conn, &assignments, Slice::First, ASSIGNMENTS)?,
        pool: pools_oldest(conn, &asked.pools, POOL)?,
        comparison: comparison::read(conn)?,
        closed: services_closed(conn)?,
        audit: audit_acts_latest(conn, ACTS).and_then(|lines| audit_told(conn, lines))?,
        alerts: alerts_list(conn, true, Slice::First, ALERTS)?,
    })
}

/// The latest orders, open ones first: of one pool, or of all.
fn orders(conn: &mut Connection, pool: Option<&PoolName>) -> Result<Vec<OrderView>, DbError> {
    let Some(pool) = pool else { return orders_recent(conn, ORDERS) };
    let of_pool = |is_over| OrderFilter { is_over: Some(is_over), pool: Some(pool.clone()), ..OrderFilter::default() };
    let mut lines = orders_list(conn, &of_pool(false), Slice::First, OPEN_MAX)?;
    let room = ORDERS - i64::try_from(lines.len()).unwrap_or(ORDERS);
    if room > 0 {
        lines.extend(orders_list(conn, &of_pool(true), Slice::First, room)?);
    }
    Ok(lines)
}
