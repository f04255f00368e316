//! Each fault of the simulator at each kind of call, once in the middle of something: what comes of it, by its class.
//!
//! [`orders`] are bought under faults, [`settings`] are webhooks, [`comparisons`], [`adoptions`] and [`releases`] what
//! their names say, [`money`] is prices and balance. [`odd`] are answers that are odd rather than wrong, [`refusals`] those
//! of one number;
//! [`pools`] are three, one of which has the faults.
//! Invariants: the tables name an outcome for every kind (a new one in the simulator does not compile without); every
//! fault really fired; signups are served from stock all the while.
//! How to get it wrong: an outcome that any answer would meet. Orders are counted at Twilio.

mod adoptions;
mod comparisons;
mod money;
mod odd;
mod orders;
mod pools;
mod refusals;
mod releases;
mod settings;

use serde_json::Value;
use twilio_simulator::{Fault, FaultKind, On};

use super::{is_long, tally};
use crate::world::World;
use crate::world::daemon::Daemon;
use crate::world::truth::Acknowledged;

use FaultKind as Kind;

/// A refusal of the account: all buying halts, with this code of Twilio's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Halt {
    /// A probe may end that.
    UntilProbe(i64),
    /// Only an operator ends it.
    UntilResume(i64),
}

/// What an answer is worth to whoever asked for something that is not for sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// There is none, or none that can be read: it may have worked.
    Lost,
    /// 429: it did not work, and would later.
    Later,
    /// The right one, late.
    Late,
    /// Twilio minds this very request, with this code.
    Refused(i64),
    /// 404.
    NotFound,
    /// Twilio minds the account.
    Account(Halt),
    /// It shows another environment's tag.
    AnotherTag,
    /// It shows too few capabilities.
    Unfit,
    /// The next page is on another host.
    AnotherHost,
    /// The next page is this one.
    Loop,
    /// The account has nothing left.
    NoMoney,
    /// Happens to what is for sale only.
    Sale,
}

/// What is odd rather than wrong; the tables of [`odd`] and [`refusals`] have it, since what comes of it hangs on options.
macro_rules! manner {
    () => {
        Kind::OddRow
            | Kind::DropParameters
            | Kind::Ghost
            | Kind::AddressRequired
            | Kind::Omit
            | Kind::EndlessList
            | Kind::EmptyPage
            | Kind::RepeatRow
            | Kind::LoseCapability
            | Kind::DateSkew
            | Kind::NoDate
    };
}
use manner;

/// What leaves nobody knowing whether it took effect, as a pattern.
macro_rules! lost {
    () => {
        Kind::CommitThenHang
            | Kind::CommitThenReset
            | Kind::CommitThenClose
            | Kind::CommitThen500
            | Kind::CommitThen503
            | Kind::CommitThenHtml502
            | Kind::Reset
            | Kind::Close
            | Kind::Hang
            | Kind::Error500
            | Kind::Error503
            | Kind::Html502
            | Kind::Html504
            | Kind::MalformedJson
            | Kind::TruncatedBody
    };
}
use lost;

fn answer(kind: Kind) -> Answer {
    match kind {
        lost!() => Answer::Lost,
        Kind::TooManyRequests => Answer::Later,
        Kind::Delay | Kind::SlowBody => Answer::Late,
        Kind::Refuse => Answer::Refused(20001),
        Kind::BadPageToken => Answer::Refused(21481),
        Kind::NotFound => Answer::NotFound,
        Kind::Suspended | Kind::Unauthorized => Answer::Account(Halt::UntilProbe(20003)),
        Kind::Inactive20005 => Answer::Account(Halt::UntilProbe(20005)),
        Kind::Inactive10001 => Answer::Account(Halt::UntilProbe(10001)),
        Kind::TestCredentials => Answer::Account(Halt::UntilResume(20008)),
        Kind::ForeignTag => Answer::AnotherTag,
        Kind::NoCapability => Answer::Unfit,
        Kind::ForeignNextPage => Answer::AnotherHost,
        Kind::LoopingNextPage => Answer::Loop,
        Kind::BalanceZero => Answer::NoMoney,
        Kind::Barred
        | Kind::Trial
        | Kind::InvalidNumber
        | Kind::Stolen
        | Kind::NoStock
        | Kind::Lag
        | Kind::AlreadyOwned21422
        | Kind::OldDateCreated => Answer::Sale,
        manner!() => unreachable!("{kind:?} is in no table"),
    }
}

/// An outcome in a table for an answer that cannot be.
fn never<T>(on: On, answer: Answer) -> T {
    unreachable!("no {on:?} is answered by {answer:?}")
}

/// What can happen to such a call. Of the many ways to lose an answer the short form has one of each sort (never heard, heard in
/// part, sold all the same), and all where money is spent; the long one has every one everywhere.
fn kinds(on: On) -> impl Iterator<Item = Kind> {
    let is_like_another = |kind| {
        matches!(
            kind,
            Kind::CommitThenClose
                | Kind::CommitThen503
                | Kind::CommitThenHtml502
                | Kind::Close
                | Kind::Error503
                | Kind::Html502
                | Kind::Html504
                | Kind::MalformedJson
        )
    };
    let is_short = !is_long() && on != On::Create;
    let mut kinds = Kind::ALL.to_vec();
    kinds.retain(|kind| kind.works_on(on) && !matches!(kind, manner!()) && !(is_short && is_like_another(*kind)));
    kinds.into_iter()
}

fn fault(on: On, kind: Kind) -> Fault {
    match kind {
        Kind::Delay | Kind::SlowBody => Fault::new(on, kind).ms(100),
        Kind::Lag => Fault::new(on, kind).requests(1),
        kind => Fault::new(on, kind),
    }
}

/// A daemon with stock, and who was told of which number of it.
struct Shop {
    world: World,
    daemon: Daemon,
    told: Acknowledged,
}

impl Shop {
    fn open() -> Self {
        Self::open_in(World::new())
    }

    fn open_in(world: World) -> Self {
        let world = world.quiet().set("twilio.request_timeout_ms", 500).set("spend.purchases_per_hour_max", 1000);
        let daemon = world.daemon();
        daemon.purchase(45).ok();
        Self { world, daemon, told: Acknowledged::new() }
    }

    /// Somebody signs up and is served from stock.
    fn signup(&mut self, kind: Kind) {
        let user = format!("u-{}", self.told.len());
        let answer = self.daemon.assign(&user).ok();
        assert_eq!(answer["source"], "pool", "{kind:?}");
        self.told.push((user, answer["phone_number"].as_str().unwrap().to_owned()));
    }

    /// The fault happened, and what it left is settled.
    fn settle(&self, kind: Kind) {
        assert_eq!(self.world.twilio.truth().faults_waiting, [], "{kind:?} never happened");
        self.world.settle();
    }

    /// Buying halted as `halt` says, or did not; afterwards it goes on.
    fn judge_halt(&self, kind: Kind, halt: Option<Halt>) {
        let status = self.daemon.status();
        let Some(halt) = halt else { return assert_eq!(status["halted"], Value::Null, "{kind:?}") };
        let (code, probes) = match halt {
            Halt::UntilProbe(code) => (code, true),
            Halt::UntilResume(code) => (code, false),
        };
        assert_eq!(status["halted"]["twilio_code"], code, "{kind:?}: {status}");
        assert_eq!(status["halted"]["next_probe_at"].is_string(), probes, "{kind:?}: {status}");
        let calls = self.world.twilio.truth().creates.len();
        self.daemon.purchase(1).problem(503, "halted");
        assert_eq!(self.world.twilio.truth().creates.len(), calls, "{kind:?}: nobody asks Twilio meanwhile");
        self.daemon.post_empty("/admin/phones/api/resume").ok();
    }

    /// The truth remembers every order and every fault.
    fn close(self) {
        self.world.settle();
        self.world.assert_truth();
        self.world.assert_remembered(&self.told);
    }
}

#[test]
fn the_tables_cover_what_can_happen_to_a_call() {
    for on in [On::List, On::Fetch, On::Update, On::Delete, On::Pricing] {
        let sale = kinds(on).find(|kind| matches!(answer(*kind), Answer::Sale | Answer::NoMoney));
        assert_eq!(sale, None, "{on:?}");
    }
}
