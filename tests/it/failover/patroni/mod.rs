//! Two daemons at a PostgreSQL that Patroni and etcd manage, round after round, while users come and go and numbers are bought.
//!
//! `scripts/torture --failover` runs it, and nothing else does: a hundred rounds take most of an hour (`FAILOVER_ROUNDS=`). The order of what
//! befalls is by dice (`FAILOVER_SEED=`); the rounds without a watchdog come last, since Patroni 3.0 on etcd's v3 API gives a leader that
//! stood still its lock back, and with it is lost what others were told meanwhile. They are counted, not judged.
//! How to get it wrong: a round that begins before the one before has ended. A primary without a synchronous standby has no successor.

mod config;
mod etcd;
mod members;
mod rounds;
mod table;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

use self::members::Patroni;
use self::rounds::{ALL, Befalls, Place};
use self::table::Table;
use super::judge::Wrong;
use super::load::Crowd;
use super::scenarios::busy;
use crate::torture::{is_long, tally};
use crate::world::World;

const ROUNDS: usize = 100;

fn dice() -> (u64, usize) {
    let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let seed = env("FAILOVER_SEED").map(|seed| seed.parse().expect("FAILOVER_SEED is a number"));
    let rounds = env("FAILOVER_ROUNDS").map(|rounds| rounds.parse().expect("FAILOVER_ROUNDS is a number"));
    (seed.unwrap_or_else(|| u64::from(rand::random::<u32>())), rounds.unwrap_or(ROUNDS))
}

/// As many rounds of each as of any other, mixed, but those that may lose something last.
fn plan(seed: u64, rounds: usize) -> Vec<Befalls> {
    let mut plan: Vec<Befalls> = ALL.into_iter().cycle().take(rounds).collect();
    plan.shuffle(&mut StdRng::seed_from_u64(seed));
    plan.sort_by_key(|what| !what.loses_nothing());
    plan
}

#[test]
fn under_patroni_nobody_loses_what_they_were_told() {
    if !is_long() {
        return;
    }
    let (seed, rounds) = dice();
    println!("failover: {rounds} rounds with FAILOVER_SEED={seed}");
    let patroni = Patroni::start();
    let versions = patroni.versions();
    let mut table = Table::new(format!("failover: {rounds} rounds, FAILOVER_SEED={seed}; {versions}"));
    let mut world = World::around(patroni.database(patroni.whole()));
    busy(&mut world);
    world.change("DATABASE_URL", patroni.url());
    let daemons = [world.daemon(), world.daemon()];
    let mut place = Place { patroni, world, daemons, crowd: Crowd::default() };
    for (number, what) in plan(seed, rounds).into_iter().enumerate() {
        let round = place.round(what);
        table.add(what, &round);
        println!("failover: round {} of {rounds}, {}: {round:?}", number + 1, what.name());
        if what.loses_nothing() {
            assert_eq!(round.wrong, Wrong::default(), "{}", what.name());
            place.assert_nothing_is_lost();
        }
        place.go_on();
        tally::round();
    }
    let late = table.late();
    drop(table);
    assert!(late.is_empty(), "served later than two seconds after the new primary acknowledged: {}", late.join(", "));
}
