//! The pool `text`: US numbers that are handed out when they can text, which takes a campaign that is approved while one looks.
//!
//! The simulated Twilio has the messaging service and its campaign; the daemon puts each number that it buys for the pool into the
//! service, and hears by events, at an address that leads back to it, when the carriers know it.
//! How to get it wrong: letting the campaign be approved before anybody looks. What is shown is the wait.

use std::process::{Command, Stdio};
use std::time::Duration;

use postgres_fixture::Cluster;
use twilio_simulator::{
    CampaignOrder, CampaignStatus, EventOptions, RegistrationOrder, RegistrationOutcome, ServiceOrder, Simulator,
};

use super::parts::Ended;
use super::parts::daemon::Daemon;
use super::parts::database::{DATABASE, psql};
use super::settings::Settings;

/// The service that its numbers join.
pub const SERVICE_SID: &str = "MG7e000000000000000000000000000001";
/// Where Twilio is told to send events; in truth they come to the daemon.
const ORIGIN: &str = "https://calls.example.com";
/// Days, with the real one.
pub const CAMPAIGN_TAKES: Duration = Duration::from_secs(20);
/// Minutes, with the real one.
const REGISTRATION_TAKES_MS: u64 = 2_000;

/// What the daemon is told of the pool.
pub fn keys() -> [(&'static str, String); 6] {
    [
        ("CALLBUNKER__POOLS__TEXT__COUNTRY", "US".to_owned()),
        ("CALLBUNKER__POOLS__TEXT__MESSAGING_SERVICES", SERVICE_SID.to_owned()),
        ("CALLBUNKER__POOLS__TEXT__SMS_READY_WHEN", "registered".to_owned()),
        ("CALLBUNKER__POOLS__TEXT__THRESHOLD_LOW", "3".to_owned()),
        ("CALLBUNKER__POOLS__TEXT__REPLENISHMENT_BATCH_SIZE", "3".to_owned()),
        ("CALLBUNKER__EVENTS__PUBLIC_URL", format!("{ORIGIN}/twilio/events")),
    ]
}

/// The service, with a campaign that nobody has looked at yet.
pub fn prepare(twilio: &Simulator) {
    let order = ServiceOrder::new().sid(SERVICE_SID).use_inbound_webhook_on_number(true);
    twilio.service(order.campaign(CampaignStatus::Pending));
    let registration = RegistrationOrder::new(RegistrationOutcome::Registered);
    twilio.registration(RegistrationOrder { after_ms: Some(REGISTRATION_TAKES_MS), ..registration });
}

/// Numbers of kept data are in the service, and its campaign was approved on the day before.
pub fn put_back(twilio: &Simulator, cluster: &Cluster) -> Result<(), Ended> {
    let members = format!(
        "SELECT n.phone_number FROM callbunker.attachments a JOIN callbunker.numbers n ON n.id = a.number_id
          WHERE a.target = '{SERVICE_SID}' AND a.state = 'attached' AND n.status <> 'released'"
    );
    let members = psql(cluster, DATABASE, &members)?;
    let order = ServiceOrder::new().sid(SERVICE_SID).campaign(CampaignStatus::Verified);
    twilio.service(members.lines().fold(order, ServiceOrder::with_member));
    Ok(())
}

/// Twilio sends events to this daemon from now on.
pub fn listen(twilio: &Simulator, settings: &Settings, daemon: &Daemon) -> Result<(), Ended> {
    twilio.events(EventOptions {
        origin: Some(ORIGIN.to_owned()),
        leads_to: Some(daemon.url()),
        ..EventOptions::default()
    });
    let output = Command::new(&settings.daemon)
        .args(["twilio", "setup-events"])
        .env_clear()
        .envs(daemon.environment().iter().cloned())
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{} cannot be started: {error}", settings.daemon.display()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Some(format!(
        "`callbunker twilio setup-events` failed: {}",
        String::from_utf8_lossy(&output.stderr).trim_end()
    )))
}

/// The campaign is approved in a while, and the carriers come to know the numbers.
pub fn approve(twilio: &Simulator) {
    twilio.campaign(CampaignOrder::new(SERVICE_SID).verified_after(CAMPAIGN_TAKES));
}
