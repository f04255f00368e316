//! How the desk answers one request, and where it is counted that it did.
//!
//! Invariant: a number that was given is counted, whether or not anybody still listens; a refusal only if somebody hears it.
//! How to get it wrong: counting in the HTTP handler, which is dropped when its client hangs up.

use std::time::Instant;

use tokio::sync::oneshot;

use super::ask::{Assigned, NoNumber};
use super::refusals::Refusals;
use crate::domain::AssignmentSource;
use crate::telemetry::Telemetry;

/// How the desk answers one request.
pub(super) struct Reply {
    answer: oneshot::Sender<Result<Assigned, NoNumber>>,
    asked: Instant,
    telemetry: Telemetry,
    refusals: Refusals,
}

impl Reply {
    /// For a request that is asked now, and where its answer will come.
    pub(super) fn new(
        telemetry: Telemetry,
        refusals: Refusals,
    ) -> (Self, oneshot::Receiver<Result<Assigned, NoNumber>>) {
        let (answer, answered) = oneshot::channel();
        (Self { answer, asked: Instant::now(), telemetry, refusals }, answered)
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
                self.telemetry.assigned(&crate::domain::PoolName::default_pool(), for_the_line, None, waited);
            }
            _ if self.is_closed() => {}
            Ok(_) => self.telemetry.replayed(&crate::domain::PoolName::default_pool(), waited),
            Err(why) => {
                self.telemetry.assign_refused(&crate::domain::PoolName::default_pool(), why.code(), waited);
                self.refusals.count(why.code());
            }
        }
        let _ = self.answer.send(answer);
    }
}
