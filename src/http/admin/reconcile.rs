//! A comparison with Twilio, set off by an operator.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::context::{Context, shutting_down, unavailable};
use super::super::{About, Outcome, Problem, ProblemCode, Request, RequestBody, json_response};
use crate::reconciliation::{Reconciled, Report, Trouble};

#[derive(Deserialize, utoipa::ToSchema)]
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

pub(crate) fn about() -> About {
    About::new("reconcile", "Numbers", "Compares Twilio's list with the database, and mends what may be mended")
        .body::<ReconcileBody>(json!({"confirm_missing": false}))
        .answer::<Report>(
            "What was found and done.",
            json!({"adopted": [], "missing": [{"phone_number": "+14155550102", "user_id": "u-3",
                    "reason": "Twilio does not know its SID any more (404)"}],
                "webhook_drift": [], "repaired": [], "foreign": 1, "foreign_numbers": [{"phone_number": "+14155550199",
                    "sid": "PNee29a63f8e79f14677214772b2cd707e", "reason": "no tag of ours"}], "ignored": 0, "conflicts": [],
                "checked": 23, "complete": true, "problem": null}),
        )
        .refuses(ProblemCode::Halted, "Twilio refuses the account; `report` tells what was done.")
        .refuses(ProblemCode::Unavailable, "Twilio's failures broke it off; `report` tells what was done.")
        .refuses(ProblemCode::ShuttingDown, "This instance is going away.")
}
