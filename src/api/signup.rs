//! The signup API: assign, look up, release.
//!
//! How to get it wrong: answering from anything but what the desk and the database say now.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::pool_named::pool_named;
use super::services::Services;
use crate::assignment::{Ask, NoNumber};
use crate::db::assignments::{Assignment, Release, assignment_of, assignment_release};
use crate::domain::{
    AreaCode, Asked, AssignmentSource, Catalog, CountryCode, Match, PhoneNumber, PoolName, SentTo, UserId,
    registering_told,
};
use crate::http::{Problem, ProblemCode, RequestBody};
use crate::routing::{About, Outcome, Request, answer};

/// How soon somebody whom an empty pool turned away may come again.
const POOL_EMPTY_RETRY_AFTER: Duration = Duration::from_secs(5);
/// The same where the carriers must know its numbers first, which takes them minutes.
const REGISTERING_RETRY_AFTER: Duration = Duration::from_secs(60);

#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct AssignBody {
    user_id: UserId,
    area_code: Option<AreaCode>,
    country: Option<CountryCode>,
    #[serde(default)]
    strict: bool,
    pool: Option<PoolName>,
    near: Option<PhoneNumber>,
}

impl RequestBody for AssignBody {
    const FIELDS: &'static [&'static str] = &["user_id", "area_code", "country", "strict", "pool", "near"];
}

/// Where a signup's number came from. Whoever programs against this knows two ways; how an operator brought a number in
/// stands in the admin's lists.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SignupSource)]
enum SignupSource {
    /// It was there.
    Pool,
    /// The user waited for it.
    Emergency,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Assignment)]
pub(crate) struct AssignmentDocument {
    user_id: UserId,
    phone_number: PhoneNumber,
    #[schema(required)]
    area_code: Option<AreaCode>,
    assigned_at: DateTime<Utc>,
    source: SignupSource,
    pool: PoolName,
    /// How near the number came to the area code that was wished for; null = nothing was wished.
    #[serde(rename = "match")]
    #[schema(required)]
    matched: Option<Match>,
    replayed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<crate::domain::NumberStatus>)]
    number_status: Option<&'static str>,
}

fn document(assignment: Assignment, replayed: bool) -> AssignmentDocument {
    AssignmentDocument {
        user_id: assignment.user_id,
        phone_number: assignment.phone_number,
        area_code: assignment.area_code,
        assigned_at: assignment.assigned_at,
        source: match assignment.source {
            AssignmentSource::Pool | AssignmentSource::Import | AssignmentSource::Adopt => SignupSource::Pool,
            AssignmentSource::Emergency => SignupSource::Emergency,
        },
        pool: assignment.pool,
        matched: assignment.matched,
        replayed,
        number_status: assignment.missing.then_some("missing"),
    }
}

/// Gives a user a number: the one that they have, one from stock, or one that is bought for them.
pub(crate) async fn assign(services: &Services, body: AssignBody) -> Result<AssignmentDocument, Problem> {
    let ask = sent(services.config.load().catalog(), body)?;
    match services.desk.assign(ask).await {
        Ok(answer) => Ok(document(answer.assignment, answer.replayed)),
        Err(NoNumber::PoolEmpty(why)) => {
            let detail = match why {
                Some(why) => format!("No available numbers in pool: {why}"),
                None => "No available numbers in pool".to_owned(),
            };
            Err(Problem::new(ProblemCode::PoolEmpty, detail).retry_after(POOL_EMPTY_RETRY_AFTER))
        }
        Err(NoNumber::Registering(count)) => {
            let detail = format!(
                "No available numbers in pool: {}, which takes minutes, and nothing is bought in their place",
                registering_told(count)
            );
            Err(Problem::new(ProblemCode::PoolEmpty, detail).retry_after(REGISTERING_RETRY_AFTER))
        }
        Err(NoNumber::AreaCodeUnavailable) => Err(Problem::new(
            ProblemCode::AreaCodeUnavailable,
            "No number of this area code is in stock; ask without \"strict\", or for another area code.",
        )),
        Err(NoNumber::CountryUnavailable(country)) => Err(Problem::new(
            ProblemCode::CountryUnavailable,
            format!(
                "No pool is of {country}, and none of it is in stock; ask without \"country\", or let an operator configure a \
                 pool of it or buy some first."
            ),
        )),
        Err(NoNumber::DatabaseUnavailable(why)) => Err(Problem::database_unavailable(why)),
        Err(NoNumber::Unavailable) => Err(Problem::unavailable()),
        Err(NoNumber::Internal) => Err(Problem::internal()),
    }
}

/// Where a signup is sent, by what it names and wishes for.
fn sent(catalog: &Catalog, body: AssignBody) -> Result<Ask, Problem> {
    let AssignBody { user_id, area_code, country, strict, pool, near } = body;
    let asked = Asked { pool, country, area_code, near, strict };
    let sent = catalog.send(&asked).map_err(|why| Problem::invalid_field(why.field(), why.to_string()))?;
    let (pool, wish, only_pool, stock_only) = match sent {
        SentTo::Pool { pool, wish, only_pool } => (pool, wish, only_pool, false),
        SentTo::StockOf { wish, .. } => (PoolName::default_pool(), wish, false, true),
    };
    // Whoever names no area code insists on none.
    let strict = strict && asked.area_code.is_some();
    Ok(Ask { user_id, pool, only_pool, wish, strict, country: asked.country, stock_only })
}

pub(crate) async fn handle_assign(services: Arc<Services>, request: Request) -> Outcome {
    let mut body: AssignBody = request.json()?;
    body.pool = pool_named(&request, body.pool)?;
    answer(assign(&services, body).await)
}

/// The number that a user has.
pub(crate) async fn assignment(services: &Services, user_id: UserId) -> Result<AssignmentDocument, Problem> {
    let held = services.read("assignment_of", move |conn| assignment_of(conn, user_id.as_str())).await?;
    held.map(|assignment| document(assignment, true)).ok_or_else(not_assigned)
}

pub(crate) async fn handle_assignment(services: Arc<Services>, request: Request) -> Outcome {
    answer(assignment(&services, request.param("user_id")?).await)
}

/// The same, of a user whom no path names: proxies decode paths, join slashes and resolve dots, and ids may hold all of these.
pub(crate) async fn handle_assignment_of(services: Arc<Services>, request: Request) -> Outcome {
    answer(assignment(&services, request.user_of_query()?).await)
}

fn not_assigned() -> Problem {
    Problem::new(ProblemCode::NotAssigned, "This user has no number; assign one with POST /signup/api/assign.")
}

#[derive(Deserialize, utoipa::ToSchema)]
struct ReleaseBody {
    user_id: UserId,
}

impl RequestBody for ReleaseBody {
    const FIELDS: &'static [&'static str] = &["user_id"];
}

/// An assignment that ended.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Release)]
pub(crate) struct ReleaseDocument {
    /// Whose it was.
    pub(crate) user_id: UserId,
    /// Which number.
    pub(crate) phone_number: PhoneNumber,
    /// When it ended.
    pub(crate) released_at: DateTime<Utc>,
    /// The number's pool.
    pub(crate) pool: PoolName,
}

impl From<Release> for ReleaseDocument {
    fn from(Release { user_id, phone_number, released_at, pool }: Release) -> Self {
        Self { user_id, phone_number, released_at, pool }
    }
}

/// Takes a user's number away.
pub(crate) async fn release(services: &Services, user_id: UserId) -> Result<ReleaseDocument, Problem> {
    let config = services.config.load_full();
    let telemetry = services.telemetry.clone();
    let released = services
        .read("assignment_release", move |conn| {
            let released = assignment_release(conn, &user_id, |pool| config.quarantine_of(pool))?;
            // Here, because a client that hangs up drops everything outside.
            released.iter().for_each(|released| telemetry.released(&released.pool));
            Ok(released)
        })
        .await?
        .ok_or_else(not_assigned)?;
    fail::fail_point!("release_done");
    Ok(released.into())
}

pub(crate) async fn handle_release(services: Arc<Services>, request: Request) -> Outcome {
    let ReleaseBody { user_id } = request.json()?;
    answer(release(&services, user_id).await)
}

fn example(replayed: bool) -> Value {
    json!({"user_id": "u-1", "phone_number": "+14155550100", "area_code": "415",
        "assigned_at": "2026-11-22T09:24:08.966769Z", "source": "pool", "pool": "default",
        "match": "exact", "replayed": replayed})
}

pub(crate) fn about_assign() -> About {
    About::new("assign", "Signup", "Gives a user a number")
        .text(
            "A user has at most one number; asking again gives the same one with `replayed`. `pool` and `country` bind; one \
             that no pool is of is served from stock, and nothing is bought there. An area code is a wish unless `strict`, and \
             `near`, the user's own number, stands for its country and area code; `match` says how near the number came: \
             `exact`, `overlay`, `region` (the same state or province) or `any`. At an empty pool the request waits for an \
             emergency purchase.",
        )
        .query::<PoolName>("pool", "From this pool, as `pool` in the body.")
        .body::<AssignBody>(json!({"user_id": "u-1", "area_code": "415"}))
        .answer::<AssignmentDocument>("The user's number, durable.", example(false))
        .refuses(ProblemCode::AreaCodeUnavailable, "`strict`, and no number of this area code is in stock.")
        .refuses(ProblemCode::CountryUnavailable, "No pool is of this country, and none of it is in stock; nothing was bought.")
        .refuses(ProblemCode::PoolEmpty, "No number came in time; `detail` says which cap, pause or halt is in the way, or how many numbers register.")
}

pub(crate) fn about_assignment() -> About {
    About::new("assignment", "Signup", "Tells a user's number")
        .text(
            "A proxy may decode a path, join its slashes or resolve its dots: behind one, ask `/signup/api/assignments?user_id=` where ids \
             hold `/`, `\\` or `.`.",
        )
        .path::<UserId>("user_id", "Whose.")
        .answer::<AssignmentDocument>("The user's number; `replayed` is true.", example(true))
        .refuses(ProblemCode::NotAssigned, "The user has no number.")
}

pub(crate) fn about_assignment_of() -> About {
    About::new("assignment_of", "Signup", "Tells a user's number, whatever their id holds")
        .text("The same answer as with the id in the path, which some proxies change.")
        .required_query::<UserId>("user_id", "Whose.")
        .answer::<AssignmentDocument>("The user's number; `replayed` is true.", example(true))
        .refuses(ProblemCode::UnknownField, "There is no such parameter.")
        .refuses(ProblemCode::NotAssigned, "The user has no number.")
}

pub(crate) fn about_release() -> About {
    About::new("release", "Signup", "Takes a user's number away")
        .text("It rests for the `quarantine_hours` of its pool; its own user gets it back at once.")
        .body::<ReleaseBody>(json!({"user_id": "u-1"}))
        .answer::<ReleaseDocument>(
            "It rests.",
            json!({"user_id": "u-1", "phone_number": "+14155550100", "released_at": "2026-11-22T09:24:08.998376Z",
                "pool": "default"}),
        )
        .refuses(ProblemCode::NotAssigned, "The user has no number.")
}
