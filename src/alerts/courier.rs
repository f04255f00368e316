//! What carries messages: a try of one that was claimed, and what is written of it.
//!
//! Invariants: nothing is held at the database while somebody is asked; addresses and secrets are those in force at each try; what the
//! far side said is written down, and tried again to be, for as long as the process lives.
//! How to get it wrong: aborting a try when the process stops. The far side may have the message, and would get it twice.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;

use super::channels::{Failure, Parcel, Reply, TRY, Taken, by_mail, by_pagerduty, by_slack, by_text, by_webhook};
use crate::config::Config;
use crate::db::Db;
use crate::db::alerts::{ClaimedMessage, Outcome, Settled, message_settle};
use crate::domain::alert::{AlertChannel, MessageState};
use crate::telemetry::{AlertOutcome, Telemetry};
use crate::twilio::Twilio;

const SETTLED_AGAIN: Duration = Duration::from_secs(1);
/// Each way of asking has a deadline of its own; this one is for a name server that keeps a thread.
const TRY_AT_MOST: Duration = TRY.saturating_add(Duration::from_secs(3));

/// What carries messages. Clones are one.
#[derive(Clone)]
pub(crate) struct Courier {
    /// Where messages wait.
    pub(crate) db: Db,
    /// Who is told, and how.
    pub(crate) config: Arc<ArcSwap<Config>>,
    /// Who sends texts.
    pub(crate) twilio: Twilio,
    /// Rung when there may be a message to carry.
    pub(crate) bell: watch::Sender<()>,
    /// Tries that are under way; they end before the process does.
    pub(crate) tries: TaskTracker,
    /// Set when the process ends.
    pub(crate) stopping: watch::Receiver<bool>,
    /// Whether the database answers, as it was last seen.
    pub(crate) telemetry: Telemetry,
    /// The log.
    pub(crate) log: slog::Logger,
}

impl Courier {
    /// There may be a message to carry.
    pub(super) fn ring(&self) {
        self.bell.send_replace(());
    }

    /// Begins something that the end of the process waits for.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.tries.spawn(work);
    }

    /// Asks a far side to take something, for a try's time at most.
    pub(super) async fn hand_over(&self, channel: AlertChannel, parcel: &Parcel) -> Reply {
        let config = self.config.load_full();
        let (channels, trusted) = (config.alert_channels(), config.outbound().trust().certificates());
        let taken = Taken { db: &self.db, message: parcel.message(), log: &self.log };
        let asked = async {
            let reply = match channel {
                AlertChannel::Email => by_mail(channels.email.as_ref()?, &trusted, parcel, taken).await,
                AlertChannel::Webhook => by_webhook(channels.webhook.as_ref()?, trusted, parcel).await,
                AlertChannel::Slack => by_slack(channels.slack.as_ref()?, trusted, parcel).await,
                AlertChannel::Sms => by_text(channels.sms.as_ref()?, &self.twilio, &self.db, parcel, taken).await,
                AlertChannel::Pagerduty => by_pagerduty(channels.pagerduty.as_ref()?, trusted, parcel).await,
            };
            Some(reply)
        };
        match timeout(TRY_AT_MOST, asked).await {
            Ok(Some(reply)) => reply,
            Ok(None) => Reply::Failed(Failure::of_far_side("the channel is not configured any more")),
            Err(_late) => Reply::Failed(Failure::of_far_side(format!("no answer within {} s", TRY.as_secs()))),
        }
    }

    /// Tries a message once, and writes down what came of it.
    pub(super) async fn carry(&self, message: ClaimedMessage) {
        let began = Instant::now();
        let reply = self.hand_over(message.channel, &Parcel::of(&message)).await;
        let took = began.elapsed();
        let outcome = match reply {
            Reply::Taken { status } => {
                fail::fail_point!("message_taken");
                Outcome::Taken { status }
            }
            Reply::Gone { status, error } => {
                Outcome::Gone { status, error, fingerprint: self.fingerprint_of(message.channel) }
            }
            Reply::Failed(Failure { status, error, blames_far_side, retry_after }) => {
                fail::fail_point!("message_failed");
                Outcome::Failed { status, error, blames_far_side, retry_after }
            }
        };
        if let Some(settled) = self.settle(&message, &outcome).await {
            self.say(&message, &outcome, settled);
            self.telemetry.alert_tried(message.channel, told_as(&outcome, settled), took);
            match settled {
                Settled::Ended(MessageState::Sent) => {
                    fail::fail_point!("message_settled");
                }
                Settled::Ended(MessageState::GivenUp) => {
                    fail::fail_point!("message_given_up");
                }
                Settled::Ended(MessageState::Refused | MessageState::Waiting) | Settled::Again(_) | Settled::Late => {}
            }
        }
        self.ring();
    }

    fn fingerprint_of(&self, channel: AlertChannel) -> String {
        let in_use = self.config.load().alert_channels().in_use();
        in_use.into_iter().find(|(other, _)| *other == channel).map(|(_, fingerprint)| fingerprint).unwrap_or_default()
    }

    /// `None` = the process ends while the database is away: the claim ends by itself.
    async fn settle(&self, message: &ClaimedMessage, outcome: &Outcome) -> Option<Settled> {
        loop {
            let (id, claim, outcome, chance) = (message.id, message.claim, outcome.clone(), rand::random());
            let settle =
                self.db.run_patiently("message_settle", move |conn| message_settle(conn, id, claim, &outcome, chance));
            match settle.await {
                Ok(settled) => return Some(settled),
                Err(error) => {
                    slog::warn!(self.log, "what became of a message is not written down yet"; "message" => message.id.to_string(),
                        "error" => error.in_full());
                }
            }
            if *self.stopping.borrow() {
                return None;
            }
            sleep(SETTLED_AGAIN).await;
        }
    }

    fn say(&self, message: &ClaimedMessage, outcome: &Outcome, settled: Settled) {
        let (id, channel) = (message.id.to_string(), message.channel.as_str());
        match outcome {
            Outcome::Taken { .. } => {
                slog::info!(self.log, "a message was taken"; "message" => id, "channel" => channel, "tries" => message.tries,
                    "alerts" => message.notifications.len());
            }
            Outcome::Gone { error, .. } => {
                slog::error!(self.log, "a channel wants no message any more, and is told nothing until its address is another one";
                    "message" => id, "channel" => channel, "error" => error);
            }
            Outcome::Failed { error, .. } => {
                let next = match settled {
                    Settled::Again(at) => at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
                    Settled::Ended(_) => "never".to_owned(),
                    Settled::Late => "another instance's".to_owned(),
                };
                slog::warn!(self.log, "a message was not taken"; "message" => id, "channel" => channel, "tries" => message.tries,
                    "next_try" => next, "error" => error);
            }
        }
    }
}

/// What a try is counted as.
fn told_as(outcome: &Outcome, settled: Settled) -> AlertOutcome {
    match (outcome, settled) {
        (Outcome::Taken { .. }, _) => AlertOutcome::Sent,
        (Outcome::Gone { .. }, _) | (_, Settled::Ended(MessageState::Refused)) => AlertOutcome::Refused,
        (Outcome::Failed { .. }, Settled::Ended(MessageState::GivenUp)) => AlertOutcome::GivenUp,
        (Outcome::Failed { .. }, _) => AlertOutcome::Failed,
    }
}
