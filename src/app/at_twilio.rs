//! The client of Twilio that a configuration describes, for the daemon and for a look without one.
//!
//! How to get it wrong: dropping the runtime of a look while a call hangs. It would wait for the call.

use std::time::Duration;

use crate::config::{Config, Problems, Sources};
use crate::domain::Product;
use crate::telemetry::Telemetry;
use crate::twilio::{Credentials, Twilio, TwilioSettings};
use crate::twilio_check::{Bounds, Report, run};

/// How long a look from the command line may take: whoever waits can end it.
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) fn twilio_settings(config: &Config) -> TwilioSettings {
    let secrets = &config.secrets;
    let (user, secret) = secrets.twilio_credentials.basic(&secrets.twilio_account_sid);
    TwilioSettings {
        api_base_url: config.twilio.api_base_url.clone(),
        base_urls: Product::ALL.iter().map(|product| (*product, config.twilio.base_url_of(*product))).collect(),
        request_timeout: config.twilio.request_timeout(),
        credentials: Credentials {
            account_sid: secrets.twilio_account_sid.clone(),
            user: user.to_owned(),
            secret: secret.clone(),
        },
    }
}

/// Why nothing could be looked at.
#[derive(Debug)]
pub(crate) enum NoLook {
    /// The configuration is wrong.
    Configuration(Problems),
    /// The system starts no threads.
    Threads(std::io::Error),
}

/// Looks with this configuration whether buying could succeed: without a daemon, a database, or anything that is changed.
///
/// # Errors
/// See [`NoLook`]. That Twilio was not reached stands in the report.
pub(crate) fn check_twilio(sources: &Sources) -> Result<Report, NoLook> {
    let config = Config::load_for_twilio(sources).map_err(NoLook::Configuration)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(NoLook::Threads)?;
    let twilio = Twilio::new(twilio_settings(&config), runtime.handle().clone(), Telemetry::new(&[]));
    let (_goes_on, stopping) = tokio::sync::watch::channel(false);
    let log = slog::Logger::root(slog::Discard, slog::o!());
    let report = runtime.block_on(async { run(&config, &twilio, &Bounds::within(PATIENCE, stopping, log)).await });
    runtime.shutdown_background();
    Ok(report)
}
