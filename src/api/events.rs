//! `POST /twilio/events`: what Twilio says by itself of how the carriers have our numbers.
//!
//! Invariants: nothing is read before the signature is right; an event that is ours is written down, with all others of its batch,
//! before Twilio hears 200; what is about nothing of ours is 200, too, and whatever may be our fault is 503: any other answer ends it
//! for good. What was written before a 503 stands, so that a batch which is too large for its time is through sooner or later. An
//! answer comes before Twilio stops waiting for it, whatever the database does, and events never take all places at the database.
//! How to get it wrong: minding the order in which they come. Each counts by its own time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use serde::Serialize;
use serde_json::json;
use tokio::time::timeout_at;
use utoipa::openapi::schema::{ArrayBuilder, Object, Type};

use super::services::Services;
use crate::db::numbers::{Hearing, Said, registrations_hear, registrations_known};
use crate::domain::{PoolName, Registration};
use crate::http::{Exchange, Problem, ProblemCode, query_value};
use crate::routing::{About, Outcome, Request, answer};
use crate::telemetry::EventOutcome;
use crate::twilio_events::{BODY_HASH, SIGNATURE, events, heard, is_body, is_signed};

/// The most bytes of a batch.
pub(crate) const BYTES_MAX: u64 = 1024 * 1024;
/// So many batches are taken at once.
pub(crate) const AT_ONCE: usize = 16;
/// So many of them write at once; the others wait for their turn. Signups have the other places at the database.
pub(crate) const TURNS: usize = 2;
/// So many events are written at a time,
const AT_A_TIME: usize = 10;
/// for which the database may take so long.
const WITHIN: Duration = Duration::from_millis(500);
/// None are begun later than this after the batch came: Twilio waits five seconds for an answer.
const ALL_WITHIN: Duration = Duration::from_secs(3);
/// Until then Twilio tries again by itself; nobody else reads it.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// What became of a batch.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
#[schema(as = EventsTaken)]
pub(crate) struct Taken {
    /// The last word of their numbers by now.
    stored: u64,
    /// Known, or older than what is known.
    repeated: u64,
    /// About nothing of ours.
    ignored: u64,
}

impl Taken {
    fn count(&mut self, hearing: &Hearing) {
        match hearing {
            Hearing::Taken(..) => self.stored += 1,
            Hearing::Known => self.repeated += 1,
            Hearing::NotOurs | Hearing::OtherService => self.ignored += 1,
        }
    }
}

/// Whether events are taken at all.
pub(crate) fn is_served(services: &Services) -> bool {
    services.config.load().events_url().is_some()
}

/// Lets in what Twilio signed.
pub(crate) fn vouched(services: &Services, exchange: &Exchange) -> Result<(), Problem> {
    let config = services.config.load();
    let Some(url) = config.events_url() else { return Err(Problem::no_such_path()) };
    let Some(token) = &config.secrets.twilio_auth_token else {
        services.telemetry.events_came(EventOutcome::Failed, 1);
        return Err(cannot("TWILIO_AUTH_TOKEN is not given, and nothing else tells whether an event is Twilio's."));
    };
    let signature = exchange.headers().get(SIGNATURE).map_or(&b""[..], |signature| signature.as_bytes());
    let body_hash = query_value(exchange.uri(), BODY_HASH).unwrap_or_default();
    let mut addresses = services.events_before.valid();
    addresses.push(url.clone());
    // Each is tried, so that the time says nothing.
    let signed = addresses.iter().filter(|address| is_signed(address, &body_hash, signature, token)).count();
    if signed > 0 { Ok(()) } else { Err(rejected(services, "signature")) }
}

pub(crate) async fn handle(services: Arc<Services>, request: Request) -> Outcome {
    let body_hash = request.query_text(BODY_HASH).unwrap_or_default();
    if !is_body(&body_hash, request.body()) {
        return Err(rejected(&services, "body"));
    }
    let events = events(request.body()).map_err(|why| {
        services.telemetry.events_came(EventOutcome::Rejected, 1);
        slog::warn!(services.log, "events of Twilio's cannot be read, and are lost"; "error" => &why);
        Problem::new(ProblemCode::MalformedJson, format!("The body is no list of events: {why}."))
    })?;
    let (now, config) = (Utc::now(), services.config.load_full());
    let mut ours: Vec<Said> = Vec::new();
    for event in &events {
        match heard(event, &config.secrets.twilio_account_sid, now) {
            Ok(event) => ours.push(event.into()),
            Err(why) => slog::debug!(services.log, "an event is passed by"; "reason" => why.as_str()),
        }
    }
    let passed_by = (events.len() - ours.len()) as u64;
    let (mut taken, failed) = write(&services, ours).await;
    taken.ignored += passed_by;
    services.telemetry.events_came(EventOutcome::Stored, taken.stored);
    services.telemetry.events_came(EventOutcome::Repeated, taken.repeated);
    services.telemetry.events_came(EventOutcome::Ignored, taken.ignored);
    if failed > 0 {
        services.telemetry.events_came(EventOutcome::Failed, failed);
        return Err(cannot("Not all of the events could be written down; send them again."));
    }
    answer(Ok(taken))
}

/// Writes them down, some at a time; what became of them, and how many could not be.
async fn write(services: &Services, mut events: Vec<Said>) -> (Taken, u64) {
    let (mut taken, mut failed) = (Taken::default(), 0);
    if events.is_empty() {
        return (taken, failed);
    }
    let until = Instant::now() + ALL_WITHIN;
    let turn = timeout_at(until.into(), services.events_turns.acquire()).await;
    if events.len() > AT_A_TIME && matches!(turn, Ok(Ok(_))) {
        events = all_but_known(services, events, &mut taken).await;
    }
    for some in events.chunks(AT_A_TIME) {
        let written = match &turn {
            Ok(Ok(_turn)) if Instant::now() < until => write_some(services, some, &mut taken).await,
            Ok(_) | Err(_) => Err(()),
        };
        if written.is_err() {
            failed += some.len() as u64;
        }
    }
    fail::fail_point!("event_stored");
    (taken, failed)
}

/// Those of a large batch that are left to be written: it comes again as a whole when there was no time for its end, and its front is
/// known by then. If that cannot be told in time, all of them are.
async fn all_but_known(services: &Services, events: Vec<Said>, taken: &mut Taken) -> Vec<Said> {
    let said = events.clone();
    let known = move |conn: &mut crate::db::Connection| registrations_known(conn, said);
    match services.db.run_within(ALL_WITHIN / 2, "registrations_known", known).await {
        Ok((told, left)) => {
            for hearing in told {
                taken.count(&hearing);
            }
            left
        }
        Err(error) => {
            slog::debug!(services.log, "what is known of a batch could not be told"; "error" => error.in_full());
            events
        }
    }
}

/// Whatever goes wrong: Twilio sends all of it again.
async fn write_some(services: &Services, events: &[Said], taken: &mut Taken) -> Result<(), ()> {
    let config = services.config.load_full();
    let fingerprint =
        move |pool: &PoolName| config.wants_keys_of(pool).map(|keys| keys.fingerprint.to_string()).unwrap_or_default();
    let said = events.to_vec();
    let hear = move |conn: &mut crate::db::Connection| registrations_hear(conn, &said, fingerprint);
    let hearings = services.db.run_within(WITHIN, "registrations_hear", hear).await.map_err(|error| {
        let _told = services.database_problem(&error);
    })?;
    for (hearing, said) in hearings.into_iter().zip(events) {
        taken.count(&hearing);
        if let Hearing::Taken(id, pool) = hearing {
            told(services, id, &pool, said.event().heard.registration);
        }
    }
    Ok(())
}

/// One number's word in the log.
fn told(services: &Services, id: i64, pool: &PoolName, word: Registration) {
    let is_bad = matches!(word, Registration::Failed | Registration::Unregistered);
    if is_bad {
        fail::fail_point!("registration_failed_written");
        slog::warn!(services.log, "the carriers do not take a number, or know it no more"; "number_id" => id,
            "pool" => pool.as_str(), "registration" => word.as_str());
        // It halts a pool for which nothing succeeds.
        services.db.changes().unattached.notify_one();
    } else {
        slog::info!(services.log, "Twilio says how the carriers have a number"; "number_id" => id, "pool" => pool.as_str(),
            "registration" => word.as_str());
    }
}

/// Nobody knows whose it is.
fn rejected(services: &Services, why: &'static str) -> Problem {
    services.telemetry.events_came(EventOutcome::Rejected, 1);
    services.events_rejected.rejected(&services.log, why);
    let detail = "Nothing shows that Twilio sent this: X-Twilio-Signature must be made with this account's token over events.public_url \
                  with the bodySHA256 of this very body.";
    Problem::new(ProblemCode::Forbidden, detail)
}

/// It is to come again.
fn cannot(detail: &'static str) -> Problem {
    Problem::new(ProblemCode::Unavailable, detail).retry_after(AGAIN_AFTER)
}

pub(crate) fn about() -> About {
    let list = ArrayBuilder::new().items(Object::with_type(Type::Object)).description(Some("CloudEvents 1.0.")).build();
    let example = json!([{"specversion": "1.0", "type": "com.twilio.messaging.compliance.number-registration.successful",
        "source": "/2010-04-01/Accounts", "id": "EZ0123456789abcdef0123456789abcdef", "time": "2026-11-22T09:24:08.000Z",
        "datacontenttype": "application/json", "data": {"accountsid": "AC0123456789abcdef0123456789abcdef",
        "phonenumbersid": "PNd4c773a219946d6010fcfaee13267bd5", "phonenumber": "14155550100",
        "messagingservicesid": "MG0123456789abcdef0123456789abcdef", "externalstatus": "registered", "updateddate": 1_795_339_447_500_i64}}]);
    About::new("twilio_events", "Everybody", "For Twilio: how the carriers have numbers")
        .text(
            "Needs no key: `X-Twilio-Signature` must be made with the account's token over `events.public_url` with the `bodySHA256` \
             of the body in its query. Nothing is here while `events.public_url` is not set. `application/json` will do as well. \
             Events may come twice, late and in any order: each counts by its own time.",
        )
        .query::<String>(BODY_HASH, "The SHA-256 of the body in hexadecimal digits, as Twilio adds it.")
        .body_as("application/cloudevents-batch+json", list, example)
        .answer::<Taken>("Written down, or about nothing of ours.", json!({"stored": 1, "repeated": 0, "ignored": 0}))
        .refuses(ProblemCode::NotFound, "`events.public_url` is not set.")
        .refuses(ProblemCode::Forbidden, "Twilio did not sign it, or signed another body.")
        .refuses(ProblemCode::Unavailable, "It could not be written down, or too many are on their way; Twilio sends it again.")
}
