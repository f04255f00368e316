//! The only standby is away, and commits wait for it longer than we do: nothing is acknowledged that it does not have, neither by whoever
//! wrote it nor by whoever reads it.

use super::pair::Pair;
use super::standby_away::{crowd, stands};
use crate::world::command::run;
use crate::world::daemon::Reply;
use crate::world::eventually;

#[test]
fn what_no_standby_has_is_acknowledged_by_nobody_and_stands_when_it_is_back() {
    let mut pair = Pair::synchronous();
    pair.world.change("pool.threshold_low", 0);
    pair.world.change("pool.total_min", 0);
    the_word_may_be_written(&pair);
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
    let stood = "SELECT count(*) FROM assignments_ever WHERE user_id = 'meanwhile'";
    alone(&|| one.assign("meanwhile"), stood);
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
    let told = crowd(&pair, &daemons);
    // All of that was on the standby when it was told.
    pair.primary().kill9().expect("it is killed");
    pair.promote();
    assert_eq!(pair.world.count(stood), 1);
    assert_eq!(pair.world.count(ended), 1);
    stands(&pair, &told);
}

/// Whoever reads writes a word, which a server may have been told to let nobody do.
fn the_word_may_be_written(pair: &Pair) {
    let may = |verb: &str, who: &str| {
        let word =
            "SELECT string_agg(oid::regprocedure::text, ', ') FROM pg_proc WHERE proname = 'pg_logical_emit_message'";
        pair.world.sql(&format!("{verb} EXECUTE ON FUNCTION {} {who} PUBLIC", pair.world.sql(word)));
    };
    let settings: Vec<(&str, &str)> =
        pair.world.settings().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    may("REVOKE", "FROM");
    let sentence = run(&settings, &["check-config"]).sentence(64);
    assert!(sentence.contains("GRANT EXECUTE ON FUNCTION pg_logical_emit_message(boolean, text, text"), "{sentence}");
    may("GRANT", "TO");
    assert_eq!(run(&settings, &["check-config"]).code, Some(0));
}
