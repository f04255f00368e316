//! Pause and resume: what an operator says to automatic buying, on all instances at once.
//!
//! How to get it wrong: passing on a reason as it came. People paste what they have at hand, and it may be a key.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::astray::astray;
use super::pool_named::pool_named;
use super::services::Services;
use crate::db::attachments::pool_attach_again;
use crate::db::buying_state::{BuyingState, Halted, Paused, buying_pause, buying_resume, buying_state_read};
use crate::db::pool_halts::{PoolHalt, pool_halts_of};
use crate::db::{Connection, DbError};
use crate::domain::{PoolName, Trigger};
use crate::http::{Problem, RequestBody};
use crate::routing::{About, Caller, Outcome, Request, answer};

const REASON_CHARACTERS_MAX: usize = 500;
/// Numbers that could not be attached, and are tried again by a resume of their pool; the next one tries as many.
const ATTACHED_AGAIN_MAX: i64 = 200;

#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = GateBody)]
struct PauseBody {
    #[schema(max_length = 500)]
    reason: Option<String>,
}

impl RequestBody for PauseBody {
    const FIELDS: &'static [&'static str] = &["reason"];
}

#[derive(Deserialize, utoipa::ToSchema)]
struct ResumeBody {
    #[schema(max_length = 500)]
    reason: Option<String>,
    /// End the halt of this pool, and nothing else.
    pool: Option<PoolName>,
}

impl RequestBody for ResumeBody {
    const FIELDS: &'static [&'static str] = &["reason", "pool"];
}

/// A reason as it may be kept and shown: in the database, the log, the status, pages and events.
fn checked(caller: &Caller, reason: Option<String>) -> Result<Option<String>, Problem> {
    match reason {
        Some(reason) if reason.chars().count() > REASON_CHARACTERS_MAX || reason.contains('\0') => {
            Err(Problem::invalid_field("reason", format!("must be text of at most {REASON_CHARACTERS_MAX} characters")))
        }
        reason => Ok(reason.map(|reason| caller.without_keys(&reason))),
    }
}

/// An operator stopped automatic buying.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Paused)]
pub(crate) struct PausedDocument {
    /// When.
    pub(crate) since: DateTime<Utc>,
    /// Who: the name of their key, or its fingerprint when it has none.
    pub(crate) by: String,
    /// Why, if the operator said so.
    #[schema(required)]
    pub(crate) reason: Option<String>,
}

impl From<Paused> for PausedDocument {
    fn from(Paused { since, by, reason }: Paused) -> Self {
        Self { since, by, reason }
    }
}

/// Twilio refused in a way that more calls only make worse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Halted)]
pub(crate) struct HaltedDocument {
    /// When.
    pub(crate) since: DateTime<Utc>,
    /// Twilio's error code.
    #[schema(required)]
    pub(crate) twilio_code: Option<i32>,
    /// What happened, and what to do.
    pub(crate) message: String,
    /// When the next probe may look whether Twilio accepts us again; `None` when only an operator's resume ends it.
    #[schema(required)]
    pub(crate) next_probe_at: Option<DateTime<Utc>>,
    /// The key of the configuration that a pool lacks which is halted alone; null when all buying is.
    #[schema(required)]
    pub(crate) needs: Option<String>,
    /// Twilio answers what it is asked and refuses what is to be done: looks pass, and buying halts again. Always so of a pool that is
    /// halted alone.
    pub(crate) reads_work: bool,
}

impl From<Halted> for HaltedDocument {
    fn from(Halted { since, twilio_code, message, next_probe_at, reads_work }: Halted) -> Self {
        Self { since, twilio_code, message, next_probe_at, needs: None, reads_work }
    }
}

impl From<PoolHalt> for HaltedDocument {
    fn from(PoolHalt { pool: _, since, twilio_code, message, needs, fingerprint: _ }: PoolHalt) -> Self {
        Self { since, twilio_code, message, next_probe_at: None, needs: Some(needs), reads_work: true }
    }
}

/// What keeps callbunker from buying.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Gate)]
pub(crate) struct BuyingDocument {
    #[schema(required)]
    halted: Option<HaltedDocument>,
    #[schema(required)]
    paused: Option<PausedDocument>,
    /// Each pool of the configuration, `default` first, then by name.
    pools: Vec<GateOfPool>,
}

/// Whether a pool is halted alone.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = GateOfPool)]
pub(crate) struct GateOfPool {
    pool: PoolName,
    #[schema(required)]
    halted: Option<HaltedDocument>,
}

/// Changes something about buying, and tells how it stands then: all of it, and each pool under the keys in force.
async fn change<F>(services: &Services, name: &'static str, work: F) -> Result<BuyingDocument, Problem>
where
    F: FnOnce(&mut Connection) -> Result<BuyingState, DbError> + Send + 'static,
{
    let keys = services.config.load().keys();
    let work = move |conn: &mut Connection| {
        let buying = work(conn)?;
        let halts = pool_halts_of(conn, &keys)?;
        Ok((buying, keys, halts))
    };
    let (buying, keys, mut halts) = services.read(name, work).await?;
    services.telemetry.buying(buying.paused.is_some(), buying.halted.is_some());
    let pools = keys.into_iter().map(|keys| {
        let halt = halts.remove(&keys.pool);
        services.telemetry.pool_halted(&keys.pool, halt.is_some());
        GateOfPool { pool: keys.pool, halted: halt.map(Into::into) }
    });
    let pools = pools.collect();
    Ok(BuyingDocument { halted: buying.halted.map(Into::into), paused: buying.paused.map(Into::into), pools })
}

/// Stops all automatic buying.
pub(crate) async fn pause(
    services: &Services,
    caller: &Caller,
    reason: Option<String>,
) -> Result<BuyingDocument, Problem> {
    let (reason, by) = (checked(caller, reason)?, caller.name());
    slog::warn!(services.log, "automatic buying is paused"; "by" => &by, "reason" => reason.clone());
    change(services, "buying_pause", move |conn| buying_pause(conn, &by, reason.as_deref())).await
}

/// Lets it go on, and looks at once.
pub(crate) async fn resume(
    services: &Services,
    caller: &Caller,
    reason: Option<String>,
) -> Result<BuyingDocument, Problem> {
    let (reason, by) = (checked(caller, reason)?, caller.name());
    slog::warn!(services.log, "automatic buying is resumed"; "by" => by, "reason" => reason);
    let now = change(services, "buying_resume", buying_resume).await?;
    services.monitor.activate(Trigger::Threshold);
    Ok(now)
}

/// Ends what halts one pool: what it lacked is there now, also of what its numbers are attached to. A pause and a halt of the account stay.
pub(crate) async fn resume_pool(
    services: &Services,
    caller: &Caller,
    pool: PoolName,
    reason: Option<String>,
) -> Result<BuyingDocument, Problem> {
    let (reason, by) = (checked(caller, reason)?, caller.name());
    services.config.load().catalog().known(&pool).map_err(astray)?;
    slog::warn!(services.log, "a pool is resumed"; "pool" => pool.as_str(), "by" => by, "reason" => reason);
    let resumed = pool.clone();
    let resume = move |conn: &mut Connection| {
        pool_attach_again(conn, &resumed, ATTACHED_AGAIN_MAX)?;
        buying_state_read(conn)
    };
    let now = change(services, "pool_resume", resume).await?;
    services.monitor.resumed(&pool);
    Ok(now)
}

pub(crate) async fn handle_pause(services: Arc<Services>, request: Request) -> Outcome {
    let PauseBody { reason } = request.json()?;
    answer(pause(&services, &request.caller(), reason).await)
}

pub(crate) async fn handle_resume(services: Arc<Services>, request: Request) -> Outcome {
    let ResumeBody { reason, pool } = request.json()?;
    let caller = request.caller();
    answer(match pool_named(&request, pool)? {
        Some(pool) => resume_pool(&services, &caller, pool, reason).await,
        None => resume(&services, &caller, reason).await,
    })
}

pub(crate) fn about_pause() -> About {
    About::new("pause", "Pool", "Stops all automatic buying, emergencies included, on all instances")
        .body::<PauseBody>(json!({"reason": "lunch"}))
        .answer::<BuyingDocument>(
            "It is paused.",
            json!({"halted": null, "paused": {"since": "2026-11-22T12:12:58.648702Z", "by": "6d843254d280", "reason": "lunch"},
                "pools": [{"pool": "default", "halted": null}]}),
        )
}

pub(crate) fn about_resume() -> About {
    About::new("resume", "Pool", "Lets automatic buying go on, looks at once, and ends a halt")
        .text("With `pool` it ends the halt of this pool alone, and nothing else; without, pools that lack something stay halted.")
        .query::<PoolName>("pool", "End the halt of this pool alone, as `pool` in the body.")
        .body::<ResumeBody>(json!({}))
        .answer::<BuyingDocument>("It goes on.", json!({"halted": null, "paused": null, "pools": [{"pool": "default", "halted": null}]}))
}
