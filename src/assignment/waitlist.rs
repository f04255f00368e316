//! The signups of this instance that wait: who, until when, and what each look of the waitlist tells them.
//!
//! Invariants: everybody on the waitlist is answered exactly once, at the latest at their deadline; whoever hung up leaves;
//! of the instances at which one user waits, only the one that holds their turn in the database calls the number new.
//! How to get it wrong: serving only our own. The waitlist is in the database and is served oldest first, whoever looks.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::ask::{Ask, Assigned, NoNumber};
use super::reply::Reply;
use crate::db::assignments::{Assignment, assignments_held};
use crate::db::waiters::{Waiter, waiters_join, waiters_leave, waiters_serve, waiters_served_here, waiters_sweep};
use crate::db::{Connection, Constraint, DbError};
use crate::domain::{AreaCode, PoolName, UserId};
use crate::purchaser::{EmergencyReport, PoolReport, Shortfall};

/// Waiters served in one statement.
const SERVED_MAX: i64 = 256;

struct Waiting {
    pool: PoolName,
    wish: Option<AreaCode>,
    only_pool: bool,
    joined: Instant,
    /// Each request has its own deadline.
    replies: Vec<(Instant, Reply)>,
}

/// What one look found.
pub(super) struct Poll {
    /// Those of them who waited for it here, and not at another instance's desk.
    here: Vec<String>,
    /// Those of this instance who have a number now.
    served: Vec<Assignment>,
}

impl Poll {
    pub(super) fn served_any(&self) -> bool {
        !self.served.is_empty()
    }
}

impl Waiting {
    fn deadline(&self) -> Option<Instant> {
        self.replies.iter().map(|(deadline, _)| *deadline).max()
    }

    fn into_replies(self) -> Vec<Reply> {
        self.replies.into_iter().map(|(_, reply)| reply).collect()
    }
}

/// Where buying for the waitlist fell short, and why.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    pools: BTreeMap<PoolName, PoolReport>,
    begun: Option<Instant>,
}

impl Verdict {
    pub(super) fn of(report: EmergencyReport) -> Self {
        Self { pools: report.pools, begun: Some(report.begun) }
    }

    /// Whether somebody need not wait for the deadline to hear that nothing comes.
    pub(super) fn is_hopeless(&self) -> bool {
        self.pools.values().any(is_hopeless)
    }

    /// What to tell somebody who gets nothing.
    fn refusal_of(&self, waiting: &Waiting) -> NoNumber {
        match self.pools.get(&waiting.pool) {
            Some(PoolReport { told: None, registering: count @ 1.., .. }) => NoNumber::Registering(*count),
            known => NoNumber::PoolEmpty(known.and_then(|report| report.told.clone())),
        }
    }

    fn dooms(&self, waiting: &Waiting) -> bool {
        let counted = self.begun.is_some_and(|begun| waiting.joined <= begun);
        counted && self.pools.get(&waiting.pool).is_some_and(is_hopeless)
    }
}

/// Nothing is on its way, whoever bought it, and nothing can be bought.
fn is_hopeless(report: &PoolReport) -> bool {
    report.on_their_way == 0 && report.short.as_ref().is_some_and(Shortfall::is_hopeless)
}

/// Who waits here.
#[derive(Default)]
pub(super) struct Waitlist(HashMap<UserId, Waiting>);

impl Waitlist {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Joins the waitlist; somebody who asks again waits beside themselves.
    pub(super) fn join(&mut self, ask: &Ask, deadline: Instant, replies: Vec<Reply>) {
        let waiting = self.0.entry(ask.user_id.clone()).or_insert_with(|| Waiting {
            pool: ask.pool.clone(),
            wish: ask.wish,
            only_pool: ask.only_pool,
            joined: Instant::now(),
            replies: Vec::new(),
        });
        waiting.replies.extend(replies.into_iter().map(|reply| (deadline, reply)));
    }

    /// Everybody, for the database's waitlist.
    pub(super) fn waiters(&self, now: Instant) -> Vec<Waiter> {
        self.0
            .iter()
            .map(|(user_id, waiting)| Waiter {
                user_id: user_id.clone(),
                pool: waiting.pool.clone(),
                wish: waiting.wish,
                only_pool: waiting.only_pool,
                patience: waiting.deadline().unwrap_or(now).saturating_duration_since(now),
            })
            .collect()
    }

    /// Answers those whom a look found served.
    pub(super) fn deliver(&mut self, poll: Poll) {
        for assignment in poll.served {
            if let Some(waiting) = self.0.remove(&assignment.user_id) {
                let is_new = poll.here.iter().any(|user_id| user_id == assignment.user_id.as_str());
                give(waiting.into_replies(), &assignment, !is_new);
            }
        }
    }

    /// Answers those whose time is over, lets go those who hung up; returns both, to take them out of the database's.
    pub(super) fn expire(&mut self, now: Instant, verdict: &Verdict) -> Vec<UserId> {
        let mut gone = Vec::new();
        for (user_id, waiting) in &mut self.0 {
            let why = verdict.refusal_of(waiting);
            waiting.replies.retain(|(_, reply)| !reply.is_closed());
            for (_, reply) in waiting.replies.extract_if(.., |(deadline, _)| *deadline <= now) {
                reply.send(Err(why.clone()));
            }
            if waiting.replies.is_empty() {
                gone.push(user_id.clone());
            }
        }
        for user_id in &gone {
            self.0.remove(user_id);
        }
        gone
    }

    /// Answers those for whom nothing can be bought, and nothing is on its way; returns them.
    pub(super) fn refuse_hopeless(&mut self, verdict: &Verdict) -> Vec<UserId> {
        let doomed = |(user_id, waiting): (&UserId, &Waiting)| verdict.dooms(waiting).then(|| user_id.clone());
        let gone: Vec<UserId> = self.0.iter().filter_map(doomed).collect();
        self.refuse_empty(&gone, verdict);
        gone
    }

    fn refuse_empty(&mut self, gone: &[UserId], verdict: &Verdict) {
        for user_id in gone {
            let why = self.0.get(user_id).map(|waiting| verdict.refusal_of(waiting));
            self.refuse_one(user_id, &why.unwrap_or(NoNumber::PoolEmpty(None)));
        }
    }

    /// Answers everybody with `why`; returns them.
    pub(super) fn refuse_all(&mut self, why: &NoNumber) -> Vec<UserId> {
        let everybody: Vec<UserId> = self.0.keys().cloned().collect();
        for user_id in &everybody {
            self.refuse_one(user_id, why);
        }
        everybody
    }

    fn refuse_one(&mut self, user_id: &UserId, why: &NoNumber) {
        for reply in self.0.remove(user_id).into_iter().flat_map(Waiting::into_replies) {
            reply.send(Err(why.clone()));
        }
    }
}

/// Gives one user's number to everybody who asked for that user: the first got it, the others are told again.
pub(super) fn give(replies: Vec<Reply>, assignment: &Assignment, held: bool) {
    for (position, reply) in replies.into_iter().enumerate() {
        reply.send(Ok(Assigned { assignment: assignment.clone(), replayed: held || position > 0 }));
    }
}

/// One look: keeps `waiters` on the database's waitlist, serves that from stock, and tells which of `waiters` have theirs.
pub(super) fn poll(conn: &mut Connection, instance_id: Uuid, waiters: &[Waiter]) -> Result<Poll, DbError> {
    waiters_sweep(conn)?;
    let patient: Vec<Waiter> = waiters.iter().filter(|waiter| waiter.patience > Duration::ZERO).cloned().collect();
    waiters_join(conn, instance_id, &patient)?;
    fail::fail_point!("waitlist_joined");
    match waiters_serve(conn, SERVED_MAX) {
        // Somebody on the waitlist got a number elsewhere this very moment; the next look finds it.
        Ok(_) | Err(DbError::Constraint(Constraint::OneLivePerUser | Constraint::SomebodysMeanwhile)) => {}
        Err(error) => return Err(error),
    }
    let users: Vec<&str> = waiters.iter().map(|waiter| waiter.user_id.as_str()).collect();
    let served = assignments_held(conn, &users)?;
    if !served.is_empty() {
        fail::fail_point!("waitlist_served");
    }
    if served.len() == users.len() {
        // Nobody here looks again: whoever joined while another instance served them shall not hold up newcomers.
        waiters_sweep(conn)?;
    }
    let here = if served.is_empty() { Vec::new() } else { waiters_served_here(conn, instance_id, &users)? };
    Ok(Poll { here, served })
}

/// Takes users off the database's waitlist.
pub(super) fn leave(conn: &mut Connection, instance_id: Uuid, users: &[UserId]) -> Result<(), DbError> {
    let users: Vec<&str> = users.iter().map(UserId::as_str).collect();
    waiters_leave(conn, instance_id, &users)
}
