//! What the database itself does about pools: a lease is of its number's pool at any time, and a claim takes of one pool only.

use std::time::Duration;

use callbunker::db::assignments::{
    Asking, Assignment, Codes, Returning, assignment_release, assignments_claim, assignments_claim_any,
    assignments_claim_near, assignments_held, assignments_of_user, assignments_restore,
};
use callbunker::db::numbers::{
    Told, numbers_rested, numbers_tell_apart, numbers_unready, pool_is_another, pools_say_kinds,
};
use callbunker::db::pool_halts::Keys;
use callbunker::db::stock::{
    Care, Observation, Overview, levels_glance, stock_available_up_to, stock_read, stock_read_all,
    stock_read_for_buying,
};
use callbunker::db::waiters::{Waiter, waiters_join, waiters_serve};
use callbunker::db::{Connection, DatabaseUrl, Db, DbError};
use callbunker::domain::{AssignmentSource, Kind, Ladder, Match, NumberType, PoolName, PoolPolicy, Stock};
use callbunker::telemetry::Telemetry;
use uuid::Uuid;

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
        let url = DatabaseUrl::new(&world.database.owner_url().to_owned().into());
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
        let given = self.run(move |conn| {
            let asking = |user_id: &&'static str| Asking { user_id, pool: &of, only_pool: false };
            assignments_claim(conn, &users.iter().map(asking).collect::<Vec<_>>())
        });
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

/// `user number rung` of each, by their users.
fn told(given: &[Assignment]) -> Vec<String> {
    let mut told: Vec<String> = given
        .iter()
        .map(|one| {
            let rung = one.matched.map_or("-", Match::as_str);
            format!("{} {} {rung}", one.user_id, &one.phone_number.as_str()[11..])
        })
        .collect();
    told.sort();
    told
}

#[test]
fn users_of_several_pools_are_served_by_one_statement_each_from_their_own() {
    let pools = Pools::new();
    let given = pools.run(|conn| {
        let (default, gb, ca) = (PoolName::default_pool(), "gb".parse().unwrap(), "ca".parse().unwrap());
        let asked = [("u-1", &gb), ("u-2", &default), ("u-3", &ca), ("u-4", &gb), ("u-5", &default), ("u-6", &default)];
        let asking = asked.map(|(user_id, pool)| Asking { user_id, pool, only_pool: true });
        assignments_claim(conn, &asking)
    });
    assert_eq!(told(&given), ["u-1 4 -", "u-2 1 -", "u-4 5 -", "u-5 2 -"]);
    assert!(given.iter().all(|one| one.source == AssignmentSource::Pool));
    pools.world.assert_one_to_one_in_the_database();
}

#[test]
fn a_wish_climbs_over_what_is_there_and_takes_what_is_apart_only_by_its_very_code() {
    let pools = Pools::new();
    // 1: 213, 2: 628, 3: 415, apart and of Canada, say; gb stays in 907.
    pools.world.sql("SET session_replication_role = replica;
         UPDATE leases SET area_code = CASE number_id % 6 WHEN 1 THEN '213' WHEN 2 THEN '628' WHEN 3 THEN '415' ELSE area_code END,
                           country = CASE number_id % 6 WHEN 3 THEN 'CA' ELSE country END");
    let climb = |users: &'static [&'static str], country: Option<&str>| {
        let country = country.map(|country| country.parse().unwrap());
        pools.run(move |conn| {
            let (pool, ladder) = (PoolName::default_pool(), Ladder::of("415".parse().unwrap(), None));
            let asking: Vec<_> =
                users.iter().map(|user_id| Asking { user_id, pool: &pool, only_pool: false }).collect();
            let near = Codes { codes: &ladder.codes, country, source: AssignmentSource::Pool };
            assignments_claim_near(conn, &asking, &near)
        })
    };
    assert_eq!(told(&climb(&["u-1"], Some("US"))), ["u-1 2 overlay"], "what is apart is not of the country that binds");
    assert_eq!(told(&climb(&["u-2", "u-1", "u-3", "u-4"], None)), ["u-2 3 exact", "u-3 1 region"]);
    assert_eq!(told(&climb(&["u-4"], None)), [""; 0]);
    // Whoever is left takes any, and hears it.
    let any = pools.run(|conn| {
        let gb = "gb".parse().unwrap();
        assignments_claim_any(conn, &[Asking { user_id: "u-4", pool: &gb, only_pool: false }])
    });
    assert_eq!(told(&any), ["u-4 4 any"]);
    pools.world.assert_one_to_one_in_the_database();
}

#[test]
fn what_rests_comes_back_unless_another_pool_is_named() {
    let pools = Pools::new();
    assert_eq!(pools.claim("gb", &["u-1"]), [4]);
    let user = "u-1".parse().unwrap();
    pools.run(move |conn| assignment_release(conn, &user, |_| Duration::from_secs(3600))).expect("it was theirs");
    let restore = |only_pool: Option<&'static str>, wish: Option<&'static str>| {
        pools.run(move |conn| {
            let only_pool = only_pool.map(|name| name.parse().unwrap());
            let wish = wish.map(|wish| wish.parse().unwrap());
            assignments_restore(conn, &[Returning { user_id: "u-1", wish, only_pool: only_pool.as_ref() }])
        })
    };
    assert_eq!(told(&restore(Some("default"), None)), [""; 0]);
    assert_eq!(pools.claim("default", &["u-1"]), [0], "it rests for them, and they named no pool");
    let named = |pool: &'static str| {
        pools.run(move |conn| {
            let pool = pool.parse().unwrap();
            assignments_claim(conn, &[Asking { user_id: "u-1", pool: &pool, only_pool: true }])
        })
    };
    assert_eq!(told(&named("gb")), [""; 0], "it is of the pool that they named");
    assert_eq!(told(&restore(Some("gb"), Some("907"))), ["u-1 4 exact"]);
    let user = "u-1".parse().unwrap();
    pools.run(move |conn| assignment_release(conn, &user, |_| Duration::from_secs(3600))).expect("it was theirs");
    assert_eq!(told(&named("default")), ["u-1 1 -"], "another pool");
}

#[test]
fn those_who_wait_are_served_at_their_pool_rung_by_rung_and_then_by_age() {
    let pools = Pools::new();
    pools.world.sql("SET session_replication_role = replica; UPDATE leases SET area_code = CASE number_id % 6 WHEN 1 THEN '628' WHEN 2 THEN '415' ELSE area_code END");
    let join = |user: &str, pool: &str, wish: Option<&str>| {
        let waiter = Waiter {
            user_id: user.parse().unwrap(),
            pool: pool.parse().unwrap(),
            wish: wish.map(|wish| wish.parse().unwrap()),
            only_pool: false,
            patience: Duration::from_secs(60),
        };
        pools.run(move |conn| waiters_join(conn, Uuid::new_v4(), std::slice::from_ref(&waiter)));
    };
    join("u-1", "default", None);
    join("u-2", "default", Some("628"));
    join("u-3", "default", Some("415"));
    join("u-4", "gb", Some("415"));
    join("u-5", "nowhere", None);
    // Only those who wait at the same pool come first.
    assert_eq!(pools.claim("default", &["u-6"]), [0]);
    assert_eq!(pools.claim("gb", &["u-6", "u-7"]), [0, 0]);
    assert_eq!(pools.claim("ca", &["u-6"]), [0]);
    let served = pools.run(|conn| waiters_serve(conn, 10));
    assert_eq!(told(&served), ["u-2 1 exact", "u-3 2 exact", "u-4 4 any"], "each wish has its own number; 3 is apart");
    assert!(served.iter().all(|one| one.source == AssignmentSource::Emergency));
    assert_eq!(pools.world.sql("SELECT user_id FROM waiters ORDER BY 1"), "u-1\nu-5");
    assert_eq!(pools.claim("gb", &["u-6", "u-7"]), [5, 6]);
    // The oldest first, whatever they wished for, once it cannot be had.
    pools.world.sql("UPDATE numbers SET apart = false");
    join("u-8", "default", Some("212"));
    assert_eq!(told(&pools.run(|conn| waiters_serve(conn, 10))), ["u-1 3 -"]);
    pools.world.assert_one_to_one_in_the_database();
}

#[test]
fn what_a_pool_is_tells_which_of_its_numbers_are_apart() {
    let pools = Pools::new();
    let kind = |country: &str, number_type: NumberType| Kind { country: country.parse().unwrap(), number_type };
    let tell = |country: &str, number_type: NumberType, after: i64| {
        let kind = kind(country, number_type);
        pools.run(move |conn| numbers_tell_apart(conn, &PoolName::default_pool(), kind, after, 2))
    };
    let (mut after, mut steps) = (0, 0);
    while let Told::UpTo(last) = tell("US", NumberType::Local, after) {
        (after, steps) = (last, steps + 1);
    }
    assert_eq!(steps, 2, "three numbers, two at a time");
    assert_eq!(pools.leases(), "1default 2default 3default 4gb 5gb 6gb", "those of another pool are not its to tell");
    assert_eq!(pools.world.sql("SELECT country, number_type FROM pools WHERE name = 'default'"), "US|local");
    let seen = pools.run(stock_read).stock;
    assert_eq!((seen.available, seen.apart), (6, 0));
    // From here on whatever comes knows it by itself.
    pools.world.sql("UPDATE numbers SET number_type = 'mobile' WHERE right(phone_number, 1) = '2'");
    assert!(matches!(tell("US", NumberType::Local, 0), Told::UpTo(_)));
    assert_eq!(tell("US", NumberType::Local, after), Told::All);
    assert_eq!(pools.leases(), "1default 2default! 3default 4gb 5gb 6gb");
    pools.world.sql("UPDATE numbers SET webhook_status = 'drifted' WHERE right(phone_number, 1) IN ('2', '3')");
    let seen = pools.run(stock_read).stock;
    assert_eq!((seen.available, seen.unready, seen.unfit, seen.apart, seen.owned()), (4, 1, 0, 1, 6));
    assert_eq!(seen.idle(), 5, "what is apart is no stock, and yet bounded");
    assert_eq!(seen.idle_at_most(), 6);
}

#[test]
fn whoever_says_last_what_a_pool_is_has_the_word() {
    let pools = Pools::new();
    let default = PoolName::default_pool;
    let us = Kind { country: "US".parse().unwrap(), number_type: NumberType::Local };
    let ca = Kind { country: "CA".parse().unwrap(), ..us };
    let say = |kind: Kind| pools.run(move |conn| pools_say_kinds(conn, &[(default(), kind)])).len();
    let tell = |kind: Kind, after: i64| pools.run(move |conn| numbers_tell_apart(conn, &default(), kind, after, 2));
    let is_another = |kind: Kind| pools.run(move |conn| pool_is_another(conn, &default(), kind));
    assert_eq!(say(us), 0, "the daemon's word, and all are told");
    assert!(is_another(ca) && !is_another(us));
    pools.world.sql("UPDATE pools SET country = NULL, number_type = NULL");
    assert!(!is_another(ca), "nobody said anything yet");
    assert_eq!(say(us), 1);
    assert!(matches!(tell(us, 0), Told::UpTo(_)));
    // Another one comes between.
    assert_eq!(say(ca), 1);
    assert!(is_another(us) && !is_another(ca));
    let before = pools.leases();
    assert_eq!((tell(us, 0), pools.leases()), (Told::Overruled, before), "it tells nobody anything any more");
    assert_eq!(say(ca), 1, "it is not done");
    let mut after = 0;
    while let Told::UpTo(last) = tell(ca, after) {
        after = last;
    }
    assert_eq!((say(ca), pools.leases().as_str()), (0, "1default! 2default! 3default! 4gb 5gb 6gb"));
    assert_eq!(tell(us, after), Told::Overruled);
    assert_eq!(say(ca), 0, "and does not undo that all are told");
}

/// What lies in each pool, counted as plainly as can be: available, unready, registering, unfit, registration failed, apart, assigned,
/// quarantined, missing.
const PLAINLY: &str = "
    SELECT pool, count(*) FILTER (WHERE here AND idle AND NOT apart AND ready),
           count(*) FILTER (WHERE here AND idle AND NOT apart AND NOT ready AND works AND held IN ('', 'attaching', 'registering')
                              AND NOT (webhook_status = 'configured' AND held <> '')),
           count(*) FILTER (WHERE here AND idle AND NOT apart AND works AND webhook_status = 'configured' AND held IN ('attaching', 'registering')),
           count(*) FILTER (WHERE here AND idle AND NOT apart AND (NOT works OR held = 'unattachable')),
           count(*) FILTER (WHERE here AND idle AND NOT apart AND works AND held = 'registration_failed'),
           count(*) FILTER (WHERE here AND idle AND apart), count(*) FILTER (WHERE here AND whose IS NOT NULL),
           count(*) FILTER (WHERE here AND status = 'quarantined'), count(*) FILTER (WHERE NOT here)
      FROM (SELECT n.*, missing_since IS NULL AS here, coalesce(held_back, '') AS held, capable AND webhook_status <> 'failed' AS works, l.user_id AS whose, l.number_id IS NOT NULL AND l.user_id IS NULL AS idle
              FROM numbers n LEFT JOIN leases l ON l.number_id = n.id WHERE n.status <> 'released') AS all_of_them
     GROUP BY pool ORDER BY pool";

pub(super) fn keys(pool: &str) -> Keys {
    Keys { pool: pool.parse().unwrap(), fingerprint: "0123456789abcdef".into() }
}

/// The same as it is told.
fn counts_of(seen: &Observation) -> String {
    let Stock { available, unready, registering, unfit, registration_failed, apart, assigned, quarantined, .. } =
        seen.stock;
    let missing = seen.missing;
    format!(
        "{available}|{unready}|{registering}|{unfit}|{registration_failed}|{apart}|{assigned}|{quarantined}|{missing}"
    )
}

#[test]
fn each_pool_has_what_lies_there_whatever_most_of_it_is() {
    let pools = Pools::new();
    pools.world.stock("gb", 1000, 40);
    pools.world.stock("old", 2000, 8);
    pools.world.stock("gb", 3000, 12);
    // One that lacks something and is somebody's is in nobody's stock.
    pools.world.sql(
        "UPDATE leases SET user_id = 'u-held', assigned_at = now(), source = 'pool', assignment_id = nextval('assignment_ids')
          WHERE right(phone_number, 4) = '3009'",
    );
    // Its numbers are being told, and these words stay until they are.
    pools.world.sql(
        "INSERT INTO pools (name, voice_url, sms_url, status_callback) VALUES ('gb', 'v', 's', 'c') ON CONFLICT DO NOTHING;
         UPDATE pools SET telling_wants = true WHERE name = 'gb'",
    );
    for (what, which) in [
        ("webhook_status = 'drifted'", "IN ('1000', '1001', '0101')"),
        ("webhook_status = 'failed'", "IN ('1002')"),
        ("capable = false", "IN ('1003', '2000')"),
        ("number_type = 'mobile', apart = true", "IN ('1004')"),
        ("missing_since = now()", "IN ('1005', '1006', '0102')"),
        (
            "status = 'quarantined', quarantine_reason = 'released', quarantined_until = now()",
            "IN ('1007', '1008', '2001')",
        ),
        (
            "status = 'quarantined', quarantine_reason = 'released', quarantined_until = now() + interval '1 h'",
            "IN ('1009')",
        ),
        ("held_back = 'attaching'", "IN ('3000', '3002', '3008', '3009')"),
        ("held_back = 'registering'", "IN ('3001', '3011')"),
        ("held_back = 'unattachable'", "IN ('3003', '3004')"),
        ("held_back = 'registration_failed'", "IN ('3005', '3006', '3007', '3010')"),
        ("webhook_status = 'drifted'", "IN ('3002', '3007')"),
        ("webhook_status = 'failed'", "IN ('3004')"),
        ("capable = false", "IN ('3006')"),
        ("missing_since = now()", "IN ('3008')"),
        ("status = 'quarantined', quarantine_reason = 'released', quarantined_until = now()", "IN ('3010')"),
        ("number_type = 'mobile', apart = true", "IN ('3011')"),
    ] {
        pools.world.sql(&format!("UPDATE numbers SET {what} WHERE right(phone_number, 4) {which}"));
    }
    let plainly = || -> Vec<String> { pools.world.sql(PLAINLY).lines().map(str::to_owned).collect() };
    let all = || {
        let seen: Overview = pools.run(|conn| stock_read_all(conn, &[keys("default"), keys("gb"), keys("none")]));
        assert_eq!(
            counts_of(&seen.pools[&keys("none").pool]),
            "0|0|0|0|0|0|0|0|0",
            "one that has nothing is there all the same"
        );
        let some = seen.pools.iter().chain(&seen.others).filter(|(name, _)| name.as_str() != "none");
        let mut lines: Vec<String> = some.map(|(name, seen)| format!("{name}|{}", counts_of(seen))).collect();
        lines.sort();
        (lines, seen)
    };
    let give = |first: u32, last: u32| {
        pools.world.sql(&format!(
            "UPDATE leases SET user_id = 'u-' || number_id, assigned_at = now(), source = 'pool', assignment_id = nextval('assignment_ids')
              WHERE user_id IS NULL AND ready AND right(phone_number, 4) BETWEEN '{first}' AND '{last}'"
        ));
    };
    // Most are free, then most are somebody's: either way the other one is what is left.
    for (first, last, most_are_free) in [(1010, 1012, "t"), (1013, 1039, "f")] {
        give(first, last);
        pools.world.database.psql("VACUUM ANALYZE callbunker.leases").expect("it is vacuumed");
        let larger = "SELECT max(reltuples) FILTER (WHERE relname = 'leases_free_idx') > max(reltuples) FILTER (WHERE relname = 'leases_one_per_user')
                        FROM pg_class";
        assert_eq!(pools.world.sql(larger), most_are_free);
        let (lines, seen) = all();
        assert_eq!(lines, plainly());
        let owned: u32 = seen.pools.values().chain(seen.others.values()).map(|seen| seen.stock.owned()).sum();
        let due: Vec<u32> = ["gb", "old"].map(|name| pool_of(&seen, name).stock.due).to_vec();
        assert_eq!((due, pool_of(&seen, "gb").owned_all), (vec![2, 1], owned));
        // Whoever buys for one of them counts the same of it, as far as the policy goes, and nothing of the others.
        for name in ["default", "gb", "old"] {
            let bought_for = pools.run(move |conn| stock_read_for_buying(conn, &FAR, Care::Comes, &keys(name)));
            assert_eq!(counts_of(&bought_for), counts_of(pool_of(&seen, name)), "{name}");
            assert_eq!((bought_for.stock.owned(), bought_for.owned_all), (pool_of(&seen, name).stock.owned(), owned));
        }
        let wanted = ["default", "gb", "old"].map(|name| (keys(name).pool, FAR));
        for level in pools.run(move |conn| levels_glance(conn, &wanted)) {
            let stock = &pool_of(&seen, level.pool.as_str()).stock;
            assert_eq!((level.idle, level.assigned), (stock.idle(), stock.assigned), "{}", level.pool);
        }
    }
}

/// So far that nothing is left uncounted.
pub(super) const FAR: PoolPolicy =
    PoolPolicy { threshold_low: 500, replenishment_batch_size: 1, total_min: 500, available_max: 500, owned_max: 500 };

fn pool_of<'a>(seen: &'a Overview, name: &str) -> &'a Observation {
    let name = keys(name).pool;
    seen.pools.get(&name).or_else(|| seen.others.get(&name)).expect("it has something")
}

#[test]
fn spend_and_purchases_on_their_way_are_each_pools_and_all_together() {
    let pools = Pools::new();
    pools.world.sql(
        "INSERT INTO purchases (id, trigger, state, run_id, requested_count, requested_by, country, pool, expires_at)
         SELECT gen_random_uuid(), 'emergency', 'running', gen_random_uuid(), 9, 'test', 'US', pool, now()
           FROM unnest(ARRAY['default', 'gb']) AS pool;
         INSERT INTO purchase_items (id, purchase_id, phone_number, state, pool, override_caps, doubted, intended_at, attempts, first_sent_at, ended_at)
         SELECT gen_random_uuid(), p.id, '+190755502' || n, i.state, pool, false, doubted, clock_timestamp() - ago, 1, now(),
                CASE WHEN i.state = 'not_bought' THEN clock_timestamp() END
           FROM (VALUES (10, 'default', 'sent', false, interval '1 minute'), (11, 'gb', 'unknown', true, interval '2 hours'),
                        (12, 'gb', 'not_bought', true, interval '3 minutes'), (14, 'gb', 'not_bought', false, interval '1 minute'))
                AS i (n, pool, state, doubted, ago) JOIN purchases p USING (pool)",
    );
    let seen = pools.run(|conn| stock_read_all(conn, &[keys("default"), keys("gb")]));
    let of = |name: &str| {
        let Observation { spend, stock, .. } = pool_of(&seen, name);
        [spend.pool_hour, spend.pool_day, stock.purchasing, stock.unsettled, stock.doubted]
    };
    assert_eq!((of("default"), of("gb")), ([1, 1, 1, 0, 0], [1, 2, 0, 1, 1]));
    assert_eq!((seen.spend.hour, seen.spend.day), (2, 3));
    for name in ["default", "gb"] {
        let bought_for = pools.run(move |conn| stock_read_for_buying(conn, &FAR, Care::Comes, &keys(name)));
        assert_eq!((bought_for.spend, bought_for.owned_all), (pool_of(&seen, name).spend, 6 + 3), "{name}");
        assert_eq!(bought_for.stock.doubted, pool_of(&seen, name).stock.doubted, "{name}");
    }
}

#[test]
fn pools_take_turns_when_their_numbers_are_cared_for() {
    let pools = Pools::new();
    let of = |ids: Vec<i64>| ids.into_iter().map(|id| if id <= 3 { 'd' } else { 'g' }).collect::<String>();
    // A hundred more of the default pool, all of them older than those of the other.
    pools.world.sql(
        "INSERT INTO numbers (id, sid, phone_number, country, area_code, status, webhook_status, capable, purchased_at)
         OVERRIDING SYSTEM VALUE
         SELECT -n, 'PN' || lpad((n + 1000)::text, 32, '0'), '+1212555' || lpad(n::text, 4, '0'), 'US', '212', 'active', 'configured', true,
                clock_timestamp() FROM generate_series(1, 100) AS n",
    );
    pools.world.sql("UPDATE numbers SET webhook_status = 'drifted'");
    let unready = |last: Vec<i64>| {
        let rows = pools.run(move |conn| numbers_unready(conn, &last, &[], 6));
        rows.into_iter().map(|row| row.id).collect::<Vec<i64>>()
    };
    let first = unready(Vec::new());
    assert_eq!(of(first.clone()).matches('g').count(), 3, "{first:?}");
    // What failed comes after a few others, and keeps its place beside a large pool.
    let last = unready(vec![4, 5, 6]);
    assert_eq!(of(last.clone()), "dddddg", "{last:?}");
    pools.world.sql(
        "UPDATE numbers SET status = 'quarantined', quarantine_reason = 'released', webhook_status = 'configured',
                quarantined_until = clock_timestamp() - CASE pool WHEN 'gb' THEN interval '1 hour' ELSE interval '2 hours' END",
    );
    let rested: Vec<i64> = pools.run(|conn| numbers_rested(conn, 4)).into_iter().map(|row| row.id).collect();
    assert_eq!(of(rested.clone()), "dgdg", "{rested:?}");
}
