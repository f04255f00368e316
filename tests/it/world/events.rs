//! Twilio's events: a pool whose numbers wait for the carriers, and events as Twilio sends and signs them.
//!
//! How to get it wrong: telling of a number that the database has attached and Twilio has in no service. A comparison would find it
//! out.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use callbunker::db::attachments::{
    AttachmentEnd, Whose, attachment_send, attachment_settle, attachments_due, attachments_intend,
};
use callbunker::db::numbers::numbers_tell_wants;
use callbunker::db::pool_wants::wants_switch;
use callbunker::db::{Connection, DatabaseUrl, Db, DbError};
use callbunker::domain::{Needs, PoolName, Wants};
use callbunker::telemetry::Telemetry;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use twilio_simulator::{CampaignStatus, EventOptions, RegistrationOrder, RegistrationOutcome, ServiceOrder};

use crate::world::World;
use crate::world::daemon::{Daemon, Reply};

/// Where Twilio is told to send events.
pub const EVENTS: &str = "https://numbers.example.com/twilio/events";
const TYPE: &str = "com.twilio.messaging.compliance.number-";

/// So many numbers of `default`, bought and in a messaging service whose campaign is approved, here and at Twilio; the carriers know
/// none of them yet, and nobody alive. Daemons that start from now on hand out what they know.
pub fn waiting(world: World, count: u32) -> World {
    let daemon = world.daemon();
    daemon.purchase(count).ok();
    assert_eq!(daemon.stop(), Some(0));
    // What is told of them by itself is of no interest, and nobody has subscribed to it.
    world.twilio.registration(RegistrationOrder::new(RegistrationOutcome::Silent));
    let numbers = world.sql("SELECT phone_number FROM numbers ORDER BY id");
    let order = ServiceOrder { add: numbers.lines().map(str::to_owned).collect(), ..ServiceOrder::new() };
    let service = world.twilio.service(order.campaign(CampaignStatus::Verified));
    attach(&world, &service);
    world
        .set("pool.messaging_services", service)
        .set("pool.sms_ready_when", "registered")
        .set("events.public_url", EVENTS)
}

/// What the attacher writes of numbers that Twilio takes.
fn attach(world: &World, service: &str) {
    let pool = PoolName::default_pool();
    let services = vec![service.parse().expect("a service")];
    let wants = Wants { services, needs: Needs { attached: true, registered: true }, ..Wants::default() };
    let told = pool.clone();
    at_the_database(world, move |conn| wants_switch(conn, &told, &wants));
    at_the_database(world, move |conn| numbers_tell_wants(conn, &pool, 0, 1000));
    let ids = world.sql("SELECT id FROM numbers ORDER BY id");
    for id in ids.lines().map(|id| id.parse().expect("a number")) {
        at_the_database(world, move |conn| attachments_intend(conn, id, Whose::Nobodys));
    }
    let silent = Duration::from_secs(15);
    for due in at_the_database(world, move |conn| attachments_due(conn, silent, &[], 1000)) {
        at_the_database(world, move |conn| {
            let sending = attachment_send(conn, due.id, silent)?.expect("it is due");
            attachment_settle(conn, sending.asking(), &AttachmentEnd::Attached(None), |_pool| String::new())
        });
    }
}

/// Runs one step as the daemon does, without one.
pub fn at_the_database<T: Send + 'static>(
    world: &World,
    step: impl FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static,
) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("threads");
    let url = DatabaseUrl::new(&world.database.owner_url().to_owned().into());
    let log = slog::Logger::root(slog::Discard, slog::o!());
    let db = Db::new(url, Duration::from_secs(5), runtime.handle().clone(), Telemetry::new(&[]), log);
    runtime.block_on(db.run_patiently("events", step)).expect("the step succeeds")
}

/// From now on events for [`EVENTS`] reach this daemon, and are soon tried again.
pub fn lead_to(world: &World, daemon: &Daemon) {
    let origin = Some(EVENTS.trim_end_matches("/twilio/events").to_owned());
    let leads_to = Some(daemon.url.clone());
    world.twilio.events(EventOptions { origin, leads_to, retry_first_ms: Some(50), ..EventOptions::default() });
}

/// The registration of a number begins anew, and ends so a moment later.
pub fn register(world: &World, number: &str, outcome: RegistrationOutcome) {
    world.twilio.registration(RegistrationOrder::new(outcome).after(Duration::from_millis(20)).phone_number(number));
}

/// The service that numbers are in.
pub fn service(world: &World) -> String {
    world.settings()["CALLBUNKER__POOL__MESSAGING_SERVICES"].clone()
}

/// An event about a number of ours: `registration.failed`, `failure`, and when that was so.
pub fn event(world: &World, number: &str, (kind, status): (&str, &str), at: DateTime<Utc>) -> Value {
    let sid = world.sql(&format!("SELECT sid FROM numbers WHERE phone_number = '{number}'"));
    json!({
        "specversion": "1.0", "type": format!("{TYPE}{kind}"), "source": "/2010-04-01/Accounts", "id": "EZ1",
        "time": at.to_rfc3339(), "datacontenttype": "application/json",
        "data": {"accountsid": world.twilio.account_sid(), "externalstatus": status, "messagingservicesid": service(world),
                 "phonenumber": number.trim_start_matches('+'), "phonenumbersid": sid, "updateddate": at.timestamp_millis()},
    })
}

pub const REGISTERED: (&str, &str) = ("registration.successful", "registered");
pub const FAILED: (&str, &str) = ("registration.failed", "failure");
pub const PENDING: (&str, &str) = ("registration.pending", "pending_registration");

/// The path of a body, and its signature by this token.
pub fn signed(body: &[u8], token: &str) -> (String, String) {
    let hash: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
    let query = format!("?bodySHA256={hash}");
    let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).expect("any key");
    mac.update(format!("{EVENTS}{query}").as_bytes());
    (format!("/twilio/events{query}"), STANDARD.encode(mac.finalize().into_bytes()))
}

/// Sends bytes as Twilio does.
pub fn send(world: &World, daemon: &Daemon, media_type: &str, body: &[u8]) -> Reply {
    let (path, signature) = signed(body, world.twilio.auth_token());
    daemon.send("POST", &path, &[("X-Twilio-Signature", &signature), ("Content-Type", media_type)], Some(body))
}

/// Sends these events; the answer, if the daemon lived to give one.
pub fn try_deliver(world: &World, daemon: &Daemon, events: &[Value]) -> Option<Reply> {
    let body = json!(events).to_string();
    let (path, signature) = signed(body.as_bytes(), world.twilio.auth_token());
    let headers = [("X-Twilio-Signature", signature.as_str()), ("Content-Type", "application/json")];
    daemon.try_send("POST", &path, &headers, Some(body.as_bytes())).ok()
}

/// Sends these events; what became of them: stored, repeated, ignored.
#[track_caller]
pub fn deliver(world: &World, daemon: &Daemon, events: &[Value]) -> [u64; 3] {
    let taken = send_events(world, daemon, events).ok();
    ["stored", "repeated", "ignored"].map(|name| taken[name].as_u64().unwrap_or_else(|| panic!("{taken}")))
}

/// The same, whatever the answer is.
pub fn send_events(world: &World, daemon: &Daemon, events: &[Value]) -> Reply {
    send(world, daemon, "application/json", json!(events).to_string().as_bytes())
}

/// `registration held_back ready` of a number.
pub fn standing(world: &World, number: &str) -> String {
    world.sql(&format!(
        "SELECT concat_ws(' ', coalesce(registration, '-'), coalesce(held_back, '-'), ready::text) FROM numbers
          WHERE phone_number = '{number}'"
    ))
}

/// The kinds of lines that its history has about attachments and registrations, the oldest first.
pub fn lines(world: &World, number: &str) -> String {
    world.sql(&format!(
        "SELECT string_agg(note, ' ' ORDER BY t.id) FROM number_notes t JOIN numbers n ON n.id = t.number_id
          WHERE n.phone_number = '{number}'"
    ))
}
