//! Webhooks set on every number that differs: one deliberate act, which also makes them what the pool wants.

use std::sync::Arc;

use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::super::context::Context;
use super::super::{About, Outcome, Problem, ProblemCode, Request, RequestBody, json_response};
use crate::domain::PhoneNumber;
use crate::pool_monitor::{ConfigureError, ConfigureReport, configure_webhooks};

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
    let carried =
        tokio::spawn(async move { configure_webhooks(&working.db, &working.twilio, &working.log, wanted, only).await });
    match carried.await.map_err(|_panicked| Problem::internal())? {
        Ok(report) => json_response(StatusCode::OK, &report),
        Err(ConfigureError::Database(error)) => Err(context.database_problem(&error)),
        Err(ConfigureError::Twilio(failure)) => {
            slog::error!(context.log, "webhooks cannot be configured: Twilio's list cannot be read";
                "cause" => failure.to_string(), "request_id" => failure.request_id());
            Err(Problem::new(
                ProblemCode::Unavailable,
                format!("Twilio's list of numbers cannot be read: {failure}. Try again."),
            ))
        }
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
        .refuses(ProblemCode::Unavailable, "Twilio's list of numbers cannot be read.")
}
