//! The dashboard itself: everything that an operator looks at, read in one turn at the database; and, beside it, what needs a
//! person, which is told without the database, too.
//!
//! How to get it wrong: one trip to the database after the other, or one to Twilio, for something on this page. It must come
//! at once when everything else is on fire.

use std::sync::Arc;

use askama::Template;
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde_json::Value;
use utoipa::openapi::schema::{Object, Type};

use super::assets::asset_url;
use super::attention::{Need, needs};
use super::audit::{tone, what};
use super::cells::number_url;
use super::chart::drawing::Drawing;
use super::chart::{self, Series};
use super::checks::{self, CheckRow};
use super::comparison::{self, Comparison};
use super::page::{Frame, page};
use super::runway::Runway;
use super::text::{Shown, When, phone, span, words};
use super::trouble::Trouble;
use crate::access::Person;
use crate::api::attention::{Attention, attention};
use crate::api::audit::AuditView;
use crate::api::money::{MoneyKnown, money_known};
use crate::api::services::Services;
use crate::api::status::{Status, Window, document};
use crate::db::assignments::{AssignmentFilter, AssignmentRecord, Pace, assignments_list, pace_read};
use crate::db::attention::{SpendCaps, spend_free_at};
use crate::db::audit::{AuditTold, audit_acts_latest, audit_told};
use crate::db::numbers::{IdleNumber, pool_oldest};
use crate::db::passes::{Pass, passes_latest, passes_list};
use crate::db::purchases::{OrderView, orders_recent, purchases_of_month};
use crate::db::slice::Slice;
use crate::db::stock::{Overview, stock_read_all};
use crate::db::{Connection, DbError};
use crate::domain::{AssignmentSource, Keys, PoolName, WebhookStatus};
use crate::http::Problem;
use crate::routing::{About, Hours, Outcome, Request};

const ORDERS: i64 = 6;
const ASSIGNMENTS: i64 = 10;
const POOL: i64 = 50;
const ACTS: i64 = 20;

struct Read {
    seen: Overview,
    pace: Pace,
    free_at: [Option<DateTime<Utc>>; 2],
    bought_this_month: i64,
    past: chart::Past,
    hours: u32,
    orders: Vec<OrderView>,
    passes: Vec<Pass>,
    /// The latest of each pool.
    latest: Vec<Pass>,
    assignments: Vec<AssignmentRecord>,
    pool: Vec<IdleNumber>,
    comparison: Option<Comparison>,
    audit: Vec<AuditTold>,
}

fn read(conn: &mut Connection, pools: &[Keys], (hours, step): (u32, u32), caps: SpendCaps) -> Result<Read, DbError> {
    let seen = stock_read_all(conn, pools)?;
    Ok(Read {
        free_at: spend_free_at(conn, seen.spend, caps)?,
        bought_this_month: purchases_of_month(conn)?,
        seen,
        pace: pace_read(conn)?,
        past: chart::read(conn, hours, step)?,
        hours,
        orders: orders_recent(conn, ORDERS)?,
        passes: passes_list(conn, None, Slice::First, checks::READ)?,
        latest: passes_latest(conn)?,
        assignments: assignments_list(conn, &AssignmentFilter::default(), Slice::First, ASSIGNMENTS)?,
        pool: pool_oldest(conn, &PoolName::default_pool(), POOL)?,
        comparison: comparison::read(conn)?,
        audit: audit_acts_latest(conn, ACTS).and_then(|lines| audit_told(conn, lines))?,
    })
}

#[derive(Template)]
#[template(path = "dashboard.html")]
struct Home {
    frame: Frame,
    chart_style: String,
    chart_script: String,
    needs: Vec<Need>,
    chart_drawn_by: String,
    status: Status,
    money: MoneyKnown,
    bought_this_month: i64,
    hour: Meter,
    day: Meter,
    runway: Runway,
    chart: Drawing,
    orders: Vec<OrderRow>,
    checks: Vec<CheckRow>,
    assignments: Vec<AssignmentRow>,
    pool: Vec<PoolRow>,
    comparison: Option<Comparison>,
    audit: Vec<AuditRow>,
    batch: u32,
    /// What each reason of a pass is in words, as JSON for the script.
    reasons: String,
}

/// Purchases of a window beside their cap.
struct Meter {
    is_used_up: bool,
    /// When one more is allowed, once it is used up.
    free_at: Option<When>,
}

impl Meter {
    fn new(window: &Window, free_at: Option<DateTime<Utc>>) -> Self {
        Self { is_used_up: window.bought >= window.max, free_at: free_at.map(When) }
    }
}

pub(crate) struct OrderRow {
    pub(crate) id: String,
    pub(crate) trigger: String,
    pub(crate) state: &'static str,
    pub(super) tone: &'static str,
    pub(crate) is_open: bool,
    pub(crate) requested: i32,
    pub(crate) purchased: i64,
    pub(crate) area_code: String,
    pub(crate) at: When,
    pub(crate) took: Option<String>,
    pub(crate) errors: Vec<Trouble>,
}

impl OrderRow {
    pub(super) fn new(order: OrderView) -> Self {
        let outcome = order.outcome();
        Self {
            id: order.id.to_string(),
            trigger: words(order.trigger.as_str()),
            state: outcome.word(),
            // What needed nothing more, or gave way, is no alarm: whatever went wrong stands beside it.
            tone: if outcome.falls_short() && order.errors.is_empty() { "calm" } else { outcome.tone() },
            is_open: order.is_open(),
            requested: order.requested_count,
            purchased: order.purchased_count,
            area_code: order.area_code.map(|code| code.to_string()).unwrap_or_default(),
            at: When(order.created_at),
            took: order.ended_at.zip(order.started_at).map(|(end, begin)| span((end - begin).num_seconds().max(1))),
            errors: order.errors.iter().map(|error| Trouble::new(error)).collect(),
        }
    }
}

pub(crate) struct AssignmentRow {
    pub(crate) user: String,
    pub(crate) number: String,
    pub(super) e164: String,
    pub(super) to: String,
    pub(crate) waited: bool,
    pub(crate) at: When,
    pub(crate) released: Option<When>,
}

impl AssignmentRow {
    pub(super) fn new(record: AssignmentRecord) -> Self {
        Self {
            number: phone(record.phone_number.as_str()),
            user: record.user_id,
            e164: record.phone_number.to_string(),
            to: number_url(record.phone_number.as_str()),
            waited: record.source == AssignmentSource::Emergency,
            at: When(record.assigned_at),
            released: record.released_at.map(When),
        }
    }
}

struct PoolRow {
    number: String,
    e164: String,
    webhooks: &'static str,
    tone: &'static str,
    unfit: bool,
    idle: When,
}

/// Passes come over the wire with the code of their reason only.
fn reasons() -> String {
    let all: serde_json::Map<String, Value> =
        crate::domain::reasons().map(|code| (code.to_owned(), crate::domain::explain_reason(code).into())).collect();
    Value::Object(all).to_string()
}

struct AuditRow {
    at: When,
    who: Person,
    address: String,
    what: String,
    result: String,
    tone: &'static str,
}

impl AuditRow {
    fn new(told: AuditTold, request: &Request) -> Self {
        let line = AuditView::from(told);
        Self {
            tone: tone(&line),
            what: what(&line.action, &line.detail),
            at: When(line.at),
            who: request.person(&line.who),
            address: line.address.unwrap_or_default(),
            result: line.outcome,
        }
    }
}

fn pool_row(IdleNumber { stored, idle_since }: IdleNumber) -> PoolRow {
    PoolRow {
        number: phone(stored.phone_number.as_str()),
        e164: stored.phone_number.to_string(),
        tone: stored.webhook_status.tone(),
        webhooks: stored.webhook_status.word(),
        unfit: !stored.ready && stored.webhook_status == WebhookStatus::Configured,
        idle: When(idle_since),
    }
}

pub(crate) fn about() -> About {
    let page = Object::with_type(Type::String);
    About::new("dashboard", "Pool", "The dashboard, for people")
        .text("Whoever accepts `text/html` gets refusals as a page, with the same status.")
        .query::<Hours>("hours", "How much of the past the chart shows; a day unless given.")
        .answer_as(StatusCode::OK, "text/html", "The page.", page, "<!doctype html>…")
        .see_other("The login page, for whoever has neither a key nor a session; it leads back here.")
}

pub(crate) async fn home(services: Arc<Services>, request: Request) -> Outcome {
    show(&services, &request).await
}

async fn show(services: &Services, request: &Request) -> Outcome {
    let chosen = chart::chosen(request)?;
    let (caps, keys) = {
        let config = services.config.load();
        let spend = &config.spend;
        (SpendCaps { hour: spend.purchases_per_hour_max, day: spend.purchases_per_day_max }, config.keys())
    };
    let read = services.read("dashboard", move |conn| read(conn, &keys, chosen, caps));
    let (read, attention) = tokio::join!(read, attention(services));
    let home = make(services, request, read?, attention)?;
    page(StatusCode::OK, &home, home.frame.said.as_ref())
}

fn make(services: &Services, request: &Request, read: Read, attention: Attention) -> Result<Home, Problem> {
    let config = services.config.load();
    let silent = read.seen.buying.silences_twilio();
    let default = read.seen.pools.get(&PoolName::default_pool()).map(|seen| seen.stock).unwrap_or_default();
    let now = chart::now(&default, config.pool.threshold_low);
    let (samples, marks) = read.past;
    let status = document(&read.seen, &read.latest, &config);
    let [hour_free_at, day_free_at] = read.free_at;
    Ok(Home {
        frame: Frame { available: Some(status.available), ..Frame::new("Dashboard", services, request) },
        chart_style: asset_url("uplot.css"),
        chart_script: asset_url("uplot.js"),
        needs: needs(attention),
        money: money_known(services, status.owned, silent),
        bought_this_month: read.bought_this_month,
        hour: Meter::new(&status.spend.hour, hour_free_at),
        day: Meter::new(&status.spend.day, day_free_at),
        chart_drawn_by: asset_url("chart.js"),
        runway: Runway::new(&read.pace, status.available, status.threshold),
        chart: Drawing::new(&Series::new(read.hours, samples, marks, now)),
        orders: read.orders.into_iter().map(OrderRow::new).collect(),
        checks: checks::joined(read.passes),
        assignments: read.assignments.into_iter().map(AssignmentRow::new).collect(),
        pool: read.pool.into_iter().map(pool_row).collect(),
        comparison: read.comparison,
        audit: read.audit.into_iter().map(|line| AuditRow::new(line, request)).collect(),
        reasons: reasons(),
        batch: config.pool.replenishment_batch_size,
        status,
    })
}

impl Home {
    /// What the state of the pool is called, and how it looks.
    fn verdict(&self) -> (&'static str, &'static str) {
        match () {
            () if self.status.halted.is_some() => ("Halted", "bad"),
            () if self.status.available == 0 => ("Empty", "bad"),
            () if self.status.needs_replenishment => ("Needs replenishment", "warn"),
            () if self.status.paused.is_some() => ("Paused", "warn"),
            () => ("Enough in stock", "good"),
        }
    }
}
