//! What may befall a primary under Patroni, and one round of it.

use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

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
        let (rate, Outcome { served, by_hand, without }) = crowd.during(daemons, &load, |load| {
            let leader = patroni.whole();
            let rate = under_way(load);
            let outcome = befalls(patroni, leader, what, load);
            patroni.heal();
            world.database = patroni.database(patroni.whole());
            under_way(load);
            (rate, outcome)
        });
        daemons[0].post_empty("/admin/phones/api/pause").ok();
        world.settle();
        let mut wrong = self.wrong().since(before);
        wrong.lost += load.lost();
        wrong.without_database += without.map_or(0, |(from, until)| creates_between(&self.world, from, until));
        Round { acknowledged: load.acknowledged(), rate, wrong, served, by_hand }
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

/// How it went.
struct Outcome {
    /// How long after the new primary took connections, and after it acknowledged what is written, both daemons served.
    served: [Duration; 2],
    /// Whether somebody had to switch over by hand.
    by_hand: bool,
    /// From when both daemons had missed their database until a primary took connections; `None` = there was always one.
    without: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

impl Outcome {
    fn with_a_database(served: Duration) -> Self {
        Self { served: [served; 2], by_hand: false, without: None }
    }
}

fn utc(at: Instant) -> DateTime<Utc> {
    Utc::now() - at.elapsed()
}

/// Calls that buy, as Twilio had them in that time.
fn creates_between(world: &World, from: DateTime<Utc>, until: DateTime<Utc>) -> usize {
    world.twilio.truth().creates.iter().filter(|create| (from..until).contains(&create.at)).count()
}

/// Lets it befall the leader, and waits until both daemons serve.
fn befalls(patroni: &mut Patroni, leader: usize, what: Befalls, load: &Load) -> Outcome {
    let since = Instant::now();
    match what {
        Killed => {
            patroni.kill_server(leader);
            served_after_promotion(patroni, leader, load, since)
        }
        SwitchedOver => {
            let patroni = &*patroni;
            thread::scope(|scope| {
                scope.spawn(|| patroni.switch_over(leader));
                served_after_promotion(patroni, leader, load, since)
            })
        }
        EtcdLeaderKilled => {
            patroni.etcd.kill_leader();
            Outcome::with_a_database(served(load, since))
        }
        StoodStill => {
            freeze(patroni, leader, Frozen::Both);
            thread::sleep(STANDS_STILL);
            thaw(patroni, leader, Frozen::Both);
            Outcome::with_a_database(served(load, Instant::now()))
        }
        Fenced(frozen) => {
            freeze(patroni, leader, frozen);
            thread::sleep(FENCED_AFTER);
            patroni.fence(leader);
            served_after_promotion(patroni, leader, load, since)
        }
        Unfenced(frozen) => {
            freeze(patroni, leader, frozen);
            let outcome = served_after_promotion(patroni, leader, load, since);
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
            Outcome { by_hand: by_hand || named_by_hand, ..outcome }
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

fn served_after_promotion(patroni: &Patroni, former: usize, load: &Load, since: Instant) -> Outcome {
    let promoted = patroni.promoted(former);
    // Whoever was answered before a standby had it was not answered by this primary.
    let after = served(load, promoted.acknowledges);
    let missed = load.both_refuse(since).map(|[one, other]| since + one.max(other));
    let without = missed.filter(|missed| *missed < promoted.takes_connections);
    Outcome {
        served: [promoted.acknowledges.duration_since(promoted.takes_connections) + after, after],
        by_hand: false,
        without: without.map(|missed| (utc(missed), utc(promoted.takes_connections))),
    }
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
