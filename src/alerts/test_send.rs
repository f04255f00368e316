//! A test on each channel, when somebody asks whether they would hear of the next alert: past the outbox, all channels side by side.
//!
//! Invariants: one test at a time, whoever asks meanwhile hears the same; it goes on when whoever asked hangs up.
//! How to get it wrong: leaving an incident open at PagerDuty. A test that woke somebody ends itself.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use chrono::Utc;
use futures_util::future::join_all;
use tokio::sync::watch;
use uuid::Uuid;

use super::channels::{Parcel, Reply};
use super::courier::Courier;
use super::judge::teller;
use crate::db::alerts::channel_is_back;
use crate::domain::alert::{AlertChannel, ChannelTested};

type Answers = Option<Vec<ChannelTested>>;

/// Sends tests. Clones are one.
#[derive(Clone)]
pub(crate) struct TestSender {
    courier: Courier,
    /// The last one; `None` while it goes on.
    last: Arc<Mutex<Option<watch::Receiver<Answers>>>>,
}

impl TestSender {
    pub(crate) fn new(courier: Courier) -> Self {
        Self { courier, last: Arc::default() }
    }

    /// Tells each configured channel that this is a test, and what each said; nothing when none is configured.
    pub(crate) async fn send(&self) -> Vec<ChannelTested> {
        let mut told = self.begun();
        let answers = told.wait_for(Option::is_some).await;
        answers.ok().and_then(|answers| answers.clone()).unwrap_or_default()
    }

    fn begun(&self) -> watch::Receiver<Answers> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // One that panicked has dropped its end.
        if let Some(going) = last.as_ref().filter(|going| going.borrow().is_none() && going.has_changed().is_ok()) {
            return going.clone();
        }
        let (answered, told) = watch::channel(None);
        let courier = self.courier.clone();
        self.courier.spawn(async move {
            answered.send_replace(Some(test_all(&courier).await));
        });
        *last = Some(told.clone());
        told
    }
}

async fn test_all(courier: &Courier) -> Vec<ChannelTested> {
    let channels = courier.config.load().alert_channels().in_use();
    let answers = join_all(channels.into_iter().map(|(channel, _)| test_one(courier, channel))).await;
    courier.ring();
    answers
}

async fn test_one(courier: &Courier, channel: AlertChannel) -> ChannelTested {
    let began = Instant::now();
    let parcel = Parcel::test(Uuid::now_v7(), Utc::now(), &teller(&courier.config.load()));
    let reply = courier.hand_over(channel, &parcel).await;
    let seconds = (began.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
    if matches!(reply, Reply::Taken { .. })
        && let Err(error) =
            courier.db.run_patiently("channel_is_back", move |conn| channel_is_back(conn, channel)).await
    {
        slog::info!(courier.log, "what waits for a channel that is back is not hurried"; "channel" => channel.as_str(),
            "error" => error.in_full());
    }
    let (ok, status, error) = match reply {
        Reply::Taken { status } => (true, status, None),
        Reply::Gone { status, error } => (false, Some(status), Some(error)),
        Reply::Failed(failure) => (false, failure.status, Some(failure.error)),
    };
    ChannelTested { channel, ok, status, error, seconds }
}
