//! An order ended early.
//!
//! How to get it wrong: calling it over while creates are on the wire. The order's page says when it is.

use uuid::Uuid;

use super::super::cells::{order_link, order_url};
use super::super::page::HOME;
use super::question::{Question, given};
use super::required;
use crate::api::purchases::cancel;
use crate::api::services::Services;
use crate::db::purchases::record::PurchaseRecord;
use crate::http::Problem;
use crate::routing::Request;

pub(super) fn ask(request: &Request, question: Question) -> Result<Question, Problem> {
    let id: Uuid = given(request, "purchase_id")
        .parse()
        .map_err(|_| Problem::invalid_field("purchase_id", "must be the id of an order"))?;
    Ok(question
        .heading(format!("Cancel order {}?", order_link(id).shown))
        .says("What Twilio has not been asked for is not bought. What is on its way is settled, and what is bought stays.")
        .hidden("purchase_id", id.to_string())
        .dangerous("Cancel the order"))
}

pub(super) async fn perform(services: &Services, request: &Request) -> Result<String, Problem> {
    let id: Uuid = required("purchase_id", request.form("purchase_id")?)?;
    Ok(told(&cancel(services, &request.caller(), id).await?))
}

fn told(record: &PurchaseRecord) -> String {
    let bought = format!("{} of {} bought", record.numbers.len(), record.order.wish.count);
    match (&record.order.cancelled, record.order.state.has_ended()) {
        (Some(_), true) => format!("The order is cancelled, with {bought}."),
        (Some(_), false) => format!("The order ends when what is on its way is settled; {bought} so far."),
        (None, _) => format!("The order had ended already, with {bought}."),
    }
}

/// Where whoever cancelled an order looks next: at its page.
pub(super) fn place(request: &Request) -> String {
    let id: Option<Uuid> = request.form("purchase_id").ok().flatten();
    id.map_or_else(|| HOME.to_owned(), |id| order_url(&id.to_string()))
}
