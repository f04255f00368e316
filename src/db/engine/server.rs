//! Which server a connection reached, and which was left behind.
//!
//! After a failover the connections to the former primary are worth nothing, also those that seem to live: it stands
//! still, or takes writes that nobody will ever see. Invariants: when a connection reaches another server than the one
//! before, all connections to that one are cut; a server that was left behind is not returned to before it was promoted again, also when
//! it was started anew meanwhile; when a server is found frozen, no session made before serves any more.
//! How to get it wrong: telling servers apart by address. A virtual address is another machine's from one moment to the next.
//! Or by the start of their process alone: a former primary whose machine came back takes writes as if nothing had happened.

use std::collections::HashSet;
use std::sync::{Arc, Weak};
use std::time::Instant;

use super::wire::Wire;

/// Servers that were left behind, at most; older ones have been fenced long since.
const LEFT_MAX: usize = 16;

/// A running PostgreSQL: when its postmaster began, in microseconds, the timeline that it writes and the identifier that it shares with its
/// standbys (0 = not told).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) began: i64,
    pub(super) timeline: i64,
    pub(super) cluster: i64,
}

impl Server {
    /// Whether `other` was promoted after this one had written last. Timelines of two clusters say nothing of each other.
    fn is_older_than(self, other: Self) -> bool {
        self.cluster == other.cluster && self.cluster != 0 && 0 < self.timeline && self.timeline < other.timeline
    }
}

/// The connections that are open, and to whom.
#[derive(Default)]
pub(super) struct Servers {
    current: Option<Server>,
    left: Vec<i64>,
    open: Vec<(i64, Weak<Wire>)>,
    /// The server that was found frozen last, and when.
    frozen: Option<(i64, Instant)>,
}

impl Servers {
    /// Whether any was reached yet.
    pub(super) fn is_one_known(&self) -> bool {
        self.current.is_some()
    }

    /// Whether it is the one in use, or took the place of that one.
    pub(super) fn was_promoted_since(&self, server: Server) -> bool {
        self.current.is_none_or(|current| current.began == server.began || server.timeline > current.timeline)
    }

    /// Takes a connection in, and cuts those that it makes worthless; false when it is itself one of those.
    pub(super) fn admit(&mut self, server: Server, wire: &Arc<Wire>) -> bool {
        if let Some(current) = self.current.filter(|current| current.began != server.began) {
            let was_left =
                self.left.contains(&server.began) && server.timeline > 0 && server.timeline <= current.timeline;
            if was_left || server.is_older_than(current) {
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

    /// A new session found that server frozen: those that were made before know nothing of it, and are cut.
    pub(super) fn cut_all(&mut self, began: i64) {
        self.frozen = Some((began, Instant::now()));
        for wire in self.open.iter().filter(|(of, _)| *of == began).filter_map(|(_, wire)| wire.upgrade()) {
            wire.cut();
        }
        self.open.retain(|(of, _)| *of != began);
    }

    /// Whether that server was found frozen after somebody else had asked it whether it is.
    pub(super) fn froze_since(&self, began: i64, asked: Instant) -> bool {
        self.frozen.is_some_and(|(frozen, at)| frozen == began && at >= asked)
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

    fn server(began: i64, timeline: i64) -> Server {
        Server { began, timeline, cluster: 7 }
    }

    #[test]
    fn who_reaches_another_server_ends_the_connections_to_the_former_one() {
        let (old, new) = (server(1, 1), server(2, 2));
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
    fn whoever_looks_around_finds_what_was_promoted_after_the_server_in_use() {
        let (old, new, unknown) = (server(1, 1), server(2, 2), server(3, 0));
        let mut servers = Servers::default();
        assert!(servers.was_promoted_since(old), "none is in use");
        assert!(servers.admit(old, &wire()));
        assert!(servers.was_promoted_since(old) && servers.was_promoted_since(new));
        assert!(!servers.was_promoted_since(unknown), "it does not tell");
        assert!(servers.admit(new, &wire()) && !servers.was_promoted_since(old));
    }

    #[test]
    fn a_freeze_ends_the_sessions_of_that_server_and_those_that_asked_before_it() {
        let (frozen, other) = (server(1, 1), 2);
        let mut servers = Servers::default();
        let (before, wires) = (Instant::now(), [wire(), wire()]);
        assert!(servers.admit(frozen, &wires[0]));
        servers.cut_all(other);
        assert!(!wires[0].is_cut() && !servers.froze_since(frozen.began, before), "another one is frozen");
        servers.cut_all(frozen.began);
        assert!(wires[0].is_cut());
        assert!(servers.froze_since(frozen.began, before) && !servers.froze_since(other, before));
        let after = Instant::now() + std::time::Duration::from_millis(1);
        assert!(!servers.froze_since(frozen.began, after) && servers.admit(frozen, &wires[1]), "it has thawed");
        assert!(!wires[1].is_cut());
    }

    #[test]
    fn a_server_that_was_promoted_again_is_welcome_and_one_that_was_only_started_again_is_not() {
        let mut servers = Servers::default();
        for (server, welcome) in [
            (server(1, 1), true),
            (server(2, 2), true),
            (server(1, 3), true),
            (server(2, 2), false),
            // The machine of the former primary came back.
            (server(3, 2), false),
            (server(4, 3), true),
            (server(3, 4), true),
        ] {
            assert_eq!(servers.admit(server, &wire()), welcome, "{server:?}");
        }
    }

    #[test]
    fn timelines_of_another_cluster_and_untold_ones_keep_nobody_out() {
        for (server, welcome) in [
            (server(2, 2), false),
            (Server { cluster: 8, ..server(2, 2) }, true),
            (Server { cluster: 0, ..server(2, 2) }, true),
            (server(2, 0), true),
        ] {
            let mut servers = Servers::default();
            assert!(servers.admit(self::server(1, 3), &wire()));
            assert_eq!(servers.admit(server, &wire()), welcome, "{server:?}");
        }
    }
}
