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

use super::alerts::{Alert, open};
use super::assets::asset_url;
use super::attention::{Need, needs};
use super::audit::{tone, what};
use super::cells::number_url;
use super::chart::drawing::Drawing;
use super::chart::{self, Series};
use super::checks::{self, CheckRow};
use super::choice::Choice;
use super::comparison::Comparison;
use super::page::{Frame, page};
use super::pools::{self, PoolLine};
use super::runway::Runway;
use super::shops::{Shop, shops};
use super::text::{Shown, When, phone, span, words};
use super::trouble::Trouble;
use crate::access::Person;
use crate::api::alerts::worst_first;
use crate::api::attention::{Attention, attention};
use crate::api::audit::AuditView;
use crate::api::money::{MoneyKnown, Owned, money_known};
use crate::api::services::Services;
use crate::api::status::{OfPool, Status, Window, document, document_of};
use crate::db::assignments::AssignmentRecord;
use crate::db::attention::SpendCaps;
use crate::db::audit::AuditTold;
use crate::db::numbers::IdleNumber;
use crate::db::purchases::OrderView;
use crate::domain::{AssignmentSource, Kind, PoolName, WebhookStatus};
use crate::http::{Problem, ProblemCode};
use crate::routing::{About, Hours, Outcome, Request};

mod reading;

use reading::{Asked, Read, read};

#[derive(Template)]
#[template(path = "dashboard.html")]
struct Home {
    frame: Frame,
    chart_style: String,
    chart_script: String,
    alerts: Vec<Alert>,
    /// Nothing needs anybody.
    is_calm: bool,
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
    /// Each pool in a line, where there is more than one to tell of.
    pools: Vec<PoolLine>,
    verdict: (String, &'static str),
    /// What can be bought for, where there is a choice.
    shops: Vec<Shop>,
    /// The one that is chosen, where there are several.
    one: Option<OfPool>,
    /// All buying is, whatever halts the one that is chosen.
    is_halted: bool,
    /// What its keys begin with: `pool`, `pools.gb`.
    section: String,
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
    pub(crate) pool: PoolName,
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
            pool: order.pool,
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
    pub(crate) pool: PoolName,
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
            pool: record.pool,
        }
    }
}

struct PoolRow {
    pool: PoolName,
    number: String,
    e164: String,
    webhooks: &'static str,
    tone: &'static str,
    unfit: bool,
    idle: When,
}

/// Passes come over the wire with the code of their reason only; `{pool}` stands for the section of theirs.
fn reasons() -> String {
    let all: serde_json::Map<String, Value> =
        crate::domain::reasons().map(|code| (code.to_owned(), crate::domain::template_of(code).into())).collect();
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
        pool: stored.pool.clone(),
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
        .query::<PoolName>("pool", "Of this pool alone.")
        .answer_as(StatusCode::OK, "text/html", "The page.", page, "<!doctype html>…")
        .refuses(ProblemCode::NotFound, "The configuration has no pool of this name.")
        .see_other("The login page, for whoever has neither a key nor a session; it leads back here.")
}

pub(crate) async fn home(services: Arc<Services>, request: Request) -> Outcome {
    show(&services, &request).await
}

async fn show(services: &Services, request: &Request) -> Outcome {
    let (range, choice) = (chart::chosen(request)?, Choice::of(services, request)?);
    choice.known()?;
    let asked = {
        let config = services.config.load();
        let spend = &config.spend;
        let caps = SpendCaps { hour: spend.purchases_per_hour_max, day: spend.purchases_per_day_max };
        Asked { keys: config.keys(), pool: choice.pool().cloned(), pools: choice.pools(), range, caps }
    };
    let read = services.read("dashboard", move |conn| read(conn, asked));
    let (read, attention) = tokio::join!(read, attention(services));
    let home = make(services, request, choice, read?, attention)?;
    page(StatusCode::OK, &home, &home.frame)
}

fn make(
    services: &Services,
    request: &Request,
    choice: Choice,
    read: Read,
    attention: Attention,
) -> Result<Home, Problem> {
    let config = services.config.load();
    let needs = needs(attention);
    let alerts = open(worst_first(read.alerts), &needs);
    let silent = read.seen.buying.silences_twilio();
    let (samples, marks) = read.past;
    let status = document(&read.seen, &read.latest, &config);
    let is_halted = status.halted.is_some();
    let lines = pools::lines(&choice, &status, &read.paces, &read.closed);
    let status = match choice.pool() {
        None => status,
        Some(pool) => {
            let one = document_of(&read.seen, &read.latest, &config, pool);
            pools::alone(status, one, pool).ok_or_else(Problem::internal)?
        }
    };
    let [hour_free_at, day_free_at] = read.free_at;
    let section = choice.pool().map_or_else(|| "pool".to_owned(), PoolName::path);
    let owned = owned(&status, &choice);
    let now = chart::now(&status);
    Ok(Home {
        chart_style: asset_url("uplot.css"),
        chart_script: asset_url("uplot.js"),
        is_calm: needs.is_empty() && alerts.iter().all(|alert| !alert.is_alone),
        alerts,
        needs,
        money: money_known(services, &owned, silent),
        bought_this_month: read.bought_this_month,
        hour: Meter::new(&status.spend.hour, hour_free_at),
        day: Meter::new(&status.spend.day, day_free_at),
        chart_drawn_by: asset_url("chart.js"),
        runway: pools::runway(&choice, &status, &read.paces),
        chart: Drawing::new(&Series::new(read.hours, samples, marks, now)),
        orders: read.orders.into_iter().map(OrderRow::new).collect(),
        checks: checks::joined(read.passes),
        assignments: read.assignments.into_iter().map(AssignmentRow::new).collect(),
        pool: read.pool.into_iter().map(pool_row).collect(),
        pools: lines,
        verdict: pools::verdict(&choice, &status),
        shops: shops(services, &choice, silent),
        one: pools::chosen(&choice, &status),
        is_halted,
        section,
        comparison: read.comparison,
        audit: read.audit.into_iter().map(|line| AuditRow::new(line, request)).collect(),
        reasons: reasons(),
        batch: choice.pool().and_then(|pool| config.pool(pool)).unwrap_or(&config.pool).replenishment_batch_size,
        frame: Frame { available: Some(status.available), ..Frame::of_pools("Dashboard", services, request, choice) },
        status,
    })
}

/// What is owned, kind by kind: each has its own price.
fn owned(status: &Status, choice: &Choice) -> Vec<Owned> {
    let meant = status.pools.iter().filter(|one| choice.pool().is_none_or(|pool| *pool == one.pool));
    meant
        .map(|one| {
            let kind = Kind { country: one.country, number_type: one.number_type };
            Owned { kind, count: one.owned }
        })
        .collect()
}
