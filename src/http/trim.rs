//! Memory goes back to the system when a crowd has gone.
//!
//! The C library keeps for itself what a crowd's buffers took, for ever: of 264 MB that 4,000 connections left nothing came
//! back by itself, and `malloc_trim` gave back all but 3 MB of it in 70 ms. Another allocator would be another way. Of those
//! that were tried, mimalloc gives nothing back while its threads rest, and jemalloc does within ten seconds, but costs two
//! minutes of C in each first build and takes over the page size of the machine that it was built on.
//! Invariants: one trim for each crowd that went, never for the coming and going of every day, and never on a thread that
//! serves.
//! How to get it wrong: trimming at each end of a connection. A trim holds the allocator's locks while it looks at all there is.

use std::time::Duration;

/// How often somebody looks whether a crowd has gone.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Fewer connections are no crowd.
const CROWD_MIN: usize = 64;

/// How many connections there were, at most, since memory was given back.
#[derive(Debug, Default)]
pub(super) struct CrowdMark(usize);

impl CrowdMark {
    /// So many are open.
    pub(crate) fn saw(&mut self, connections: usize) {
        self.0 = self.0.max(connections);
    }

    /// Whether a crowd has gone: a quarter of those who were there.
    pub(super) fn has_gone(&mut self, connections: usize) -> bool {
        let has_gone = self.0.saturating_sub(connections) >= CROWD_MIN.max(self.0 / 4);
        if has_gone {
            self.0 = connections;
        }
        has_gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_that_goes_is_noticed_once_and_everyday_traffic_is_not() {
        let mut mark = CrowdMark::default();
        for connections in [0, 10, 63, 0, 40] {
            mark.saw(connections);
            assert!(!mark.has_gone(connections));
        }
        mark.saw(1000);
        assert!(!mark.has_gone(800), "a fifth of it");
        assert!(mark.has_gone(750));
        assert!(!mark.has_gone(750) && !mark.has_gone(600));
        assert!(mark.has_gone(500), "the next quarter");
        assert!(mark.has_gone(0));
        assert!(!mark.has_gone(0));
    }
}
