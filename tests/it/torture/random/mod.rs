//! Everything at once, by dice: instances, operations, faults, kills, cut sessions; then quiet, and the truth is checked.
//!
//! There are one to three pools, most of which want their numbers to text ([`mod@texting`]), of different kinds and with caps of their own. Operators compare, adopt and give back; numbers of somebody else's appear, ours drift, are renamed and vanish behind our
//! back; Twilio has odd days ([`odd`]). In some rounds numbers that nobody uses are taken back ([`silence`]).
//! Every round prints its seed; `TORTURE_SEED=… TORTURE_ROUNDS=1` runs it again. The dice are the same then, the timing is
//! not; `TORTURE_ODD=list` has only days that are odd in a way whose name holds `list`, and with `TORTURE_TUNNELS=1` every round
//! reaches Twilio through a proxy that loses tunnels ([`tunnels`]). Invariant: a round ends with nothing on its way, else it proves nothing.
//! How to get it wrong: faults that lie about whose a number is; then the database is right to lose it.

mod machines;
mod odd;
mod silence;
mod steps;
mod telling;
mod texting;

mod tunnels;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use twilio_simulator::ReownMode;

use texting::{Texting, texting};

use super::operations::{adopt_path, hasty, releases_fell_silent};
use super::pools::{NAMES, resume, with_pools};
use super::{is_long, tally};
use crate::world::comparing::{lines, reconcile, reconcile_confirmed};
use crate::world::daemon::Daemon;
use crate::world::truth::Acknowledged;
use crate::world::{World, eventually};

const ROUNDS: u64 = 3;
const ROUNDS_LONG: u64 = 200;
/// Rounds mostly wait.
const AT_A_TIME: usize = 3;
const STEPS: usize = 50;
/// What somebody else's numbers carry.
const THEIRS: &str = "https://theirs.example/voice";

/// The seed and the number of rounds of this run.
fn dice() -> (u64, u64) {
    let env = |name: &str| std::env::var(name).ok().map(|value| value.parse().expect("a number"));
    let rounds = env("TORTURE_ROUNDS").unwrap_or(if is_long() { ROUNDS_LONG } else { ROUNDS });
    (env("TORTURE_SEED").unwrap_or_else(|| u64::from(rand::random::<u32>())), rounds)
}

#[test]
fn whatever_the_dice_say_nothing_is_lost_doubled_or_beyond_a_cap() {
    let (seed, rounds) = dice();
    let next = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                loop {
                    let round = next.fetch_add(1, Ordering::Relaxed);
                    if round >= rounds {
                        return;
                    }
                    let seed = seed.wrapping_add(round);
                    println!("a random round with TORTURE_SEED={seed}");
                    Round::new(seed).run();
                    tally::round();
                }
            });
        }
    });
}

/// One round, and then what somebody does with what it left.
pub fn after_a_round(seed: u64, then: impl FnOnce(&World)) {
    let mut round = Round::new(seed);
    round.run();
    then(&round.world);
}

/// One world and what is going on in it.
struct Round {
    seed: u64,
    dice: StdRng,
    world: World,
    daemons: Vec<Arc<Daemon>>,
    told: Arc<Mutex<Acknowledged>>,
    /// How many pools there are.
    pools: usize,
    users: usize,
    /// Numbers that somebody put into the account.
    foreign: Vec<String>,
    /// Numbers that somebody took out of it.
    vanished: Vec<String>,
    /// Which of them want their numbers to text.
    texting: Texting,
    /// Whether somebody is told of trouble.
    is_telling: bool,
    /// Whether numbers that nobody uses are taken back, who spoke before, and who was touched since.
    is_taking: bool,
    silence: silence::Silence,
    touched: Arc<Mutex<Vec<String>>>,
    /// How often something came to pass after which a waiter may rightly need a second number.
    stock_lost: usize,
    /// What was odd.
    odd_days: Vec<&'static str>,
    /// How all of them reach Twilio.
    tunnels: tunnels::Tunnels,
    /// A list may have hidden what was paid for from both looks at it.
    may_hide: bool,
    /// Instances that stand still, until each of these ends.
    frozen: Vec<thread::JoinHandle<()>>,
    /// How far the database's clock went ahead in all, and whether it ever stepped.
    ahead_secs: i64,
    has_stepped: bool,
    /// Whether the database was ever frozen.
    was_frozen: bool,
}

/// Says which dice to throw again.
impl Drop for Round {
    fn drop(&mut self) {
        if thread::panicking() {
            tally::loss();
            eprintln!(
                "this round was TORTURE_SEED={} TORTURE_ROUNDS=1\n{}\nodd: {:?}",
                self.seed,
                self.world.ledger(),
                self.odd_days
            );
        }
    }
}

impl Round {
    fn new(seed: u64) -> Self {
        let mut dice = StdRng::seed_from_u64(seed);
        // Without a pool everybody waits.
        let lean = dice.random_ratio(1, 3);
        let pools = dice.random_range(1..=3);
        let world = with_pools(hasty(World::new()), pools)
            .set("twilio.request_timeout_ms", 400)
            .set("pool.threshold_low", if lean { 0 } else { 3 })
            .set("pool.total_min", if lean { 0 } else { 5 })
            .set("pool.replenishment_batch_size", dice.random_range(1..=5))
            .set("pool.available_max", 7)
            .set("pool.owned_max", dice.random_range(15..=40))
            .set("spend.purchases_per_hour_max", dice.random_range(20..=60))
            .set("purchase.concurrency", dice.random_range(1..=6))
            // A walk over the list repairs what drifted, whoever has it, so that in the end all must be right.
            .set("reconcile.repair_assigned", true)
            .set("breaker.probe_secs", 1);
        let world = NAMES[1..pools].iter().fold(world, |world, name| {
            let key = |key: &str| format!("pools.{name}.{key}");
            world
                .set(&key("threshold_low"), if lean { 0 } else { 2 })
                .set(&key("replenishment_batch_size"), dice.random_range(1..=3))
                .set(&key("available_max"), 4)
                .set(&key("owned_max"), dice.random_range(6..=15))
                .set(&key("purchases_per_day_max"), dice.random_range(5..=20))
        });
        // Sometimes a bound on all pools together.
        let world =
            if dice.random_ratio(1, 3) { world.set("spend.owned_max", dice.random_range(20..=50)) } else { world };
        let (world, texting) = texting(world, &mut dice, pools);
        let is_telling = dice.random();
        let world = telling::telling(world, is_telling);
        let is_taking = dice.random_ratio(1, 3);
        let world = silence::taking(world, is_taking);
        world.twilio.set_latency(Duration::from_millis(dice.random_range(0..40)));
        world.twilio.set_reown_mode(if dice.random() { ReownMode::A } else { ReownMode::B });
        let (world, tunnels) = tunnels::Tunnels::by_dice(world, seed);
        let count = dice.random_range(1..=3);
        tally::instances(count);
        let daemons: Vec<_> = (0..count).map(|_| Arc::new(world.daemon())).collect();
        texting.lead_to(&world, &daemons[0]);
        Self {
            seed,
            dice,
            world,
            daemons,
            told: Arc::default(),
            pools,
            texting,
            is_telling,
            is_taking,
            silence: silence::Silence::default(),
            touched: Arc::default(),
            users: 0,
            foreign: Vec::new(),
            vanished: Vec::new(),
            stock_lost: 0,
            odd_days: Vec::new(),
            tunnels,
            may_hide: false,
            frozen: Vec::new(),
            ahead_secs: 0,
            has_stepped: false,
            was_frozen: false,
        }
    }

    fn run(&mut self) {
        self.tunnels.lose();
        if self.is_taking {
            self.fall_silent();
        }
        let mut going: Vec<thread::JoinHandle<()>> = Vec::new();
        for _step in 0..STEPS {
            going.extend(self.step());
            thread::sleep(Duration::from_millis(self.dice.random_range(0..150)));
        }
        for operation in going.into_iter().chain(std::mem::take(&mut self.frozen)) {
            operation.join().unwrap();
        }
        if self.was_frozen {
            let knows = |daemon: &Arc<Daemon>| daemon.get("/admin/phones/api/status").status == 200;
            eventually("all know that it has thawed", || self.daemons.iter().all(knows));
        }
        self.quiesce();
        if self.is_taking {
            self.end_silence();
            self.assert_silence();
        }
        if self.has_stepped {
            // What is read off instants says nothing any more.
            self.world.assert_truth_but_for_time();
        } else {
            self.world.assert_truth();
            self.assert_charged_once();
        }
        self.world.assert_numbers_are_of_their_orders_pool();
        self.assert_custody();
        self.assert_texting();
        self.assert_one_number_for_each_who_waits();
        if self.is_telling {
            self.assert_told();
        }
        self.world.assert_remembered(&self.told.lock().unwrap());
        self.tell();
        assert!(self.daemons.iter().all(|daemon| daemon.get("/readyz").status == 200), "not everybody is ready");
    }

    /// What the dice came to, for whoever wonders whether they did anything.
    fn tell(&self) {
        let counted = self.world.sql(
            "SELECT (SELECT count(*) FROM purchase_items WHERE state = 'bought' AND spends),
                    (SELECT count(*) FROM purchase_items WHERE NOT spends),
                    (SELECT count(*) FROM releases WHERE state = 'released'),
                    (SELECT count(*) FROM numbers WHERE missing_since IS NOT NULL),
                    (SELECT count(*) FROM reconciliations),
                    (SELECT string_agg(of, ' ') FROM (SELECT pool || ':' || count(*) AS of FROM purchase_items
                                                       WHERE state = 'bought' AND spends GROUP BY pool ORDER BY pool) AS pools)",
        );
        println!("TORTURE_SEED={}: bought|adopted|left|missing|comparisons|pools = {counted}", self.seed);
    }

    /// No fault waits, nobody buys any more, what is open is settled, and what broke off is asked for again. Before anybody
    /// compares, nothing that was paid for may be unknown: that is the purchaser's own to see to.
    fn quiesce(&mut self) {
        self.world.twilio.clear_faults();
        self.world.twilio.catch_up();
        self.tunnels.heal(self.seed);
        self.world
            .sql("UPDATE purchases SET expires_at = clock_timestamp() - interval '6 seconds' WHERE state = 'queued'");
        let daemon = &self.daemons[0];
        // Resume closes the breaker too; then the pool fills up as far as it may, or pause stops it.
        daemon.post_empty("/admin/phones/api/resume").ok();
        resume(daemon, self.pools);
        daemon.post_empty("/admin/phones/api/pause").ok();
        releases_fell_silent(&self.world);
        self.world.settle();
        if !self.may_hide {
            self.world.assert_everything_paid_for_is_known();
        }
        let held = "SELECT phone_number FROM numbers WHERE quarantine_reason = 'adopting' AND missing_since IS NULL";
        for number in self.world.sql(held).lines() {
            let answer = daemon.post(&adopt_path(number), &json!({}));
            // Unless it vanished meanwhile.
            assert!([200, 404].contains(&answer.status), "{number}: {answer:?}");
        }
        self.text_quiesce();
        // What was bought a moment ago is not missed yet.
        crate::world::comparing::age(&self.world);
        let mut report = reconcile(daemon);
        if report["missing_suspected"].is_number() {
            // All of a few at once are more than is believed: somebody who knows that they are gone must say so.
            let vanished = self.vanished.len();
            assert!(report["missing_suspected"].as_u64().is_some_and(|gone| gone <= vanished as u64), "{report}");
            report = reconcile_confirmed(daemon).ok();
        }
        assert_eq!(report["conflicts"], json!([]), "{report}");
        let again = reconcile(daemon);
        for list in ["adopted", "missing", "webhook_drift", "attachment_drift", "conflicts"] {
            assert_eq!(again[list], json!([]), "the second comparison in a row finds nothing: {report}, then {again}");
        }
        // What was taken in by the first one without its webhooks gets them next, from whoever comes first.
        let taken_in: Vec<&Value> = lines(&report, "adopted").iter().map(|line| &line["phone_number"]).collect();
        for line in lines(&again, "repaired") {
            assert!(taken_in.contains(&&line["phone_number"]), "was right already: {report}, then {again}");
        }
        self.world.settle();
        self.text_quiesce();
    }

    /// One waiter costs at most one number that was never in doubt, however odd the answers are. What an emergency had
    /// bought and somebody took away since may be bought again.
    fn assert_one_number_for_each_who_waits(&self) {
        let bought = self.world.count(
            "SELECT count(*) FROM purchase_items i JOIN purchases p ON p.id = i.purchase_id
              WHERE p.trigger = 'emergency' AND i.state = 'bought' AND NOT i.doubted",
        );
        let allowed = self.users + self.stock_lost + self.text_lost();
        assert!(usize::try_from(bought).unwrap() <= allowed, "{bought} for at most {allowed}: {}", self.world.ledger());
    }

    /// Numbers of somebody else's are ours now, or as they were (I7); what vanished is known to be gone.
    fn assert_custody(&self) {
        let truth = self.world.twilio.truth();
        for number in &self.foreign {
            let ours = self.world.count(&format!("SELECT count(*) FROM numbers WHERE phone_number = '{number}'")) > 0;
            let owned = truth.owned_number(number);
            let untouched =
                owned.is_some_and(|owned| owned.friendly_name == "desk" && owned.voice_url.as_deref() == Some(THEIRS));
            assert!(ours || untouched, "{number}: {owned:?}");
        }
        for number in &self.vanished {
            let gone = "missing_since IS NOT NULL OR status = 'released'";
            let serves =
                self.world.sql(&format!("SELECT status FROM numbers WHERE phone_number = '{number}' AND NOT ({gone})"));
            assert_eq!(serves, "", "{number} vanished");
        }
    }
}
