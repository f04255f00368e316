//! The last release and this program on one database, under load: `scripts/upgrade-test` builds the former and says where it lies.
//!
//! Whoever signs up, gives back a number or comes back for it is served by either one, while orders go on beside them; then the older
//! one goes. How to get it wrong: users who stay where they were. They come back to the other one here, which sees what this one left.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{assert_owned_is_known, known_at_twilio};
use crate::world::World;
use crate::world::daemon::Daemon;

/// Each asks for a number, and gives it back, so often in a second.
const CLIENTS: u32 = 20;
const EACH_EVERY: Duration = Duration::from_millis(200);
/// Every so-manieth is somebody new, who keeps the number; the others come back for theirs.
const NEW_EACH: u32 = 5;
const COME_BACK: u32 = 10;
const STOCK: u32 = 6000;

/// What clients met.
#[derive(Default)]
struct Met {
    signups: AtomicU32,
    slowest_us: AtomicU64,
    /// Who was told of which number.
    told: Mutex<Vec<(String, String)>>,
    errors: Mutex<Vec<String>>,
}

impl Met {
    fn signup(&self, daemon: &Daemon, user: &str) {
        let begin = Instant::now();
        let reply = daemon.assign(user);
        self.slowest_us.fetch_max(u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        match reply.body["phone_number"].as_str() {
            Some(number) if reply.status == 200 => {
                self.signups.fetch_add(1, Ordering::Relaxed);
                self.told.lock().unwrap().push((user.to_owned(), number.to_owned()));
            }
            _ => self.errors.lock().unwrap().push(format!("{user}: {reply:?}")),
        }
    }

    fn release(&self, daemon: &Daemon, user: &str) {
        let reply = daemon.release(user);
        if reply.status != 200 {
            self.errors.lock().unwrap().push(format!("{user} gives back: {reply:?}"));
        }
    }

    fn tell(&self, whom: &str) {
        println!(
            "{whom}: {} signups, the slowest {} ms",
            self.signups.load(Ordering::Relaxed),
            self.slowest_us.load(Ordering::Relaxed) / 1000
        );
    }
}

/// Goes on signing up, at one of these in turn, and giving back a little later at another one, until it is over.
fn client(me: u32, phase: &str, daemons: &[&Daemon], met: &Met, over: &AtomicBool) {
    let mut held: Vec<String> = Vec::new();
    for turn in 0.. {
        let begin = Instant::now();
        if over.load(Ordering::Relaxed) {
            return;
        }
        // One round more than there are users, so that each comes to another instance than before.
        let daemon = daemons[(me + turn + turn / COME_BACK) as usize % daemons.len()];
        if turn % NEW_EACH == 0 {
            met.signup(daemon, &format!("new-{phase}-{me}-{turn}"));
        } else {
            let user = format!("back-{me}-{}", turn % COME_BACK);
            met.signup(daemon, &user);
            held.push(user);
        }
        if held.len() > 2 {
            met.release(daemon, &held.remove(0));
        }
        thread::sleep(EACH_EVERY.saturating_sub(begin.elapsed()));
    }
}

/// Numbers that lie in stock, as if they had been bought.
fn stocked(world: &World) {
    world.sql(&format!(
        "INSERT INTO numbers (sid, phone_number, country, area_code, status, webhook_status, capable, purchased_at)
         SELECT 'PN' || lpad(to_hex(n), 32, '0'), '+1907' || (2000000 + n), 'US', '907', 'active', 'configured', true, now() - interval '1 day'
           FROM generate_series(1, {STOCK}) AS n"
    ));
    known_at_twilio(world);
}

/// So many seconds of it at these instances; `meanwhile` happens in the middle.
fn hammer<T>(phase: &str, daemons: &[&Daemon], secs: u64, meanwhile: impl FnOnce() -> T) -> (Met, T) {
    let (met, over) = (Met::default(), AtomicBool::new(false));
    let came = thread::scope(|scope| {
        for me in 0..CLIENTS {
            let (met, over) = (&met, &over);
            scope.spawn(move || client(me, phase, daemons, met, over));
        }
        let (met, over) = (&met, &over);
        scope.spawn(move || {
            for turn in 0usize.. {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let reply = daemons[turn % daemons.len()].purchase(1);
                if reply.status != 200 || reply.body["purchased_count"] != json!(1) {
                    met.errors.lock().unwrap().push(format!("an order: {reply:?}"));
                }
                thread::sleep(Duration::from_secs(1));
            }
        });
        thread::sleep(Duration::from_secs(secs / 2));
        let came = meanwhile();
        thread::sleep(Duration::from_secs(secs - secs / 2));
        over.store(true, Ordering::Relaxed);
        came
    });
    let errors = std::mem::take(&mut *met.errors.lock().unwrap());
    met.tell(phase);
    assert!(
        errors.is_empty(),
        "{} errors, the first ones:\n{}",
        errors.len(),
        errors[..errors.len().min(5)].join("\n")
    );
    (met, came)
}

/// Whoever was told of a number had it: nothing of what was acknowledged is lost.
fn assert_remembered(world: &World, met: &Met) {
    let rows = world
        .sql("SELECT a.user_id || '|' || n.phone_number FROM assignments_ever a JOIN numbers n ON n.id = a.number_id");
    let known: std::collections::HashSet<&str> = rows.lines().collect();
    for (user, number) in met.told.lock().unwrap().iter() {
        assert!(known.contains(format!("{user}|{number}").as_str()), "{user} was told of {number}");
    }
}

#[test]
fn the_last_release_and_this_one_serve_side_by_side_and_nothing_is_lost() {
    let Some(older) = std::env::var_os("UPGRADE_OLDER").map(PathBuf::from) else { return };
    let secs = std::env::var("UPGRADE_SECS").map_or(120, |secs| secs.parse().expect("seconds"));
    let world = World::unmigrated()
        .quiet()
        .set("pool.owned_max", 9000)
        .set("spend.purchases_per_hour_max", 5000)
        .set("spend.purchases_per_day_max", 5000);
    let mut old = Daemon::spawn_program(&older, world.settings());
    old.wait_until_it_serves();
    stocked(&world);
    let migrated = "SELECT count(*) FROM __diesel_schema_migrations";
    let before = world.count(migrated);
    // The newer one starts under the older one's load, and migrates what there is to migrate.
    let (alone, new) = hammer("the older one, while the newer one starts", &[&old], 20, || world.daemon());
    println!("{} migrations were applied beside it", world.count(migrated) - before);
    let (both, ()) = hammer("both", &[&old, &new], secs, || ());
    assert_eq!(old.stop(), Some(0));
    let (left, ()) = hammer("the newer one alone", &[&new], 10, || ());
    world.settle();
    for met in [&alone, &both, &left] {
        assert_remembered(&world, met);
    }
    world.assert_nothing_lost_or_doubled();
    world.assert_the_ledger_came_first();
    assert_owned_is_known(&world);
    if world.count(migrated) > before {
        let mut again = Daemon::spawn_program(&older, world.settings());
        assert!(!again.serves_or_ends(), "the older one starts no more");
        assert_eq!(again.wait().code(), Some(64), "{}", again.log_text());
    }
}
