//! Pools whose numbers join messaging services before anybody gets them, and the carriers' word, by dice.
//!
//! Invariants: at the end every attachment that stands is so at Twilio, and the other way round; whoever has a number of such a pool got
//! it when it could text; nothing joined twice, nothing that left for ever is in a service, and nothing waits.
//! How to get it wrong: believing the ledger. The simulator says who joined when, and what the carriers know.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use twilio_simulator::{
    CampaignStatus, Fault, FaultKind, On, RegistrationOrder, RegistrationOutcome, RegistrationState, ServiceOrder,
    Truth,
};

use super::super::pools::{NAMES, resume};
use super::super::tally;
use super::Round;
use crate::world::World;
use crate::world::command::run;
use crate::world::daemon::Daemon;
use crate::world::events::{EVENTS, lead_to};

/// What attaching may run into; nothing of it may be lost or doubled.
const FAULTS: &[(On, FaultKind)] = &[
    (On::Attach, FaultKind::CommitThen500),
    (On::Attach, FaultKind::CommitThenHang),
    (On::Attach, FaultKind::CommitThenReset),
    (On::Attach, FaultKind::TruncatedBody),
    (On::Attach, FaultKind::Lag),
    (On::Attach, FaultKind::Hang),
    (On::Attach, FaultKind::Reset),
    (On::Attach, FaultKind::Error503),
    (On::Attach, FaultKind::TooManyRequests),
    (On::Attach, FaultKind::NotFound),
    (On::Attach, FaultKind::Unauthorized),
    (On::Member, FaultKind::Error503),
    (On::Member, FaultKind::Hang),
    (On::Member, FaultKind::TruncatedBody),
    (On::Members, FaultKind::Error503),
    (On::Members, FaultKind::Omit),
    (On::Service, FaultKind::Error503),
    (On::Detach, FaultKind::CommitThenReset),
    (On::Detach, FaultKind::Error503),
    (On::Detach, FaultKind::Refuse),
    (On::EventDelivery, FaultKind::Omit),
    (On::EventDelivery, FaultKind::Delay),
    (On::EventDelivery, FaultKind::RepeatRow),
    (On::EventDelivery, FaultKind::Lag),
    (On::EventDelivery, FaultKind::ForeignTag),
];

/// How Twilio may refuse an attach: full both ways, and this number.
const REFUSALS: &[(u16, u32)] = &[(412, 21_714), (400, 21_714), (400, 21_715), (400, 21_421)];

/// How registrations may end, and be told.
const OUTCOMES: &[RegistrationOutcome] = &[
    RegistrationOutcome::Registered,
    RegistrationOutcome::Registered,
    RegistrationOutcome::Twice,
    RegistrationOutcome::Reordered,
    RegistrationOutcome::Delayed,
    RegistrationOutcome::Failed,
    RegistrationOutcome::Silent,
    RegistrationOutcome::Forged,
];

/// All that is open is tried again within seconds once nothing stands in its way.
const SETTLES_WITHIN: Duration = Duration::from_secs(90);
const CARRIERS_TAKE: Duration = Duration::from_millis(50);

/// What of it a round has.
pub(super) struct Texting {
    /// Pools whose numbers are handed out when they can text.
    pools: Vec<&'static str>,
    /// Whether `default` waits for the carriers, too.
    registers: bool,
}

/// Messaging services for some of the pools, if the dice say so.
pub(super) fn texting(world: World, dice: &mut StdRng, count: usize) -> (World, Texting) {
    let none = Texting { pools: Vec::new(), registers: false };
    if dice.random_ratio(1, 3) {
        return (world, none);
    }
    let (mut world, mut pools) = (world, Vec::new());
    for name in &NAMES[..count] {
        // Now and then one of several pools wants nothing of the kind.
        if count > 1 && dice.random_ratio(1, 4) {
            continue;
        }
        let services = services(&world, dice);
        let key = |key: &str| if *name == "default" { format!("pool.{key}") } else { format!("pools.{name}.{key}") };
        world = world.set(&key("messaging_services"), services.join(","));
        pools.push(*name);
    }
    let registers = pools.contains(&"default") && dice.random();
    let world =
        if registers { world.set("pool.sms_ready_when", "registered").set("events.public_url", EVENTS) } else { world };
    world.twilio.registration(RegistrationOrder::new(RegistrationOutcome::Registered).after(CARRIERS_TAKE));
    if registers {
        let settings: Vec<(&str, &str)> =
            world.settings().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        run(&settings, &["twilio", "setup-events"]).table();
    }
    (world, Texting { pools, registers })
}

/// One to three, of which the last one never fills up.
fn services(world: &World, dice: &mut StdRng) -> Vec<String> {
    let count = dice.random_range(1..=3);
    let order = |n: usize| {
        let order = ServiceOrder::new().campaign(CampaignStatus::Verified);
        if n + 1 < count { order.capacity(2) } else { order }
    };
    (0..count).map(|n| world.twilio.service(order(n)).as_str().to_owned()).collect()
}

impl Texting {
    /// Whether any pool wants its numbers to text.
    pub(super) fn is_on(&self) -> bool {
        !self.pools.is_empty()
    }

    /// Twilio's events go to this instance from now on.
    pub(super) fn lead_to(&self, world: &World, daemon: &Daemon) {
        if self.registers {
            lead_to(world, daemon);
        }
    }
}

impl Round {
    /// Something is in the way of numbers that join, or of what is told of them.
    pub(super) fn text_fault(&mut self) {
        let fault = if self.dice.random_ratio(1, 5) {
            let (status, code) = *REFUSALS.choose(&mut self.dice).expect("there are some");
            Fault::new(On::Attach, FaultKind::Refuse).status(status).code(code)
        } else {
            let (on, kind) = *FAULTS.choose(&mut self.dice).expect("there are some");
            Fault::new(on, kind)
        };
        let is_late = fault.kind == FaultKind::Lag && fault.on == On::Attach;
        let fault = if is_late { fault.requests(1) } else { fault.times(self.dice.random_range(1..=3)) };
        self.world.twilio.fault(fault);
        tally::faults(1);
    }

    /// The carriers are of another mind from now on, or of one number.
    pub(super) fn carriers(&mut self) {
        let outcome = *OUTCOMES.choose(&mut self.dice).expect("there are some");
        let order = RegistrationOrder::new(outcome).after(CARRIERS_TAKE);
        let one =
            self.dice.random::<bool>().then(|| self.one_of("status <> 'released' AND pool = 'default'")).flatten();
        self.world.twilio.registration(match one {
            Some(number) => order.phone_number(number),
            None => order,
        });
    }

    /// So many numbers were lost to those who wait because Twilio, or the carriers, did not take them.
    pub(super) fn text_lost(&self) -> usize {
        let lost = self.world.count(
            "SELECT count(DISTINCT number_id) FROM number_notes
              WHERE note IN ('attachment_refused', 'attachment_conflict', 'registration_failed')",
        );
        usize::try_from(lost).expect("some")
    }

    /// Whatever is open comes to its end: it was refused before, and is tried again; what the carriers were not told, or nobody heard
    /// of, begins anew.
    pub(super) fn text_quiesce(&self) {
        if !self.texting.is_on() {
            return;
        }
        self.world.twilio.registration(RegistrationOrder::new(RegistrationOutcome::Registered).after(CARRIERS_TAKE));
        // What somebody took out of the account joins nothing, and waits until a comparison misses it.
        let free = format!(
            "n.status <> 'released' AND n.missing_since IS NULL AND n.phone_number NOT IN ('{}')
             AND (n.status = 'active' OR n.quarantine_reason = 'released')",
            self.vanished.join("', '")
        );
        let open = format!(
            "SELECT (SELECT count(*) FROM numbers n WHERE {free} AND n.attachment_status <> 'attached')
                  + (SELECT count(*) FROM attachments WHERE leaving)
                  + (SELECT count(*) FROM numbers n JOIN attachments a ON a.number_id = n.id
                      WHERE {free} AND a.state IN ('intended', 'sent'))"
        );
        let failed =
            "SELECT count(*) FROM attachments WHERE state IN ('refused', 'conflict') AND refusal_concerns = 'number'";
        self.patiently("all that is open is attached", || {
            if self.world.count(failed) > 0 {
                // Twilio was about to say so when nothing stood in the way any more.
                resume(&self.daemons[0], self.pools);
            }
            self.world.count(&open) == 0
        });
        let unheard = format!(
            "SELECT n.phone_number FROM numbers n WHERE {free} AND n.held_back IN ('registering', 'registration_failed')"
        );
        for number in self.world.sql(&unheard).lines() {
            let again = RegistrationOrder::new(RegistrationOutcome::Registered).after(CARRIERS_TAKE);
            self.world.twilio.registration(again.phone_number(number));
        }
        self.patiently("the carriers know all", || self.world.sql(&unheard).is_empty());
    }

    fn patiently(&self, what: &str, mut done: impl FnMut() -> bool) {
        let deadline = Instant::now() + SETTLES_WITHIN;
        while !done() {
            assert!(Instant::now() < deadline, "it never came to pass: {what}\n{}", self.text_ledger());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn text_ledger(&self) -> String {
        self.world.sql(
            "SELECT n.id, n.phone_number, n.pool, n.status, n.quarantine_reason, n.held_back, n.registration, n.registration_at,
                    a.target, a.state, a.attempts, a.doubted, a.leaving, a.message
               FROM numbers n LEFT JOIN attachments a ON a.number_id = n.id ORDER BY n.id, a.id",
        )
    }

    /// Twilio's members and the ledger, when nothing is on its way.
    pub(super) fn assert_texting(&self) {
        if !self.texting.is_on() {
            return;
        }
        let truth = self.world.twilio.truth();
        let there: BTreeSet<String> = truth
            .services
            .iter()
            .flat_map(|service| service.members.iter().map(|member| format!("{} {}", service.sid, member.sid)))
            .collect();
        let lines =
            |statement: &str| -> BTreeSet<String> { self.world.sql(statement).lines().map(str::to_owned).collect() };
        let attached = lines(
            "SELECT a.target || ' ' || n.sid FROM attachments a JOIN numbers n ON n.id = a.number_id
              WHERE a.kind = 'messaging_service' AND a.state = 'attached' AND n.status <> 'released' AND n.missing_since IS NULL",
        );
        let ours = lines("SELECT sid FROM numbers");
        let is_ours = |line: &&String| line.split_once(' ').is_some_and(|(_, sid)| ours.contains(sid));
        let members: BTreeSet<String> = there.iter().filter(is_ours).cloned().collect();
        assert_eq!(members, attached, "Twilio's members and the ledger:\n{}", self.text_ledger());
        self.assert_joined_once(&truth);
        self.assert_everybody_could_text(&truth);
        let waiting =
            "SELECT count(*) FROM numbers WHERE status = 'active' AND missing_since IS NULL AND held_back IS NOT NULL";
        assert_eq!(self.world.count(waiting), 0, "it waits, and nobody knows what for:\n{}", self.text_ledger());
    }

    /// Nothing that we sent had an effect twice, and nobody that stays was taken out.
    fn assert_joined_once(&self, truth: &Truth) {
        let mut joined: BTreeMap<&str, usize> = BTreeMap::new();
        for one in truth.memberships.iter().filter(|one| one.request_id.is_some()) {
            if one.joined {
                *joined.entry(&one.phone_number).or_default() += 1;
            } else {
                let gone = format!(
                    "SELECT count(*) FROM numbers WHERE phone_number = '{}' AND status = 'released'",
                    one.phone_number
                );
                assert!(self.world.count(&gone) > 0, "{} was taken out of its service", one.phone_number);
            }
        }
        for (number, times) in joined {
            let sids = self.world.count(&format!("SELECT count(*) FROM numbers WHERE phone_number = '{number}'"));
            assert!(
                i64::try_from(times).unwrap() <= sids.max(1),
                "{number} joined {times} times:\n{}",
                self.text_ledger()
            );
        }
    }

    /// Whoever has a number of such a pool that came from stock got it when Twilio had it in a service, and when the carriers knew it.
    fn assert_everybody_could_text(&self, truth: &Truth) {
        let pools = self.texting.pools.join("', '");
        let given = self.world.sql(&format!(
            "SELECT n.phone_number, n.pool, to_char(l.assigned_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')
               FROM leases l JOIN numbers n ON n.id = l.number_id
              WHERE l.source IN ('pool', 'emergency') AND n.missing_since IS NULL AND n.pool IN ('{pools}')
                -- Who was silent for long was made older than they are.
                AND l.user_id NOT LIKE 'quiet-%'"
        ));
        for line in given.lines() {
            let mut columns = line.split('|');
            let [number, pool, at] = [(); 3].map(|()| columns.next().expect("three columns"));
            let at: DateTime<Utc> = at.parse().expect("a time");
            // A clock that stepped says nothing of when.
            let before = |when: DateTime<Utc>| self.has_stepped || when <= at;
            let joined = truth.memberships.iter().any(|one| one.phone_number == number && one.joined && before(one.at));
            assert!(joined, "{number} was given away before it was in a service:\n{}", self.text_ledger());
            if pool == "default" && self.texting.registers {
                let is_known = |event: &twilio_simulator::EventRecord| {
                    event.event_type.ends_with("number-registration.successful") && !event.forged && before(event.at)
                };
                assert!(truth.events_of(number).any(is_known), "{number} was given away before the carriers knew it");
                let known = truth
                    .registrations
                    .iter()
                    .any(|one| one.phone_number == number && one.state == RegistrationState::Registered);
                assert!(known || self.has_stepped, "{number}: {:?}", truth.registrations);
            }
        }
    }

    /// An instance came in the place of another one: events go to one that lives.
    pub(super) fn text_lead(&self) {
        self.texting.lead_to(&self.world, &self.daemons[0]);
    }
}
