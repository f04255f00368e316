//! Each event moves its own count, and no other.

use std::time::Duration;

use super::{PoolReading, Telemetry};
use crate::domain::{OrderState, Stock, Trigger, Why};

const A_MOMENT: Duration = Duration::from_millis(3);

fn has(telemetry: &Telemetry, series: &str) -> bool {
    let text = telemetry.render();
    text.lines().any(|line| line == series)
}

#[test]
fn the_words_of_the_domain_have_their_own_counts() {
    let telemetry = Telemetry::new(&[]);
    let triggers = [
        Trigger::Threshold,
        Trigger::WarmStart,
        Trigger::Cron,
        Trigger::Replenish,
        Trigger::Manual,
        Trigger::Emergency,
    ];
    for trigger in triggers {
        for state in [OrderState::Done, OrderState::Stopped, OrderState::Interrupted, OrderState::Halted] {
            telemetry.purchase_ended(trigger, state);
        }
        for why in [
            Why::BelowThreshold,
            Why::BelowTotalMin,
            Why::SignupsWaiting,
            Why::AboveThreshold,
            Why::Paused,
            Why::Halted,
            Why::AvailableMax,
            Why::OwnedMax,
            Why::SpendCap,
        ] {
            telemetry.pass_ended(trigger, why.as_str(), 0);
        }
    }
    for reason in ["locked", "no_stock", "twilio_unreachable", "outcome_unknown", "unavailable"] {
        telemetry.pass_ended(Trigger::Cron, reason, 0);
    }
    for outcome in ["bought", "taken", "not_bought", "unknown"] {
        telemetry.item(outcome);
    }
    let text = telemetry.render();
    assert!(!text.contains("\"other\""), "{text}");
}

#[test]
fn twilios_codes_share_one_reason_and_unknown_routes_one_route() {
    let telemetry = Telemetry::new(&["/known"]);
    for code in ["twilio_21422", "twilio_20003", "twilio_http_418"] {
        telemetry.pass_ended(Trigger::Cron, code, 2);
    }
    assert!(has(&telemetry, "callbunker_passes_total{trigger=\"cron\",reason=\"twilio\"} 3"));
    assert!(has(&telemetry, "callbunker_last_pass_purchased 2"));
    telemetry.answered(Some("/known"), "GET", "200", A_MOMENT);
    telemetry.answered(None, "BREW", "418", A_MOMENT);
    assert!(has(&telemetry, "callbunker_http_requests_total{route=\"/known\",method=\"GET\",status=\"200\"} 1"));
    assert!(has(&telemetry, "callbunker_http_requests_total{route=\"other\",method=\"other\",status=\"other\"} 1"));
}

#[test]
fn waits_fall_into_their_buckets_with_or_without_upkeep() {
    let telemetry = Telemetry::new(&[]);
    telemetry.assigned(false, A_MOMENT);
    telemetry.upkeep();
    telemetry.assigned(true, Duration::from_secs(60));
    telemetry.replayed(A_MOMENT);
    for series in [
        "callbunker_assign_duration_seconds_bucket{le=\"0.002\"} 0",
        "callbunker_assign_duration_seconds_bucket{le=\"0.005\"} 2",
        "callbunker_assign_duration_seconds_bucket{le=\"10\"} 2",
        "callbunker_assign_duration_seconds_count 3",
        "callbunker_assignments_total{source=\"emergency\"} 1",
    ] {
        assert!(has(&telemetry, series), "{series}\n{}", telemetry.render());
    }
}

#[test]
fn a_comparison_replaces_what_the_last_one_found() {
    let telemetry = Telemetry::new(&[]);
    telemetry.reconciled(&[("missing", 2), ("foreign", 7)]);
    assert!(has(&telemetry, "callbunker_reconciliation_found{kind=\"missing\"} 2"));
    telemetry.reconciled(&[("foreign", 7)]);
    assert!(has(&telemetry, "callbunker_reconciliation_found{kind=\"missing\"} 0"));
    assert!(has(&telemetry, "callbunker_reconciliation_found{kind=\"foreign\"} 7"));
}

#[test]
fn what_was_seen_is_told_and_how_long_ago() {
    let telemetry = Telemetry::new(&[]);
    assert_eq!(telemetry.seen_ago(), None);
    let stock = Stock { available: 4, unsettled: 1, waiting: 2, ..Stock::default() };
    let seen = PoolReading {
        stock: &stock,
        missing: 3,
        threshold: 10,
        hour: (5, 100),
        day: (6, 300),
        paused: true,
        halted: false,
    };
    telemetry.seen(&seen);
    assert!(telemetry.seen_ago().is_some_and(|ago| ago < Duration::from_secs(60)));
    for series in [
        "callbunker_numbers{state=\"available\"} 4",
        "callbunker_numbers{state=\"unsettled\"} 1",
        "callbunker_numbers{state=\"missing\"} 3",
        "callbunker_signups_waiting 2",
        "callbunker_spend{window=\"day\"} 6",
        "callbunker_spend_max{window=\"hour\"} 100",
        "callbunker_paused 1",
        "callbunker_halted 0",
    ] {
        assert!(has(&telemetry, series), "{series}\n{}", telemetry.render());
    }
}
