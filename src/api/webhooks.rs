//! Webhooks set on every number that differs: one deliberate act, which also makes them what the pool wants.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::astray::astray;
use super::pool_named::pool_named;
use super::services::Services;
use crate::domain::{PhoneNumber, PoolName};
use crate::http::{Problem, ProblemCode, RequestBody};
use crate::pool_monitor::{BrokeOff, ConfigureError, ConfigureReport, Which, configure_webhooks};
use crate::routing::{About, Outcome, Request, answer};
use crate::twilio::hide_numbers;

const NUMBERS_MAX: usize = 1000;

#[derive(Deserialize, utoipa::ToSchema)]
struct ConfigureBody {
    #[schema(max_items = 1000)]
    phone_numbers: Option<Vec<PhoneNumber>>,
    pool: Option<PoolName>,
}

impl RequestBody for ConfigureBody {
    const FIELDS: &'static [&'static str] = &["phone_numbers", "pool"];
}

/// What was set, and what could not be.
pub(crate) type Document = ConfigureReport;

/// Sets this instance's webhooks on every number that differs, of one pool or of all, or on these.
pub(crate) async fn configure(
    services: &Arc<Services>,
    pool: Option<PoolName>,
    only: Option<Vec<PhoneNumber>>,
) -> Result<Document, Problem> {
    let only = match only {
        Some(numbers) if numbers.len() > NUMBERS_MAX => {
            return Err(Problem::invalid_field("phone_numbers", format!("at most {NUMBERS_MAX} at a time")));
        }
        numbers => numbers.map(|numbers| numbers.iter().map(ToString::to_string).collect()),
    };
    let config = services.config.load_full();
    pool.as_ref().map(|pool| config.catalog().known(pool)).transpose().map_err(astray)?;
    let ours = config.webhooks_by_pool();
    let working = Arc::clone(services);
    // Whoever hangs up leaves no half-configured fleet behind.
    let carried = services
        .runtime
        .spawn(async move { configure_webhooks(&working.configurer, ours, Which { pool, only }).await });
    let configured = carried.await.map_err(|_panicked| Problem::internal())?;
    configured.map_err(|broke_off| problem(services, &broke_off))
}

pub(crate) async fn handle(services: Arc<Services>, request: Request) -> Outcome {
    let ConfigureBody { phone_numbers, pool } = request.json()?;
    answer(configure(&services, pool_named(&request, pool)?, phone_numbers).await)
}

pub(crate) fn about() -> About {
    About::new("configure_webhooks", "Numbers", "Sets the webhooks on every number that differs, or on the given ones")
        .text(
            "Also makes this instance's webhooks the ones that all instances want, for one pool or for each. Numbers of a pool \
             that is configured no more get those that were wanted last.",
        )
        .query::<PoolName>("pool", "Only of this pool, as `pool` in the body.")
        .body::<ConfigureBody>(json!({"phone_numbers": ["+14155550100"]}))
        .answer::<Document>(
            "What was set.",
            json!({"checked": 23, "configured": 1, "failed": [
            {"phone_number": "+14155550102", "pool": "default", "code": "missing", "message": "Twilio does not know it any more"}]}),
        )
        .refuses(
            ProblemCode::TwilioRefused,
            "The account does not have the application or the trunk that a pool names. An application is looked up first, and \
             nothing was changed; with a trunk, `report` has what was done until then.",
        )
        .refuses(ProblemCode::Unavailable, "Twilio does not answer; `report` has what was done until then.")
        .refuses(ProblemCode::Halted, "Twilio refuses the account; `report` has what was done until then.")
        .refuses(ProblemCode::ShuttingDown, "This instance stops; `report` has what was done until then.")
}

fn problem(services: &Services, broke_off: &BrokeOff) -> Problem {
    let problem = match &broke_off.error {
        ConfigureError::Stopping => Problem::shutting_down(),
        ConfigureError::Database(error) => services.database_problem(error),
        ConfigureError::NoTarget { needs, message } => {
            slog::error!(services.log, "configuring webhooks broke off: what numbers shall lead to is not in the account"; "needs" => needs,
                "cause" => hide_numbers(message));
            let detail =
                format!("{needs} names what is not in the account ({message}). Set it, reload and configure again.");
            Problem::new(ProblemCode::TwilioRefused, detail)
        }
        ConfigureError::Twilio(failure) => {
            slog::error!(services.log, "configuring webhooks broke off because of Twilio";
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
    let problem = if broke_off.report.configured > 0 { problem.in_part() } else { problem };
    problem.with("report", serde_json::to_value(&broke_off.report).unwrap_or(Value::Null))
}
