//! An order that stands in the ledger: told, and ended early by somebody's word.
//!
//! How to get it wrong: cancelling by asking whoever buys. It may be another instance, or nobody; the order's row decides.

use std::sync::Arc;

use uuid::Uuid;

use super::document::document;
use crate::api::services::Services;
use crate::db::purchases::record::PurchaseRecord;
use crate::db::purchases::{Cancel, purchase_cancel};
use crate::domain::OrderState;
use crate::http::{Problem, ProblemCode};
use crate::purchaser::Untold;
use crate::routing::{Caller, Outcome, Request, answer};

fn unknown_order() -> Problem {
    Problem::not_found("There is no purchase with this id.")
}

/// An order as it stands.
pub(crate) async fn record(services: &Services, id: Uuid) -> Result<PurchaseRecord, Problem> {
    services.orders.record(id).await.map_err(|error| match error {
        Untold::Gone => unknown_order(),
        Untold::Database(error) => services.database_problem(&error),
        Untold::BrokeOff(_) | Untold::Panicked => Problem::internal(),
    })
}

pub(crate) async fn handle_show(services: Arc<Services>, request: Request) -> Outcome {
    let id: Uuid = request.param_text("id").parse().map_err(|_| unknown_order())?;
    answer(record(&services, id).await.map(|record| document(&record)))
}

/// Cancels an order, if there is still something to cancel, and tells how it stands.
pub(crate) async fn cancel(services: &Services, caller: &Caller, id: Uuid) -> Result<PurchaseRecord, Problem> {
    caller.note("purchase_id", id.to_string());
    let by = caller.name();
    let cancelled = services.read("purchase_cancel", move |conn| purchase_cancel(conn, id, &by)).await?;
    match cancelled.ok_or_else(unknown_order)? {
        Cancel::Ended(order) => {
            services.telemetry.purchase_ended(&order.wish.pool, order.wish.trigger, OrderState::Stopped);
            slog::info!(services.log, "an order was cancelled before it bought on"; "order" => id.to_string(), "by" => caller.name());
        }
        Cancel::Ends(_) => {
            slog::info!(services.log, "an order was cancelled; what is on its way is settled"; "order" => id.to_string(),
                "by" => caller.name());
        }
        Cancel::Over(_) => {}
        Cancel::Automatic => {
            return Err(Problem::new(
                ProblemCode::AutomaticOrder,
                "The pool placed this order itself, and would place the same again at its next check: pause automatic \
                 buying instead, which also ends this one.",
            ));
        }
    }
    record(services, id).await
}

pub(crate) async fn handle_cancel(services: Arc<Services>, request: Request) -> Outcome {
    let id: Uuid = request.param_text("id").parse().map_err(|_| unknown_order())?;
    answer(cancel(&services, &request.caller(), id).await.map(|record| document(&record)))
}
