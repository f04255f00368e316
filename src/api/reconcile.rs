//! A comparison with Twilio, set off by an operator.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::services::Services;
use crate::http::{Problem, ProblemCode, RequestBody};
pub(crate) use crate::reconciliation::ChangedBy;
use crate::reconciliation::{Reconciled, Report, Trouble};
use crate::routing::{About, Outcome, Request, answer};

#[derive(Deserialize, utoipa::ToSchema)]
struct ReconcileBody {
    #[serde(default)]
    confirm_missing: bool,
}

impl RequestBody for ReconcileBody {
    const FIELDS: &'static [&'static str] = &["confirm_missing"];
}

/// What a comparison found and did.
pub(crate) type Document = Report;

/// Compares at once; `confirm_missing` = what seems to be gone all at once really is.
pub(crate) async fn reconcile(services: &Services, confirm_missing: bool) -> Result<Document, Problem> {
    if services.is_stopping() {
        return Err(Problem::shutting_down());
    }
    match services.reconciler.by_hand(confirm_missing).await {
        Ok(Reconciled::Done(report)) => Ok(report),
        Ok(Reconciled::BrokeOff(report, trouble)) => Err(broke_off(services, &report, &trouble)),
        // One by hand is never skipped.
        Ok(Reconciled::Skipped(_)) | Err(_) => Err(Problem::unavailable()),
    }
}

pub(crate) async fn handle(services: Arc<Services>, request: Request) -> Outcome {
    let ReconcileBody { confirm_missing } = request.json()?;
    answer(reconcile(&services, confirm_missing).await)
}

fn broke_off(services: &Services, report: &Report, trouble: &Trouble) -> Problem {
    let problem = match trouble {
        Trouble::Stopping => Problem::shutting_down(),
        Trouble::Database(error) => services.database_problem(error),
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
        .answer::<Document>(
            "What was found and done.",
            json!({"adopted": [], "missing": [{"phone_number": "+14155550102", "user_id": "u-3", "pool": "default",
                    "reason": "Twilio does not know its SID any more (404)"}],
                "webhook_drift": [], "attachment_drift": [], "repaired": [], "foreign": 1, "foreign_numbers": [{"phone_number": "+14155550199",
                    "sid": "PNee29a63f8e79f14677214772b2cd707e", "reason": "no tag of ours"}], "ignored": 0, "conflicts": [],
                "checked": 23, "complete": true, "problem": null}),
        )
        .refuses(ProblemCode::Halted, "Twilio refuses the account; `report` tells what was done.")
        .refuses(ProblemCode::Unavailable, "Twilio's failures broke it off; `report` tells what was done.")
        .refuses(ProblemCode::ShuttingDown, "This instance is going away.")
}
