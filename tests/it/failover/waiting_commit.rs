//! The only standby is away, and commits wait for it longer than we do: nothing is acknowledged that it does not have, neither by whoever
//! wrote it nor by whoever reads it.

use super::pair::Pair;
use crate::world::daemon::Reply;
use crate::world::eventually;

#[test]
fn what_no_standby_has_is_acknowledged_by_nobody_and_stands_when_it_is_back() {
    let mut pair = Pair::synchronous();
    pair.world.change("pool.threshold_low", 0);
    pair.world.change("pool.total_min", 0);
    let daemons = pair.daemons();
    let [one, other] = &daemons;
    one.purchase(6).ok();
    let before = one.assign("before").ok();
    one.assign("gives-back").ok();
    pair.other().stop_fast().expect("the standby stops");
    // What we give up waits on, until somebody ends its session or restarts the server: then it stands there alone.
    let alone = |ask: &dyn Fn() -> Reply, sql: &str| {
        let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
        eventually("it stands on this server", || {
            ask().problem(503, "database_unavailable");
            pair.world.sql(end);
            pair.world.count(sql) == 1
        });
    };
    let stands = "SELECT count(*) FROM assignments_ever WHERE user_id = 'meanwhile'";
    alone(&|| one.assign("meanwhile"), stands);
    let ended = "SELECT count(*) FROM assignments_ever WHERE user_id = 'gives-back' AND released_at IS NOT NULL";
    alone(&|| one.release("gives-back"), ended);
    // Whoever reads it now has not been told either.
    for daemon in [one, other] {
        daemon.assign("meanwhile").problem(503, "database_unavailable");
        daemon.get("/signup/api/assignments/meanwhile").problem(503, "database_unavailable");
        daemon.release("gives-back").problem(503, "database_unavailable");
    }
    one.purchase(1).problem(503, "database_unavailable");
    assert_eq!(pair.world.bought(), 6);

    pair.other().start_again().expect("the standby is back");
    let number = pair.world.sql(
        "SELECT n.phone_number FROM assignments_ever a JOIN numbers n ON n.id = a.number_id WHERE a.user_id = 'meanwhile'",
    );
    for daemon in [one, other] {
        eventually("it is told", || daemon.assign("meanwhile").status == 200);
        let told = daemon.assign("meanwhile").ok();
        assert_eq!((told["phone_number"].as_str(), told["replayed"].as_bool()), (Some(number.as_str()), Some(true)));
        daemon.release("gives-back").problem(404, "not_assigned");
    }
    assert_eq!(other.assign("before").ok()["phone_number"], before["phone_number"]);
    // All of that was on the standby when it was told.
    pair.primary().kill9().expect("it is killed");
    pair.promote();
    assert_eq!(pair.world.count(stands), 1);
    assert_eq!(pair.world.count(ended), 1);
}
