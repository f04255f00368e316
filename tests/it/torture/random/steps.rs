//! What the dice can mean.
//!
//! How to get it wrong: a step that waits. What takes longer goes on by itself, and the next step may kill it.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use serde_json::json;
use twilio_simulator::{Fault, FaultKind, ForeignNumber, On, Webhooks};

use super::super::operations::{adopt_path, post as answer, release_path};
use super::super::pools::NAMES;
use super::super::rivals::cut_the_lock;
use super::super::tally;
use super::{Round, THEIRS};
use crate::world::comparing::{RECONCILE, forget_set_backs};
use crate::world::daemon::Daemon;
use crate::world::{ADMIN_KEY, SIGNUP_KEY};

/// Faults after which nothing may be lost.
const FAULTS: &[(On, FaultKind)] = &[
    (On::Create, FaultKind::CommitThenHang),
    (On::Create, FaultKind::CommitThenReset),
    (On::Create, FaultKind::CommitThen500),
    (On::Create, FaultKind::TruncatedBody),
    (On::Create, FaultKind::Hang),
    (On::Create, FaultKind::Reset),
    (On::Create, FaultKind::Error503),
    (On::Create, FaultKind::TooManyRequests),
    (On::Create, FaultKind::Stolen),
    (On::Create, FaultKind::Lag),
    (On::Create, FaultKind::Suspended),
    (On::Create, FaultKind::Barred),
    (On::Search, FaultKind::NoStock),
    (On::Search, FaultKind::Stolen),
    (On::Search, FaultKind::Error503),
    (On::Search, FaultKind::MalformedJson),
    (On::List, FaultKind::Error503),
    (On::List, FaultKind::Hang),
    (On::List, FaultKind::TruncatedBody),
    (On::List, FaultKind::Unauthorized),
    (On::Fetch, FaultKind::Error503),
    (On::Fetch, FaultKind::Hang),
    (On::Update, FaultKind::CommitThenReset),
    (On::Update, FaultKind::Error503),
    (On::Update, FaultKind::Refuse),
    (On::Delete, FaultKind::CommitThenReset),
    (On::Delete, FaultKind::CommitThenHang),
    (On::Delete, FaultKind::Error503),
    (On::Delete, FaultKind::Refuse),
    (On::Delete, FaultKind::Unauthorized),
];

/// Area codes that somebody may wish for: of the United States, of Canada, of a place that no pool is of, and of none.
const WISHES: &[&str] = &["415", "212", "416", "787", "999"];

/// More that vanish at once would halt all buying, rightly.
const VANISH_MAX: usize = 4;

impl Round {
    /// Something happens; what takes longer goes on by itself.
    pub(super) fn step(&mut self) -> Option<thread::JoinHandle<()>> {
        let daemon = Arc::clone(self.daemons.choose(&mut self.dice).expect("there is one"));
        match self.dice.random_range(0..40) {
            0..6 => Some(self.assign(daemon)),
            6..8 => self.release(daemon),
            8..10 => {
                let wanted = json!({"count": self.dice.random_range(1..=4), "pool": self.pool()});
                let path = "/admin/phones/api/purchase";
                Some(thread::spawn(move || drop(answer(&daemon, path, ADMIN_KEY, &wanted))))
            }
            10 => Some(thread::spawn(move || post(&daemon, "/admin/phones/api/replenish"))),
            11 => Some(thread::spawn(move || post(&daemon, "/admin/phones/cron/auto-replenish"))),
            12 => {
                let pool = self.pool();
                Some(thread::spawn(move || {
                    post(&daemon, "/admin/phones/api/pause");
                    thread::sleep(Duration::from_millis(300));
                    post(&daemon, "/admin/phones/api/resume");
                    // As an operator does who has mended what the pool lacked.
                    drop(answer(&daemon, "/admin/phones/api/resume", ADMIN_KEY, &json!({ "pool": pool })));
                }))
            }
            13..16 => {
                self.fault();
                None
            }
            16 => {
                cut_the_lock(&self.world);
                None
            }
            17..20 => {
                self.kill();
                None
            }
            20..22 => Some(thread::spawn(move || post(&daemon, RECONCILE))),
            22..25 => Some(self.adopt(daemon)),
            25..27 => self.give_back(daemon),
            // Twilio's messaging, and the carriers.
            34..37 if self.texting.is_on() => {
                self.text_fault();
                None
            }
            37 if self.texting.is_on() => {
                self.carriers();
                None
            }
            38..40 if self.is_telling => {
                self.mood();
                None
            }
            30..34 if self.is_taking => self.silence_step(daemon),
            27 => {
                self.appear();
                None
            }
            28 => {
                self.drift();
                None
            }
            29 => {
                self.vanish();
                None
            }
            _ => {
                self.odd();
                None
            }
        }
    }

    /// Somebody puts a number into the account.
    fn appear(&mut self) -> String {
        // Twilio sells none of exchange 555.
        let number = format!("+1415555{:04}", self.foreign.len());
        self.world.twilio.own(ForeignNumber::new(&number).friendly_name("desk").voice_url(THEIRS));
        self.foreign.push(number.clone());
        number
    }

    /// An operator takes such a number in, for the pool or for somebody; perhaps one that was asked for before.
    fn adopt(&mut self, daemon: Arc<Daemon>) -> thread::JoinHandle<()> {
        let again = self.dice.random::<bool>().then(|| self.foreign.choose(&mut self.dice).cloned()).flatten();
        let number = again.unwrap_or_else(|| self.appear());
        self.users += 1;
        let user = self.dice.random::<bool>().then(|| format!("adopted-{}", self.users));
        let told = Arc::clone(&self.told);
        thread::spawn(move || {
            let adopted = answer(&daemon, &adopt_path(&number), ADMIN_KEY, &json!({ "user_id": user }));
            if let (Some(_), Some(user)) = (adopted, user) {
                told.lock().unwrap().push((user, number));
            }
        })
    }

    /// An operator gives a number back to Twilio; a signup may be faster.
    fn give_back(&mut self, daemon: Arc<Daemon>) -> Option<thread::JoinHandle<()>> {
        let number =
            self.one_of("status = 'quarantined' OR id IN (SELECT number_id FROM leases WHERE user_id IS NULL)")?;
        self.stock_lost += 1;
        Some(thread::spawn(move || drop(answer(&daemon, &release_path(&number), ADMIN_KEY, &json!({})))))
    }

    /// Somebody rewires one of ours in Twilio's console.
    fn drift(&mut self) {
        let Some(number) = self.one_of("status = 'active'") else { return };
        let theirs = Webhooks { voice_url: Some(THEIRS.to_owned()), ..Webhooks::default() };
        // Dice may take the same one three times a day, and then it is held: another test's matter.
        forget_set_backs(&self.world);
        // It may be leaving this very moment.
        self.world.twilio.set_webhooks(&number, theirs);
        self.stock_lost += 1;
    }

    /// Somebody releases one of ours in Twilio's console.
    fn vanish(&mut self) {
        if self.vanished.len() >= VANISH_MAX {
            return;
        }
        let Some(number) = self.one_of("status <> 'released'") else { return };
        if self.world.twilio.disown(&number) {
            self.vanished.push(number);
            self.stock_lost += 1;
        }
    }

    /// One of our numbers, by dice.
    pub(super) fn one_of(&mut self, which: &str) -> Option<String> {
        let numbers = self.world.sql(&format!("SELECT phone_number FROM numbers WHERE {which} ORDER BY id"));
        let numbers: Vec<&str> = numbers.lines().filter(|line| line.starts_with('+')).collect();
        numbers.choose(&mut self.dice).map(|number| (*number).to_owned())
    }

    /// One of the pools, by dice.
    fn pool(&mut self) -> &'static str {
        NAMES[..self.pools].choose(&mut self.dice).expect("there is one")
    }

    /// Somebody signs up: for whatever there is, with a wish, or at a pool that they name.
    fn assign(&mut self, daemon: Arc<Daemon>) -> thread::JoinHandle<()> {
        self.users += 1;
        let user = format!("u-{}", self.users);
        let asked = match self.dice.random_range(0..4) {
            0 => json!({"user_id": user}),
            1 => json!({"user_id": user, "area_code": WISHES.choose(&mut self.dice)}),
            _ => json!({"user_id": user, "pool": self.pool()}),
        };
        let told = Arc::clone(&self.told);
        thread::spawn(move || {
            if let Some(given) = answer(&daemon, "/signup/api/assign", SIGNUP_KEY, &asked) {
                told.lock().unwrap().push((user, given["phone_number"].as_str().unwrap().to_owned()));
            }
        })
    }

    /// Somebody who has a number gives it back, or tries to: from here on they may or may not have it.
    fn release(&mut self, daemon: Arc<Daemon>) -> Option<thread::JoinHandle<()>> {
        let (user, _number) = self.told.lock().unwrap().pop()?;
        let headers = [("X-Admin-API-Key", SIGNUP_KEY), ("Content-Type", "application/json")];
        Some(thread::spawn(move || {
            let body = json!({ "user_id": user }).to_string();
            drop(daemon.try_send("POST", "/signup/api/release", &headers, Some(body.as_bytes())));
        }))
    }

    fn fault(&mut self) {
        if self.pools > 1 && self.dice.random_ratio(1, 8) {
            // One pool halts, and the others have nothing to do with it.
            self.world.twilio.fault(Fault::new(On::Create, FaultKind::Refuse).code(21_649).country("GB"));
            tally::faults(1);
            return;
        }
        let (on, kind) = *FAULTS.choose(&mut self.dice).expect("there are some");
        let fault = Fault::new(on, kind);
        // An item that the list hides from both of its looks is not bought, as far as anybody can tell.
        let fault = if kind == FaultKind::Lag { fault.requests(1) } else { fault.times(self.dice.random_range(1..=3)) };
        self.world.twilio.fault(fault);
        tally::faults(1);
    }

    /// A daemon dies, now or at some step to come; another one takes its place.
    fn kill(&mut self) {
        let victim = self.dice.random_range(0..self.daemons.len());
        if self.dice.random() {
            self.daemons[victim].signal(Signal::SIGKILL);
        } else {
            let points = callbunker::failpoints::FAILPOINTS;
            let (point, _) = points.choose(&mut self.dice).expect("there are some");
            let hit = self.dice.random_range(1..=4);
            self.daemons[victim].failpoints(&format!("{point}=kill@{hit}"));
            thread::sleep(Duration::from_millis(self.dice.random_range(0..300)));
            // Whether it came by or not.
            self.daemons[victim].signal(Signal::SIGKILL);
        }
        tally::kill();
        // The old one's clients may still hang on it; it is reaped with the last of them.
        self.daemons[victim] = Arc::new(self.world.daemon());
        self.text_lead();
    }
}

fn post(daemon: &Daemon, path: &str) {
    drop(daemon.try_send("POST", path, &[("X-Admin-API-Key", ADMIN_KEY)], None));
}
