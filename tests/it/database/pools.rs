//! What the database itself does about pools: a lease is of its number's pool at any time, and a claim takes of one pool only.

use std::time::Duration;

use callbunker::db::assignments::{assignment_release, assignments_claim, assignments_held, assignments_of_user};
use callbunker::db::stock::stock_available_up_to;
use callbunker::db::{Connection, DatabaseUrl, Db, DbError};
use callbunker::domain::{Match, PoolName};
use callbunker::telemetry::Telemetry;

use crate::world::World;

/// Numbers `n` = 1 to 6, the oldest first, ready, and the door to their database: 1, 2 in `default`, 3 apart in it, 4 to 6 in `gb`.
struct Pools {
    world: World,
    runtime: tokio::runtime::Runtime,
    db: Db,
}

impl Pools {
    fn new() -> Self {
        let world = World::new().quiet();
        assert_eq!(world.daemon().stop(), Some(0));
        world.sql(
            "INSERT INTO numbers (sid, phone_number, country, area_code, status, webhook_status, capable, purchased_at, pool, apart)
             SELECT 'PN' || lpad(n::text, 32, '0'), '+1907555010' || n, 'US', '907', 'active', 'configured', true,
                    '2026-01-01'::timestamptz + n * interval '1 day', CASE WHEN n < 4 THEN 'default' ELSE 'gb' END, n = 3
               FROM generate_series(1, 6) AS n",
        );
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let url = DatabaseUrl::new(&world.database.url().to_owned().into());
        let log = slog::Logger::root(slog::Discard, slog::o!());
        let db = Db::new(url, Duration::from_secs(5), runtime.handle().clone(), Telemetry::new(&[]), log);
        Self { world, runtime, db }
    }

    fn run<T: Send + 'static>(&self, step: impl FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static) -> T {
        self.runtime.block_on(self.db.run_patiently("pools", step)).expect("the step succeeds")
    }

    /// What each of `users` got of `pool`, by the last digit, in their order; 0 = nothing.
    fn claim(&self, pool: &str, users: &'static [&'static str]) -> Vec<u32> {
        let pool: PoolName = pool.parse().unwrap();
        let of = pool.clone();
        let given = self.run(move |conn| assignments_claim(conn, &of, users));
        assert!(given.iter().all(|assignment| assignment.pool == pool && assignment.matched.is_none()));
        let digit = |user: &&str| {
            let one = given.iter().find(|assignment| assignment.user_id.as_str() == *user);
            one.map_or(0, |one| one.phone_number.as_str()[11..].parse().unwrap())
        };
        users.iter().map(digit).collect()
    }

    fn leases(&self) -> String {
        self.world.sql("SELECT string_agg(right(phone_number, 1) || pool || CASE WHEN apart THEN '!' ELSE '' END, ' ' ORDER BY number_id) FROM leases")
    }
}

#[test]
fn a_claim_takes_of_its_pool_alone_the_oldest_first_and_nothing_that_is_apart() {
    let pools = Pools::new();
    assert_eq!(pools.claim("gb", &["u-1"]), [4]);
    assert_eq!(pools.claim("gb", &["u-2", "u-1", "u-3", "u-4"]), [5, 0, 6, 0]);
    assert_eq!(pools.claim("gb", &["u-5"]), [0]);
    assert_eq!(pools.claim("ca", &["u-5"]), [0]);
    assert_eq!(pools.run(|conn| stock_available_up_to(conn, &PoolName::default_pool(), 9)), 2);
    // Whoever has a number in one pool gets none in another.
    assert_eq!(pools.claim("default", &["u-1"]), [0]);
    assert_eq!(pools.claim("default", &["u-1", "u-5", "u-6", "u-7"]), [0, 1, 2, 0]);
    assert_eq!(pools.claim("default", &["u-7"]), [0]);
    assert_eq!(pools.run(|conn| stock_available_up_to(conn, &PoolName::default_pool(), 9)), 0);
}

#[test]
fn a_lease_is_of_its_numbers_pool_at_any_time_and_whoever_has_it_keeps_it() {
    let pools = Pools::new();
    assert_eq!(pools.leases(), "1default 2default 3default! 4gb 5gb 6gb");
    assert_eq!(pools.claim("gb", &["u-1"]), [4]);
    pools
        .world
        .sql("UPDATE numbers SET pool = 'default', apart = true WHERE pool = 'gb' AND right(phone_number, 1) < '6'");
    assert_eq!(pools.leases(), "1default 2default 3default! 4default! 5default! 6gb");
    // Pool and readiness at once, and the way back.
    pools.world.sql("UPDATE numbers SET pool = 'gb', apart = false, webhook_status = 'drifted' WHERE right(phone_number, 1) IN ('4', '5')");
    assert_eq!(pools.leases(), "1default 2default 3default! 4gb 5gb 6gb");
    assert_eq!(
        pools.world.sql("SELECT count(*) FROM leases WHERE NOT ready"),
        "1",
        "what is somebody's is left in peace"
    );
    assert_eq!(pools.claim("gb", &["u-2", "u-3"]), [6, 0]);
    let held = pools.run(|conn| assignments_held(conn, &["u-1"]));
    assert_eq!(held.iter().map(|one| one.pool.as_str()).collect::<Vec<_>>(), ["gb"]);
    // What leaves the pool and comes back is of the pool that it comes back to.
    pools.world.sql("UPDATE numbers SET status = 'quarantined', quarantine_reason = 'tag_conflict' WHERE right(phone_number, 1) = '1'");
    pools.world.sql("UPDATE numbers SET pool = 'ca', status = 'active', quarantine_reason = NULL WHERE right(phone_number, 1) = '1'");
    assert_eq!(pools.leases(), "1ca 2default 3default! 4gb 5gb 6gb");
    pools.world.assert_one_to_one_in_the_database();
}

#[test]
fn a_number_rests_as_long_as_its_own_pool_says() {
    let pools = Pools::new();
    assert_eq!((pools.claim("gb", &["u-1"]), pools.claim("default", &["u-2"])), (vec![4], vec![1]));
    for user in ["u-1", "u-2"] {
        let user = user.parse().unwrap();
        let rest = |pool: &PoolName| Duration::from_secs(if pool.is_default() { 3600 } else { 60 });
        let released = pools.run(move |conn| assignment_release(conn, &user, rest)).expect("it was theirs");
        let rests = pools.world.sql(&format!(
            "SELECT n.pool, extract(epoch FROM n.quarantined_until - a.released_at)::integer FROM numbers n
               JOIN past_assignments a ON a.number_id = n.id WHERE n.phone_number = '{}'",
            released.phone_number
        ));
        let expected = if released.pool.is_default() { "default|3600" } else { "gb|60" };
        assert_eq!(rests, expected);
    }
}

#[test]
fn what_is_over_says_of_which_pool_it_was_and_how_near_it_came() {
    let pools = Pools::new();
    assert_eq!(pools.claim("gb", &["u-1"]), [4]);
    pools.world.sql("UPDATE leases SET matched = 'overlay' WHERE user_id = 'u-1'");
    let (live, user) = (pools.run(|conn| assignments_of_user(conn, "u-1", 9)), "u-1".parse().unwrap());
    pools.run(move |conn| assignment_release(conn, &user, |_| Duration::from_secs(3600))).expect("it was theirs");
    // The number goes elsewhere; what was stays as it was.
    pools.world.sql("UPDATE numbers SET pool = 'default' WHERE right(phone_number, 1) = '4'");
    let over = pools.run(|conn| assignments_of_user(conn, "u-1", 9));
    for record in [&live[..], &over[..]] {
        let told: Vec<_> = record.iter().map(|one| (one.pool.as_str(), one.matched)).collect();
        assert_eq!(told, [("gb", Some(Match::Overlay))]);
    }
    assert!(live[0].released_at.is_none() && over[0].released_at.is_some());
}
