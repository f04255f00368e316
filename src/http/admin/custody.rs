//! One number adopted, ignored, or given back to Twilio, by an operator's word.
//!
//! How to get it wrong: working in the handler's own future. A client that hangs up would leave a number in between; all
//! of it can be repeated, but nobody would.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::context::{Context, shutting_down};
use super::super::{Outcome, Problem, ProblemCode, Request, RequestBody, json_response};
use crate::custody::{Custody, CustodyError};
use crate::db::custody::number_quarantine_reason;
use crate::db::numbers::{NumberLine, number_line};
use crate::domain::{PhoneNumber, UserId};

#[derive(Deserialize)]
struct AdoptBody {
    user_id: Option<UserId>,
}

impl RequestBody for AdoptBody {
    const FIELDS: &'static [&'static str] = &["user_id"];
}

#[derive(Deserialize)]
struct NoFields {}

impl RequestBody for NoFields {
    const FIELDS: &'static [&'static str] = &[];
}

/// A line of the list, and why the number rests.
#[derive(Serialize)]
struct NumberDocument {
    #[serde(flatten)]
    line: NumberLine,
    quarantine_reason: Option<String>,
}

pub(crate) async fn adopt(context: Arc<Context>, request: Request) -> Outcome {
    let (number, by) = asked(&context, &request)?;
    let AdoptBody { user_id } = request.json()?;
    let id = apart(&context, move |custody| async move { custody.adopt(&number, user_id.as_ref(), &by).await }).await?;
    document(&context, id).await
}

pub(crate) async fn ignore(context: Arc<Context>, request: Request) -> Outcome {
    let (number, by) = asked(&context, &request)?;
    let NoFields {} = request.json()?;
    let wanted = number.clone();
    let sid = apart(&context, move |custody| async move { custody.ignore(&wanted, &by).await }).await?;
    json_response(StatusCode::OK, &json!({ "phone_number": number, "sid": sid, "status": "ignored" }))
}

pub(crate) async fn release_to_twilio(context: Arc<Context>, request: Request) -> Outcome {
    let (number, by) = asked(&context, &request)?;
    let NoFields {} = request.json()?;
    let id = apart(&context, move |custody| async move { custody.give_back(&number, &by).await }).await?;
    document(&context, id).await
}

/// Which number, and who asks.
fn asked(context: &Context, request: &Request) -> Result<(PhoneNumber, String), Problem> {
    if context.is_stopping() {
        return Err(shutting_down());
    }
    Ok((request.param("phone_number")?, who(request)))
}

pub(super) fn who(request: &Request) -> String {
    request.who().map(|who| who.fingerprint.as_str().to_owned()).unwrap_or_default()
}

/// Works in a task of its own, to its end whoever listens.
pub(super) async fn apart<T, F, W>(context: &Arc<Context>, work: W) -> Result<T, Problem>
where
    T: Send + 'static,
    F: Future<Output = Result<T, CustodyError>> + Send + 'static,
    W: FnOnce(Custody) -> F,
{
    let worked = tokio::spawn(work(context.custody())).await.map_err(|_panicked| Problem::internal())?;
    worked.map_err(|error| problem(context, &error))
}

async fn document(context: &Context, id: i64) -> Outcome {
    let read = context.read("number_line", move |conn| {
        let Some(line) = number_line(conn, id)? else { return Ok(None) };
        Ok(Some(NumberDocument { line, quarantine_reason: number_quarantine_reason(conn, id)? }))
    });
    match read.await? {
        Some(number) => json_response(StatusCode::OK, &number),
        None => Err(Problem::internal()),
    }
}

fn problem(context: &Context, error: &CustodyError) -> Problem {
    let code = match error {
        CustodyError::Database(error) => return context.database_problem(error),
        // Logged here; the detail says how far it came.
        CustodyError::BrokeOff { error, .. } => context.database_problem(error).code(),
        CustodyError::NotInAccount | CustodyError::NotOurs | CustodyError::Gone => ProblemCode::NotFound,
        CustodyError::NumberAssigned | CustodyError::AnotherUsers | CustodyError::UserHasAnother => {
            ProblemCode::Assigned
        }
        CustodyError::Leaving
        | CustodyError::BeingBought
        | CustodyError::AnotherEnvironments(_)
        | CustodyError::Withdrawn => ProblemCode::Locked,
        CustodyError::Owned | CustodyError::AnotherSid => ProblemCode::Owned,
        CustodyError::Refused(_) => ProblemCode::TwilioRefused,
        CustodyError::NotAsked(_) | CustodyError::Held(_) | CustodyError::StillLeaving(_) => ProblemCode::Unavailable,
    };
    let problem = Problem::new(code, error.to_string());
    let problem = match error {
        CustodyError::Refused(failure) => {
            problem.with("twilio_code", failure.twilio_code()).with("twilio_request_id", failure.request_id())
        }
        _ => problem,
    };
    if code.status() == StatusCode::SERVICE_UNAVAILABLE { problem.retry_after(Duration::from_secs(5)) } else { problem }
}
