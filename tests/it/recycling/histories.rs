//! A thousand random histories on PostgreSQL: a number that was used inside its window, or touched after it was told of, is never taken; nor is
//! any while something is not known; nor are more in a day than may be.
//!
//! How to get it wrong: asking the tables what was used. The test knows what was, whether a walk saw it or not.

use std::time::Duration;

use callbunker::db::recyclings::{Notices, Taken, recycling_intend, recycling_noticed, recycling_take};
use callbunker::db::uses::{Whose, uses_touch};
use callbunker::db::{Connection, DatabaseUrl, Db, DbError};
use callbunker::domain::recycling::{RecyclingMode, Rules};
use callbunker::telemetry::Telemetry;
use diesel::{RunQueryDsl as _, sql_query};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::world::World;

const DAYS: i32 = 10;
const PER_DAY_MAX: u32 = 10;
const ROUNDS: u32 = 20;
const OF_A_ROUND: u32 = 50;

/// A world with numbers that users have, and the door of the daemon to it.
pub(super) struct Histories {
    pub(super) world: World,
    runtime: tokio::runtime::Runtime,
    db: Db,
    dice: StdRng,
}

/// What is true of a number, whoever knows it.
struct Number {
    id: i64,
    user: String,
    /// Hours before now.
    used: Vec<i32>,
}

impl Histories {
    /// With so many numbers.
    pub(super) fn with(numbers: u32, seed: u64) -> Self {
        let world = World::new().quiet();
        world.stock("default", 1, numbers);
        world.sql(
            "SET session_replication_role = replica;
             UPDATE leases SET user_id = 'u-' || number_id, assignment_id = nextval('assignment_ids'), source = 'pool',
                    assigned_at = clock_timestamp() - interval '100 days'",
        );
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let url = DatabaseUrl::new(&world.database.owner_url().to_owned().into());
        let log = slog::Logger::root(slog::Discard, slog::o!());
        let db = Db::new(url, Duration::from_secs(30), runtime.handle().clone(), Telemetry::new(&[]), log);
        Self { world, runtime, db, dice: StdRng::seed_from_u64(seed) }
    }

    pub(super) fn run<T: Send + 'static>(
        &self,
        step: impl FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static,
    ) -> T {
        self.runtime.block_on(self.db.run_patiently("history", step)).expect("the step succeeds")
    }

    pub(super) fn notices(&self, per_day_max: u32) -> Notices {
        let rules = Rules { mode: RecyclingMode::Apply, inactive_days: 10, per_day_max };
        Notices { rules, by_touch: false, notice_days: 0, by: None }
    }

    /// Does this at the door of the daemon, which is quicker than asking the oracle.
    fn sql(&self, statement: String) {
        self.run(move |conn| Ok(sql_query(statement).execute(conn)?));
    }

    /// Walks of calls and of messages in pieces, some of which may lack; whether they cover the window. What was used in one that came to its
    /// end is known.
    fn walk(&self, numbers: &[Number], round: u32) -> bool {
        self.sql("DELETE FROM sweeps".to_owned());
        let whole = [("calls", -264, 0), ("messages", -300, -120), ("messages", -150, 0)];
        let lacks = usize::try_from(round).unwrap() % 6;
        let rows: Vec<String> = whole
            .iter()
            .enumerate()
            .map(|(place, (what, from, until))| {
                let state = if place == lacks { "broken" } else { "complete" };
                format!(
                    "('{what}', now() + interval '{from} hours', now() + interval '{until} hours', '{state}', now())"
                )
            })
            .collect();
        self.sql(format!("INSERT INTO sweeps (what, from_at, until_at, state, ended_at) VALUES {}", rows.join(", ")));
        let seen: Vec<String> = numbers
            .iter()
            .flat_map(|number| number.used.iter().map(move |hours| (number.id, *hours)))
            // What a walk that broke off had not read yet stays unknown.
            .filter(|(_, hours)| lacks > 2 || *hours > 264)
            .map(|(id, hours)| format!("({id}, {hours})"))
            .collect();
        if !seen.is_empty() {
            self.sql(format!(
                "INSERT INTO last_uses (number_id, last_used_at, source)
                 SELECT id, clock_timestamp() - min(hours) * interval '1 hour', 'call'
                   FROM (VALUES {}) AS seen (id, hours) GROUP BY id",
                seen.join(", ")
            ));
        }
        lacks > 2
    }
}

#[test]
fn in_a_thousand_histories_nothing_is_taken_that_was_used_or_spoken_for() {
    let seed = u64::from(rand::random::<u32>());
    println!("the seed of these histories is {seed}");
    let mut histories = Histories::with(ROUNDS * OF_A_ROUND, seed);
    let lowest = histories.world.count("SELECT min(id) FROM numbers");
    let (mut taken_in_all, mut spoke, mut unknown) = (0, 0, 0);
    for round in 0..ROUNDS {
        let first = lowest + i64::from(round * OF_A_ROUND);
        let numbers: Vec<Number> = (first..first + i64::from(OF_A_ROUND))
            .map(|id| {
                let uses = histories.dice.random_range(0..3);
                let used = (0..uses).map(|_| histories.dice.random_range(60..600)).collect();
                Number { id, user: format!("u-{id}"), used }
            })
            .collect();
        let is_known = histories.walk(&numbers, round);
        // The day before is over.
        histories.world.sql(
            "SET session_replication_role = replica; UPDATE recyclings SET ended_at = ended_at - interval '25 hours' WHERE state = 'taken'",
        );
        let mut taken = 0;
        for number in &numbers {
            let (id, notices) = (number.id, histories.notices(PER_DAY_MAX));
            let Ok(notice) = histories.run(move |conn| recycling_intend(conn, id, &notices)) else {
                unknown += u32::from(!is_known);
                continue;
            };
            assert!(is_known, "it was told of though nothing was known");
            histories.run(move |conn| recycling_noticed(conn, notice, 0));
            let speaks = histories.dice.random_ratio(1, 3);
            if speaks {
                let users = [number.user.clone()];
                histories.run(move |conn| uses_touch(conn, Whose::Users, &users));
                spoke += 1;
            }
            // A walk may be lost meanwhile.
            let forgets = histories.dice.random_ratio(1, 10);
            if forgets {
                histories.sql("UPDATE sweeps SET state = 'broken' WHERE what = 'calls'".to_owned());
            }
            let notices = histories.notices(PER_DAY_MAX);
            let outcome =
                histories.run(move |conn| recycling_take(conn, notice, &notices, |_pool| Duration::from_secs(3600)));
            if forgets {
                histories.sql("UPDATE sweeps SET state = 'complete' WHERE what = 'calls'".to_owned());
            }
            if matches!(outcome, Taken::Now(_)) {
                taken += 1;
                let inside = number.used.iter().any(|hours| *hours < DAYS * 24);
                assert!(!inside && !speaks && !forgets, "{outcome:?}: used {:?}", number.used);
            }
        }
        assert!(taken <= PER_DAY_MAX, "{taken} in a day");
        taken_in_all += taken;
    }
    assert!(
        taken_in_all > 30 && spoke > 30 && unknown > 30,
        "{taken_in_all} {spoke} {unknown}: these histories prove little"
    );
    let leases = histories.world.count("SELECT count(*) FROM leases WHERE user_id IS NOT NULL");
    assert_eq!(leases, i64::from(ROUNDS * OF_A_ROUND - taken_in_all));
}
