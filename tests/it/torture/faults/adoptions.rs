//! Adoptions under faults: at the look for the number, at the fetch of one that is held, at the update.

use serde_json::{Value, json};
use twilio_simulator::{Fault, ForeignNumber, On};

use super::{Answer, Halt, Kind, Shop, answer, fault, kinds, never, tally};
use crate::world::comparing::{is_ours, owned, row};
use crate::world::daemon::Reply;

/// What becomes of an adoption that meets a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Adoption {
    /// The number is stock.
    Done,
    /// The same, but it lacks a capability, as Twilio says: nobody is given it.
    Unfit,
    /// 503: ask again.
    Unavailable,
    /// 502 with this code of Twilio's.
    Refused(i64),
    /// The same, and buying is halted.
    Halted(Halt),
    /// 404: Twilio lost it, as it says.
    Gone,
}

fn look_meets(kind: Kind) -> Adoption {
    match answer(kind) {
        // The echo of the update counts, and the operator's word is above any tag.
        Answer::Late | Answer::AnotherTag | Answer::Unfit | Answer::AnotherHost | Answer::Loop => Adoption::Done,
        Answer::Lost | Answer::Later => Adoption::Unavailable,
        Answer::Refused(code) => Adoption::Refused(code),
        Answer::NotFound => Adoption::Refused(20404),
        Answer::Account(halt) => Adoption::Halted(halt),
        never_so @ (Answer::NoMoney | Answer::Sale) => never(On::List, never_so),
    }
}

fn fetch_meets(kind: Kind) -> Adoption {
    match answer(kind) {
        Answer::Late | Answer::AnotherTag | Answer::Unfit => Adoption::Done,
        Answer::Lost | Answer::Later => Adoption::Unavailable,
        Answer::Refused(code) => Adoption::Refused(code),
        Answer::NotFound => Adoption::Gone,
        Answer::Account(halt) => Adoption::Halted(halt),
        never_so @ (Answer::AnotherHost | Answer::Loop | Answer::NoMoney | Answer::Sale) => never(On::Fetch, never_so),
    }
}

fn update_meets(kind: Kind) -> Adoption {
    match answer(kind) {
        Answer::Late => Adoption::Done,
        Answer::Unfit => Adoption::Unfit,
        // An echo that shows another tag confirms nothing.
        Answer::Lost | Answer::Later | Answer::AnotherTag => Adoption::Unavailable,
        Answer::Refused(code) => Adoption::Refused(code),
        Answer::NotFound => Adoption::Gone,
        Answer::Account(halt) => Adoption::Halted(halt),
        never_so @ (Answer::AnotherHost | Answer::Loop | Answer::NoMoney | Answer::Sale) => never(On::Update, never_so),
    }
}

impl Shop {
    /// The `n`th number of somebody else, in the account.
    fn foreign(&self, n: usize) -> String {
        let number = format!("+1415555{n:04}");
        self.world.twilio.own(ForeignNumber::new(&number).friendly_name("desk"));
        number
    }

    fn adopt(&self, number: &str) -> Reply {
        self.daemon.post(&format!("/admin/phones/api/numbers/{number}/adopt"), &json!({}))
    }

    /// Adopts `number`, which meets `kind`, as `expected`; then the same call finishes it.
    fn adopts(&mut self, kind: Kind, number: &str, expected: Adoption) {
        let reply = self.adopt(number);
        let mut halted = None;
        match expected {
            Adoption::Done => assert_eq!(reply.ok()["status"], "available", "{kind:?}"),
            Adoption::Unfit => {
                assert_eq!(reply.ok()["status"], "available", "{kind:?}");
                assert_eq!(row(&self.world, number, "capable"), "f", "{kind:?}");
            }
            Adoption::Unavailable => drop(reply.problem(503, "unavailable")),
            Adoption::Refused(code) => {
                assert_eq!(reply.problem(502, "twilio_refused")["twilio_code"], code, "{kind:?}")
            }
            Adoption::Halted(halt) => {
                drop(reply.problem(502, "twilio_refused"));
                halted = Some(halt);
            }
            Adoption::Gone => drop(reply.problem(404, "not_found")),
        }
        self.judge_halt(kind, halted);
        if expected != Adoption::Done {
            assert_ne!(row(&self.world, number, "ready"), "t", "{kind:?}: nobody is given it");
        }
    }

    /// Asked again, Twilio answers as it should.
    fn is_finished(&mut self, kind: Kind, number: &str) {
        assert_eq!(self.adopt(number).ok()["quarantine_reason"], Value::Null, "{kind:?}");
        assert_eq!(row(&self.world, number, "status, ready"), "available|t", "{kind:?}");
        assert!(is_ours(&self.world, number), "{kind:?}");
        self.signup(kind);
        self.settle(kind);
    }
}

#[test]
fn every_fault_at_the_look_of_an_adoption_ends_as_its_class_says() {
    let mut shop = Shop::open();
    for (n, kind) in kinds(On::List).enumerate() {
        let (number, expected) = (shop.foreign(n), look_meets(kind));
        shop.world.twilio.fault(fault(On::List, kind).phone_number(&number));
        shop.adopts(kind, &number, expected);
        if expected != Adoption::Done {
            assert_eq!(row(&shop.world, &number, "id"), "", "{kind:?}: nothing is written");
            assert_eq!(owned(&shop.world, &number).friendly_name, "desk", "{kind:?}");
        }
        shop.is_finished(kind, &number);
    }
    shop.close();
    tally::faults(kinds(On::List).count());
}

#[test]
fn every_fault_at_the_fetch_of_an_adoption_ends_as_its_class_says() {
    let mut shop = Shop::open();
    for (n, kind) in kinds(On::Fetch).enumerate() {
        let (number, expected) = (shop.foreign(n), fetch_meets(kind));
        // It is held, so that the next call asks for it by its SID.
        shop.world.twilio.fault(Fault::new(On::Update, Kind::Reset).phone_number(&number));
        shop.adopt(&number).problem(503, "unavailable");
        shop.world.twilio.fault(fault(On::Fetch, kind).phone_number(&number));
        shop.adopts(kind, &number, expected);
        shop.is_finished(kind, &number);
    }
    shop.close();
    tally::faults(kinds(On::Fetch).count());
}

#[test]
fn every_fault_at_the_update_of_an_adoption_ends_as_its_class_says() {
    let mut shop = Shop::open();
    for (n, kind) in kinds(On::Update).enumerate() {
        let (number, expected) = (shop.foreign(n), update_meets(kind));
        shop.world.twilio.fault(fault(On::Update, kind).phone_number(&number));
        shop.adopts(kind, &number, expected);
        if !matches!(expected, Adoption::Done | Adoption::Unfit) {
            assert_eq!(row(&shop.world, &number, "quarantine_reason"), "adopting", "{kind:?}");
        }
        shop.is_finished(kind, &number);
    }
    shop.close();
    tally::faults(kinds(On::Update).count());
}
