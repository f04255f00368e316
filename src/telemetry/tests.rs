//! Each event moves its own count, and no other.

use std::time::Duration;

use super::{AlertOutcome, PoolReading, Reading, Telemetry};
use crate::domain::alert::{AlertChannel, AlertKind, AlertSeverity};
use crate::domain::{Kind, Match, OrderState, PoolName, Stock, Trigger, Why};

const A_MOMENT: Duration = Duration::from_millis(3);

fn pool(name: &str) -> PoolName {
    name.parse().unwrap()
}

fn kind(text: &str) -> Kind {
    let (country, number_type) = text.split_once(' ').unwrap();
    Kind { country: country.parse().unwrap(), number_type: number_type.parse().unwrap() }
}

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
            telemetry.purchase_ended(&pool("default"), trigger, state);
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
            telemetry.pass_ended(&pool("default"), trigger, why.as_str(), 0);
        }
    }
    for reason in ["locked", "no_stock", "twilio_unreachable", "outcome_unknown", "unavailable"] {
        telemetry.pass_ended(&pool("default"), Trigger::Cron, reason, 0);
    }
    for outcome in ["bought", "taken", "not_bought", "unknown"] {
        telemetry.item(&pool("default"), outcome);
    }
    let text = telemetry.render();
    assert!(!text.contains("\"other\""), "{text}");
}

#[test]
fn twilios_codes_share_one_reason_and_unknown_routes_one_route() {
    let telemetry = Telemetry::new(&["/known"]);
    for code in ["twilio_21422", "twilio_20003", "twilio_http_418"] {
        telemetry.pass_ended(&pool("default"), Trigger::Cron, code, 2);
    }
    assert!(has(&telemetry, "callbunker_passes_total{pool=\"default\",trigger=\"cron\",reason=\"twilio\"} 3"));
    assert!(has(&telemetry, "callbunker_last_pass_purchased{pool=\"default\"} 2"));
    telemetry.answered(Some("/known"), "GET", "200", A_MOMENT);
    telemetry.answered(None, "BREW", "418", A_MOMENT);
    assert!(has(&telemetry, "callbunker_http_requests_total{route=\"/known\",method=\"GET\",status=\"200\"} 1"));
    assert!(has(&telemetry, "callbunker_http_requests_total{route=\"other\",method=\"other\",status=\"other\"} 1"));
}

#[test]
fn waits_fall_into_their_buckets_with_or_without_upkeep() {
    let telemetry = Telemetry::new(&[]);
    telemetry.assigned(&pool("default"), false, None, A_MOMENT);
    telemetry.upkeep();
    telemetry.assigned(&pool("default"), true, None, Duration::from_secs(60));
    telemetry.replayed(&pool("default"), A_MOMENT);
    for series in [
        "callbunker_assign_duration_seconds_bucket{le=\"0.002\"} 0",
        "callbunker_assign_duration_seconds_bucket{le=\"0.005\"} 2",
        "callbunker_assign_duration_seconds_bucket{le=\"10\"} 2",
        "callbunker_assign_duration_seconds_count 3",
        "callbunker_assignments_total{pool=\"default\",source=\"emergency\"} 1",
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
    let of_pool =
        PoolReading { pool: &pool("default"), stock: &stock, missing: 3, contested: 2, threshold: 10, halted: true };
    let seen =
        Reading { pools: &[of_pool], unconfigured: 2, hour: (5, 100), day: (6, 300), paused: true, halted: false };
    telemetry.seen(&seen);
    assert!(telemetry.seen_ago().is_some_and(|ago| ago < Duration::from_secs(60)));
    for series in [
        "callbunker_numbers{pool=\"default\",state=\"available\"} 4",
        "callbunker_numbers{pool=\"default\",state=\"unsettled\"} 1",
        "callbunker_numbers{pool=\"default\",state=\"missing\"} 3",
        "callbunker_numbers_contested{pool=\"default\"} 2",
        "callbunker_signups_waiting{pool=\"default\"} 2",
        "callbunker_threshold{pool=\"default\"} 10",
        "callbunker_pool_halted{pool=\"default\"} 1",
        "callbunker_pool_unconfigured 2",
        "callbunker_spend{window=\"day\"} 6",
        "callbunker_spend_max{window=\"hour\"} 100",
        "callbunker_paused 1",
        "callbunker_halted 0",
    ] {
        assert!(has(&telemetry, series), "{series}\n{}", telemetry.render());
    }
}

#[test]
fn each_pool_has_its_own_counts() {
    let telemetry = Telemetry::new(&[]);
    telemetry.pools_in_force([(pool("default"), kind("US local")), (pool("gb"), kind("GB mobile"))]);
    let gb = pool("gb");
    telemetry.assigned(&gb, false, Some(Match::Overlay), A_MOMENT);
    telemetry.assign_refused(&gb, "pool_empty", A_MOMENT);
    telemetry.released(&gb);
    telemetry.purchase_ended(&gb, Trigger::Cron, OrderState::Done);
    telemetry.item(&gb, "bought");
    telemetry.rows_unreadable(&gb, 3);
    telemetry.pass_ended(&gb, Trigger::Cron, "below_threshold", 5);
    telemetry.pool_halted(&gb, true);
    for (name, labels, of_gb) in [
        ("assignments_total", ",source=\"pool\"", 1),
        ("assign_matched_total", ",match=\"overlay\"", 1),
        ("assign_refused_total", ",code=\"pool_empty\"", 1),
        ("releases_total", "", 1),
        ("purchases_total", ",trigger=\"cron\",outcome=\"done\"", 1),
        ("purchase_items_total", ",outcome=\"bought\"", 1),
        ("search_rows_unreadable_total", "", 3),
        ("last_pass_purchased", "", 5),
        ("pool_halted", "", 1),
    ] {
        for (pool, count) in [("gb", of_gb), ("default", 0)] {
            let series = format!("callbunker_{name}{{pool=\"{pool}\"{labels}}} {count}");
            assert!(has(&telemetry, &series), "{series}\n{}", telemetry.render());
        }
    }
    assert!(has(&telemetry, "callbunker_pool_info{pool=\"gb\",country=\"GB\",number_type=\"mobile\"} 1"));
    // What nobody ever configured here shares one name.
    telemetry.released(&pool("stray"));
    telemetry.released(&pool("another"));
    assert!(has(&telemetry, "callbunker_releases_total{pool=\"other\"} 2"));
}

#[test]
fn a_pool_that_goes_keeps_its_series_and_wants_nothing() {
    let telemetry = Telemetry::new(&[]);
    let default = (pool("default"), kind("US local"));
    telemetry.pools_in_force([default.clone(), (pool("gb"), kind("GB mobile"))]);
    let stock = Stock { available: 4, waiting: 2, ..Stock::default() };
    let gb = pool("gb");
    let of_pool = PoolReading { pool: &gb, stock: &stock, missing: 0, contested: 0, threshold: 10, halted: true };
    let seen = Reading { pools: &[of_pool], unconfigured: 0, hour: (0, 1), day: (0, 1), paused: false, halted: false };
    telemetry.seen(&seen);
    telemetry.released(&gb);
    telemetry.pools_in_force([default.clone()]);
    for series in [
        "callbunker_numbers{pool=\"gb\",state=\"available\"} 4",
        "callbunker_releases_total{pool=\"gb\"} 1",
        "callbunker_threshold{pool=\"gb\"} 0",
        "callbunker_signups_waiting{pool=\"gb\"} 0",
        "callbunker_pool_halted{pool=\"gb\"} 0",
        "callbunker_pool_info{pool=\"gb\",country=\"GB\",number_type=\"mobile\"} 0",
    ] {
        assert!(has(&telemetry, series), "{series}\n{}", telemetry.render());
    }
    // It comes back as another kind, under its own name.
    telemetry.pools_in_force([default, (gb.clone(), kind("GB local"))]);
    telemetry.released(&gb);
    assert!(has(&telemetry, "callbunker_releases_total{pool=\"gb\"} 2"));
    assert!(has(&telemetry, "callbunker_pool_info{pool=\"gb\",country=\"GB\",number_type=\"local\"} 1"));
    assert!(has(&telemetry, "callbunker_pool_info{pool=\"gb\",country=\"GB\",number_type=\"mobile\"} 0"));
}

#[test]
fn pools_that_share_a_name_are_told_as_a_sum() {
    let telemetry = Telemetry::new(&[]);
    telemetry.pools_in_force([(pool("default"), kind("US local"))]);
    let names = ["default", "old", "older"].map(pool);
    let stocks = [7, 3, 2].map(|assigned| Stock { assigned, ..Stock::default() });
    let reading = |(pool, stock)| PoolReading { pool, stock, missing: 1, contested: 0, threshold: 0, halted: false };
    let pools: Vec<PoolReading<'_>> = names.iter().zip(&stocks).map(reading).collect();
    telemetry.seen(&Reading {
        pools: &pools,
        unconfigured: 2,
        hour: (0, 1),
        day: (0, 1),
        paused: false,
        halted: false,
    });
    for (pool, assigned, missing) in [("default", 7, 1), ("other", 5, 2)] {
        for (state, count) in [("assigned", assigned), ("missing", missing)] {
            let series = format!("callbunker_numbers{{pool=\"{pool}\",state=\"{state}\"}} {count}");
            assert!(has(&telemetry, &series), "{series}\n{}", telemetry.render());
        }
    }
    assert!(has(&telemetry, "callbunker_pool_unconfigured 2"));
}

#[test]
fn reloads_make_only_so_many_series() {
    let telemetry = Telemetry::new(&[]);
    let names = |from: u32, to: u32| (from..to).map(|count| (pool(&format!("p{count}")), kind("US local")));
    for reload in 0..12 {
        telemetry.pools_in_force(names(reload * 50, (reload + 1) * 50));
    }
    telemetry.released(&pool("p498"));
    telemetry.released(&pool("p499"));
    telemetry.released(&pool("p599"));
    assert!(has(&telemetry, "callbunker_releases_total{pool=\"p498\"} 1"), "the 500th with default");
    assert!(has(&telemetry, "callbunker_releases_total{pool=\"other\"} 2"));
    let text = telemetry.render();
    assert_eq!(text.lines().filter(|line| line.starts_with("callbunker_releases_total{")).count(), 501);
    assert!(!text.contains("pool=\"p599\""));
}

#[test]
fn alerts_are_told_by_kind_and_severity_and_what_is_over_is_zero_again() {
    let telemetry = Telemetry::new(&[]);
    let beat = std::time::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let open = [(AlertKind::PoolLow, AlertSeverity::Warning, 2)];
    telemetry.alerts_seen(&open, 1, &[(AlertChannel::Email, 61.5)], Some(beat));
    telemetry.alert_tried(AlertChannel::Email, AlertOutcome::Failed, A_MOMENT);
    for series in [
        "callbunker_alerts_open{kind=\"pool.low\",severity=\"warning\"} 2",
        "callbunker_alerts_open{kind=\"pool.empty\",severity=\"critical\"} 0",
        "callbunker_alerts_untold 1",
        "callbunker_alert_message_oldest_seconds{channel=\"email\"} 61.5",
        "callbunker_alert_messages_total{channel=\"email\",outcome=\"failed\"} 1",
        "callbunker_sign_of_life_timestamp_seconds 1800000000",
    ] {
        assert!(has(&telemetry, series), "{series} is not in\n{}", telemetry.render());
    }
    telemetry.alerts_seen(&[], 0, &[], None);
    for series in [
        "callbunker_alerts_open{kind=\"pool.low\",severity=\"warning\"} 0",
        "callbunker_alert_message_oldest_seconds{channel=\"email\"} 0",
    ] {
        assert!(has(&telemetry, series), "{series} is not in\n{}", telemetry.render());
    }
}
