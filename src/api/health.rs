//! `/healthz` and `/readyz`.
//!
//! Everybody may ask for readiness, so those who ask share their looks at the database; and while they wait for one, they
//! hold no slot that somebody else needs.
//! How to get it wrong: letting readiness hang with the database; `Db::run` answers in time. Or telling what was seen before
//! somebody asked: whoever has just resumed buying wants to see it.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::services::Services;
use super::single_flight::SingleFlight;
use crate::access::Access;
use crate::attention::{Limits, attachment_warnings, boost_warnings, named_warnings, release_warning};
use crate::db::alerts::{alerts_untold, money_warnings};
use crate::db::attachments::attachments_seen;
use crate::db::buying_state::buying_state_read;
use crate::db::installation::database_now;
use crate::db::pool_wants::wants_stored;
use crate::db::purchases::holder::holder_seen;
use crate::db::releases::releases_stuck;
use crate::db::signup_look;
use crate::db::stock::stock_read_all;
use crate::domain::{PoolName, Wants};
use crate::http::{ProblemCode, json_response};
use crate::pool_monitor::is_skewed;
use crate::routing::{About, Endpoint, Outcome, Request};

#[derive(Serialize, utoipa::ToSchema)]
struct Health {
    /// `ok`
    status: &'static str,
}

/// Whether this instance wants requests.
#[derive(Serialize, utoipa::ToSchema)]
struct Readiness {
    /// What keeps it from being ready, such as `database` or `config_skew`.
    #[schema(value_type = Vec<String>)]
    failing: Vec<&'static str>,
    ready: bool,
    /// Pause, halt, a frozen holder of the purchase lock, and, by their names, `missing_of_users`, `pool_halted`,
    /// `cap_binds`, `owned_max_exceeded`, `pool_unconfigured`, `wants_skew`, `twilio_check_failed`, `attachments_stuck`, `attachments_failed`,
    /// `registrations_stuck`, `releases_stuck`, `boost_unreachable`, `sweep_stuck`, `balance_low`, `usage_mismatch`, `alerts_untold` and `events_rejected`: signups are served from stock all the same.
    warnings: Vec<String>,
}

/// Told while somebody keeps the lock and does nothing.
const FROZEN: &str = "the instance that holds the purchase lock has given no sign of life for a minute: whoever buys next takes \
                      the lock from it; look whether that process or its machine is frozen";
/// Told while a pool wants something else of its numbers than this instance is configured with: another one, or a later start, said so.
const WANTS_SKEW: &str = "wants_skew";
/// Told for a while after such events came.
const EVENTS_REJECTED: &str = "events_rejected: events came that nothing shows to be Twilio's";
/// Looks at the database are at least so far apart, however many ask.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What the database says of this instance's readiness, asked for all who want to know.
struct Readyz(SingleFlight<DatabaseReadiness>);

#[derive(Clone)]
struct DatabaseReadiness {
    failing: Option<&'static str>,
    warnings: Vec<String>,
}

impl Default for Readyz {
    fn default() -> Self {
        Self(SingleFlight::new(LOOK_EVERY))
    }
}

async fn read_readiness(services: &Services) -> DatabaseReadiness {
    let (wanted, advisory_key) = {
        let config = services.config.load();
        (config.webhooks_by_pool(), config.lock.advisory_key)
    };
    let (skewed, readings, full) = tokio::join!(
        is_skewed(&services.db, &wanted),
        // In one go: whoever asks for readiness takes no more of the database's places than signups can spare.
        services.db.run("readyz_look", move |conn| {
            // The tables that a signup needs: a server may answer for one table and not for another.
            signup_look(conn)?;
            Ok((buying_state_read(conn)?, holder_seen(conn, advisory_key)?))
        }),
        services.db.lacks_room(),
    );
    let (buying_warnings, frozen) = match readings {
        Ok((buying, holder)) => (Ok(buying.warnings()), services.holder.sees(holder.as_ref())),
        Err(error) => (Err(error), false),
    };
    let mut warnings = buying_warnings.as_ref().cloned().unwrap_or_default();
    let failing = match skewed.and_then(|skewed| buying_warnings.map(|_| skewed)) {
        Ok(_) if full || services.db.waits_for_a_standby() => Some("database"),
        Ok(false) => None,
        Ok(true) => Some("config_skew"),
        Err(error) if error.is_unavailable() => Some("database"),
        Err(_not_migrated) => Some("migrations"),
    };
    // Signups are served from stock all the same: no reason to call this instance unready.
    if frozen {
        warnings.push(FROZEN.to_owned());
    }
    if failing.is_none() {
        warnings.extend(pool_warnings(services).await);
        warnings.extend(lie_at_twilio(services).await);
        warnings.extend(boost_warnings(&services.forecaster.unreachable()));
        warnings.extend(services.sweeps.warning());
        let look = |conn: &mut crate::db::Connection| Ok((alerts_untold(conn)?, money_warnings(conn)?));
        if let Ok((untold, money)) = services.db.run("readyz_alerts", look).await {
            warnings.extend(money);
            warnings.extend(untold.warning());
        }
        let rejected = services.events_rejected.recent(Utc::now()).map(|_| EVENTS_REJECTED.to_owned());
        warnings.extend(rejected);
    }
    DatabaseReadiness { failing, warnings }
}

/// What keeps nobody from being served today. A look that fails warns of nothing, and makes nobody unready.
async fn pool_warnings(services: &Services) -> Vec<String> {
    let (limits, keys, ours) = {
        let config = services.config.load();
        let ours: Vec<(PoolName, Wants)> = config.pools().map(|(name, pool)| (name.clone(), pool.wants())).collect();
        (Limits::of(&config), config.keys(), ours)
    };
    let checked = services.twilio_checker.latest();
    let look = move |conn: &mut crate::db::Connection| Ok((stock_read_all(conn, &keys)?, wants_stored(conn)?));
    let Ok((seen, stored)) = services.db.run("readyz_stock", look).await else { return Vec::new() };
    let mut warnings = named_warnings(&limits, &seen, checked.as_deref());
    if ours.iter().any(|(pool, wants)| stored.get(pool).is_none_or(|stored| stored.wants != *wants)) {
        warnings.push(WANTS_SKEW.to_owned());
    }
    warnings
}

/// The same of what numbers shall be attached to, and of those that are on their way back.
async fn lie_at_twilio(services: &Services) -> Vec<String> {
    let look =
        |conn: &mut crate::db::Connection| Ok((attachments_seen(conn)?, releases_stuck(conn)?, database_now(conn)?));
    let Ok((seen, stuck, now)) = services.db.run("readyz_attachments", look).await else { return Vec::new() };
    let mut warnings = attachment_warnings(&seen, now);
    warnings.extend(stuck.as_ref().map(release_warning));
    warnings
}

pub(crate) async fn healthz(_services: Arc<Services>, _request: Request) -> Outcome {
    json_response(StatusCode::OK, &Health { status: "ok" })
}

/// Readiness, as a route takes it: whoever asks there shares looks.
pub(crate) fn readyz_endpoint() -> Endpoint<Services> {
    let readyz = Arc::new(Readyz::default());
    let handler = move |services, request| {
        let readyz = Arc::clone(&readyz);
        async move { answer_readyz(&readyz, services, request).await }
    };
    Endpoint::get(Access::Public, handler).about(about_readyz)
}

async fn answer_readyz(readyz: &Readyz, services: Arc<Services>, request: Request) -> Outcome {
    let held = request.hold();
    let DatabaseReadiness { failing, warnings } = readyz.0.run(|| read_readiness(&services)).await;
    drop(held);
    let mut failing: Vec<&'static str> = failing.into_iter().collect();
    failing.extend(services.health.iter().filter(|health| !health.is_well()).map(|health| health.name()));
    if services.is_stopping() {
        failing.push("shutting_down");
    }
    let ready = failing.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json_response(status, &Readiness { failing, ready, warnings })
}

pub(crate) fn about_healthz() -> About {
    About::new("healthz", "Everybody", "Tells that the process lives")
        .answer::<Health>("It lives.", json!({"status": "ok"}))
}

fn about_readyz() -> About {
    About::new("readyz", "Everybody", "Tells whether this instance wants requests")
        .answer::<Readiness>("It is ready.", json!({"failing": [], "ready": true, "warnings": []}))
        .answer_with::<Readiness>(
            StatusCode::SERVICE_UNAVAILABLE,
            "It is not ready.",
            json!({"failing": ["database"], "ready": false, "warnings": []}),
        )
        .refuses(ProblemCode::Unavailable, "Too many connections are open.")
}
