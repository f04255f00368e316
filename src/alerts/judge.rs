//! What whoever judges needs, and what a round saw.

use std::sync::Arc;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use tokio::sync::watch;

use crate::config::Config;
use crate::db::Db;
use crate::db::alerts::{AlertsLook, ChannelInUse, Teller};
use crate::twilio::Twilio;
use crate::twilio_check::TwilioChecker;
use crate::twilio_events::Rejections;

/// What a judge needs. Clones are one.
#[derive(Clone)]
pub(crate) struct Judge {
    /// Where it judges.
    pub(crate) db: Db,
    /// Of what.
    pub(crate) config: Arc<ArcSwap<Config>>,
    /// Who is asked for the balance.
    pub(crate) twilio: Twilio,
    /// What was last seen there.
    pub(crate) checker: TwilioChecker,
    /// Events that are not Twilio's, as this instance counted them.
    pub(crate) events_rejected: Arc<Rejections>,
    /// Whether this instance judges, for whoever waits until it does no more.
    pub(crate) judges: Arc<watch::Sender<bool>>,
    /// Rung when something was judged, for whoever carries messages.
    pub(crate) lanes: watch::Sender<()>,
    /// Set when the process ends.
    pub(crate) stopping: watch::Receiver<bool>,
    /// The log.
    pub(crate) log: slog::Logger,
}

/// What a round saw, for whoever goes on from it.
pub(super) struct Seen {
    /// Of when.
    pub(super) facts_at: DateTime<Utc>,
    /// Twilio is not to be asked by itself.
    pub(super) is_silenced: bool,
    /// What was seen beside what pages show.
    pub(super) look: AlertsLook,
}

/// What every text has, and who gets it.
pub(super) fn teller(config: &Config) -> Teller {
    let channels = config.alert_channels().in_use();
    let root = |url: &url::Url| url.as_str().trim_end_matches('/').to_owned();
    Teller {
        instance: config.instance.name.to_string(),
        pages: config.http.public_url.as_ref().map(root),
        channels: channels.into_iter().map(|(channel, fingerprint)| ChannelInUse { channel, fingerprint }).collect(),
    }
}
