//! What only a question at Twilio tells: the balance, and until when bundles are good. Written down, so that whoever judges knows it.
//!
//! Invariants: nothing is asked while the breaker silences Twilio; a question that fails writes nothing, and what is old is unknown.
//! How to get it wrong: judging by what this process has seen. The other instance has not.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::judge::{Judge, Seen};
use super::observe::account::{BALANCE, bundle_of, is_younger};
use crate::config::Config;
use crate::db::alerts::looks_write;
use crate::twilio_check::Checked;

/// How old it may be until it is asked for again.
const BALANCE_EVERY: TimeDelta = TimeDelta::hours(1);
/// A question that failed is not repeated sooner.
const ASKED_APART: Duration = Duration::from_secs(300);
const TRIED_AGAIN: Duration = Duration::from_secs(5);

/// When the balance was asked for.
#[derive(Default)]
pub(super) struct BalanceAsked {
    at: Option<Instant>,
    asking: Option<JoinHandle<()>>,
}

impl BalanceAsked {
    /// Asks beside the rounds, if somebody wants to be told and nobody has asked for an hour.
    pub(super) fn ask_when_due(&mut self, judge: &Judge, seen: &Seen) {
        let is_wanted = judge.config.load().alerts.balance_min.is_some() && !seen.is_silenced;
        let is_fresh =
            seen.look.looks.get(BALANCE).is_some_and(|(at, _)| is_younger(seen.facts_at, *at, BALANCE_EVERY));
        let is_asking = self.asking.as_ref().is_some_and(|asking| !asking.is_finished());
        let was_asked = self.at.is_some_and(|at| at.elapsed() < ASKED_APART);
        if !is_wanted || is_fresh || is_asking || was_asked {
            return;
        }
        self.at = Some(Instant::now());
        self.asking = Some(tokio::spawn(ask(judge.clone())));
    }
}

impl Drop for BalanceAsked {
    fn drop(&mut self) {
        if let Some(asking) = self.asking.take() {
            asking.abort();
        }
    }
}

async fn ask(judge: Judge) {
    let balance = match judge.twilio.balance().await {
        Ok(balance) => balance,
        Err(error) => {
            slog::info!(judge.log, "Twilio tells no balance"; "error" => error.to_string());
            return;
        }
    };
    fail::fail_point!("account_looked");
    let detail = json!({"amount": balance.amount.to_string(), "currency": balance.currency});
    write(&judge, Utc::now(), [(BALANCE.to_owned(), detail)].into()).await;
}

/// Writes down what each look at Twilio saw, until the process stops.
pub(super) async fn keep_looks(judge: Judge) {
    let (mut stopping, mut told) = (judge.stopping.clone(), judge.checker.watched());
    loop {
        let checked = told.borrow_and_update().clone();
        if let Some(checked) = checked {
            let looks = bundles(&judge.config.load(), &checked);
            while !looks.is_empty() && !write(&judge, checked.at, looks.clone()).await {
                sleep(TRIED_AGAIN).await;
            }
        }
        tokio::select! {
            changed = told.changed() => if changed.is_err() { return },
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
    }
}

/// Until when the bundle of each pool is good, as far as the look could see.
fn bundles(config: &Config, checked: &Checked) -> BTreeMap<String, Value> {
    let ends = checked.report.checks.iter().filter_map(|check| Some((check.pool.as_ref()?, check.until?)));
    ends.filter_map(|(pool, until)| {
        let bundle = config.pool(pool)?.bundle_sid.as_ref()?;
        Some((bundle_of(pool), json!({"bundle": bundle.as_str(), "until": until})))
    })
    .collect()
}

async fn write(judge: &Judge, at: DateTime<Utc>, looks: BTreeMap<String, Value>) -> bool {
    match judge.db.run("looks_write", move |conn| looks_write(conn, at, &looks)).await {
        Ok(()) => true,
        Err(error) => {
            slog::debug!(judge.log, "what was seen at Twilio is not written down yet"; "error" => error.in_full());
            false
        }
    }
}
