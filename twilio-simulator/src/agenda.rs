//! What will happen by itself: approvals, registrations, events that are to be sent.
//!
//! Invariants: whoever puts something here wakes the one who carries it out; what is due at the same moment happens in the
//! order in which it was put down. An entry that means something which is gone by then means nothing.
//!
//! How to get it wrong: acting on an entry without asking whether it still holds. A number may have been released meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::events::Outgoing;
use crate::number::Sid;
use crate::world::World;

/// Something that happens at its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// A service's campaign is approved, unless another word came since.
    Approve { service: Sid, turn: u64 },
    /// A number's registration, or the end of it, comes to its end.
    Register { number: Sid, turn: u64 },
    /// A delivery goes out.
    Send(u64),
}

/// The acts that wait for their time.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    due: BTreeMap<(Instant, u64), Due>,
    serial: u64,
    wake: Arc<Notify>,
}

impl Agenda {
    /// An empty one whose acts wake the same one as this one's.
    pub(crate) fn emptied(&self) -> Self {
        Self { wake: Arc::clone(&self.wake), ..Self::default() }
    }

    pub(crate) fn after(&mut self, wait: Duration, due: Due) {
        self.serial += 1;
        self.due.insert((Instant::now() + wait, self.serial), due);
        self.wake.notify_one();
    }

    /// What is woken by every new entry.
    pub(crate) fn wake(&self) -> Arc<Notify> {
        Arc::clone(&self.wake)
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.due.keys().next().map(|(at, _)| *at)
    }

    /// Takes the first act whose time has come.
    pub(crate) fn take(&mut self, now: Instant) -> Option<Due> {
        let first = self.due.first_entry().filter(|entry| entry.key().0 <= now)?;
        Some(first.remove())
    }
}

impl World {
    /// Carries out what is due; the events that are to be sent now.
    pub(crate) fn act(&mut self, now: Instant) -> Vec<Outgoing> {
        let mut outgoing = Vec::new();
        while let Some(due) = self.agenda.take(now) {
            match due {
                Due::Approve { service, turn } => self.approve(&service, turn),
                Due::Register { number, turn } => self.registration_due(&number, turn),
                Due::Send(delivery) => outgoing.extend(self.dispatch(delivery)),
            }
        }
        outgoing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acts_come_at_their_time_and_in_their_order() {
        let mut agenda = Agenda::default();
        agenda.after(Duration::from_secs(60), Due::Send(3));
        agenda.after(Duration::ZERO, Due::Send(1));
        agenda.after(Duration::ZERO, Due::Send(2));
        let now = Instant::now() + Duration::from_millis(1);
        let taken = [agenda.take(now), agenda.take(now), agenda.take(now)];
        assert_eq!(taken, [Some(Due::Send(1)), Some(Due::Send(2)), None]);
        assert!(agenda.next() > Some(now));
        assert_eq!(agenda.emptied().next(), None);
    }
}
