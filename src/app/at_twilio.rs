//! The client of Twilio that a configuration describes, for the daemon and for what is done without one: a look, and the stream of events.
//!
//! How to get it wrong: dropping the runtime of a look while a call hangs. It would wait for the call.

use std::time::Duration;

use crate::config::{Config, Problems, Sources, scheme_and_host};
use crate::domain::Product;
use crate::telemetry::Telemetry;
use crate::twilio::{Credentials, Twilio, TwilioSettings, WayOut};
use crate::twilio_check::{Bounds, Report, run};
use crate::twilio_events::{BrokeOff, Stream, set_up};

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
        way_out: WayOut {
            proxy: config.outbound().proxy().cloned(),
            ignored_variable: config.outbound().ignored_variable().map(str::to_owned),
            certificates: config.outbound().trust().certificates(),
            certificates_of: config.outbound().trust().stands_alone(),
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
    let (_goes_on, stopping) = tokio::sync::watch::channel(false);
    let log = slog::Logger::root(slog::Discard, slog::o!());
    alone(&config, async |twilio: &Twilio| {
        run(&config, twilio, &Bounds::within(PATIENCE, twilio.uses_a_key(), stopping, log)).await
    })
}

/// Has Twilio send its events to where this configuration says, without a daemon: what the stream is then, and where it leads.
///
/// # Errors
/// See [`NoLook`]. What Twilio did not do is told inside.
pub(crate) fn set_up_events(sources: &Sources) -> Result<(Result<Stream, BrokeOff>, String), NoLook> {
    let (config, url) = Config::load_for_events(sources).map_err(NoLook::Configuration)?;
    let owner = format!("callbunker:{}", config.instance.name);
    let stream = alone(&config, async |twilio: &Twilio| set_up(twilio, &owner, &url).await)?;
    Ok((stream, scheme_and_host(&url)))
}

/// Works at Twilio in a runtime of its own.
fn alone<T>(config: &Config, work: impl AsyncFnOnce(&Twilio) -> T) -> Result<T, NoLook> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(NoLook::Threads)?;
    let twilio = Twilio::new(twilio_settings(config), runtime.handle().clone(), Telemetry::new(&[]));
    let done = runtime.block_on(work(&twilio));
    runtime.shutdown_background();
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the rules let through, the client must be able to take.
    #[test]
    fn every_proxy_that_the_configuration_takes_is_one_for_the_client() {
        for url in [
            "http://proxy.example.com",
            "http://proxy.example.com:3128/",
            "https://proxy.example.com:8443",
            "http://[::1]:3128",
            "http://10.0.0.1:80",
            "https://dana:p%40ss%2Fw%C3%B6rd%25@proxy.example.com",
            "https://dana@proxy.example.com",
            "https://:word@proxy.example.com",
            "https://d'a|n\"a:p^w`{}<>@proxy.example.com",
            "https://pröxy.example.com:1",
            "https://under_score.example.com",
        ] {
            let env = [
                ("TWILIO_ACCOUNT_SID", "AC0123456789abcdef0123456789abcdef"),
                ("TWILIO_AUTH_TOKEN", "fedcba9876543210fedcba9876543210"),
                ("TWILIO_PROXY_URL", url),
            ];
            let env = env.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            let config =
                Config::load_for_twilio(&Sources { file: None, env }).unwrap_or_else(|why| panic!("{url}: {why}"));
            alone(&config, async |twilio: &Twilio| assert_eq!(twilio.api_host(), "api.twilio.com")).unwrap();
        }
    }
}
