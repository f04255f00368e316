//! The signups of this instance that wait: who, until when, and what each look of the line tells them.
//!
//! Invariants: everybody in line is answered exactly once, at the latest at their deadline; whoever hung up leaves; of
//! the instances at which one user waits, only the one that holds their place in the database's line calls the number new.
//! How to get it wrong: serving only our own. The line is in the database and is served oldest first, whoever looks.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use uuid::Uuid;

use super::{Answer, Ask, NoNumber};
use crate::db::assignments::{Assignment, Source, assignments_held};
use crate::db::waiters::{Waiter, waiters_join, waiters_leave, waiters_serve, waiters_sweep};
use crate::db::{Connection, Constraint, DbError};
use crate::domain::{CountryCode, UserId};

/// How the desk answers one request.
pub(super) type Reply = oneshot::Sender<Result<Answer, NoNumber>>;

/// Waiters served in one statement.
const SERVED_MAX: i64 = 256;

struct InLine {
    country: Option<CountryCode>,
    deadline: Instant,
    replies: Vec<Reply>,
    /// The place in the database's line is this instance's.
    is_ours: bool,
}

/// What one look found.
pub(super) struct Looked {
    /// Users of this instance whose place in the database's line is this instance's.
    ours: Vec<UserId>,
    /// Those of this instance who have a number now.
    served: Vec<Assignment>,
}

/// Who waits here.
#[derive(Default)]
pub(super) struct Line(HashMap<UserId, InLine>);

impl Line {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Gets in line; somebody who asks again waits beside themselves.
    pub(super) fn join(&mut self, ask: &Ask, deadline: Instant, mut replies: Vec<Reply>) {
        let place = self.0.entry(ask.user_id.clone()).or_insert_with(|| InLine {
            country: ask.country,
            deadline,
            replies: Vec::new(),
            is_ours: false,
        });
        place.deadline = place.deadline.max(deadline);
        place.replies.append(&mut replies);
    }

    /// Everybody, for the database's line.
    pub(super) fn waiters(&self, now: Instant) -> Vec<Waiter> {
        self.0
            .iter()
            .map(|(user_id, place)| Waiter {
                user_id: user_id.clone(),
                country: place.country,
                patience: place.deadline.saturating_duration_since(now),
            })
            .collect()
    }

    /// Answers those whom a look found served.
    pub(super) fn deliver(&mut self, looked: Looked) {
        for user_id in &looked.ours {
            if let Some(place) = self.0.get_mut(user_id) {
                place.is_ours = true;
            }
        }
        for assignment in looked.served {
            if let Some(place) = self.0.remove(&assignment.user_id) {
                // Served out of the line, and not at another desk meanwhile.
                let is_new = place.is_ours && assignment.source == Source::Emergency;
                give(place.replies, &assignment, !is_new);
            }
        }
    }

    /// Answers those whose time is over, lets go those who hung up; returns both, to take them out of the database's line.
    pub(super) fn expire(&mut self, now: Instant, reason: Option<&String>) -> Vec<UserId> {
        let mut gone = Vec::new();
        for (user_id, place) in &mut self.0 {
            place.replies.retain(|reply| !reply.is_closed());
            if place.replies.is_empty() || place.deadline <= now {
                gone.push(user_id.clone());
            }
        }
        for user_id in &gone {
            self.refuse_one(user_id, &NoNumber::PoolEmpty(reason.cloned()));
        }
        gone
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
        for reply in self.0.remove(user_id).into_iter().flat_map(|place| place.replies) {
            // Whoever hung up does not hear it.
            let _ = reply.send(Err(why.clone()));
        }
    }
}

/// Gives one user's number to everybody who asked for that user: the first got it, the others are told again.
pub(super) fn give(replies: Vec<Reply>, assignment: &Assignment, held: bool) {
    for (position, reply) in replies.into_iter().enumerate() {
        let _ = reply.send(Ok(Answer { assignment: assignment.clone(), replayed: held || position > 0 }));
    }
}

/// One look: keeps `waiters` in the database's line, serves the line from stock, and tells which of `waiters` have theirs.
pub(super) fn look(conn: &mut Connection, instance_id: Uuid, waiters: &[Waiter]) -> Result<Looked, DbError> {
    waiters_sweep(conn)?;
    let patient: Vec<Waiter> = waiters.iter().filter(|waiter| waiter.patience > Duration::ZERO).cloned().collect();
    let ours = waiters_join(conn, instance_id, &patient)?;
    let ours =
        patient.into_iter().map(|waiter| waiter.user_id).filter(|user_id| ours.contains(user_id.as_str())).collect();
    match waiters_serve(conn, SERVED_MAX) {
        // Somebody in line got a number elsewhere this very moment; the next look finds it.
        Ok(_) | Err(DbError::Constraint(Constraint::OneLivePerUser | Constraint::OneLivePerAssignedNumber)) => {}
        Err(error) => return Err(error),
    }
    let users: Vec<&str> = waiters.iter().map(|waiter| waiter.user_id.as_str()).collect();
    Ok(Looked { ours, served: assignments_held(conn, &users)? })
}

/// Takes users out of the database's line.
pub(super) fn leave(conn: &mut Connection, instance_id: Uuid, users: &[UserId]) -> Result<(), DbError> {
    let users: Vec<&str> = users.iter().map(UserId::as_str).collect();
    waiters_leave(conn, instance_id, &users)
}
