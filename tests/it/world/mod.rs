//! A world of its own for each test: a database, a Twilio account, and as many daemons as the test wants.
//!
//! How to get it wrong: asking the daemon what is true. The simulator and the database are asked.

pub mod alerting;
pub mod authority;
pub mod between;
pub mod browser;
pub mod children;
pub mod command;
pub mod comparing;
pub mod connect_proxy;
pub mod daemon;
pub mod described;
pub mod events;
pub mod freezing;
pub mod front;
pub mod mail_server;
pub mod place;
pub mod pooler;
pub mod raw;
pub mod reloading;
pub mod scrape;
pub mod server_program;
pub mod session;
pub mod shape;
pub mod slow_wire;
pub mod telling;
pub mod truth;

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use far_side::FarSide;
use postgres_fixture::{Cluster, Database, OWNER};
use twilio_simulator::{OwnedNumber, Simulator, SimulatorOptions};

use crate::world::daemon::Daemon;

pub const ADMIN_KEY: &str = "admin-key-0123456789";
pub const SIGNUP_KEY: &str = "signup-key-0123456789";
pub const ORIGIN: &str = "https://app.example.com";
/// Whoever holds the purchase lock of the database that is asked: what comes behind a SELECT's list, to which more may be added.
pub const HAS_THE_PURCHASE_LOCK: &str = "FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND classid = 0
    AND objid = 12345 AND granted AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())";

pub struct World {
    pub database: Database,
    pub twilio: Simulator,
    /// Whoever is told; it lives once somebody asks for it.
    far: OnceLock<FarSide>,
    settings: BTreeMap<String, String>,
}

impl World {
    /// A database that `callbunker migrate` has been run on, an empty account, and the default configuration.
    pub fn new() -> Self {
        Self::around(Cluster::shared().create_database_from(migrated()).expect("a database"))
    }

    /// The same with an empty database, for tests of what is done to one.
    pub fn unmigrated() -> Self {
        Self::on(Cluster::shared())
    }

    /// With an empty database on a cluster that the test may crash.
    pub fn on(cluster: &Cluster) -> Self {
        Self::around(cluster.create_database().expect("a database"))
    }

    /// Around a database that the test has made itself.
    pub fn around(database: Database) -> Self {
        let twilio = Simulator::start(SimulatorOptions::default()).expect("a simulator");
        let mut world = Self { database, twilio, far: OnceLock::new(), settings: BTreeMap::new() };
        for (name, value) in [
            // An ordinary role, as providers give it; what the test asks, it asks as a superuser.
            ("DATABASE_URL", world.database.owner_url().to_owned()),
            ("TWILIO_ACCOUNT_SID", world.twilio.account_sid().to_owned()),
            ("TWILIO_AUTH_TOKEN", world.twilio.auth_token().to_owned()),
            ("ADMIN_API_KEY", ADMIN_KEY.to_owned()),
            ("SIGNUP_API_KEY", SIGNUP_KEY.to_owned()),
            ("PUBLIC_APP_URL", ORIGIN.to_owned()),
            ("CALLBUNKER__TWILIO__API_BASE_URL", world.twilio.url().to_owned()),
            ("CALLBUNKER__HTTP__LISTEN", "127.0.0.1:0".to_owned()),
            ("CALLBUNKER__LOG__LEVEL", "debug".to_owned()),
            // Whoever waits for an order's end has it, however slow the machine is.
            ("CALLBUNKER__HTTP__SYNC_ORDER_SECS", "120".to_owned()),
            // Whoever counts calls, or lets one fail, must not be surprised by a look at the start, nor at half past.
            ("CALLBUNKER__TWILIO__SELF_CHECK", "false".to_owned()),
            ("CALLBUNKER__SCHEDULE__RECONCILE_CRON", "0 0 0 1 1 *".to_owned()),
        ] {
            world.settings.insert(name.to_owned(), value);
        }
        world
    }

    /// Sets a key: `set("pool.total_min", 0)`, or an environment variable by its own name.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl ToString) -> Self {
        self.change(key, value);
        self
    }

    /// The same for daemons that start from now on.
    pub fn change(&mut self, key: &str, value: impl ToString) {
        let is_a_variable = !key.contains('.');
        let name = if is_a_variable {
            key.to_owned()
        } else {
            format!("CALLBUNKER__{}", key.replace('.', "__")).to_uppercase()
        };
        self.settings.insert(name, value.to_string());
    }

    /// Adds one pool, as [`World::pools`] does.
    #[must_use]
    pub fn pool(self, name: &str, keys: &[(&str, &str)]) -> Self {
        self.pools(&[(name, keys)])
    }

    /// Ready numbers of `pool` that nobody has, as if they had been bought: +1907 555 and four digits from `first` on.
    pub fn stock(&self, pool: &str, first: u32, count: u32) {
        self.sql(&format!(
            "INSERT INTO numbers (sid, phone_number, country, area_code, status, webhook_status, capable, purchased_at, pool)
             SELECT 'PN' || lpad(to_hex(n), 32, '0'), '+1907555' || lpad(n::text, 4, '0'), 'US', '907', 'active', 'configured', true,
                    clock_timestamp(), '{pool}' FROM generate_series({first}, {first} + {count} - 1) AS n"
        ));
    }

    /// No buying but what the test asks for.
    #[must_use]
    pub fn quiet(self) -> Self {
        self.set("pool.threshold_low", 0).set("pool.total_min", 0)
    }

    /// Adds pools, each of which buys nothing for stock unless its keys say so:
    /// `pools(&[("gb", &[("country", "GB"), ("number_type", "mobile")])])`.
    #[must_use]
    pub fn pools(mut self, pools: &[(&str, &[(&str, &str)])]) -> Self {
        for (name, keys) in pools {
            self.change(&format!("pools.{name}.threshold_low"), 0);
            for (key, value) in *keys {
                self.change(&format!("pools.{name}.{key}"), value);
            }
        }
        self
    }

    /// Daemons listen on one and the same port, one after the other.
    #[must_use]
    pub fn on_a_port_of_its_own(self) -> Self {
        self.set("http.listen", format!("127.0.0.1:{}", a_port_of_its_own()))
    }

    /// Starts a daemon and waits until it is ready.
    pub fn daemon(&self) -> Daemon {
        Daemon::start(&self.settings)
    }

    /// The same, without waiting for its first comparison with Twilio: for what happens right after the start.
    pub fn daemon_at_once(&self) -> Daemon {
        let mut daemon = Daemon::spawn(&self.settings);
        daemon.wait_until_it_serves();
        daemon
    }

    /// Starts a daemon with failpoints in force from its first step on, and does not wait: it may die before it serves.
    pub fn daemon_with_failpoints(&self, lines: &str) -> Daemon {
        Daemon::spawn_with_failpoints(&self.settings, lines)
    }

    /// The environment that a daemon of this world gets.
    pub fn settings(&self) -> &BTreeMap<String, String> {
        &self.settings
    }

    /// Asks the database; rows divided by newlines, columns by `|`.
    pub fn sql(&self, statement: &str) -> String {
        self.database
            // Somebody may have frozen it, and the oracle is nobody's operator.
            .psql(&format!("SET default_transaction_read_only = off; SET search_path = callbunker; {statement}"))
            .expect("the oracle answers")
            .trim()
            .to_owned()
    }

    /// Does to the database what its owner may, who is no superuser.
    pub fn as_owner(&self, statement: &str) -> String {
        self.sql(&format!("SET ROLE {OWNER}; {statement}"))
    }

    /// Asks the database for one number.
    pub fn count(&self, statement: &str) -> i64 {
        let answer = self.sql(statement);
        answer.lines().last().unwrap_or_default().parse().unwrap_or_else(|_| panic!("{statement}: {answer:?}"))
    }

    /// How often Twilio was asked for anything.
    pub fn asked_of_twilio(&self) -> u64 {
        self.twilio.truth().requests.values().sum()
    }

    /// How many numbers Twilio ever sold to us.
    pub fn bought(&self) -> usize {
        self.twilio.truth().purchases.len()
    }

    /// What must hold whenever nothing is on its way: every number that was paid for, or taken in, is in the database
    /// exactly once (I1), no order has more than it asked for (I2), nobody shares a number (I3).
    pub fn assert_nothing_lost_or_doubled(&self) {
        let truth = self.twilio.truth();
        // What somebody else brought is ours by our tag; a POST may have put that on a number that they had long before.
        let long_ago = chrono::Utc::now() - chrono::TimeDelta::days(1);
        let is_taken_in = |number: &OwnedNumber| {
            number.friendly_name.starts_with("callbunker:default:") && number.date_created > long_ago
        };
        let mut paid: Vec<String> = truth
            .owned
            .iter()
            .filter(|number| !number.foreign || is_taken_in(number))
            .map(|number| number.sid.clone())
            .collect();
        paid.sort();
        let mut known: Vec<String> = self
            .sql("SELECT sid FROM numbers WHERE status <> 'released' AND missing_since IS NULL")
            .lines()
            .map(str::to_owned)
            .collect();
        known.sort();
        assert_eq!(paid, known, "Twilio's numbers and the database's");
        let over = self.sql(
            "SELECT p.id FROM purchases p JOIN purchase_items i ON i.purchase_id = p.id AND i.state = 'bought'
              GROUP BY p.id HAVING count(*) > p.requested_count",
        );
        assert_eq!(over, "", "orders that bought too much");
        let shared = self.sql(
            "SELECT number_id FROM assignments_ever WHERE released_at IS NULL GROUP BY number_id HAVING count(*) > 1
             UNION ALL SELECT 0 FROM assignments_ever WHERE released_at IS NULL GROUP BY user_id HAVING count(*) > 1",
        );
        assert_eq!(shared, "", "numbers or users that are not one to one");
    }
}

/// What the databases of the worlds are copies of: the real binary migrates it once for all tests of a process.
fn migrated() -> &'static Database {
    static MIGRATED: OnceLock<Database> = OnceLock::new();
    MIGRATED.get_or_init(|| {
        let world = World::unmigrated();
        let mut migrate = Command::new(env!("CARGO_BIN_EXE_callbunker"));
        let output = migrate.arg("migrate").env_clear().envs(world.settings()).output().expect("the program runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        world.database
    })
}

/// A port that is free, and that the system gives to no connection meanwhile: it hands out those from 32768 on.
///
/// # Panics
///
/// If a hundred ports in a row are taken.
pub fn a_port_of_its_own() -> u16 {
    use std::sync::atomic::{AtomicU16, Ordering};
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let of_this_process = 20_000 + u16::try_from(std::process::id() % 120).expect("a small number") * 100;
    let is_free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let mut ports = std::iter::repeat_with(|| of_this_process + NEXT.fetch_add(1, Ordering::Relaxed) % 100);
    ports.by_ref().take(100).find(is_free).expect("a free port")
}

/// Waits until `done`, at most two minutes: only a bound, never a measure.
#[track_caller]
pub fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let (began, deadline) = (Instant::now(), Instant::now() + Duration::from_secs(120));
    while !done() {
        assert!(Instant::now() < deadline, "it never came to pass: {what}");
        // Each look is a program and a session of the database: what takes long is looked at more seldom.
        std::thread::sleep((began.elapsed() / 4).clamp(Duration::from_millis(20), Duration::from_millis(250)));
    }
}
