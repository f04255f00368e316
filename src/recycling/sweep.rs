//! Walks over the account's calls and messages: when one is due, and how it goes on page by page.
//!
//! Invariant: whether a walk is due is read from the walks that there were, so several instances make one of them, and one that was missed while
//! nobody lived is made up for.
//! How to get it wrong: a walk that gives up at the first page that fails. A large account would never be walked over.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use croner::Cron;

use super::recycler::Recycler;
use crate::config::cron_of;
use crate::db::DbError;
use crate::db::uses::{
    Page, SweepStanding, Walk, sweep_again, sweep_begin, sweep_break, sweep_claim, sweep_page_taken, sweep_rest,
    sweeps_stand,
};
use crate::domain::PhoneNumber;
use crate::domain::recycling::Swept;
use crate::purchaser::breaker::is_silenced;
use crate::twilio::{TrafficPage, TwilioError, hide_numbers};

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Between two pages.
const APART: Duration = Duration::from_millis(100);
/// After so many pages a walk rests
const PAGES_OF_A_RUN: u32 = 500;
/// for so long, so that no other call of the account's waits for it.
const REST: Duration = Duration::from_secs(600);
/// So long it rests when Twilio does not answer, or refuses the account.
const REST_OF_FAILURE: Duration = Duration::from_secs(60);
/// Rows that cannot be read: with more a walk proves nothing.
const UNREADABLE_MAX: i32 = 10;
/// How often a walk begins anew because Twilio does not know a page any more.
const ANEW_MAX: i32 = 2;
/// A walk that takes longer breaks off.
const WITHIN: TimeDelta = TimeDelta::hours(48);
/// A walk takes its time.
const OVERDUE_BESIDE: TimeDelta = TimeDelta::hours(1);

/// How a page was taken.
enum Turn {
    /// The walk goes on.
    On(Walk),
    /// It ended, rests, or is somebody else's.
    Over,
}

/// Walks when it is time to. Never ends.
pub(super) async fn keep_sweeping(recycler: Recycler) {
    let born = Utc::now();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if recycler.is_stopping() {
            std::future::pending::<()>().await;
        }
        fail::fail_point!("recycler");
        if let Err(error) = recycler.look(born).await {
            slog::debug!(recycler.log, "no walk over calls and messages for now"; "error" => error.in_full());
        }
    }
}

/// The moment that a walk is due since, if any: of `cron`, after the latest one began, or after `born`.
fn due(cron: &Cron, standing: &SweepStanding, born: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let after = standing.started_at.unwrap_or(born);
    cron.find_next_occurrence(&after, false).ok().filter(|due| *due <= standing.now)
}

/// Whether no walk came to its end for more than twice as long as lies between two.
fn is_overdue(cron: &Cron, standing: &SweepStanding, born: DateTime<Utc>) -> bool {
    let next = |after: &DateTime<Utc>| cron.find_next_occurrence(after, false).ok();
    let gap = next(&standing.now).and_then(|first| Some(next(&first)? - first));
    let since = standing.now - standing.complete_at.unwrap_or(born);
    gap.is_some_and(|gap| since > gap * 2 + OVERDUE_BESIDE)
}

impl Recycler {
    async fn look(&self, born: DateTime<Utc>) -> Result<(), DbError> {
        let (cron, days) = {
            let config = self.config.load();
            let Some(cron) = config.recycling.sweep_cron.as_deref().and_then(cron_of) else {
                Swept::ALL.iter().for_each(|what| self.is_overdue(*what, false));
                return Ok(());
            };
            (cron, config.recycling.inactive_days)
        };
        for standing in self.db.run_patiently("sweeps_stand", sweeps_stand).await? {
            let is_overdue = is_overdue(&cron, &standing, born);
            self.telemetry.swept(standing.what, standing.complete_at.map(Into::into));
            self.is_overdue(standing.what, is_overdue);
            let due = if standing.is_running { None } else { due(&cron, &standing, born) };
            if standing.is_free || due.is_some() {
                self.walk(&standing, due, days).await?;
            }
        }
        Ok(())
    }

    fn is_overdue(&self, what: Swept, is_overdue: bool) {
        if self.sweeps.set(what, is_overdue) {
            self.telemetry.sweep_overdue(what, is_overdue);
        }
    }

    async fn walk(&self, standing: &SweepStanding, due: Option<DateTime<Utc>>, days: u16) -> Result<(), DbError> {
        if is_silenced(&self.db).await? {
            return Ok(());
        }
        let (what, instance) = (standing.what, self.instance);
        if let Some(due) = due {
            self.db.run_patiently("sweep_begin", move |conn| sweep_begin(conn, what, days, due)).await?;
        }
        let claimed = self.db.run_patiently("sweep_claim", move |conn| sweep_claim(conn, what, instance)).await?;
        let Some(mut walk) = claimed else { return Ok(()) };
        for page in 1.. {
            match self.page(walk).await? {
                Turn::Over => return Ok(()),
                Turn::On(next) => walk = next,
            }
            if page >= PAGES_OF_A_RUN || self.is_stopping() {
                // Whoever lives when this instance has ended goes on at once.
                let rest = if self.is_stopping() { Duration::ZERO } else { REST };
                return self.rest(&walk, rest, None).await;
            }
            tokio::time::sleep(APART).await;
        }
        Ok(())
    }

    /// Reads a page and writes down what it showed.
    async fn page(&self, walk: Walk) -> Result<Turn, DbError> {
        if Utc::now() - walk.started_at > WITHIN {
            return self.give_up(&walk, "it took longer than two days").await;
        }
        if is_silenced(&self.db).await? {
            self.rest(&walk, REST_OF_FAILURE, Some("Twilio refuses the account")).await?;
            return Ok(Turn::Over);
        }
        let read = match self.twilio.traffic_page(walk.what, walk.from_at, walk.next_page.as_deref()).await {
            Ok(read) => read,
            Err(failure) => return self.failed(&walk, &failure).await,
        };
        if read.next.is_some() && read.next == walk.next_page {
            return self.give_up(&walk, "a page of Twilio's list names itself as the next").await;
        }
        if walk.unreadable + read.unreadable >= UNREADABLE_MAX {
            return self.give_up(&walk, "too many rows could not be read").await;
        }
        let (page, written, instance) = (of(read), walk.clone(), self.instance);
        let taken = page.clone();
        let is_ours = self
            .db
            .run_patiently("sweep_page_taken", move |conn| sweep_page_taken(conn, &written, instance, &taken))
            .await?;
        fail::fail_point!("sweep_page_written");
        match page.next_page {
            _ if !is_ours => Ok(Turn::Over),
            None => {
                slog::info!(self.log, "a walk over the account's traffic came to its end"; "what" => walk.what.as_str());
                Ok(Turn::Over)
            }
            next_page @ Some(_) => {
                let unreadable = walk.unreadable + page.unreadable;
                Ok(Turn::On(Walk { next_page, unreadable, ..walk }))
            }
        }
    }

    async fn failed(&self, walk: &Walk, failure: &TwilioError) -> Result<Turn, DbError> {
        if failure.says_page_is_gone() && walk.next_page.is_some() {
            if walk.anew >= ANEW_MAX {
                return self.give_up(walk, "Twilio lost the way to the next page again and again").await;
            }
            let (id, instance) = (walk.id, self.instance);
            self.db.run_patiently("sweep_again", move |conn| sweep_again(conn, id, instance)).await?;
            return Ok(Turn::Over);
        }
        if failure.is_passing() || failure.is_unreadable() {
            let rest = failure.retry_after().unwrap_or(REST_OF_FAILURE).max(REST_OF_FAILURE);
            self.rest(walk, rest, Some(&failure.in_full())).await?;
            return Ok(Turn::Over);
        }
        self.give_up(walk, &failure.in_full()).await
    }

    async fn rest(&self, walk: &Walk, rest: Duration, why: Option<&str>) -> Result<(), DbError> {
        let (id, instance, why) = (walk.id, self.instance, why.map(hide_numbers));
        self.db.run_patiently("sweep_rest", move |conn| sweep_rest(conn, id, instance, rest, why.as_deref())).await
    }

    async fn give_up(&self, walk: &Walk, why: &str) -> Result<Turn, DbError> {
        let (id, instance, why) = (walk.id, self.instance, hide_numbers(why));
        slog::warn!(self.log, "a walk over the account's traffic broke off, and proves nothing"; "what" => walk.what.as_str(),
            "cause" => &why);
        self.db.run_patiently("sweep_break", move |conn| sweep_break(conn, id, instance, &why)).await?;
        Ok(Turn::Over)
    }
}

/// A page as it is written down: each number once, with its latest use.
fn of(page: TrafficPage) -> Page {
    let mut latest: BTreeMap<PhoneNumber, DateTime<Utc>> = BTreeMap::new();
    for (number, at) in page.uses {
        let known = latest.entry(number).or_insert(at);
        *known = at.max(*known);
    }
    Page { uses: latest.into_iter().collect(), unreadable: page.unreadable, next_page: page.next }
}
