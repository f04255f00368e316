//! What may befall a primary, one thing after the other, while users come and go.

use std::time::{Duration, Instant};

use super::judge::judge;
use super::load::{self, Load};
use super::pair::Pair;
use crate::torture::{is_long, tally};
use crate::world::{World, eventually};
use twilio_simulator::On;

/// Users come and go, so that a primary is in the middle of everything; how many are answered in a second.
pub fn under_way(load: &Load) -> f64 {
    let (began, before, more) = (Instant::now(), load.acknowledged(), if is_long() { 400 } else { 60 });
    eventually("users come and go", || load.acknowledged() >= before + more);
    f64::from(u32::try_from(load.acknowledged() - before).expect("a few hundred")) / began.elapsed().as_secs_f64()
}

/// Waits until both daemons have missed their database, and a second more, in which Twilio is not asked for anything.
fn nothing_goes_without_a_database(world: &World, load: &Load, since: Instant) {
    eventually("both refuse", || load.both_refuse(since).is_some());
    let asked = world.asked_of_twilio();
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(world.asked_of_twilio(), asked, "not one call");
}

/// Waits until both daemons serve, which they must within `within` where the machine is this test's own.
fn served(what: &str, load: &Load, since: Instant, within: Duration) {
    let mut served = None;
    eventually("both daemons serve", || {
        served = load.both_serve(since);
        served.is_some()
    });
    let [one, other] = served.expect("both serve");
    println!("failover: {what}: served after {:.2} s and {:.2} s", one.as_secs_f64(), other.as_secs_f64());
    assert!(!is_long() || one.max(other) < within, "{what}: served after {one:?} and {other:?}");
}

const SOON: Duration = Duration::from_secs(2);

/// Buys whenever numbers are taken.
pub fn busy(world: &mut World) {
    for (key, value) in [
        ("pool.threshold_low", 20),
        ("pool.total_min", 40),
        ("pool.replenishment_batch_size", 20),
        ("pool.available_max", 900),
        ("pool.owned_max", 2000),
        ("spend.purchases_per_hour_max", 20_000),
        ("spend.purchases_per_day_max", 20_000),
    ] {
        world.change(key, value);
    }
    // So that some are on the wire at any time.
    world.twilio.set_latency_on(On::Create, Duration::from_millis(150));
}

fn rounds(of_the_long_form: usize) -> usize {
    if is_long() { of_the_long_form } else { 1 }
}

fn tell(world: &World, load: &Load) {
    println!(
        "failover: {} answers, {} refusals, {} numbers bought",
        load.acknowledged(),
        load.refused(),
        world.bought()
    );
}

#[test]
fn a_primary_that_is_killed_frozen_or_switched_over_costs_nobody_what_they_were_told() {
    let mut pair = Pair::synchronous();
    busy(&mut pair.world);
    let daemons = pair.daemons();
    let ((), told) = load::during(&daemons, |load| {
        for _round in 0..rounds(10) {
            under_way(load);
            pair.primary().kill9().expect("it is killed");
            let since = pair.promote();
            served("killed", load, since, SOON);
            pair.rejoin();

            under_way(load);
            pair.primary().freeze().expect("it freezes");
            let since = pair.promote();
            served("frozen, and another one promoted at once", load, since, SOON);
            // It is back, and takes writes; both daemons know it.
            pair.other().thaw().expect("it thaws");
            under_way(load);
            pair.rejoin();

            for back in ["switched over", "switched back"] {
                under_way(load);
                pair.primary().stop_fast().expect("it stops");
                let since = pair.promote();
                served(back, load, since, SOON);
                pair.rejoin();
            }

            // It takes connections all the while, and no standby has what is written there.
            under_way(load);
            let since = pair.promote();
            served("left behind alive", load, since, SOON);
            under_way(load);
            pair.rejoin();

            let since = Instant::now();
            pair.primary().freeze().expect("it freezes");
            nothing_goes_without_a_database(&pair.world, load, since);
            pair.primary().thaw().expect("it thaws");
            served("frozen, and nothing else", load, Instant::now(), SOON);
            tally::round();
        }
        under_way(load);
        tell(&pair.world, load);
    });
    judge(&pair.world, &daemons[0], &told);
    for daemon in daemons {
        assert_eq!(daemon.stop(), Some(0));
    }
}

#[test]
fn a_primary_that_no_packet_reaches_costs_nobody_what_they_were_told() {
    let mut pair = Pair::synchronous();
    busy(&mut pair.world);
    let ways = pair.clusters().each_ref().map(|cluster| cluster.way().expect("a way"));
    let url = pair.url(ways.each_ref().map(postgres_fixture::Way::port));
    pair.world.change("DATABASE_URL", url);
    let daemons = pair.daemons();
    let ((), told) = load::during(&daemons, |load| {
        for round in 0..rounds(10) {
            under_way(load);
            let way = &ways[round % 2];
            way.goes_dark(true);
            nothing_goes_without_a_database(&pair.world, load, Instant::now());
            let since = pair.promote();
            served("black-holed", load, since, SOON);
            // It was there all the while, and what was sent to it arrives.
            way.goes_dark(false);
            under_way(load);
            pair.rejoin();
            tally::round();
        }
        tell(&pair.world, load);
    });
    judge(&pair.world, &daemons[0], &told);
}
