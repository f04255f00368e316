//! Webhooks set on every number that differs: one deliberate act, which also makes them what the pool wants.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::context::{Context, shutting_down};
use super::super::{About, Outcome, Problem, ProblemCode, Request, RequestBody, json_response};
use crate::domain::PhoneNumber;
use crate::pool_monitor::{BrokeOff, ConfigureError, ConfigureReport, configure_webhooks};

const NUMBERS_MAX: usize = 1000;

#[derive(Deserialize, utoipa::ToSchema)]
struct ConfigureBody {
    #[schema(max_items = 1000)]
    phone_numbers: Option<Vec<PhoneNumber>>,
}

impl RequestBody for ConfigureBody {
    const FIELDS: &'static [&'static str] = &["phone_numbers"];
}

pub(crate) async fn configure(context: Arc<Context>, request: Request) -> Outcome {
    let body: ConfigureBody = request.json()?;
    let only = match body.phone_numbers {
        Some(numbers) if numbers.len() > NUMBERS_MAX => {
            return Err(Problem::invalid_field("phone_numbers", format!("at most {NUMBERS_MAX} at a time")));
        }
        numbers => numbers.map(|numbers| numbers.iter().map(ToString::to_string).collect()),
    };
    let wanted = context.config.load().webhooks.webhooks();
    let working = Arc::clone(&context);
    // Whoever hangs up leaves no half-configured fleet behind.
    let carried = tokio::spawn(async move { configure_webhooks(&working.caring, wanted, only).await });
    match carried.await.map_err(|_panicked| Problem::internal())? {
        Ok(report) => json_response(StatusCode::OK, &report),
        Err(broke_off) => Err(problem(&context, &broke_off)),
    }
}

pub(crate) fn about() -> About {
    About::new("configure_webhooks", "Numbers", "Sets the webhooks on every number that differs, or on the given ones")
        .text("Also makes this instance's webhooks the ones that all instances want.")
        .body::<ConfigureBody>(json!({"phone_numbers": ["+14155550100"]}))
        .answer::<ConfigureReport>(
            "What was set.",
            json!({"checked": 23, "configured": 1, "failed": [
            {"phone_number": "+14155550102", "code": "missing", "message": "Twilio does not know it any more"}]}),
        )
        .refuses(ProblemCode::Unavailable, "Twilio does not answer; `report` has what was done until then.")
        .refuses(ProblemCode::Halted, "Twilio refuses the account; `report` has what was done until then.")
        .refuses(ProblemCode::ShuttingDown, "This instance stops; `report` has what was done until then.")
}

fn problem(context: &Context, broke_off: &BrokeOff) -> Problem {
    let problem = match &broke_off.error {
        ConfigureError::Stopping => shutting_down(),
        ConfigureError::Database(error) => context.database_problem(error),
        ConfigureError::Twilio(failure) => {
            slog::error!(context.log, "configuring webhooks broke off because of Twilio";
                "cause" => failure.for_log(), "twilio_code" => failure.twilio_code(), "request_id" => failure.request_id());
            if failure.halts() {
                let detail = format!(
                    "Twilio refuses the account ({failure}), so buying is halted. Mend it there, then resume and configure again."
                );
                Problem::new(ProblemCode::Halted, detail).retry_after(Duration::from_secs(60))
            } else {
                let detail = format!(
                    "It broke off because of Twilio ({failure}). What was done until then is in the report; try again."
                );
                Problem::new(ProblemCode::Unavailable, detail).retry_after(Duration::from_secs(10))
            }
        }
    };
    problem.with("report", serde_json::to_value(&broke_off.report).unwrap_or(Value::Null))
}
