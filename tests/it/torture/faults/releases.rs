//! Numbers given back to Twilio under faults: at the look for their tag, and at the DELETE.

use serde_json::{Value, json};
use twilio_simulator::On;

use super::{Answer, Halt, Kind, Shop, answer, fault, kinds, never, tally};
use crate::world::comparing::row;
use crate::world::eventually;

/// What becomes of a release that meets a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaving {
    /// It has left, after so many DELETEs.
    Gone(u64),
    /// Twilio says that it had left before, and is believed.
    SaidToBeGone,
    /// 503, and nothing is changed.
    Unavailable,
    /// 502 with this code of Twilio's: it stays, and returns to stock.
    Refused(i64),
    /// The same, and buying is halted.
    Halted(Halt),
    /// 409: another environment's tag stands on it.
    Conflict,
}

fn fetch_meets(kind: Kind) -> Leaving {
    match answer(kind) {
        // Not found: the DELETE will say so too, or not.
        Answer::Late | Answer::Unfit | Answer::NotFound => Leaving::Gone(1),
        Answer::Lost | Answer::Later => Leaving::Unavailable,
        Answer::Refused(code) => Leaving::Refused(code),
        Answer::Account(halt) => Leaving::Halted(halt),
        Answer::AnotherTag => Leaving::Conflict,
        never_so @ (Answer::AnotherHost | Answer::Loop | Answer::NoMoney | Answer::Sale) => never(On::Fetch, never_so),
    }
}

fn delete_meets(kind: Kind) -> Leaving {
    match kind {
        // 204 has no body that could be broken.
        Kind::MalformedJson | Kind::TruncatedBody => return Leaving::Gone(1),
        _ => {}
    }
    match answer(kind) {
        Answer::Late => Leaving::Gone(1),
        // Asked again, until Twilio's clear word.
        Answer::Lost | Answer::Later => Leaving::Gone(2),
        Answer::NotFound => Leaving::SaidToBeGone,
        Answer::Refused(code) => Leaving::Refused(code),
        Answer::Account(halt) => Leaving::Halted(halt),
        never_so @ (Answer::AnotherTag
        | Answer::Unfit
        | Answer::AnotherHost
        | Answer::Loop
        | Answer::NoMoney
        | Answer::Sale) => never(On::Delete, never_so),
    }
}

fn every_fault(on: On, meets: fn(Kind) -> Leaving) {
    let mut shop = Shop::open();
    for kind in kinds(on) {
        let world = &shop.world;
        let number = world
            .sql("SELECT phone_number FROM leases WHERE user_id IS NULL AND ready ORDER BY number_id DESC LIMIT 1");
        let (deletes, expected) = (world.twilio.truth().requests_of(On::Delete), meets(kind));
        world.twilio.fault(fault(on, kind).phone_number(&number));
        let path = format!("/admin/phones/api/numbers/{number}/release-to-twilio");
        let reply = shop.daemon.post(&path, &json!({}));
        let mut halted = None;
        match expected {
            Leaving::Gone(_) | Leaving::SaidToBeGone => assert_eq!(reply.ok()["status"], "released", "{kind:?}"),
            Leaving::Unavailable => drop(reply.problem(503, "unavailable")),
            Leaving::Refused(code) => assert_eq!(reply.problem(502, "twilio_refused")["twilio_code"], code, "{kind:?}"),
            Leaving::Halted(halt) => {
                drop(reply.problem(502, "twilio_refused"));
                halted = Some(halt);
            }
            Leaving::Conflict => drop(reply.problem(409, "conflict")),
        }
        shop.judge_halt(kind, halted);
        let deletes = world.twilio.truth().requests_of(On::Delete) - deletes;
        let is_there = world.twilio.truth().owned_number(&number).is_some();
        match expected {
            Leaving::Gone(expected) => assert_eq!((deletes, is_there), (expected, false), "{kind:?}"),
            Leaving::SaidToBeGone => {
                assert_eq!((deletes, is_there), (1, true), "{kind:?}");
                // A comparison tells of it later; somebody releases it in Twilio's console.
                assert!(world.twilio.disown(&number));
            }
            Leaving::Unavailable | Leaving::Refused(_) | Leaving::Halted(_) | Leaving::Conflict => {
                assert_eq!((deletes, is_there), (u64::from(on == On::Delete), true), "{kind:?}");
                // Care asks Twilio, then it is stock again.
                eventually("it serves again", || row(world, &number, "ready") == "t");
            }
        }
        shop.signup(kind);
        shop.settle(kind);
    }
    assert_eq!(shop.world.sql("SELECT DISTINCT state FROM releases WHERE state IN ('intended', 'sent')"), "");
    assert_eq!(shop.daemon.status()["halted"], Value::Null);
    shop.close();
    tally::faults(kinds(on).count());
}

#[test]
fn every_fault_at_the_look_before_a_release_ends_as_its_class_says() {
    every_fault(On::Fetch, fetch_meets);
}

#[test]
fn every_fault_at_a_delete_ends_as_its_class_says() {
    every_fault(On::Delete, delete_meets);
}
