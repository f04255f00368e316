//! Three instances of which whoever judges stands still: another one judges, what the frozen one had decided is worth nothing when
//! it goes on, and everything is told under one id.
//!
//! How to get it wrong: looking right after it goes on. It must have tried to write what it had decided, so it has to judge once more.

use std::time::Duration;

use nix::sys::signal::Signal;
use rand::RngExt as _;

use super::{is_long, tally};
use crate::world::daemon::Daemon;
use crate::world::{World, eventually};

/// Longer than between two rounds.
const A_ROUND: Duration = Duration::from_millis(1_200);

/// A world in which something is wrong, or right again; how often that was told.
struct Turns {
    daemons: [Daemon; 3],
    world: World,
    is_wrong: bool,
    told: usize,
}

impl Turns {
    fn new() -> Self {
        let world = World::new().quiet().telling(1);
        let daemons = [world.daemon(), world.daemon(), world.daemon()];
        tally::instances(daemons.len());
        Self { daemons, world, is_wrong: false, told: 0 }
    }

    /// Nobody but this one goes on, so that it judges; waits until it has.
    fn only(&self, awake: usize) {
        self.daemons[awake].signal(Signal::SIGCONT);
        for (at, daemon) in self.daemons.iter().enumerate() {
            if at != awake {
                daemon.signal(Signal::SIGSTOP);
            }
        }
        self.until_judged();
    }

    fn all(&self) {
        self.daemons.iter().for_each(|daemon| daemon.signal(Signal::SIGCONT));
    }

    /// Waits until somebody has judged what is so now.
    fn until_judged(&self) {
        let since = self.world.now();
        eventually("somebody judges", || self.world.is_judged_since(&since));
    }

    /// It is the other way round from now on.
    fn turn(&mut self) {
        self.is_wrong = !self.is_wrong;
        self.told += 1;
        self.world.sql(match self.is_wrong {
            true => "INSERT INTO event_refusals VALUES (date_trunc('minute', clock_timestamp()), 3)",
            false => "DELETE FROM event_refusals",
        });
    }

    /// What is told, one after the other.
    fn expected(&self) -> Vec<String> {
        let events = ["raised", "cleared"].into_iter().cycle().take(self.told);
        events.map(|event| format!("{event} email pagerduty webhook")).collect()
    }

    fn until_told(&self) {
        eventually("it is told", || self.world.told_of("events.rejected").len() >= self.told);
        assert_eq!(self.world.told_of("events.rejected"), self.expected());
    }

    /// Something changes, `judge` has decided that it is to be told and stands still; `other` judges on, and it changes back meanwhile.
    fn overtaken(&mut self, judge: usize, other: usize) {
        self.only(judge);
        self.turn();
        eventually("it is seen", || {
            let lasting = "SELECT count(*) FROM alert_conditions WHERE kind = 'events.rejected' AND phase IN ('pending', 'clearing')";
            self.world.count(lasting) > 0 || self.world.told_of("events.rejected").len() == self.told
        });
        self.daemons[judge].failpoints("alert_decided=pause");
        std::thread::sleep(A_ROUND);
        self.only(other);
        self.until_told();
        self.turn();
        self.until_told();
        // It goes on where it stood, and judges once more after that.
        self.daemons[judge].failpoint_off("alert_decided");
        self.only(judge);
        assert_eq!(self.world.told_of("events.rejected"), self.expected(), "it had decided before the other one did");
        tally::faults(1);
    }
}

#[test]
fn a_judge_that_stands_still_is_followed_by_another_and_writes_nothing_of_what_it_had_decided() {
    if !is_long() {
        return;
    }
    let mut turns = Turns::new();
    for (judge, other) in [(0, 1), (1, 2), (2, 0)] {
        // It would have raised what is over, then ended what goes on.
        turns.overtaken(judge, other);
        turns.turn();
        turns.until_told();
        turns.overtaken(judge, other);
        turns.turn();
        turns.until_told();
    }
    turns.all();
    // At any moment anybody may stand still for a while.
    let mut dice = rand::rng();
    for _turn in 0..8 {
        let frozen = dice.random_range(0..turns.daemons.len());
        turns.turn();
        std::thread::sleep(Duration::from_millis(dice.random_range(0..2_500)));
        turns.daemons[frozen].signal(Signal::SIGSTOP);
        turns.until_told();
        turns.daemons[frozen].signal(Signal::SIGCONT);
    }
    turns.world.until_all_is_told();
    turns.until_judged();
    turns.world.assert_told();
    assert_eq!(turns.world.told_of("events.rejected"), turns.expected());
    assert_eq!(turns.world.count("SELECT count(*) FROM alert_messages WHERE state <> 'sent'"), 0);
    assert!(turns.world.alerts_open().is_empty());
    tally::round();
}
