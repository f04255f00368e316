//! The files for Prometheus and Grafana: the tools take them, and they name what the daemon really has.

use std::collections::BTreeSet;
use std::path::Path;

use callbunker::domain::alert::AlertKind;
use serde_json::Value;

use crate::world::scrape::{Scrape, promtool};
use crate::world::{World, eventually};

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path))
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names of metrics that a text of PromQL holds.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
    let names = words.filter(|word| word.starts_with("callbunker_") || word.starts_with("process_"));
    names
        .map(|name| {
            let histogram = ["_bucket", "_sum", "_count"].iter().find_map(|part| name.strip_suffix(part));
            histogram.unwrap_or(name).to_owned()
        })
        .collect()
}

/// The values of a key in the rules, one a line.
fn values<'a>(rules: &'a str, key: &str) -> Vec<&'a str> {
    rules
        .lines()
        .filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix(key)?.strip_prefix(": "))
        .collect()
}

#[test]
fn promtool_takes_the_rules_their_tests_and_the_configuration() {
    promtool(&["check", "rules", "--lint-fatal", "callbunker.rules.yml"], "");
    promtool(&["check", "config", "prometheus.example.yml"], "");
    promtool(&["test", "rules", "callbunker.rules.test.yml"], "");
}

#[test]
fn every_alert_is_tested_and_leads_to_its_section_of_the_runbook() {
    let (rules, runbook) = (read("config/monitoring/callbunker.rules.yml"), read("docs/runbook.md"));
    let tests = read("config/monitoring/callbunker.rules.test.yml");
    let alerts = values(&rules, "alert");
    assert!(alerts.len() >= 12, "{alerts:?}");
    let sections: Vec<&str> = runbook.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let report = AlertKind::ReportWeekly.heading();
    let of_rules: Vec<&str> = sections.iter().copied().filter(|section| *section != report).collect();
    assert_eq!(of_rules, alerts, "the runbook has one section for each alert, in the same order");
    for kind in AlertKind::ALL {
        assert!(sections.contains(&kind.heading()), "{kind} has no section {} in the runbook", kind.heading());
    }
    let anchors: Vec<String> = alerts.iter().map(|alert| format!("docs/runbook.md#{}", alert.to_lowercase())).collect();
    assert_eq!(values(&rules, "runbook_url"), anchors);
    for key in ["summary", "description", "labels"] {
        assert_eq!(values(&rules, key).len(), alerts.len(), "every alert has its {key}");
    }
    let fires = |alert: &&&str| !tests.contains(&format!("'{alert} fires'"));
    assert_eq!(alerts.iter().filter(fires).collect::<Vec<_>>(), Vec::<&&str>::new(), "alerts without a test");
    // Links from section to section lead somewhere, too.
    for target in runbook.split("](#").skip(1).map(|rest| rest.split(')').next().unwrap_or_default()) {
        assert!(sections.iter().any(|section| section.to_lowercase() == target), "#{target} is no section");
    }
}

#[test]
fn the_readme_has_the_table_of_what_is_told() {
    let row = |kind: &AlertKind| {
        let when = if kind.is_at_once() { "at once" } else { "when it lasts" };
        format!("| `{kind}` | {when} | {} |\n", kind.means())
    };
    let told = AlertKind::ALL.iter().filter(|kind| **kind != AlertKind::ReportWeekly);
    let table = format!("| kind | told | what it means |\n|---|---|---|\n{}", told.map(row).collect::<String>());
    assert!(read("README.md").contains(&table), "the README's table of alerts shall be\n{table}");
}

#[test]
fn rules_and_board_name_only_what_a_live_daemon_has() {
    let rules = read("config/monitoring/callbunker.rules.yml");
    let board: Value = serde_json::from_str(&read("config/monitoring/grafana.json")).expect("JSON");
    let mut expressions: Vec<String> = Vec::new();
    for panel in board["panels"].as_array().expect("panels") {
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{}", panel["title"]);
        let targets = panel["targets"].as_array().expect("targets");
        expressions.extend(targets.iter().map(|target| target["expr"].as_str().expect("an expression").to_owned()));
    }
    assert!(expressions.len() >= 20, "{expressions:?}");
    let variables = board["templating"]["list"].as_array().expect("variables");
    assert!(variables.iter().any(|variable| variable["name"] == "datasource" && variable["type"] == "datasource"));
    for variable in variables.iter().filter_map(|variable| variable["query"].as_str()) {
        expressions.push(variable.to_owned());
    }
    // The rules' group names begin like metrics.
    let rules: String = rules.lines().filter(|line| !line.contains("- name:")).collect::<Vec<_>>().join("\n");
    let wanted: BTreeSet<String> = metrics_in(&rules).union(&metrics_in(&expressions.join("\n"))).cloned().collect();
    let world = World::new().set("pool.total_min", 1);
    let daemon = world.daemon();
    eventually("a pass ended", || Scrape::of(&daemon).get("callbunker_passes_total", &[]) > 0.0);
    let scrape = Scrape::of(&daemon);
    let there: BTreeSet<String> = scrape.names().into_iter().map(str::to_owned).collect();
    let absent: Vec<&String> = wanted.difference(&there).collect();
    assert!(absent.is_empty(), "named in the rules or on the board, but not in /metrics: {absent:?}");
}

#[test]
fn passes_of_last_week_are_kept_however_many_came_after_and_very_old_ones_are_not() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.sql(
        "INSERT INTO passes (at, trigger, reason, purchased_count) SELECT now() - interval '100 days', 'cron', 'old', 0 FROM generate_series(1, 50);
         INSERT INTO passes (at, trigger, reason, purchased_count) SELECT now() - interval '7 days', 'cron', 'halted', 0 FROM generate_series(1, 3000)",
    );
    daemon.post_empty("/admin/phones/api/replenish").ok();
    assert_eq!(world.count("SELECT count(*) FROM passes WHERE reason = 'halted'"), 3000);
    assert_eq!(world.count("SELECT count(*) FROM passes WHERE reason = 'old'"), 0);
}
