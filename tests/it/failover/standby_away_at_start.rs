//! The only standby is away when somebody migrates the database or starts an instance: it says so, waits, and goes on by itself.

use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStderr, Command, Stdio};

use super::pair::Pair;
use crate::world::daemon::Daemon;
use crate::world::{World, children, eventually};

#[test]
fn who_migrates_or_starts_while_no_standby_is_there_says_so_and_goes_on_when_one_is_back() {
    let pair = Pair::synchronous();
    pair.other().stop_fast().expect("the standby stops");
    let (mut migrating, mut said) = migrates(&pair.world);
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

#[test]
fn who_migrates_goes_on_at_the_server_that_takes_over_meanwhile() {
    let mut pair = Pair::synchronous();
    for alone in ["ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()"] {
        pair.other().psql("postgres", alone).expect("the standby follows nobody");
    }
    let (mut migrating, mut said) = migrates(&pair.world);
    pair.promote();
    assert!(migrating.wait().expect("it ends").success());
    assert!(said.next().is_none(), "one sentence is enough");
    assert_eq!(
        pair.world.count("SELECT count(*) FROM numbers"),
        0,
        "it is the new primary's database that is migrated"
    );
}

/// Somebody who migrates, has said what that waits for, and waits.
fn migrates(world: &World) -> (Child, Lines<BufReader<ChildStderr>>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callbunker"));
    command.arg("migrate").env_clear().envs(world.settings()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut migrating = children::start(command).expect("the program starts");
    let mut said = BufReader::new(migrating.stderr.take().expect("its stderr is a pipe")).lines();
    let sentence = said.next().expect("it says something").expect("it reads");
    assert!(
        sentence.starts_with("callbunker: the migration is done and waits")
            && sentence.contains("synchronous_standby_names"),
        "{sentence}"
    );
    assert!(migrating.try_wait().expect("its state").is_none(), "it waits");
    (migrating, said)
}
