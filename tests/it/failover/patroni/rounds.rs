//! What may befall a primary under Patroni, and one round of it.

use std::thread;
use std::time::{Duration, Instant};

use super::config::TTL;
use super::members::Patroni;
use super::table::Round;
use crate::failover::judge::{self, Wrong, holders};
use crate::failover::load::{Crowd, Load};
use crate::failover::scenarios::under_way;
use crate::world::World;
use crate::world::daemon::Daemon;

/// Whose processes stand still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Frozen {
    PostgreSql,
    Patroni,
    Both,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Befalls {
    Killed,
    SwitchedOver,
    EtcdLeaderKilled,
    /// For less than the lease.
    StoodStill,
    /// A watchdog ends what does not come to its lease.
    Fenced(Frozen),
    /// It goes on after another one was promoted.
    Unfenced(Frozen),
}

use Befalls::{EtcdLeaderKilled, Fenced, Killed, StoodStill, SwitchedOver, Unfenced};

/// All of them; those that may lose something last.
pub const ALL: [Befalls; 10] = [
    Killed,
    Fenced(Frozen::Both),
    SwitchedOver,
    Fenced(Frozen::PostgreSql),
    EtcdLeaderKilled,
    Fenced(Frozen::Patroni),
    StoodStill,
    Unfenced(Frozen::PostgreSql),
    Unfenced(Frozen::Patroni),
    Unfenced(Frozen::Both),
];

/// Before the lease ends, which was renewed up to a second and a half before.
const FENCED_AFTER: Duration = Duration::from_secs(TTL - 3);
const STANDS_STILL: Duration = Duration::from_secs(3);
/// Only a bound.
const SERVED_WITHIN: Duration = Duration::from_secs(90);
/// After that a person would look.
const SERVES_BY_ITSELF: Duration = Duration::from_secs(20);
const WHOLE_BY_ITSELF: Duration = Duration::from_secs(30);
const LOOKED_EVERY: Duration = Duration::from_millis(50);

impl Befalls {
    /// Whether it must not cost anybody what they were told.
    pub fn loses_nothing(self) -> bool {
        !matches!(self, Unfenced(_))
    }

    pub fn name(self) -> String {
        let whose = |frozen| match frozen {
            Frozen::PostgreSql => "PostgreSQL",
            Frozen::Patroni => "Patroni",
            Frozen::Both => "PostgreSQL and Patroni",
        };
        match self {
            Killed => "PostgreSQL killed".to_owned(),
            SwitchedOver => "switched over".to_owned(),
            EtcdLeaderKilled => "etcd's leader killed".to_owned(),
            StoodStill => "both stand still for less than the lease".to_owned(),
            Fenced(frozen) => format!("{} frozen, ended before the lease is", whose(frozen)),
            Unfenced(frozen) => format!("{} frozen, thawed later, no watchdog", whose(frozen)),
        }
    }
}

/// All that goes on from round to round.
pub struct Place {
    pub patroni: Patroni,
    pub world: World,
    pub daemons: [Daemon; 2],
    pub crowd: Crowd,
}

impl Place {
    /// One round, and what it cost. Nothing is on its way then, and nothing is bought before [`Place::go_on`].
    pub fn round(&mut self, what: Befalls) -> Round {
        let load = if what.loses_nothing() { Load::default() } else { Load::forgiving() };
        let before = self.wrong();
        let Self { patroni, world, daemons, crowd } = self;
        let (served, by_hand) = crowd.during(daemons, &load, |load| {
            let leader = patroni.whole();
            under_way(load);
            let outcome = befalls(patroni, leader, what, load);
            patroni.heal();
            world.database = patroni.database(patroni.whole());
            under_way(load);
            outcome
        });
        daemons[0].post_empty("/admin/phones/api/pause").ok();
        world.settle();
        let mut wrong = self.wrong().since(before);
        wrong.lost += load.lost();
        Round { acknowledged: load.acknowledged(), wrong, served, by_hand }
    }

    /// Fails where anybody lost anything, or anything else is not as it must be.
    pub fn assert_nothing_is_lost(&self) {
        judge::judge(&self.world, &self.daemons[0], &self.crowd.told());
    }

    /// Numbers are bought again. What was lost is lost, and no later round's.
    pub fn go_on(&mut self) {
        let rows = holders(&self.world);
        self.crowd.learn(&rows.lines().filter_map(|row| row.split_once('|')).collect());
        self.daemons[0].post_empty("/admin/phones/api/resume").ok();
    }

    fn wrong(&self) -> Wrong {
        let rows = holders(&self.world);
        judge::count(&self.world, &rows.lines().filter_map(|row| row.split_once('|')).collect(), &self.crowd.told())
    }
}

/// Lets it befall the leader, and waits until both daemons serve: how long after the new primary took connections, and after it
/// acknowledged what is written; and whether somebody had to switch over by hand.
fn befalls(patroni: &mut Patroni, leader: usize, what: Befalls, load: &Load) -> (Option<[Duration; 2]>, bool) {
    match what {
        Killed => {
            patroni.kill_server(leader);
            (Some(served_after_promotion(patroni, leader, load)), false)
        }
        SwitchedOver => {
            let patroni = &*patroni;
            let served = thread::scope(|scope| {
                scope.spawn(|| patroni.switch_over(leader));
                served_after_promotion(patroni, leader, load)
            });
            (Some(served), false)
        }
        EtcdLeaderKilled => {
            let since = Instant::now();
            patroni.etcd.kill_leader();
            (Some([served(load, since); 2]), false)
        }
        StoodStill => {
            freeze(patroni, leader, Frozen::Both);
            thread::sleep(STANDS_STILL);
            thaw(patroni, leader, Frozen::Both);
            (Some([served(load, Instant::now()); 2]), false)
        }
        Fenced(frozen) => {
            freeze(patroni, leader, frozen);
            thread::sleep(FENCED_AFTER);
            patroni.fence(leader);
            (Some(served_after_promotion(patroni, leader, load)), false)
        }
        Unfenced(frozen) => {
            freeze(patroni, leader, frozen);
            let served = served_after_promotion(patroni, leader, load);
            under_way(load);
            thaw(patroni, leader, frozen);
            // Whoever leads by then, it is over.
            thread::sleep(Duration::from_secs(TTL));
            let (now, named_by_hand) = patroni.whole_by_hand(WHOLE_BY_ITSELF);
            let (since, by_hand) = (Instant::now(), !serves_by_itself(load));
            if by_hand {
                patroni.switch_over(now);
                self::served(load, since);
            }
            (Some(served), by_hand || named_by_hand)
        }
    }
}

fn freeze(patroni: &Patroni, member: usize, frozen: Frozen) {
    if frozen != Frozen::PostgreSql {
        patroni.freeze_patroni(member);
    }
    if frozen != Frozen::Patroni {
        patroni.freeze_server(member);
    }
}

fn thaw(patroni: &Patroni, member: usize, frozen: Frozen) {
    if frozen != Frozen::Patroni {
        patroni.thaw_server(member);
    }
    if frozen != Frozen::PostgreSql {
        patroni.thaw_patroni(member);
    }
}

fn served_after_promotion(patroni: &Patroni, former: usize, load: &Load) -> [Duration; 2] {
    let promoted = patroni.promoted(former);
    // Whoever was answered before a standby had it was not answered by this primary.
    let after = served(load, promoted.acknowledges);
    [promoted.acknowledges.duration_since(promoted.takes_connections) + after, after]
}

fn served(load: &Load, since: Instant) -> Duration {
    let mut both = None;
    let deadline = since + SERVED_WITHIN;
    while both.is_none() {
        assert!(Instant::now() < deadline, "the daemons do not serve");
        thread::sleep(LOOKED_EVERY);
        both = load.both_serve(since);
    }
    let [one, other] = both.expect("both serve");
    one.max(other)
}

fn serves_by_itself(load: &Load) -> bool {
    let since = Instant::now();
    while load.both_serve(since).is_none() {
        if since.elapsed() > SERVES_BY_ITSELF {
            return false;
        }
        thread::sleep(LOOKED_EVERY);
    }
    true
}
