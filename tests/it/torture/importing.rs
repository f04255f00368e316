//! A file that moves in while the daemon, or the command, dies by SIGKILL at any step of any chunk; then the same file once more.
//!
//! Invariants: no number is lost, none is taken in twice, no user's number is stock, and the second run says what it did, not what was
//! to be done.
//! How to get it wrong: a look at what is in while the dead command's last call is still served. The daemon is stopped before.

use std::fmt::Write as _;
use std::process::Stdio;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use twilio_simulator::ForeignNumber;

use super::{is_long, tally};
use crate::world::command::{Ended, callbunker, program};
use crate::world::daemon::Daemon;
use crate::world::{ADMIN_KEY, World, eventually};

/// Two whole chunks, and a short one.
const NUMBERS: usize = 530;
/// As many others make the account larger than a page of Twilio's list.
const OTHERS: usize = 600;
/// The short form has none: `kills.rs` has each step once, and this takes its time.
const ROUNDS_LONG: u64 = 12;
const THEIRS: &str = "https://earlier.example/voice";

/// The steps, and how often each is come by.
const STEPS: [(&str, usize); 5] = [
    ("handler", 3),
    ("import_range_read", 3),
    ("import_decided", 3),
    ("import_written", NUMBERS),
    ("import_told", NUMBERS),
];

#[test]
fn a_file_moves_in_whole_whatever_dies_meanwhile() {
    let env = |name: &str| std::env::var(name).ok().map(|value| value.parse().expect("a number"));
    let rounds = env("TORTURE_ROUNDS").unwrap_or(if is_long() { ROUNDS_LONG } else { 0 });
    let seed = env("TORTURE_SEED").unwrap_or_else(|| u64::from(rand::random::<u32>()));
    for seed in (0..rounds).map(|round| seed.wrapping_add(round)) {
        println!("an import with TORTURE_SEED={seed}");
        let round = Round::new(seed);
        round.run();
        tally::kill();
    }
}

struct Round {
    seed: u64,
    dice: StdRng,
    world: World,
    folder: tempfile::TempDir,
}

impl Drop for Round {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tally::loss();
            eprintln!("this import was TORTURE_SEED={} TORTURE_ROUNDS=1", self.seed);
        }
    }
}

fn number(n: usize) -> String {
    format!("+1{}555{n:04}", [415, 628][n % 2])
}

fn has_user(n: usize) -> bool {
    n.is_multiple_of(3)
}

impl Round {
    fn new(seed: u64) -> Self {
        let world = World::new().quiet();
        for number in (0..NUMBERS).map(number).chain((0..OTHERS).map(|n| format!("+1212555{n:04}"))) {
            world.twilio.own(ForeignNumber::new(number).friendly_name("earlier").voice_url(THEIRS));
        }
        let folder = tempfile::tempdir().expect("a folder");
        // In an order of its own, with two numbers that the account has not.
        let mut text = "Phone Number;User ID\n+14155559998;nobody-1\n".to_owned();
        for n in (0..NUMBERS).map(|n| n * 7 % NUMBERS) {
            let user = if has_user(n) { format!("u-{n}") } else { String::new() };
            let _ = writeln!(text, "{};{user}", number(n));
        }
        std::fs::write(folder.path().join("all.csv"), text + "+16285559999;\n").expect("a file");
        Self { seed, dice: StdRng::seed_from_u64(seed), world, folder }
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().expect("its path").to_owned()
    }

    fn count(&self, of: &str) -> usize {
        usize::try_from(self.world.count(&format!("SELECT count(*) FROM {of}"))).expect("a count")
    }

    fn run(mut self) {
        let daemon = self.world.daemon();
        if self.dice.random() {
            self.kill_the_daemon(daemon)
        } else {
            self.kill_the_command(daemon)
        }
        let daemon = self.world.daemon();
        let was = (self.count("numbers"), self.count("leases WHERE user_id IS NOT NULL"));
        println!("TORTURE_SEED={}: {} of {NUMBERS} numbers were in", self.seed, was.0);
        let report = self.import(&daemon);
        let users = (0..NUMBERS).filter(|n| has_user(*n)).count();
        let told = |name: &str| report[name].as_u64().map(|count| count as usize).unwrap_or_default();
        let expected = (NUMBERS - was.0, was.0, users - was.1);
        assert_eq!((told("imported"), told("already_imported"), told("assigned")), expected, "{report}");
        assert_eq!(told("stock"), (NUMBERS - users) - (was.0 - was.1), "{report}");
        let left = json!({"stock": told("stock"), "webhooks": users, "not_in_account": 2, "users_without_number": 1});
        assert_eq!(report["left_to_do"], left, "{report}");
        self.is_whole(&daemon, users);
        // And once more changes nothing.
        let updates = self.world.twilio.truth().updates;
        let again = self.import(&daemon);
        assert_eq!((&again["imported"], &again["already_imported"]), (&json!(0), &json!(NUMBERS)), "{again}");
        assert_eq!(self.world.twilio.truth().updates, updates);
    }

    /// Begins the import, and waits for its end.
    fn begin(&self, daemon: &Daemon) -> std::process::Child {
        let env = [("CALLBUNKER_URL", daemon.url.as_str()), ("ADMIN_API_KEY", ADMIN_KEY)];
        let mut command = program(&env, &["import", &self.file("all.csv"), "--rejected", &self.file("rest.csv")]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
    }

    fn kill_the_daemon(&mut self, mut daemon: Daemon) {
        let (step, times) = STEPS[self.dice.random_range(0..STEPS.len())];
        let hit = self.dice.random_range(1..=times);
        println!("TORTURE_SEED={}: the daemon dies at hit {hit} of {step}", self.seed);
        daemon.failpoints(&format!("{step}=kill@{hit}"));
        let ended: Ended = self.begin(&daemon).wait_with_output().expect("it ends").into();
        eventually("the daemon died there", || daemon.has_ended());
        assert_eq!(ended.code, Some(69), "{ended:?}");
        // What was known until then is told.
        let rest = std::fs::read_to_string(self.file("rest.csv")).unwrap_or_default();
        assert!(rest.is_empty() || rest.lines().count() == 2, "{rest}");
    }

    fn kill_the_command(&mut self, daemon: Daemon) {
        // Before the last chunk, after which nothing is left to kill.
        let at = self.dice.random_range(0..450);
        println!("TORTURE_SEED={}: the command dies when {at} numbers are in", self.seed);
        // Slow enough for somebody who looks.
        daemon.failpoints("import_written=sleep(2)");
        let mut command = self.begin(&daemon);
        while self.count("numbers") < at {
            std::thread::sleep(Duration::from_millis(5));
        }
        command.kill().expect("it is ours");
        command.wait().expect("it ends");
        assert_eq!(self.names(), ["all.csv"], "nothing is left of the others' file");
        daemon.failpoints("");
        // What its last call still writes is written then.
        assert_eq!(daemon.stop(), Some(0));
    }

    fn import(&self, daemon: &Daemon) -> Value {
        let arguments = ["import", &self.file("all.csv"), "--json", "--rejected", &self.file("rest.csv")];
        let ended = callbunker(daemon, &arguments);
        assert_eq!(ended.code, Some(1), "two numbers are not in the account: {ended:?}");
        let rest = std::fs::read_to_string(self.file("rest.csv")).expect("they stand there");
        assert_eq!((rest.lines().count(), rest.matches("not_in_account").count()), (3, 2), "{rest}");
        assert_eq!(self.names(), ["all.csv", "rest.csv"]);
        serde_json::from_str(&ended.stdout).expect("one document")
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).expect("the folder");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("a file").file_name().into_string().expect("its name")).collect();
        names.sort();
        names
    }

    /// Each number is ours once, and its user's, or stock.
    fn is_whole(&self, daemon: &Daemon, users: usize) {
        let held = self.world.sql("SELECT phone_number, user_id FROM leases WHERE user_id IS NOT NULL");
        let mut held: Vec<String> = held.lines().map(str::to_owned).collect();
        held.sort();
        let mut meant: Vec<String> =
            (0..NUMBERS).filter(|n| has_user(*n)).map(|n| format!("{}|u-{n}", number(n))).collect();
        meant.sort();
        assert_eq!(held, meant);
        assert_eq!((self.count("numbers"), self.count("purchase_items")), (NUMBERS, NUMBERS));
        eventually("what is nobody's is stock", || daemon.status()["available"] == NUMBERS - users);
        let items = self.world.sql("SELECT phone_number, purchase_item_id FROM numbers");
        let truth = self.world.twilio.truth();
        for (number, item) in items.lines().filter_map(|line| line.split_once('|')) {
            let owned = truth.owned_number(number).expect("the account has it");
            assert_eq!(owned.friendly_name, format!("callbunker:default:{item}"), "{number}");
        }
        let theirs = truth.owned.iter().filter(|owned| owned.voice_url.as_deref() == Some(THEIRS)).count();
        assert_eq!(theirs, users + OTHERS, "a user's number is not rewired, and everything else that was meant is");
        self.world.assert_truth();
    }
}
