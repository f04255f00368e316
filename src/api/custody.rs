//! One number adopted, ignored, or given back to Twilio, by an operator's word.
//!
//! How to get it wrong: working in the handler's own future. A client that hangs up would leave a number in between; all
//! of it can be repeated, but nobody would.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::astray::astray;
use super::lists::ignored::IgnoredView;
use super::numbers::NumberView;
use super::pool_named::pool_named;
use super::services::Services;
pub(crate) use crate::custody::{AtTwilio, Seen};
use crate::custody::{Custody, CustodyError};
use crate::db::ignored_numbers::number_unignore;
use crate::db::numbers::{OwnedNumber, Stuck, number_owned, number_read};
use crate::domain::{NumberSid, NumberStatus, PhoneNumber, PoolName, UserId};
use crate::http::{Problem, ProblemCode, RequestBody};
use crate::routing::{About, Caller, Outcome, Request, answer};

#[derive(Deserialize, utoipa::ToSchema)]
struct AdoptBody {
    user_id: Option<UserId>,
    pool: Option<PoolName>,
}

impl RequestBody for AdoptBody {
    const FIELDS: &'static [&'static str] = &["user_id", "pool"];
}

#[derive(Deserialize, utoipa::ToSchema)]
struct MoveBody {
    /// Required, unless the query says it.
    pool: Option<PoolName>,
}

impl RequestBody for MoveBody {
    const FIELDS: &'static [&'static str] = &["pool"];
}

/// The body of an act that takes nothing beside its number.
#[derive(Deserialize, utoipa::ToSchema)]
pub(super) struct NoFields {}

impl RequestBody for NoFields {
    const FIELDS: &'static [&'static str] = &[];
}

/// A line of the list.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = KeptNumber)]
pub(crate) struct NumberDocument {
    #[serde(flatten)]
    pub(crate) view: NumberView,
}

impl From<OwnedNumber> for NumberDocument {
    fn from(number: OwnedNumber) -> Self {
        Self { view: number.into() }
    }
}

/// A number that the account has through us now.
pub(super) async fn ours(services: &Services, number: PhoneNumber) -> Result<OwnedNumber, Problem> {
    let found = services.read("number_owned", move |conn| number_owned(conn, &number)).await?;
    found
        .filter(|found| found.status() != NumberStatus::Released)
        .ok_or_else(|| Problem::not_found("This number is not ours; adopt takes one of the account in."))
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = IgnoredNumber)]
pub(crate) struct Ignored {
    phone_number: PhoneNumber,
    sid: NumberSid,
    /// `ignored`
    status: &'static str,
}

/// Whose a number is, here and at Twilio, now.
pub(crate) async fn look(services: &Services, number: &PhoneNumber) -> Result<Seen, Problem> {
    services.custody.whose(number).await.map_err(|error| problem(services, &error))
}

/// Makes a number of the account ours, in stock or this user's; without a pool, of the first of its kind.
pub(crate) async fn adopt(
    services: &Arc<Services>,
    caller: &Caller,
    number: PhoneNumber,
    user_id: Option<UserId>,
    pool: Option<PoolName>,
) -> Result<NumberDocument, Problem> {
    let by = caller.name();
    let adopt =
        move |custody: Custody| async move { custody.adopt(&number, user_id.as_ref(), pool.as_ref(), &by).await };
    let id = apart(services, adopt).await?;
    document(services, id).await
}

/// Moves a number of ours into this pool; whoever has it keeps it.
pub(crate) async fn move_to_pool(
    services: &Arc<Services>,
    caller: &Caller,
    number: PhoneNumber,
    pool: PoolName,
) -> Result<NumberDocument, Problem> {
    let by = caller.name();
    let id = apart(services, move |custody| async move { custody.move_to_pool(&number, &pool, &by).await }).await?;
    document(services, id).await
}

/// Remembers not to tell of a number of the account.
pub(crate) async fn ignore(services: &Arc<Services>, caller: &Caller, number: PhoneNumber) -> Result<Ignored, Problem> {
    let (wanted, by) = (number.clone(), caller.name());
    let sid = apart(services, move |custody| async move { custody.ignore(&wanted, &by).await }).await?;
    Ok(Ignored { phone_number: number, sid, status: "ignored" })
}

/// Lets comparisons name a number again; as it was ignored.
pub(crate) async fn unignore(
    services: &Services,
    caller: &Caller,
    number: PhoneNumber,
) -> Result<IgnoredView, Problem> {
    let last_four = number.last_four().to_owned();
    let was = services.read("number_unignore", move |conn| number_unignore(conn, &number)).await?;
    let was = was.ok_or_else(|| Problem::not_found("This number is not ignored; there is nothing to undo."))?;
    slog::info!(services.log, "a number of the account is ignored no more"; "phone_number_ends" => last_four, "by" => caller.name());
    Ok(was.into())
}

/// Gives a number back to Twilio, for ever.
pub(crate) async fn release_to_twilio(
    services: &Arc<Services>,
    caller: &Caller,
    number: PhoneNumber,
) -> Result<NumberDocument, Problem> {
    let by = caller.name();
    let id = apart(services, move |custody| async move { custody.release_to_twilio(&number, &by).await }).await?;
    document(services, id).await
}

pub(crate) async fn handle_adopt(services: Arc<Services>, request: Request) -> Outcome {
    let number = request.param("phone_number")?;
    let AdoptBody { user_id, pool } = request.json()?;
    let pool = pool_named(&request, pool)?;
    answer(adopt(&services, &request.caller(), number, user_id, pool).await)
}

pub(crate) async fn handle_move(services: Arc<Services>, request: Request) -> Outcome {
    let number = request.param("phone_number")?;
    let MoveBody { pool } = request.json()?;
    let pool = pool_named(&request, pool)?.ok_or_else(|| Problem::invalid_field("pool", "is required"))?;
    answer(move_to_pool(&services, &request.caller(), number, pool).await)
}

pub(crate) async fn handle_ignore(services: Arc<Services>, request: Request) -> Outcome {
    let number = request.param("phone_number")?;
    let NoFields {} = request.json()?;
    answer(ignore(&services, &request.caller(), number).await)
}

pub(crate) async fn handle_unignore(services: Arc<Services>, request: Request) -> Outcome {
    let number = request.param("phone_number")?;
    let NoFields {} = request.json()?;
    answer(unignore(&services, &request.caller(), number).await)
}

pub(crate) async fn handle_release_to_twilio(services: Arc<Services>, request: Request) -> Outcome {
    let number = request.param("phone_number")?;
    let NoFields {} = request.json()?;
    answer(release_to_twilio(&services, &request.caller(), number).await)
}

/// Works in a task of its own, to its end whoever listens; the daemon's end waits for it.
pub(crate) async fn apart<T, F, W>(services: &Arc<Services>, work: W) -> Result<T, Problem>
where
    T: Send + 'static,
    F: Future<Output = Result<T, CustodyError>> + Send + 'static,
    W: FnOnce(Custody) -> F,
{
    if services.is_stopping() {
        return Err(Problem::shutting_down());
    }
    let working = services.custody_tasks.spawn_on(work(services.custody.clone()), &services.runtime);
    let worked = working.await.map_err(|_panicked| Problem::internal())?;
    worked.map_err(|error| problem(services, &error))
}

async fn document(services: &Services, id: i64) -> Result<NumberDocument, Problem> {
    let number = services.read("number_read", move |conn| number_read(conn, id)).await?;
    number.map(Into::into).ok_or_else(Problem::internal)
}

fn problem(services: &Services, error: &CustodyError) -> Problem {
    let code = match error {
        CustodyError::Database(error) => return services.database_problem(error),
        CustodyError::Astray(why) => return astray(why.clone()),
        // Logged here; the detail says how far it came.
        CustodyError::BrokeOff { error, .. } => services.database_problem(error).code(),
        CustodyError::NotInAccount | CustodyError::NotOurs | CustodyError::Gone => ProblemCode::NotFound,
        CustodyError::NumberAssigned | CustodyError::AnotherUsers | CustodyError::UserHasAnother => {
            ProblemCode::Assigned
        }
        CustodyError::Protected => ProblemCode::Protected,
        CustodyError::BeingBought | CustodyError::Withdrawn => ProblemCode::Locked,
        CustodyError::Leaving | CustodyError::Stuck(Stuck::Leaving) => ProblemCode::Leaving,
        CustodyError::AnotherEnvironments(_)
        | CustodyError::InAnotherPool(_)
        | CustodyError::CannotMove { .. }
        | CustodyError::Stuck(Stuck::OnHold(_) | Stuck::Missing | Stuck::InService(_)) => ProblemCode::Conflict,
        CustodyError::UnfitForPool { .. } => ProblemCode::UnfitForPool,
        CustodyError::Owned | CustodyError::AnotherSid | CustodyError::Left => ProblemCode::Owned,
        CustodyError::MayGoOn(error) => {
            slog::error!(services.log, "a release is left open: the database failed"; "error" => error.in_full());
            ProblemCode::Unavailable
        }
        CustodyError::Refused(_) => ProblemCode::TwilioRefused,
        CustodyError::NotAsked(_)
        | CustodyError::StaysInItsPool(_)
        | CustodyError::StaysOnHold(_)
        | CustodyError::StillLeaving(_) => ProblemCode::Unavailable,
    };
    let problem = Problem::new(code, error.to_string());
    let goes_on =
        matches!(error, CustodyError::MayGoOn(_) | CustodyError::StaysOnHold(_) | CustodyError::StillLeaving(_));
    let problem = if goes_on { problem.in_part() } else { problem };
    let problem = if let CustodyError::Refused(failure) = error {
        problem.with("twilio_code", failure.twilio_code()).with("twilio_request_id", failure.request_id())
    } else {
        problem
    };
    if code.status() == StatusCode::SERVICE_UNAVAILABLE { problem.retry_after(Duration::from_secs(5)) } else { problem }
}

fn example() -> Value {
    json!({"phone_number": "+14155550100", "sid": "PNee29a63f8e79f14677214772b2cd707e", "status": "available", "area_code": "415",
        "country": "US", "webhook_status": "configured", "user_id": null, "purchased_at": "2026-11-22T11:43:33Z",
        "purchase_id": "01a20311-99aa-74e8-83b8-3d82e7c9dd68", "quarantine_reason": null, "pool": "default",
        "number_type": "local", "last_used_at": null, "last_used_source": null})
}

/// What all three have in common.
fn one_number(about: About) -> About {
    about
        .path::<PhoneNumber>("phone_number", "Which; its `+` may stand as it is.")
        .refuses(ProblemCode::NotFound, "It is not in the account, or not ours.")
        .refuses(ProblemCode::Locked, "It is being bought, or somebody else ended the release.")
        .refuses(ProblemCode::Leaving, "It is being given back to Twilio.")
        .refuses(
            ProblemCode::Conflict,
            "It carries another environment's tag, or it is not in the pool that was named, or cannot be.",
        )
        .refuses(ProblemCode::TwilioRefused, "Twilio said no; `detail` has its words.")
        .refuses(ProblemCode::Unavailable, "Twilio does not answer, or a part is restarting; the same call finishes.")
        .refuses(ProblemCode::ShuttingDown, "This instance is going away.")
}

pub(crate) fn about_adopt() -> About {
    one_number(About::new("adopt", "Numbers", "Makes a number of the account ours"))
        .text(
            "Also frees a number that is held in quarantine, gives one from stock to a user, and ends a rest early. Without \
             `pool` a newcomer goes into the first pool of its country and type, `default` first; into `default`, apart from \
             its stock, where none is.",
        )
        .query::<PoolName>("pool", "Into this pool, as `pool` in the body.")
        .body::<AdoptBody>(json!({"user_id": "u-1", "pool": "default"}))
        .answer::<NumberDocument>("The number.", example())
        .refuses(ProblemCode::Assigned, "The number or the user is spoken for.")
        .refuses(ProblemCode::UnfitForPool, "The pool wants what the number lacks; `detail` says what.")
        .refuses(ProblemCode::Owned, "The number is ours under another SID, or left under this one.")
}

pub(crate) fn about_move() -> About {
    one_number(About::new("move", "Numbers", "Moves a number of ours into another pool"))
        .text(
            "An idle, resting or assigned number; whoever has it keeps it. The pool's address, bundle and identity are set on it; \
             its webhooks at once if nobody has it, else they are told as drift. Caps do not bind. Into the pool that it is in \
             already, nothing is done.",
        )
        .query::<PoolName>("pool", "Into this pool, as `pool` in the body.")
        .body::<MoveBody>(json!({"pool": "default"}))
        .answer::<NumberDocument>("The number, in its pool.", example())
}

pub(crate) fn about_ignore() -> About {
    one_number(About::new("ignore", "Numbers", "Remembers not to tell of a number of the account"))
        .body::<NoFields>(json!({}))
        .answer::<Ignored>(
            "It is ignored.",
            json!({"phone_number": "+14155550100", "sid": "PNee29a63f8e79f14677214772b2cd707e", "status": "ignored"}),
        )
        .refuses(ProblemCode::Assigned, "The number is somebody's.")
        .refuses(ProblemCode::Owned, "The number is ours.")
}

pub(crate) fn about_unignore() -> About {
    About::new("unignore", "Numbers", "Lets comparisons name a number again that was ignored")
        .path::<PhoneNumber>("phone_number", "Which; its `+` may stand as it is.")
        .body::<NoFields>(json!({}))
        .answer::<IgnoredView>(
            "As it was ignored until now.",
            json!({"phone_number": "+14155550100", "sid": "PNee29a63f8e79f14677214772b2cd707e",
                "ignored_by": "6d843254d280", "ignored_at": "2026-11-22T11:43:33Z"}),
        )
        .refuses(ProblemCode::NotFound, "It is not ignored.")
}

pub(crate) fn about_release_to_twilio() -> About {
    one_number(About::new("release_to_twilio", "Numbers", "Gives a number back to Twilio, for ever"))
        .body::<NoFields>(json!({}))
        .answer::<NumberDocument>("The number; its status is `released`.", example())
        .refuses(ProblemCode::Protected, "An operator protects it; unprotect it first.")
        .refuses(ProblemCode::Assigned, "The number has a user.")
        .refuses(ProblemCode::Owned, "The number is ours under another SID.")
}
