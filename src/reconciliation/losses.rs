//! Numbers that seem to have lost something: put aside until the walk knows how many they are.

use crate::twilio::IncomingNumber;

/// Numbers put aside; the next comparison sees to more.
const KEPT_MAX: usize = 1000;

/// What the walk put aside.
#[derive(Debug, Default)]
pub(super) struct Losses {
    pub(super) kept: Vec<IncomingNumber>,
    pub(super) count: usize,
}

impl Losses {
    /// Keeps a number for the end of the walk.
    pub(super) fn put_aside(&mut self, number: IncomingNumber) {
        self.count += 1;
        if self.kept.len() < KEPT_MAX {
            self.kept.push(number);
        }
    }
}
