//! The only standby is away when somebody migrates the database or starts an instance: it says so, waits, and goes on by itself.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use super::pair::Pair;
use crate::world::daemon::Daemon;
use crate::world::{children, eventually};

#[test]
fn who_migrates_or_starts_while_no_standby_is_there_says_so_and_goes_on_when_one_is_back() {
    let pair = Pair::synchronous();
    pair.other().stop_fast().expect("the standby stops");
    let mut command = Command::new(env!("CARGO_BIN_EXE_callbunker"));
    command.arg("migrate").env_clear().envs(pair.world.settings()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut migrating = children::start(command).expect("the program starts");
    let mut said = BufReader::new(migrating.stderr.take().expect("its stderr is a pipe")).lines();
    let sentence = said.next().expect("it says something").expect("it reads");
    assert!(
        sentence.starts_with("callbunker: the migration is done and waits")
            && sentence.contains("synchronous_standby_names"),
        "{sentence}"
    );
    assert!(migrating.try_wait().expect("its state").is_none(), "it waits");
    pair.other().start_again().expect("the standby is back");
    assert!(migrating.wait().expect("it ends").success());
    assert!(said.next().is_none(), "one sentence is enough");

    // It finds nothing to migrate, but has to say whose the database is.
    pair.other().stop_fast().expect("the standby stops");
    let mut daemon = Daemon::spawn(pair.world.settings());
    eventually("its log says why it takes so long", || {
        assert!(!daemon.has_ended(), "{}", daemon.log_text());
        daemon.has_logged("the database waits for its synchronous standby")
    });
    pair.other().start_again().expect("the standby is back");
    daemon.wait_until_it_serves();
}
