//! An order ended early.
//!
//! How to get it wrong: calling it over while creates are on the wire. The order's page says when it is. Or offering it for an
//! order of the pool itself, which would place the same again at its next check.

use uuid::Uuid;

use super::super::cells::{order_link, order_url};
use super::super::page::HOME;
use super::super::text::counted;
use super::question::{Question, given};
use super::required;
use super::told::Told;
use crate::api::purchases::{cancel, record};
use crate::api::services::Services;
use crate::db::purchases::record::PurchaseRecord;
use crate::domain::Trigger;
use crate::http::Problem;
use crate::routing::Request;

/// `2 of 20 bought`
fn bought(record: &PurchaseRecord) -> String {
    format!("{} of {} bought", record.numbers.len(), record.order.wish.count)
}

pub(super) async fn ask(services: &Services, request: &Request, question: Question) -> Result<Question, Problem> {
    let id: Uuid = given(request, "purchase_id")
        .parse()
        .map_err(|_| Problem::invalid_field("purchase_id", "must be the id of an order"))?;
    let (record, shown) = (record(services, id).await?, order_link(id).shown);
    if record.order.state.has_ended() {
        let told = format!("{}. Nothing is left to cancel.", bought(&record));
        return Ok(question.heading(format!("Order {shown} has ended")).says(told).impossible());
    }
    if record.order.wish.trigger != Trigger::Manual {
        return Ok(question
            .heading(format!("Order {shown} cannot be cancelled"))
            .says("It is one of the pool's own, which would place the same again at its next check.")
            .says("Pause automatic buying instead: that ends this order, too.")
            .instead("pause", "Pause…")
            .impossible());
    }
    if record.order.cancelled.is_some() {
        let told = format!("{} so far. It ends when what is on its way is settled.", bought(&record));
        return Ok(question.heading(format!("Order {shown} is cancelled already")).says(told).impossible());
    }
    let (who, count) = (request.person(&record.order.wish.requested_by), record.order.wish.count);
    Ok(question
        .heading(format!("Cancel order {shown}?"))
        .says(format!("{} ordered {}; {} so far.", who.name, counted(count.into(), "number"), bought(&record)))
        .says("What Twilio has not been asked for is not bought. What is on its way is settled, and what is bought stays.")
        .hidden("purchase_id", id.to_string())
        .dangerous("Cancel the order"))
}

pub(super) async fn perform(services: &Services, request: &Request) -> Result<Told, Problem> {
    let id: Uuid = required("purchase_id", request.form("purchase_id")?)?;
    Ok(told(&cancel(services, &request.caller(), id).await?))
}

fn told(record: &PurchaseRecord) -> Told {
    let bought = bought(record);
    match (&record.order.cancelled, record.order.state.has_ended()) {
        (Some(_), true) => Told::done(format!("The order is cancelled, with {bought}.")),
        (Some(_), false) => Told::ending(
            record.order.id,
            format!("The order ends when what is on its way is settled; {bought} so far."),
        ),
        (None, _) => Told::nothing(format!("The order had ended already, with {bought}; nothing was cancelled.")),
    }
}

/// Where whoever cancelled an order looks next, when they came from nowhere: at its page.
pub(super) fn place(request: &Request) -> String {
    let id: Option<Uuid> = request.form("purchase_id").ok().flatten();
    id.map_or_else(|| HOME.to_owned(), |id| order_url(&id.to_string()))
}
