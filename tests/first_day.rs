//! `make run` as somebody meets it on the first day with an account, which is a simulated one here: what it says, what it
//! asks, what it buys, and what is there on the second day.
//!
//! How to get it wrong: believing what it says of purchases. The account's own list is the oracle.

#[path = "demo_docs/stage.rs"]
mod stage;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output};

use nix::pty::openpty;
use nix::sys::signal::Signal;
use stage::{Stage, example, json, paste};
use twilio_simulator::{AccountType, ForeignNumber, Simulator, SimulatorOptions};

/// An account, and the folder of whoever has it.
struct FirstDay {
    twilio: Simulator,
    dir: PathBuf,
}

impl FirstDay {
    fn new(name: &str) -> Self {
        let twilio = Simulator::start(SimulatorOptions::default()).expect("a simulator");
        let dir = std::env::temp_dir().join(format!("callbunker-run-{name}-{}", std::process::id()));
        Self { twilio, dir }
    }

    fn command(&self) -> Command {
        let mut command = example("run");
        command.env("RUN_LISTEN", "127.0.0.1:0").env("RUN_DIR", &self.dir);
        command.env("TWILIO_ACCOUNT_SID", self.twilio.account_sid()).env("TWILIO_AUTH_TOKEN", self.twilio.auth_token());
        // An address needs no name to be found.
        command.env("PUBLIC_APP_URL", "https://198.51.100.7");
        command.env("CALLBUNKER__TWILIO__API_BASE_URL", self.twilio.url());
        // It has its own of these.
        command.env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing").env_remove("CALLBUNKER_CONFIG");
        command
    }

    fn start(&self, arguments: &[&str]) -> Stage {
        let mut command = self.command();
        command.args(arguments);
        Stage::start(command, self.dir.clone())
    }

    /// A terminal on which `typed` is typed, as standard input; the keyboard is there as long as the first one lives.
    fn at_a_terminal(&self, typed: &str) -> (fs::File, Command) {
        let terminal = openpty(None, None).expect("a terminal");
        let mut keyboard = fs::File::from(terminal.master);
        keyboard.write_all(typed.as_bytes()).expect("it is typed");
        let mut command = self.command();
        command.stdin(terminal.slave);
        (keyboard, command)
    }

    /// What it told until its end, on both streams.
    fn told(command: &mut Command) -> (Option<i32>, String) {
        let Output { status, stdout, stderr } = command.output().expect("it runs");
        let told = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        (status.code(), told)
    }

    fn bought(&self) -> usize {
        self.twilio.truth().purchases.len()
    }
}

impl Drop for FirstDay {
    fn drop(&mut self) {
        // Not there, where a start was refused.
        let _ = fs::remove_dir_all(&self.dir);
    }
}

#[test]
fn it_says_the_price_buys_one_number_and_goes_on_the_next_day_without_asking() {
    let day = FirstDay::new("days");
    let mut first = day.start(&["--yes"]);
    first.line("At most 10 purchases a day and 10 an hour");
    first.line("Set, and not used here, where there are others: DATABASE_URL.");
    first.line("default: 1 number at 1.15 USD a month = 1.15 USD now");
    first.line("The account has ");
    first.line("1 available, 0 assigned");
    first.line("Ctrl-C stops everything");
    assert_eq!(day.bought(), 1);
    let assign = first.line("/signup/api/assign");
    let given = json(&paste(&assign))["phone_number"].as_str().expect("a number").to_owned();
    assert_eq!(day.twilio.truth().owned[0].phone_number, given);
    assert_eq!(day.twilio.truth().owned[0].voice_url.as_deref(), Some("https://198.51.100.7/twilio/voice"));
    let listed = paste(&first.line("callbunker numbers"));
    assert!(listed.contains(&given), "{listed}");
    first.eventually("the next one is in stock", || day.bought() == 2);
    for secret in ["run.json", "env"] {
        let mode = fs::metadata(first.dir.join(secret)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{secret}");
    }
    assert!(!fs::read_to_string(day.dir.join("env")).expect("what to source").contains(day.twilio.auth_token()));
    assert_eq!(first.end_by(Signal::SIGINT), Some(0));
    first.line("Stopped. The data are in");
    assert!(day.dir.join("postgres/data/PG_VERSION").is_file());

    let mut second = day.start(&[]);
    second.line("Going on with the data of the account");
    second.line("Ctrl-C stops everything");
    let again = json(&paste(&second.line("/signup/api/assign")));
    assert_eq!((again["phone_number"].as_str(), again["replayed"].as_bool()), (Some(given.as_str()), Some(true)));
    assert_eq!(second.end_by(Signal::SIGKILL), None);
    assert!(day.dir.join("postgres/data/PG_VERSION").is_file() && day.dir.join("run.json").is_file());
    assert_eq!(day.bought(), 2, "there is nothing more to buy");

    // Whoever wants more in stock is told what it costs, and asked.
    let configuration = day.dir.join("callbunker.toml");
    let text = fs::read_to_string(&configuration).expect("its configuration");
    fs::write(&configuration, text.replace("threshold_low = 1", "threshold_low = 3")).expect("changed");
    let (code, told) = FirstDay::told(&mut day.command());
    assert!(code == Some(1) && told.contains("default: up to 3, and it was 1"), "{told}");
    assert!(told.contains("default: 2 numbers at 1.15 USD a month = 2.30 USD now"), "{told}");
    assert_eq!(day.bought(), 2);
    for arguments in [&["--yes"][..], &[]] {
        let mut third = day.start(arguments);
        third.line("3 available, 1 assigned");
        third.line("Ctrl-C stops everything");
        assert_eq!(third.end_by(Signal::SIGKILL), None);
    }
    assert_eq!(day.bought(), 4);
}

#[test]
fn it_asks_before_the_first_purchase_and_takes_a_yes_only() {
    let day = FirstDay::new("asks");
    // A folder that got lost had one; the other one is nobody's of ours.
    let lost =
        ForeignNumber::new("+14155550100").friendly_name("callbunker:default:01a20305-5087-71a4-a9bd-f7af77643551");
    day.twilio.own(lost);
    day.twilio.own(ForeignNumber::new("+14155550199"));
    let (code, told) = FirstDay::told(&mut day.command());
    assert!(code == Some(1) && told.contains("a script says make run YES=1"), "{told}");
    let earlier = "The account has 1 number of an earlier callbunker that this folder does not know: +14155550100.";
    assert!(told.contains(earlier) && told.contains("has 1 number beside"), "{told}");
    for typed in ["n\n", "\n", "yesterday\n"] {
        let (_keyboard, mut command) = day.at_a_terminal(typed);
        let (code, told) = FirstDay::told(&mut command);
        assert!(
            code == Some(0) && told.contains("Buy? [y/N]") && told.contains("Nothing was bought."),
            "{typed}: {told}"
        );
    }
    assert_eq!(day.twilio.truth().creates.len(), 0);

    let (_keyboard, command) = day.at_a_terminal("y\n");
    let mut agreed = Stage::start(command, day.dir.clone());
    agreed.line("Ctrl-C stops everything");
    assert_eq!(day.bought(), 1);
    assert_eq!(agreed.end_by(Signal::SIGTERM), Some(0));
}

#[test]
fn ctrl_c_at_the_question_buys_nothing_and_ends_it_all() {
    let day = FirstDay::new("interrupted");
    let (_keyboard, command) = day.at_a_terminal("");
    let mut asking = Stage::start(command, day.dir.clone());
    asking.line("Each number is paid at once");
    assert_eq!(asking.end_by(Signal::SIGINT), Some(0));
    assert_eq!(day.twilio.truth().creates.len(), 0);
}

#[test]
fn a_trial_account_buys_its_one_number_and_with_one_it_serves_without_buying() {
    let day = FirstDay::new("trial");
    day.twilio.set_account_type(AccountType::Trial);
    let mut first = day.start(&["--yes"]);
    first.line("a trial account: Twilio sells it one number");
    first.line("1 available, 0 assigned");
    first.line("Ctrl-C stops everything");
    assert_eq!(first.end_by(Signal::SIGINT), Some(0));
    assert_eq!(day.bought(), 1);

    let day = FirstDay::new("trial-with-one");
    day.twilio.set_account_type(AccountType::Trial);
    day.twilio.own(ForeignNumber::new("+14155550100"));
    let (code, told) = FirstDay::told(day.command().arg("--yes"));
    assert!(code == Some(1) && told.contains("nothing is bought while a purchase could not succeed"), "{told}");
    // What docs/first-day.md says then.
    let configuration = day.dir.join("callbunker.toml");
    let text = fs::read_to_string(&configuration).expect("its configuration");
    fs::write(&configuration, text.replace("threshold_low = 1", "threshold_low = 0")).expect("changed");
    let mut serves = day.start(&[]);
    serves.line("No pool lacks a number");
    serves.line("Ctrl-C stops everything");
    let environment = format!("source '{}/env'", serves.dir.display());
    paste(&format!("{environment} && callbunker numbers adopt +14155550100"));
    let given = json(&paste(&serves.line("/signup/api/assign")));
    assert_eq!(given["phone_number"], "+14155550100");
    assert_eq!(serves.end_by(Signal::SIGINT), Some(0));
    assert_eq!(day.twilio.truth().creates.len(), 0);
}

#[test]
fn what_it_cannot_do_is_told_in_a_sentence_and_buys_nothing() {
    let day = FirstDay::new("refused");
    let missing = ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "PUBLIC_APP_URL"];
    let mut command = day.command();
    for name in missing {
        command.env_remove(name);
    }
    let (code, told) = FirstDay::told(&mut command);
    assert!(code == Some(1) && missing.iter().all(|name| told.contains(name)), "{told}");
    assert!(!day.dir.exists(), "nothing is made before it is known whose it is");

    let wrongs: [(&str, &str, &str); 3] = [
        ("TWILIO_AUTH_TOKEN", "0123456789abcdef0123456789abcdef", "Compare TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"),
        ("CALLBUNKER__POOL__TRESHOLD_LOW", "3", "did you mean CALLBUNKER__POOL__THRESHOLD_LOW?"),
        ("RUN_LISTEN", "nowhere", "give one such as 127.0.0.1:8081"),
    ];
    for (name, value, sentence) in wrongs {
        let (code, told) = FirstDay::told(day.command().arg("--yes").env(name, value));
        assert!(code == Some(1) && told.contains(sentence), "{name}: {told}");
    }
    let (code, told) =
        FirstDay::told(day.command().arg("--yes").env("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000000"));
    assert!(code == Some(1) && told.contains("belong to the account") && told.contains("RUN_DIR"), "{told}");
    assert_eq!(day.twilio.truth().creates.len(), 0);
}
