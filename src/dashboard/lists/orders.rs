//! The orders: on the first page those that are open, and then the newest first.

use std::sync::Arc;

use uuid::Uuid;

use super::table::{List, columns, pool_cell, show};
use super::ways::{Field, Ways};
use crate::api::lists::Part;
use crate::api::lists::orders::{FILTERS, count, filter, orders as read};
use crate::api::services::Services;
use crate::dashboard::cells::{Ask, Cell, order as link, order_link as link_of};
use crate::dashboard::choice::Choice;
use crate::dashboard::home::OrderRow;
use crate::dashboard::page::Frame;
use crate::dashboard::text::words;
use crate::db::purchases::{OrderFilter, OrderView};
use crate::db::slice::Slice;
use crate::domain::{OrderOutcome, OrderState, Trigger};
use crate::http::Problem;
use crate::routing::{Outcome, Request};

/// Open orders are few; more than this are not shown before the others.
const OPEN_MAX: i64 = 200;

const COLUMNS: &[&str] = &["When", "Order", "Cause", "Who", "State", "Bought", "Area code", "What fell short"];

/// What ends it: by hand that is a word, of the pool's own a pause.
fn ends_by(order: &OrderView) -> Option<Ask> {
    let name = link_of(order.id).shown;
    match order.trigger {
        _ if !order.is_open() => None,
        Trigger::Manual if order.outcome() == OrderOutcome::Cancelling => None,
        Trigger::Manual => Some(Ask {
            to: format!("/admin/phones/dashboard/acts/cancel?purchase_id={}", order.id),
            shown: "Cancel…",
            named: format!("Cancel order {name}"),
        }),
        Trigger::Adopt | Trigger::Import => None,
        Trigger::Threshold | Trigger::WarmStart | Trigger::Cron | Trigger::Replenish | Trigger::Emergency => {
            Some(Ask {
                to: "/admin/phones/dashboard/acts/pause".to_owned(),
                shown: "Pause…",
                named: format!("Pause automatic buying, which ends order {name}"),
            })
        }
    }
}

fn row(order: OrderView, request: &Request, choice: &Choice) -> Vec<Cell> {
    let (id, by) = (order.id, request.person(&order.requested_by));
    let ends_by = ends_by(&order);
    let order = OrderRow::new(order);
    let mut cells = vec![
        Cell::Time(Some(order.at)),
        link(Some(id)),
        Cell::Text(order.trigger),
        Cell::Who(by),
        Cell::State(order.state.to_owned(), order.tone),
        Cell::Text(format!("{} of {}", order.purchased, order.requested)),
        Cell::Text(order.area_code),
        Cell::Troubles(order.errors),
    ];
    cells.extend(pool_cell(choice, &order.pool));
    if request.may_act() {
        cells.push(Cell::Act(ends_by));
    }
    cells
}

/// What the form calls the states of an order: how it went on or stopped, whatever came of it.
fn word(state: OrderState) -> &'static str {
    match state {
        OrderState::Queued => "waiting",
        OrderState::Running => "buying",
        OrderState::Done => "ran to its end",
        OrderState::Stopped => "stopped early",
        OrderState::Interrupted => "interrupted",
        OrderState::Halted => "halted",
    }
}

/// The open ones, before the first page of a list that nobody narrowed to a state.
async fn open(services: &Services, filter: OrderFilter) -> Result<Vec<OrderView>, Problem> {
    let part = Part { limit: OPEN_MAX, slice: Slice::First };
    Ok(read(services, OrderFilter { is_over: Some(false), ..filter }, part).await?.items)
}

pub(crate) async fn orders(services: Arc<Services>, request: Request) -> Outcome {
    let part: Part<Uuid> = Part::of_a_page(&request, FILTERS)?;
    let (filter, choice) = (filter(&request)?, Choice::of(&services, &request)?);
    let is_whole = filter.state.is_none();
    let listed = if is_whole { OrderFilter { is_over: Some(true), ..filter.clone() } } else { filter.clone() };
    let before = if is_whole && part.slice == Slice::First { open(&services, filter).await? } else { Vec::new() };
    let sheet = read(&services, listed.clone(), part).await?;
    let counted = count(&services, listed, &sheet).await?;
    let states = OrderState::ALL.iter().map(|state| (state.as_str(), word(*state).to_owned()));
    let triggers = Trigger::ALL.iter().map(|trigger| (trigger.as_str(), words(trigger.as_str())));
    let mut columns = columns(&choice, COLUMNS);
    columns.extend(request.may_act().then_some("Do"));
    show(List {
        heading: "Orders",
        caption: "Orders, open ones first, then the newest first",
        columns,
        ways: Ways::of(&request, &sheet, Some(counted), FILTERS, part.limit),
        rows: before.into_iter().chain(sheet.items).map(|order| row(order, &request, &choice)).collect(),
        filters: vec![
            Field::choice(&request, "state", "State", states),
            Field::choice(&request, "trigger", "Cause", triggers),
        ],
        csv: None,
        beside: None,
        frame: Frame::of_pools("Orders", &services, &request, choice),
    })
}
