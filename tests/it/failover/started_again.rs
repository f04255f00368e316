//! The machine of a former primary comes back, and its PostgreSQL takes writes as if nothing had happened: nobody goes there.
//!
//! How to get it wrong: a standby that is waited for. Then the former primary acknowledges nothing, and nobody could be lost there.

use std::time::{Duration, Instant};

use super::pair::Pair;
use crate::world::eventually;

#[test]
fn a_former_primary_that_is_started_again_serves_nobody_whoever_starts_and_whatever_becomes_of_its_successor() {
    let mut pair = Pair::new();
    pair.world.change("pool.threshold_low", 0);
    pair.world.change("pool.total_min", 0);
    let daemon = pair.world.daemon();
    pair.world.stock("default", 1, 20);
    daemon.assign("before").ok();
    pair.primary().kill9().expect("it is killed");
    pair.promote();
    eventually("the new primary serves", || daemon.assign("u-1").status == 200);
    pair.other().start_again().expect("it takes writes again");

    // Whoever opens a session now asks the others, too.
    pair.primary().freeze().expect("it freezes");
    let until = Instant::now() + Duration::from_secs(5);
    while Instant::now() < until {
        daemon.assign("u-2").problem(503, "database_unavailable");
    }
    pair.primary().thaw().expect("it thaws");
    eventually("the new primary serves again", || daemon.assign("u-2").status == 200);

    // It is named first, and answers at once.
    let another = pair.world.daemon();
    assert_eq!(another.assign("u-1").ok()["replayed"], true);
    another.assign("u-3").ok();
    let told = "SELECT string_agg(user_id, ' ' ORDER BY user_id) FROM callbunker.leases WHERE user_id IS NOT NULL";
    let at = |cluster: &postgres_fixture::Cluster| cluster.psql(pair.world.database.name(), told).expect("it answers");
    assert_eq!(at(pair.other()), "before", "the former primary");
    assert_eq!(at(pair.primary()), "before u-1 u-2 u-3");
}
