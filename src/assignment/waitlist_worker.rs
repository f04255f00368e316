//! The desk keeps the waitlist: looks at it, has numbers bought for it, and tells those for whom nothing comes.
//!
//! Invariants: one look and one message to the Purchaser at a time; a verdict dooms only in looks that began after it.
//! How to get it wrong: believing a look that began before the last purchase ended. It may have missed what was bought.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use actix::prelude::*;

use super::ask::NoNumber;
use super::desk::Desk;
use super::waitlist::{Poll, Verdict, leave, poll};
use crate::db::DbError;
use crate::domain::UserId;
use crate::purchaser::{EmergencyReport, PurchaserError};

/// After a run that could not serve the waitlist in full.
const BUY_AGAIN_AFTER: Duration = Duration::from_secs(1);

impl Desk {
    /// Looks at the waitlist: one look at a time, and another at once if news came meanwhile.
    pub(super) fn poll_waitlist(&mut self, ctx: &mut Context<Self>) {
        if self.polling {
            self.poll_again = true;
            return;
        }
        self.polling = true;
        self.poll_is_judged = true;
        let waiters = self.waitlist.waiters(Instant::now());
        let (db, instance_id) = (self.deps.db.clone(), self.deps.instance_id);
        let work = async move { db.run("waitlist_poll", move |conn| poll(conn, instance_id, &waiters)).await };
        ctx.spawn(work.into_actor(self).map(|poll, desk, ctx| desk.polled(poll, ctx)));
    }

    fn polled(&mut self, poll: Result<Poll, DbError>, ctx: &mut Context<Self>) {
        self.polling = false;
        match poll {
            Ok(poll) => {
                if poll.served_any() {
                    self.deps.taken.notify_one();
                }
                self.waitlist.deliver(poll);
                if self.poll_is_judged {
                    let gone = self.waitlist.refuse_hopeless(&self.verdict);
                    self.take_out(gone, ctx);
                }
            }
            Err(error) => {
                // An error that is not the want of a database, or of its room, passes, or the deadline does.
                slog::warn!(self.deps.log, "a look at those who wait failed"; "error" => error.in_full());
                if matches!(error, DbError::Unavailable(_) | DbError::Frozen | DbError::NoRoom(_) | DbError::NoStandby)
                {
                    let why = self.deps.db.why_away(&error);
                    let gone = self.waitlist.refuse_all(&NoNumber::DatabaseUnavailable(why));
                    self.take_out(gone, ctx);
                }
            }
        }
        let gone = self.waitlist.expire(Instant::now(), &self.verdict);
        self.take_out(gone, ctx);
        if self.waitlist.is_empty() {
            (self.verdict, self.poll_again) = (Verdict::default(), false);
            self.deps.bell.somebody_waits.store(false, Ordering::Relaxed);
            return;
        }
        self.buy_for_waiters(ctx);
        if std::mem::take(&mut self.poll_again) {
            self.poll_waitlist(ctx);
        }
    }

    fn take_out(&self, gone: Vec<UserId>, ctx: &mut Context<Self>) {
        if gone.is_empty() {
            return;
        }
        let (db, instance_id) = (self.deps.db.clone(), self.deps.instance_id);
        let work = async move {
            // Should it fail, their rows end by themselves at their deadline.
            let _ = db.run("waitlist_leave", move |conn| leave(conn, instance_id, &gone)).await;
        };
        ctx.spawn(work.into_actor(self));
    }

    /// Tells the Purchaser that somebody waits, one message at a time.
    fn buy_for_waiters(&mut self, ctx: &mut Context<Self>) {
        let too_soon = self.buy_again_at.is_some_and(|at| Instant::now() < at);
        if too_soon || std::mem::replace(&mut self.buying, true) {
            return;
        }
        let purchaser = self.deps.purchaser.clone();
        let work = async move { purchaser.for_waiters().await };
        ctx.spawn(work.into_actor(self).map(|report, desk, ctx| desk.bought(report, ctx)));
    }

    fn bought(&mut self, report: Result<Option<EmergencyReport>, PurchaserError>, ctx: &mut Context<Self>) {
        self.buying = false;
        match report {
            Ok(Some(report)) => {
                let bought: u32 = report.pools.values().map(|pool| pool.bought).sum();
                let fell_short = report.pools.values().any(|pool| pool.short.is_some());
                self.buy_again_at = fell_short.then(|| Instant::now() + BUY_AGAIN_AFTER);
                self.verdict = Verdict::of(report);
                self.poll_is_judged = false;
                // Otherwise the next look comes with the clock, or with news of stock.
                if (self.verdict.is_hopeless() || bought > 0) && !self.waitlist.is_empty() {
                    self.poll_waitlist(ctx);
                }
            }
            Ok(None) => {}
            Err(error) => slog::warn!(self.deps.log, "nobody buys for those who wait"; "error" => error.to_string()),
        }
    }
}
