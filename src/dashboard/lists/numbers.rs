//! The numbers, the newest first.

use std::sync::Arc;

use super::csv::{self, Kind};
use super::ignored;
use super::number_fields::fields;
use super::table::{List, columns, pool_cell, show};
use super::ways::{self, Ways};
use crate::api::lists::Part;
use crate::api::lists::numbers::{FILTERS, count, filter, numbers as read};
use crate::api::services::Services;
use crate::dashboard::cells::Cell;
use crate::dashboard::cells::{number, number_state, order, state, time, user};
use crate::dashboard::choice::Choice;
use crate::dashboard::page::Frame;
use crate::dashboard::text::When;
use crate::db::numbers::OwnedNumber;
use crate::domain::ListOrder;
use crate::routing::{Outcome, Request};

fn row(owned: OwnedNumber, choice: &Choice) -> Vec<Cell> {
    let (word, tone) = number_state(&owned);
    let pool = pool_cell(choice, &owned.pool);
    let cells = [
        number(&owned.phone_number),
        Cell::State(word.to_owned(), tone),
        state(owned.webhook_status),
        user(owned.user_id),
        Cell::Time(owned.last_used_at.map(When)),
        time(owned.stored.purchased_at),
        order(owned.purchase_id),
    ];
    cells.into_iter().chain(pool).collect()
}

pub(crate) async fn numbers(services: Arc<Services>, request: Request) -> Outcome {
    let part = Part::of_a_page(&request, FILTERS)?;
    if request.query_text("status").is_some_and(|text| text == "ignored") {
        return ignored::ignored(&services, &request, part).await;
    }
    let (filter, choice) = (filter(&request)?, Choice::of(&services, &request)?);
    let sheet = read(&services, filter.clone(), ListOrder::Newest, part).await?;
    let counted = count(&services, filter, &sheet).await?;
    show(List {
        heading: "Numbers",
        caption: "Numbers, the newest first",
        columns: columns(&choice, &["Number", "State", "Webhooks", "User", "Last used", "Bought", "Order"]),
        ways: Ways::of(&request, &sheet, Some(counted), FILTERS, part.limit),
        rows: sheet.items.into_iter().map(|owned| row(owned, &choice)).collect(),
        filters: fields(&request),
        csv: ways::csv(&request, "/admin/phones/dashboard/numbers.csv", FILTERS),
        beside: Some(("/admin/phones/dashboard/inactive", "Those that nobody uses")),
        frame: Frame::of_pools("Numbers", &services, &request, choice),
    })
}

/// The same as a file, which `callbunker import` reads: the oldest first, so that what comes meanwhile is at its end.
pub(crate) async fn numbers_csv(services: Arc<Services>, request: Request) -> Outcome {
    request.takes_only(FILTERS)?;
    let filter = filter(&request)?;
    csv::stream(services, request, Kind::Numbers(filter)).await
}
