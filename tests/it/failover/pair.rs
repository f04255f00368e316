//! Two clusters, of which one follows the other, and a world that asks whichever is the primary.

use std::time::Instant;

use postgres_fixture::{Cluster, ClusterOptions, OWNER};

use crate::world::World;
use crate::world::daemon::Daemon;

/// A primary and its standby.
pub struct Pair {
    /// Its oracle asks the primary.
    pub world: World,
    clusters: [Cluster; 2],
    primary: usize,
}

impl Pair {
    /// A primary that acknowledges nothing that its standby does not have.
    pub fn synchronous() -> Self {
        let pair = Self::new();
        pair.primary().synchronous().expect("the standby follows");
        pair
    }

    /// A primary whose standby has everything a little later.
    pub fn new() -> Self {
        let cluster = || Cluster::start(ClusterOptions::default()).expect("PostgreSQL");
        let first = cluster();
        let world = World::on(&first);
        let second = first.standby().expect("a standby");
        let mut pair = Self { world, clusters: [first, second], primary: 0 };
        let url = pair.url(pair.ports());
        pair.world.change("DATABASE_URL", url);
        pair
    }

    /// Both clusters' ports.
    pub fn ports(&self) -> [u16; 2] {
        self.clusters.each_ref().map(Cluster::port)
    }

    /// Where daemons find the database: the ports of those servers, or of the ways to them.
    pub fn url(&self, ports: [u16; 2]) -> String {
        let [first, second] = ports;
        let name = self.world.database.name();
        format!("postgres://{OWNER}@127.0.0.1:{first},127.0.0.1:{second}/{name}?target_session_attrs=read-write")
    }

    /// The same of one of them alone.
    pub fn url_of(&self, cluster: &Cluster) -> String {
        format!("postgres://{OWNER}@127.0.0.1:{}/{}", cluster.port(), self.world.database.name())
    }

    /// Two instances.
    pub fn daemons(&self) -> [Daemon; 2] {
        [self.world.daemon(), self.world.daemon()]
    }

    /// The one that writes.
    pub fn primary(&self) -> &Cluster {
        &self.clusters[self.primary]
    }

    /// The other one: its standby, or the former primary.
    pub fn other(&self) -> &Cluster {
        &self.clusters[1 - self.primary]
    }

    /// Both, in the order of [`Pair::ports`].
    pub fn clusters(&self) -> &[Cluster; 2] {
        &self.clusters
    }

    /// The standby takes its primary's place; since when it takes writes.
    pub fn promote(&mut self) -> Instant {
        self.other().promote().expect("it is promoted");
        let since = Instant::now();
        self.primary = 1 - self.primary;
        let there = self.world.database.at(self.primary());
        // The former primary's database goes with its cluster: it may stand still, or still have something to show.
        std::mem::forget(std::mem::replace(&mut self.world.database, there));
        since
    }

    /// The former primary follows the new one, which acknowledges nothing from then on that it does not have.
    pub fn rejoin(&self) {
        self.other().follow(self.primary()).expect("it follows");
        self.primary().synchronous().expect("it has everything");
    }
}
