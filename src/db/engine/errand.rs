//! What a blocking thread at work and whoever waits for it share: when the wait is over, so is the work.
//!
//! Invariants: work that was given up before it began never begins; work that was given up later loses its connection,
//! so that its thread comes back. Whether the statement took effect is then unknown, as ever after a lost answer.
//! How to get it wrong: giving up without cutting. The thread and its place would be lost for as long as the server
//! stands still, and after a few of them nobody is served any more.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::wire::Wire;

/// One piece of blocking work. Cheap to clone; all clones mean the same piece.
#[derive(Clone, Default)]
pub(super) struct Errand(Arc<Mutex<Stage>>);

#[derive(Default)]
enum Stage {
    #[default]
    Ahead,
    AtWork(Arc<Wire>),
    GivenUp,
    Over,
}

impl Errand {
    /// The work goes on over `wire` from here on; false when nobody waits for it any more.
    pub(super) fn goes_on_over(&self, wire: &Arc<Wire>) -> bool {
        let mut stage = self.stage();
        if matches!(*stage, Stage::GivenUp) {
            return false;
        }
        *stage = Stage::AtWork(Arc::clone(wire));
        true
    }

    /// The work is done: its connection may be somebody else's from here on.
    pub(super) fn is_done(&self) {
        *self.stage() = Stage::Over;
    }

    /// Nobody waits any more. `false` when the work was over, or had been given up before.
    pub(super) fn give_up(&self) -> bool {
        let mut stage = self.stage();
        match &*stage {
            Stage::Over | Stage::GivenUp => return false,
            Stage::AtWork(wire) => wire.cut(),
            Stage::Ahead => {}
        }
        *stage = Stage::GivenUp;
        true
    }

    fn is_over(&self) -> bool {
        matches!(*self.stage(), Stage::Over | Stage::GivenUp)
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives the errand up at `until`, also when whoever waited went away before.
pub(super) struct Deadline {
    pub(super) errand: Errand,
    pub(super) until: Instant,
    pub(super) runtime: tokio::runtime::Handle,
}

impl Drop for Deadline {
    fn drop(&mut self) {
        if self.errand.is_over() {
            return;
        }
        if Instant::now() >= self.until {
            self.errand.give_up();
            return;
        }
        let (errand, until) = (self.errand.clone(), self.until);
        self.runtime.spawn(async move {
            tokio::time::sleep_until(until.into()).await;
            errand.give_up();
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_was_given_up_before_it_began_never_begins() {
        let errand = Errand::default();
        errand.give_up();
        assert!(!errand.goes_on_over(&Arc::new(Wire::unknown())));
    }

    #[test]
    fn giving_up_cuts_the_connection_of_work_that_goes_on_and_of_no_other() {
        let (before, wire) = (Arc::new(Wire::unknown()), Arc::new(Wire::unknown()));
        let errand = Errand::default();
        assert!(errand.goes_on_over(&before) && errand.goes_on_over(&wire));
        errand.give_up();
        assert!(wire.is_cut() && !before.is_cut());
        let (done, wire) = (Errand::default(), Arc::new(Wire::unknown()));
        assert!(done.goes_on_over(&wire));
        done.is_done();
        done.give_up();
        assert!(!wire.is_cut());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_goes_away_leaves_the_deadline_behind() {
        let wire = Arc::new(Wire::unknown());
        let errand = Errand::default();
        assert!(errand.goes_on_over(&wire));
        let until = (tokio::time::Instant::now() + Duration::from_secs(2)).into_std();
        drop(Deadline { errand, until, runtime: tokio::runtime::Handle::current() });
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!wire.is_cut(), "its time is not over");
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(wire.is_cut());
    }
}
