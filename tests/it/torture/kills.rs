//! SIGKILL at every step of every operation, by the daemon's own hand; then a restart, and nothing is lost or doubled.
//!
//! Invariants: the process really dies at the step; every failpoint of the source is reached by some operation.
//! How to get it wrong: settling for "it started again". Twilio's truth is compared with the database.

use std::collections::{BTreeSet, VecDeque};
use std::os::unix::process::ExitStatusExt as _;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::operations::{Operation, STARTED, operations};
use super::{is_long, tally};
use crate::world::World;
use crate::world::daemon::Daemon;
use crate::world::truth::Acknowledged;

/// Most of the time a daemon is waited for.
const AT_A_TIME: usize = 4;
/// The points lie on an operation's way; it only takes time to come by.
const REACHED_WITHIN: Duration = Duration::from_secs(120);

/// Kills the daemon at each step of one operation.
fn kill_anywhere(name: &str) {
    let operation = operations().find(|operation| operation.name == name).expect("an operation of the table");
    let cases: Mutex<VecDeque<(&str, u32)>> = Mutex::new(cases(operation, is_long()).collect());
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                loop {
                    let case = cases.lock().unwrap().pop_front();
                    let Some((point, hit)) = case else { return };
                    let _told = Told(format!("{name}: killed at hit {hit} of {point}"));
                    kill_at(operation, point, hit);
                }
            });
        }
    });
}

/// At which points, at which hit. The short form kills at each failpoint once, in the first operation that comes by it, so that some
/// operations have nothing left for it; the long one everywhere, three hits long.
fn cases(operation: &'static Operation, long: bool) -> impl Iterator<Item = (&'static str, u32)> {
    let is_first = |point: &&str| {
        operations().find(|other| other.reaches.contains(point)).is_some_and(|first| first.name == operation.name)
    };
    let mut points: Vec<&str> = operation.reaches.to_vec();
    if !long {
        points.retain(is_first);
    }
    let hits = if long { 1..=3 } else { 1..=1 };
    hits.flat_map(move |hit| points.clone().into_iter().map(move |point| (point, hit)))
}

/// Says where it was when a case fails.
struct Told(String);

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tally::loss();
            eprintln!("{}", self.0);
        }
    }
}

fn kill_at(operation: &Operation, point: &str, hit: u32) {
    let world = (operation.world)();
    let mut told = Acknowledged::new();
    (operation.before)(&world, &mut told);
    // What is said last of a point counts.
    let deadly = format!("{}\n{point}=kill@{hit}", operation.also);
    let died = match operation.ask {
        None => dies(world.daemon_with_failpoints(&deadly), hit),
        Some(ask) => {
            let daemon = world.daemon();
            std::thread::sleep(STARTED);
            daemon.failpoints(&deadly);
            ask(&world, &daemon, &mut told);
            dies(daemon, hit)
        }
    };
    if died {
        tally::kill();
    }
    // Whatever was in its way before is gone; what it left is not.
    world.twilio.clear_faults();
    // Orders that waited at the dead one: their time passes.
    world.sql("UPDATE purchases SET expires_at = clock_timestamp() - interval '6 seconds' WHERE state = 'queued'");
    (operation.meanwhile)(&world);
    let daemon = world.daemon();
    (operation.after)(&world, &daemon, &mut told);
    holds(&world, &daemon, &told);
    daemon.post_empty("/admin/phones/api/resume").ok();
    let served = daemon.assign("somebody new").ok();
    told.push(("somebody new".to_owned(), served["phone_number"].as_str().unwrap().to_owned()));
    holds(&world, &daemon, &told);
}

/// Nothing is on its way any more, nothing new begins, and the truth is as it must be.
fn holds(world: &World, daemon: &Daemon, told: &Acknowledged) {
    world.settle();
    daemon.post_empty("/admin/phones/api/pause").ok();
    world.settle();
    world.assert_truth();
    world.assert_remembered(told);
}

/// Waits for the end by SIGKILL. A second or third hit may never come: then it is killed from outside.
fn dies(mut daemon: Daemon, hit: u32) -> bool {
    if hit > 1 {
        // On a busy machine its start alone takes longer.
        daemon.serves_or_ends();
    }
    let deadline = Instant::now() + if hit == 1 { REACHED_WITHIN } else { Duration::from_secs(2) };
    while !daemon.has_ended() {
        if Instant::now() > deadline {
            assert!(hit > 1, "the daemon came by no such step:\n{}", daemon.log_text());
            daemon.kill9();
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(daemon.wait().signal(), Some(9), "it ended otherwise:\n{}", daemon.log_text());
    true
}

#[test]
fn every_failpoint_lies_on_the_way_of_some_operation() {
    let reached: BTreeSet<&str> = operations().flat_map(|operation| operation.reaches.iter().copied()).collect();
    let listed: BTreeSet<&str> = callbunker::failpoints::FAILPOINTS.iter().map(|(name, _)| *name).collect();
    assert_eq!(reached, listed);
    let sampled: BTreeSet<&str> =
        operations().flat_map(|operation| cases(operation, false)).map(|(point, _)| point).collect();
    assert_eq!(sampled, listed, "the short form kills at each");
}

/// A test per row, so that they run side by side; a row without one fails here.
macro_rules! operations {
    ($($test:ident: $name:literal,)*) => {
        $(#[test]
        fn $test() {
            kill_anywhere($name);
        })*

        #[test]
        fn every_operation_is_tried() {
            let tried: BTreeSet<&str> = [$($name),*].into();
            assert_eq!(tried, operations().map(|operation| operation.name).collect());
        }
    };
}

operations! {
    a_kill_at_any_step_of_a_purchase_by_hand_loses_nothing: "a purchase by hand",
    a_kill_between_the_turns_of_two_orders_loses_nothing: "two large purchases by hand that take turns",
    a_kill_while_candidates_are_taken_loses_nothing: "a purchase whose candidates are taken",
    a_kill_after_a_lost_answer_loses_nothing: "a purchase whose answer is lost",
    a_kill_after_a_create_that_hung_loses_nothing: "a purchase that hangs after Twilio sold",
    a_kill_before_a_second_post_doubles_nothing: "a purchase that is posted again",
    a_kill_while_intents_are_withdrawn_loses_nothing: "a purchase that is halted before it is sent",
    a_kill_while_buying_halts_loses_nothing: "a purchase that halts all buying",
    a_kill_while_a_pool_halts_loses_nothing: "a purchase that halts its pool",
    a_kill_while_the_line_is_served_beside_a_purchase_loses_nothing: "an emergency beside a purchase that hangs",
    a_kill_while_a_frozen_holder_loses_the_lock_loses_nothing: "an emergency while the holder of the lock is frozen",
    a_kill_at_any_step_of_a_warm_start_loses_nothing: "a warm start",
    a_kill_at_any_step_of_a_cron_pass_loses_nothing: "a replenishment by cron",
    a_kill_at_any_step_of_an_emergency_loses_nothing: "an emergency for three who wait",
    a_kill_at_any_step_of_an_assignment_keeps_what_was_acknowledged: "assignments from stock",
    a_kill_at_any_step_of_a_release_loses_nothing: "a release",
    a_kill_at_any_step_of_a_recovery_loses_nothing: "a restart after a purchase that nobody heard of",
    a_kill_when_a_recovery_gives_an_item_up_doubles_nothing: "a restart after a create that never arrived",
    a_kill_while_a_rested_number_returns_loses_nothing: "the return of a rested number",
    a_kill_while_all_webhooks_change_leaves_none_confirmed_that_is_not: "other webhooks for everything that is owned",
    a_kill_at_any_step_of_a_comparison_is_mended_by_the_next_one: "a comparison that finds everything",
    a_kill_at_any_step_of_an_adoption_is_finished_by_the_same_call: "an adoption for the pool",
    a_kill_at_any_step_of_an_adoption_for_a_user_is_finished_by_the_same_call: "an adoption for a user",
    a_kill_at_any_step_of_a_release_to_twilio_leaves_the_number_fully_ours_or_fully_gone: "a release to Twilio",
    a_kill_at_any_step_of_a_move_is_finished_by_the_same_call_or_by_care: "a move to another pool",
    a_kill_at_any_step_of_an_import_is_finished_by_the_same_call: "an import of three",
    a_kill_between_the_ranges_of_an_import_is_finished_by_the_same_call: "an import out of two ranges of a large account",
    a_kill_while_numbers_join_their_service_is_looked_up_and_joins_none_twice: "numbers that join a messaging service",
    a_kill_while_numbers_are_refused_counts_what_was_refused: "numbers that no messaging service takes",
    a_kill_at_a_full_service_goes_on_to_the_next: "numbers that come to a full messaging service",
    a_kill_while_a_number_leaves_its_service_is_ended_at_twilio: "a number that leaves its messaging service for ever",
    a_kill_while_events_are_taken_loses_none_and_counts_none_twice: "a batch of Twilio's events",
    a_kill_while_a_freeze_is_found_loses_nothing: "signups and a purchase while somebody freezes the database",
    a_kill_while_a_pool_begins_to_want_more_hands_nothing_out_that_lacks_it: "a start that wants more of its numbers",
    a_kill_while_alerts_are_judged_tells_nothing_twice: "an alert that is raised, and a weekly report",
    a_kill_while_an_alert_is_told_tells_it_still_and_in_the_same_words: "an alert that is told",
    a_kill_while_somebody_is_texted_texts_them_once: "a pool that halts while somebody is texted",
    a_kill_during_a_walk_over_calls_and_messages_loses_no_page: "a walk over calls and messages",
    a_kill_while_a_number_is_recycled_takes_none_untold: "a number that nobody uses",
    a_kill_while_one_of_three_refuses_reaches_the_others: "three addresses of which the second refuses",
    a_kill_while_a_far_side_is_dead_tells_it_in_order_when_it_lives: "a far side that is dead for a while",
    a_kill_while_a_message_is_given_up_leaves_it_given_up: "a message that nobody takes for three days",
    a_kill_while_a_pool_is_low_and_is_filled_again_tells_both: "a pool that is low and is filled again",
    a_kill_at_a_sign_of_life_is_followed_by_the_next: "signs of life",
    a_kill_while_charges_are_written_leaves_none_out_and_writes_none_twice: "charges that are due, and old ones that become sums",
    a_kill_while_usage_is_heard_hears_it_again: "what Twilio counted",
    a_kill_while_demand_is_noted_loses_a_note_at_most: "signups that find nothing, and are noted",
    a_kill_while_a_threshold_follows_tells_it_once: "a threshold that follows what was asked for",
}
