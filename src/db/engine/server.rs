//! Which server a connection reached, and which was left behind.
//!
//! After a failover the connections to the former primary are worth nothing, also those that seem to live: it stands
//! still, or takes writes that nobody will ever see. Invariants: when a connection reaches another server than the one
//! before, all connections to that one are cut; a server that was left behind is not returned to while it is the same
//! process and has not been promoted since.
//! How to get it wrong: telling servers apart by address. A virtual address is another machine's from one moment to the next.

use std::collections::HashSet;
use std::sync::{Arc, Weak};

use super::wire::Wire;

/// Servers that were left behind, at most; older ones have been fenced long since.
const LEFT_MAX: usize = 16;

/// A running PostgreSQL: when its postmaster began, in microseconds, and the timeline that it writes (0 = not told).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) began: i64,
    pub(super) timeline: i64,
}

/// The connections that are open, and to whom.
#[derive(Default)]
pub(super) struct Servers {
    current: Option<Server>,
    left: Vec<i64>,
    open: Vec<(i64, Weak<Wire>)>,
}

impl Servers {
    /// Takes a connection in, and cuts those that it makes worthless; false when it is itself one of those.
    pub(super) fn admit(&mut self, server: Server, wire: &Arc<Wire>) -> bool {
        if let Some(current) = self.current.filter(|current| current.began != server.began) {
            if self.left.contains(&server.began) && server.timeline > 0 && server.timeline <= current.timeline {
                return false;
            }
            self.left.retain(|left| *left != server.began);
            self.left.push(current.began);
            if self.left.len() > LEFT_MAX {
                self.left.remove(0);
            }
            for wire in
                self.open.iter().filter(|(began, _)| *began != server.began).filter_map(|(_, wire)| wire.upgrade())
            {
                wire.cut();
            }
        }
        self.current = Some(server);
        self.open.retain(|(began, wire)| *began == server.began && wire.strong_count() > 0);
        self.open.push((server.began, Arc::downgrade(wire)));
        true
    }

    /// The names of the sockets in use.
    pub(super) fn sockets(&self) -> HashSet<String> {
        self.open.iter().filter_map(|(_, wire)| wire.upgrade()).map(|wire| wire.name().to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire() -> Arc<Wire> {
        Arc::new(Wire::unknown())
    }

    #[test]
    fn who_reaches_another_server_ends_the_connections_to_the_former_one() {
        let (old, new) = (Server { began: 1, timeline: 1 }, Server { began: 2, timeline: 2 });
        let mut servers = Servers::default();
        let wires = [wire(), wire(), wire(), wire()];
        assert!(servers.admit(old, &wires[0]) && servers.admit(old, &wires[1]));
        assert!(wires.iter().all(|wire| !wire.is_cut()), "the same server");
        assert!(servers.admit(new, &wires[2]));
        assert!(wires[0].is_cut() && wires[1].is_cut() && !wires[2].is_cut());
        assert!(!servers.admit(old, &wires[3]), "it was left behind");
        assert!(!wires[2].is_cut());
    }

    #[test]
    fn a_server_that_was_promoted_again_or_started_again_is_welcome() {
        let mut servers = Servers::default();
        for (server, welcome) in [
            (Server { began: 1, timeline: 1 }, true),
            (Server { began: 2, timeline: 2 }, true),
            (Server { began: 1, timeline: 3 }, true),
            (Server { began: 2, timeline: 2 }, false),
            (Server { began: 3, timeline: 1 }, true),
        ] {
            assert_eq!(servers.admit(server, &wire()), welcome, "{server:?}");
        }
    }
}
