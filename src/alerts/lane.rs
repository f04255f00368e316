//! A lane: the messages of one channel, so that a mail server that hangs keeps no webhook waiting.
//!
//! Invariants: a claim is committed before anybody is asked; nothing is claimed of a channel that this instance has not, while Twilio is
//! silenced by the breaker, or once the process stops.
//! How to get it wrong: sleeping until the next message is due. One that is written meanwhile may be due sooner; the bell says so, and
//! of another instance's nothing does.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::courier::Courier;
use crate::db::alerts::{ClaimedMessage, Room, message_claim, message_due_in, text_room};
use crate::db::buying_state::buying_state_read;
use crate::db::{Connection, DbError};
use crate::domain::alert::AlertChannel;

/// A lane looks at least as often, whatever rings.
const LOOKS_EVERY: Duration = Duration::from_secs(5);
/// What rings again and again is answered together.
const LOOKS_APART: Duration = Duration::from_millis(100);

/// All lanes, until the process stops.
pub(super) async fn keep_carrying(courier: Courier) {
    let lane = |channel| keep_lane(&courier, channel);
    tokio::join!(
        lane(AlertChannel::Email),
        lane(AlertChannel::Webhook),
        lane(AlertChannel::Slack),
        lane(AlertChannel::Sms),
        lane(AlertChannel::Pagerduty),
    );
}

/// So many messages of a channel are on their way at a time.
fn width(channel: AlertChannel) -> usize {
    match channel {
        AlertChannel::Webhook | AlertChannel::Pagerduty => 4,
        AlertChannel::Email | AlertChannel::Slack | AlertChannel::Sms => 1,
    }
}

/// What a look at the messages of a channel found.
enum Look {
    Claimed(Box<ClaimedMessage>),
    /// Nothing can be claimed before so long, as far as is known.
    NothingFor(Duration),
}

async fn keep_lane(courier: &Courier, channel: AlertChannel) {
    let places = Arc::new(Semaphore::new(width(channel)));
    let (mut stopping, mut bell) = (courier.stopping.clone(), courier.bell.subscribe());
    loop {
        let place = tokio::select! {
            // Proof: nobody closes it.
            place = Arc::clone(&places).acquire_owned() => place.expect("the semaphore is never closed"),
            _ = stopping.wait_for(|stopping| *stopping) => return,
        };
        if *stopping.borrow() {
            return;
        }
        bell.mark_unchanged();
        let began = Instant::now();
        let wait = match look(courier, channel).await {
            Ok(Look::Claimed(message)) => {
                fail::fail_point!("message_claimed");
                let carrying = courier.clone();
                courier.spawn(async move {
                    carrying.carry(*message).await;
                    drop(place);
                });
                continue;
            }
            Ok(Look::NothingFor(wait)) => wait.min(LOOKS_EVERY),
            Err(error) => {
                slog::debug!(courier.log, "messages cannot be claimed for a moment"; "channel" => channel.as_str(),
                    "error" => error.in_full());
                LOOKS_EVERY
            }
        };
        drop(place);
        tokio::select! {
            () = sleep_until(began + wait) => {}
            _ = bell.changed() => {}
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
        sleep_until(began + LOOKS_APART).await;
    }
}

async fn look(courier: &Courier, channel: AlertChannel) -> Result<Look, DbError> {
    fail::fail_point!("message_looked", |_| Ok(Look::NothingFor(LOOKS_EVERY)));
    let channels = courier.config.load().alert_channels();
    if !channels.in_use().iter().any(|(other, _)| *other == channel) {
        return Ok(Look::NothingFor(LOOKS_EVERY));
    }
    let per_day_max = channels.sms.as_ref().map(|texts| texts.per_day_max).filter(|_| channel == AlertChannel::Sms);
    courier.db.run("message_claim", move |conn| claim(conn, channel, per_day_max)).await
}

/// `per_day_max` is given of texts, which must not be sent while Twilio is silenced, either.
fn claim(conn: &mut Connection, channel: AlertChannel, per_day_max: Option<u32>) -> Result<Look, DbError> {
    let channels = [channel];
    match message_due_in(conn, &channels)? {
        None => return Ok(Look::NothingFor(LOOKS_EVERY)),
        Some(wait) if !wait.is_zero() => return Ok(Look::NothingFor(wait)),
        Some(_) => {}
    }
    if let Some(per_day_max) = per_day_max
        && (buying_state_read(conn)?.silences_twilio() || text_room(conn, per_day_max)? != Room::Free)
    {
        // It gathers on meanwhile, and no try is counted.
        return Ok(Look::NothingFor(LOOKS_EVERY));
    }
    let claimed = message_claim(conn, &channels, Uuid::new_v4())?;
    Ok(claimed.map_or(Look::NothingFor(LOOKS_EVERY), |message| Look::Claimed(Box::new(message))))
}
