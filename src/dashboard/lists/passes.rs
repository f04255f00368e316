//! What each look of the monitor did, the newest first.

use std::sync::Arc;

use super::table::{List, columns, pool_cell, show};
use super::ways::Ways;
use crate::api::lists::Part;
use crate::api::lists::passes::{ExplainedPass, FILTERS, count, passes as read};
use crate::api::services::Services;
use crate::dashboard::cells::Cell;
use crate::dashboard::cells::{text, time};
use crate::dashboard::choice::Choice;
use crate::dashboard::page::Frame;
use crate::dashboard::text::words;
use crate::dashboard::trouble::Trouble;
use crate::db::passes::Pass;
use crate::routing::{Outcome, Request};

pub(crate) async fn passes(services: Arc<Services>, request: Request) -> Outcome {
    let part = Part::of_a_page(&request, FILTERS)?;
    let choice = Choice::of(&services, &request)?;
    let pool = choice.pool().cloned();
    let sheet = read(&services, pool.clone(), part).await?;
    let counted = count(&services, pool, &sheet).await?;
    let row = |pass: Pass| {
        let ExplainedPass { pass, explanation, detail: _ } = pass.into();
        let of_pool = pool_cell(&choice, &pass.pool);
        let cells = [
            time(pass.at),
            Cell::Text(words(pass.trigger.as_str())),
            text(Some(pass.purchased_count)),
            Cell::Text(explanation),
            Cell::Troubles(pass.error.iter().map(|error| Trouble::new(error)).collect()),
        ];
        cells.into_iter().chain(of_pool).collect()
    };
    let rows = sheet.items.iter().cloned().map(row).collect();
    show(List {
        heading: "Checks",
        caption: "What each check did and why, newest first",
        columns: columns(&choice, &["When", "Cause", "Bought", "Why", "Error"]),
        ways: Ways::of(&request, &sheet, Some(counted), FILTERS, part.limit),
        rows,
        filters: Vec::new(),
        csv: None,
        beside: None,
        frame: Frame::of_pools("Checks", &services, &request, choice),
    })
}
