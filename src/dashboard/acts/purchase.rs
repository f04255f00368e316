//! An order by hand.

use uuid::Uuid;

use super::super::text::counted;
use super::question::{Question, given};
use super::required;
use super::told::Told;
use crate::api::plan::{Plan, Thought, plan};
use crate::api::purchases::{COUNT_MAX, Ordered, PurchaseBody, order_key, purchase};
use crate::api::services::Services;
use crate::domain::OrderOutcome;
use crate::http::{Problem, ProblemCode};
use crate::purchaser::Asker;
use crate::routing::Request;

pub(super) async fn ask(services: &Services, request: &Request, mut question: Question) -> Result<Question, Problem> {
    let thought = Thought::asked(request)?;
    let plan = plan(services, thought.clone()).await?;
    let (count, would) = (thought.count.unwrap_or(0), plan.planned.would_purchase);
    // What is asked, shown and sent is the same count: what the price is told for.
    let wanted = match counted(count.into(), "number") {
        wanted if would > 0 && would != count => format!("{would} of the {wanted}"),
        wanted => wanted,
    };
    question.tell_plan(&plan);
    // Where there is one pool only, whose they become goes without saying.
    let pool = plan.pool.clone().filter(|_| question.frame.choice.is_told());
    let whose = pool.map(|pool| format!(" for {pool}")).unwrap_or_default();
    question = match thought.area_code {
        None => question.heading(format!("Buy {wanted}{whose}?")),
        Some(area_code) => {
            let question = question.heading(format!("Buy {wanted} in {area_code}{whose}?"));
            if given(request, "fallback").is_empty() {
                question.says(format!("Only in area code {area_code}: what it does not have is not bought."))
            } else {
                let question = question.says(format!("Where {area_code} has none, other area codes will do."));
                question.hidden("fallback", "true")
            }
        }
    };
    question.can_go = would > 0;
    if thought.override_caps {
        question = question
            .warns("This order goes beyond the spend caps, which do not hold it up.")
            .hidden("override_caps", "true");
    }
    let area_code = thought.area_code.map(|code| code.to_string()).unwrap_or_default();
    Ok(question
        .button(button(&plan))
        .hidden("count", would.to_string())
        .hidden("area_code", area_code)
        .hidden("pool", thought.pool.map(|pool| pool.to_string()).unwrap_or_default())
        // Sent twice, it is one order.
        .hidden("order", Uuid::new_v4().to_string()))
}

fn wrong_count() -> Problem {
    Problem::invalid_field("count", format!("must be 1 to {COUNT_MAX}"))
}

fn button(plan: &Plan) -> String {
    let would = counted(plan.planned.would_purchase.into(), "number");
    match &plan.planned.monthly_cost {
        Some(cost) => {
            format!("Buy {would} for {} {cost} a month", plan.planned.price_unit.as_deref().unwrap_or_default())
        }
        None => format!("Buy {would}"),
    }
}

pub(super) async fn perform(services: &Services, request: &Request) -> Result<Told, Problem> {
    let body = PurchaseBody {
        count: required("count", request.form("count").map_err(|_| wrong_count())?)?,
        area_code: request.form("area_code")?,
        country: None,
        pool: request.form("pool")?,
        fallback: request.form("fallback")?.unwrap_or(false),
        override_caps: request.form("override_caps")?.unwrap_or(false),
    };
    let order = request.form_text("order").filter(|order| !order.is_empty());
    let key = order.map(|order| order_key("order", format!("dashboard {order}").as_bytes())).transpose()?;
    let ordered = purchase(services, &request.caller(), body, key, Asker::GoesOn).await?;
    Ok(told(&ordered))
}

/// An order that goes on is told at its end; one that was there before and has ended is no news.
fn told(ordered: &Ordered) -> Told {
    let (text, record) = (placed(ordered), &ordered.record);
    match (ordered.was_there, record.order.state.has_ended(), record.outcome()) {
        (_, false, _) => Told::ordered(record.order.id, text),
        (false, true, OrderOutcome::Partly) => Told::partly(text),
        (false, true, OrderOutcome::NothingBought) => Told::not_done(ProblemCode::Unavailable, text),
        (false, true, OrderOutcome::Unconfirmed) => Told::ordered(record.order.id, text),
        (true, true, _) | (false, true, _) => Told::done(text),
    }
}

/// What became of an order; an old form that is sent again finds the order that it placed.
fn placed(Ordered { record, was_there }: &Ordered) -> String {
    let (wanted, bought) = (record.order.wish.count, record.numbers.len());
    let order = counted(wanted.into(), "number");
    match (was_there, record.order.state.has_ended()) {
        (false, false) => format!("The purchase of {order} has begun; it goes on whether you watch or not."),
        (false, true) => format!("The purchase of {order} has begun and ended: {bought} of {wanted} bought."),
        (true, false) => format!(
            "This order was placed before and goes on: {bought} of {wanted} bought so far. No second one was placed."
        ),
        (true, true) => {
            format!("This order was placed before: {bought} of {wanted} bought. Nothing was bought now.")
        }
    }
}
