//! A comparison with Twilio, set off by an operator.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::super::context::{Context, shutting_down, unavailable};
use super::super::{Outcome, Problem, ProblemCode, Request, RequestBody, json_response};
use crate::reconciliation::{Reconciled, Report, Trouble};

#[derive(Deserialize)]
struct ReconcileBody {
    #[serde(default)]
    confirm_missing: bool,
}

impl RequestBody for ReconcileBody {
    const FIELDS: &'static [&'static str] = &["confirm_missing"];
}

pub(crate) async fn reconcile(context: Arc<Context>, request: Request) -> Outcome {
    let body: ReconcileBody = request.json()?;
    if context.is_stopping() {
        return Err(shutting_down());
    }
    match context.reconciler.by_hand(body.confirm_missing).await {
        Ok(Reconciled::Done(report)) => json_response(StatusCode::OK, &report),
        Ok(Reconciled::BrokeOff(report, trouble)) => Err(broke_off(&context, &report, &trouble)),
        // One by hand is never skipped.
        Ok(Reconciled::Skipped(_)) | Err(_) => Err(unavailable()),
    }
}

fn broke_off(context: &Context, report: &Report, trouble: &Trouble) -> Problem {
    let problem = match trouble {
        Trouble::Stopping => shutting_down(),
        Trouble::Database(error) => context.database_problem(error),
        Trouble::Twilio(failure) if trouble.refuses_the_account() => Problem::new(
            ProblemCode::Halted,
            format!("Twilio refuses the account ({failure}), so buying is halted. Mend it there, then resume and compare again."),
        )
        .retry_after(Duration::from_secs(60)),
        Trouble::Twilio(failure) => Problem::new(
            ProblemCode::Unavailable,
            format!("The comparison broke off because of Twilio ({failure}). What was done until then is in the report; compare again."),
        )
        .retry_after(Duration::from_secs(10)),
    };
    problem.with("report", serde_json::to_value(report).unwrap_or(Value::Null))
}
