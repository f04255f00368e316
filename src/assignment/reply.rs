//! How the desk answers one request, and where it is counted that it did.
//!
//! Invariant: a number that was given is counted, whether or not anybody still listens; a refusal only if somebody hears it.
//! How to get it wrong: counting in the HTTP handler, which is dropped when its client hangs up.

use std::time::Instant;

use tokio::sync::oneshot;

use super::ask::{Assigned, NoNumber};
use super::refusals::Refusals;
use crate::domain::{AssignmentSource, PoolName};
use crate::telemetry::Telemetry;

/// How the desk answers one request.
pub(super) struct Reply {
    answer: oneshot::Sender<Result<Assigned, NoNumber>>,
    asked: Instant,
    /// The pool that serves it.
    pool: PoolName,
    telemetry: Telemetry,
    refusals: Refusals,
}

impl Reply {
    /// For a request that is asked of `pool` now, and where its answer will come.
    pub(super) fn new(
        pool: PoolName,
        telemetry: Telemetry,
        refusals: Refusals,
    ) -> (Self, oneshot::Receiver<Result<Assigned, NoNumber>>) {
        let (answer, answered) = oneshot::channel();
        (Self { answer, asked: Instant::now(), pool, telemetry, refusals }, answered)
    }

    /// Whether whoever asked has hung up.
    pub(super) fn is_closed(&self) -> bool {
        self.answer.is_closed()
    }

    /// Answers. Whoever hung up does not hear it.
    pub(super) fn send(self, answer: Result<Assigned, NoNumber>) {
        let waited = self.asked.elapsed();
        match &answer {
            Ok(given) if !given.replayed => {
                let for_the_line = given.assignment.source == AssignmentSource::Emergency;
                self.telemetry.assigned(&given.assignment.pool, for_the_line, given.assignment.matched, waited);
            }
            _ if self.is_closed() => {}
            Ok(given) => self.telemetry.replayed(&given.assignment.pool, waited),
            Err(why) => {
                self.telemetry.assign_refused(&self.pool, why.code(), waited);
                self.refusals.count(&self.pool, why.code());
            }
        }
        let _ = self.answer.send(answer);
    }
}
