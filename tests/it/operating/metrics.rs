//! What machines watch: every count moves by exactly what happened, and a scrape asks nobody.

use callbunker::domain::VERSION;
use postgres_fixture::{Cluster, ClusterOptions};
use serde_json::json;
use twilio_simulator::{Fault, FaultKind, On};

use crate::world::daemon::Daemon;
use crate::world::raw::raw;
use crate::world::scrape::{Scrape, promtool};
use crate::world::{ADMIN_KEY, SIGNUP_KEY, World, eventually};

/// A metric, labels of it, and by how much it should have grown.
type Expected<'a> = (&'a str, &'a [(&'a str, &'a str)], f64);

fn moved(daemon: &Daemon, before: &Scrape, expected: &[Expected<'_>]) {
    let now = Scrape::of(daemon);
    for (name, labels, by) in expected {
        assert_eq!(now.since(before, name, labels), *by, "{name} {labels:?}\n{}", now.text);
    }
}

#[test]
fn counts_move_by_exactly_what_happened() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let before = Scrape::of(&daemon);
    // The pool is empty: the first is bought for.
    daemon.assign("u-0").ok();
    daemon.purchase(5).ok();
    for user in ["u-1", "u-2", "u-3", "u-1"] {
        daemon.assign(user).ok();
    }
    let nowhere = json!({"user_id": "u-9", "area_code": "999", "strict": true});
    daemon.signup("/signup/api/assign", &nowhere).problem(409, "area_code_unavailable");
    daemon.release("u-2").ok();
    daemon.release("u-2").problem(404, "not_assigned");
    daemon.send("GET", "/no/such/path", &[], None).problem(404, "not_found");

    let assign = ("route", "/signup/api/assign");
    moved(
        &daemon,
        &before,
        &[
            ("callbunker_assignments_total", &[("source", "emergency")], 1.0),
            ("callbunker_assignments_total", &[("source", "pool")], 3.0),
            ("callbunker_assignments_total", &[("source", "replayed")], 1.0),
            ("callbunker_assign_refused_total", &[("code", "area_code_unavailable")], 1.0),
            ("callbunker_assign_refused_total", &[], 1.0),
            ("callbunker_assign_duration_seconds_count", &[], 6.0),
            ("callbunker_assign_duration_seconds_bucket", &[("le", "+Inf")], 6.0),
            ("callbunker_releases_total", &[], 1.0),
            ("callbunker_purchases_total", &[("trigger", "manual"), ("outcome", "done")], 1.0),
            ("callbunker_purchases_total", &[("trigger", "emergency"), ("outcome", "done")], 1.0),
            ("callbunker_purchases_total", &[], 2.0),
            ("callbunker_purchase_items_total", &[("outcome", "bought")], 6.0),
            ("callbunker_purchase_items_total", &[], 6.0),
            ("callbunker_twilio_requests_total", &[("operation", "create"), ("status", "2xx")], 6.0),
            ("callbunker_twilio_request_duration_seconds_count", &[("operation", "create")], 6.0),
            ("callbunker_http_requests_total", &[assign, ("method", "POST"), ("status", "200")], 5.0),
            ("callbunker_http_requests_total", &[assign, ("status", "409")], 1.0),
            ("callbunker_http_request_duration_seconds_count", &[assign], 6.0),
            ("callbunker_http_requests_total", &[("route", "other"), ("method", "GET"), ("status", "404")], 1.0),
        ],
    );
    eventually("stock and spend are seen", || {
        let seen = Scrape::of(&daemon);
        let numbers = |state| seen.get("callbunker_numbers", &[("state", state)]);
        let spend = |window| seen.get("callbunker_spend", &[("window", window)]);
        [numbers("available"), numbers("assigned"), numbers("quarantined"), spend("hour"), spend("day")]
            == [2.0, 3.0, 1.0, 6.0, 6.0]
    });
    let seen = Scrape::of(&daemon);
    assert_eq!(seen.get("callbunker_spend_max", &[("window", "day")]), 300.0);
    assert_eq!(seen.get("callbunker_build_info", &[("version", VERSION)]), 1.0);
    for private in ["u-1", "/no/such", "+1"] {
        assert!(!seen.text.contains(private), "{private} is nobody's business:\n{}", seen.text);
    }
}

#[test]
fn whatever_belongs_to_a_pool_says_to_which() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(2).ok();
    daemon.assign("u-1").ok();
    daemon.release("u-1").ok();
    eventually("stock is seen", || Scrape::of(&daemon).get("callbunker_numbers", &[("state", "available")]) == 1.0);
    let seen = Scrape::of(&daemon);
    let of_default = [("pool", "default")];
    for name in [
        "numbers",
        "threshold",
        "signups_waiting",
        "assignments_total",
        "releases_total",
        "purchases_total",
        "purchase_items_total",
    ] {
        let name = format!("callbunker_{name}");
        assert_eq!(seen.get(&name, &of_default), seen.get(&name, &[]), "{name}");
    }
    let kind = [("pool", "default"), ("country", "US"), ("number_type", "local")];
    assert_eq!(seen.get("callbunker_pool_info", &kind), 1.0);
    assert_eq!(
        (seen.get("callbunker_pool_halted", &of_default), seen.get("callbunker_pool_unconfigured", &[])),
        (0.0, 0.0)
    );
    assert!(!seen.text.contains("pool=\"other\""), "{}", seen.text);
}

#[test]
fn every_call_to_twilio_is_counted_by_what_it_was_for_and_how_it_ended() {
    let world = World::new().quiet().set("twilio.request_timeout_ms", 1000);
    let daemon = world.daemon();
    let before = Scrape::of(&daemon);
    for faults in [
        [Fault::new(On::Search, FaultKind::Reset), Fault::new(On::Search, FaultKind::Hang)].as_slice(),
        &[Fault::new(On::Create, FaultKind::Stolen)],
        &[Fault::new(On::Create, FaultKind::CommitThen500)],
    ] {
        faults.iter().for_each(|fault| world.twilio.fault(fault.clone()));
        assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1);
    }
    let now = Scrape::of(&daemon);
    let calls = |operation, status| {
        now.since(&before, "callbunker_twilio_requests_total", &[("operation", operation), ("status", status)])
    };
    assert_eq!([calls("search", "reset"), calls("search", "timeout")], [1.0, 1.0], "{}", now.text);
    assert_eq!([calls("create", "4xx"), calls("create", "5xx")], [1.0, 1.0], "{}", now.text);
    let items = |outcome| now.since(&before, "callbunker_purchase_items_total", &[("outcome", outcome)]);
    assert_eq!([items("taken"), items("bought"), items("unknown")], [1.0, 3.0, 0.0], "{}", now.text);
    // The simulator's own books agree, call by call.
    let asked = world.twilio.truth().requests;
    for operation in ["search", "create", "list", "update"] {
        let counted = now.get("callbunker_twilio_requests_total", &[("operation", operation)]);
        #[expect(clippy::cast_precision_loss, reason = "a test makes few calls")]
        let asked = asked.get(operation).copied().unwrap_or_default() as f64;
        assert_eq!(counted, asked, "{operation}: {}", now.text);
    }
}

#[test]
fn a_twilio_that_is_not_there_is_counted_as_not_sent() {
    let world = World::new().quiet().set("twilio.api_base_url", "http://127.0.0.1:1");
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    let now = Scrape::of(&daemon);
    assert!(now.get("callbunker_twilio_requests_total", &[("operation", "search"), ("status", "not_sent")]) >= 1.0);
    assert_eq!(now.get("callbunker_twilio_requests_total", &[("operation", "create")]), 0.0);
}

#[test]
fn pause_halt_and_resume_show_at_once() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let gate = || {
        let now = Scrape::of(&daemon);
        (now.get("callbunker_paused", &[]), now.get("callbunker_halted", &[]))
    };
    assert_eq!(gate(), (0.0, 0.0));
    daemon.post_empty("/admin/phones/api/pause").ok();
    assert_eq!(gate(), (1.0, 0.0));
    daemon.post_empty("/admin/phones/api/resume").ok();
    assert_eq!(gate(), (0.0, 0.0));
    world.twilio.fault(Fault::new(On::Create, FaultKind::Suspended).forever());
    let before = Scrape::of(&daemon);
    daemon.purchase(1).ok();
    assert_eq!(gate(), (0.0, 1.0));
    moved(
        &daemon,
        &before,
        &[
            ("callbunker_purchases_total", &[("trigger", "manual"), ("outcome", "halted")], 1.0),
            ("callbunker_purchase_items_total", &[("outcome", "bought")], 0.0),
        ],
    );
    world.twilio.clear_faults();
    daemon.post_empty("/admin/phones/api/resume").ok();
    assert_eq!(gate(), (0.0, 0.0));
}

#[test]
fn passes_are_counted_where_they_ran_and_a_pause_is_seen_by_every_instance() {
    let world = World::new().set("pool.total_min", 3).set("pool.threshold_low", 0);
    let (one, other) = (world.daemon(), world.daemon());
    eventually("the pool is warm, and counted once", || {
        let bought = |daemon| Scrape::of(daemon).get("callbunker_purchase_items_total", &[("outcome", "bought")]);
        bought(&one) + bought(&other) == 10.0
    });
    // By now a later look may have been the last, which bought nothing.
    for daemon in [&one, &other] {
        let last = Scrape::of(daemon).get("callbunker_last_pass_purchased", &[]);
        assert!(last == 10.0 || last == 0.0, "{last}");
    }
    let bought = |daemon| Scrape::of(daemon).get("callbunker_passes_total", &[("trigger", "warm_start")]);
    assert!(bought(&one) + bought(&other) >= 1.0);
    assert_eq!(Scrape::of(&one).get("callbunker_threshold", &[]), 0.0);
    one.post_empty("/admin/phones/api/pause").ok();
    eventually("the other has seen it", || Scrape::of(&other).get("callbunker_paused", &[]) == 1.0);
    eventually("both see the stock", || {
        [&one, &other]
            .iter()
            .all(|daemon| Scrape::of(daemon).get("callbunker_numbers", &[("state", "available")]) == 10.0)
    });
}

#[test]
fn a_scrape_asks_no_database_and_answers_while_it_is_frozen() {
    let cluster = Cluster::start(ClusterOptions::default()).expect("PostgreSQL");
    let world = World::on(&cluster).quiet();
    let daemon = world.daemon();
    daemon.purchase(2).ok();
    eventually("stock is seen", || Scrape::of(&daemon).get("callbunker_numbers", &[("state", "available")]) == 2.0);
    cluster.freeze().unwrap();
    let before = Scrape::of(&daemon);
    daemon.assign("u-1").problem(503, "database_unavailable");
    for _scrape in 0..200 {
        assert_eq!(Scrape::of(&daemon).get("callbunker_numbers", &[("state", "available")]), 2.0, "as last seen");
    }
    let now = Scrape::of(&daemon);
    cluster.thaw().unwrap();
    assert_eq!(now.since(&before, "callbunker_assign_refused_total", &[("code", "database_unavailable")]), 1.0);
    assert!(now.since(&before, "callbunker_database_errors_total", &[]) >= 1.0, "{}", now.text);
    assert_eq!(now.since(&before, "callbunker_http_requests_total", &[("route", "/metrics")]), 201.0);
}

#[test]
fn a_neighbour_needs_no_key_and_everybody_else_an_admin_key() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let get = |headers: &[(&str, &str)]| daemon.send("GET", "/metrics", headers, None);
    assert_eq!(get(&[]).status, 200);
    assert_eq!(get(&[("X-Admin-API-Key", "wrong")]).status, 200, "a neighbour's key is not looked at");
    let forwarded = [
        ("Forwarded", "for=198.51.100.7"),
        ("X-Forwarded-For", "127.0.0.1"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "example.com"),
    ];
    for sign in forwarded {
        get(&[sign]).problem(401, "unauthorized");
        get(&[sign, ("X-Admin-API-Key", "wrong")]).problem(401, "unauthorized");
        get(&[sign, ("X-Admin-API-Key", SIGNUP_KEY)]).problem(403, "forbidden");
        assert_eq!(get(&[sign, ("X-Admin-API-Key", ADMIN_KEY)]).status, 200, "{sign:?}");
        let bearer = format!("Bearer {ADMIN_KEY}");
        assert_eq!(get(&[sign, ("Authorization", &bearer)]).status, 200, "{sign:?}");
    }
}

#[cfg(feature = "failpoints")]
#[test]
fn parts_that_die_are_counted_by_name() {
    let world = World::new().quiet().set("supervisor.restarts_max", 50);
    let daemon = world.daemon();
    let before = Scrape::of(&daemon);
    daemon.failpoints("desk=1*panic");
    daemon.assign("u-1").problem(503, "unavailable");
    daemon.failpoints("purchaser=1*panic");
    daemon.purchase(1).problem(503, "unavailable");
    let restarts = |child| Scrape::of(&daemon).since(&before, "callbunker_child_restarts_total", &[("child", child)]);
    eventually("both are counted", || [restarts("desk"), restarts("purchaser")] == [1.0, 1.0]);
    daemon.failpoints("");
    moved(
        &daemon,
        &before,
        &[
            ("callbunker_child_restarts_total", &[], 2.0),
            ("callbunker_assign_refused_total", &[("code", "unavailable")], 1.0),
        ],
    );
    for child in ["http", "desk", "pool_monitor", "purchaser", "schedule"] {
        assert!(
            Scrape::of(&daemon).text.contains(&format!("{{child=\"{child}\"}}")),
            "{child} is there from the start"
        );
    }
}

#[test]
fn every_metric_is_described_typed_and_to_promtools_liking() {
    let world = World::new().set("pool.total_min", 1);
    let daemon = world.daemon();
    daemon.assign("u-1").ok();
    eventually("a pass ended", || Scrape::of(&daemon).get("callbunker_passes_total", &[]) > 0.0);
    // Sums of money are told once somebody has read the books.
    daemon.get("/admin/phones/api/cost").ok();
    let scrape = Scrape::of(&daemon);
    let names = scrape.names();
    for name in &names {
        assert!(scrape.text.contains(&format!("# HELP {name} ")), "{name} has no HELP");
    }
    let table: Vec<&str> = callbunker::telemetry::table::TABLE.iter().map(|metric| metric.name).collect();
    for name in &table {
        assert!(names.contains(name), "{name} is in the table and not in /metrics");
    }
    assert_eq!(names.len(), table.len(), "each once, and nothing else");
    assert_eq!(promtool(&["check", "metrics"], &scrape.text), "");
    let (now, start) = (scrape.get("callbunker_stock_observed_timestamp_seconds", &[]), "process_start_time_seconds");
    assert!(now >= scrape.get(start, &[]) && scrape.get(start, &[]) > 1_700_000_000.0, "{}", scrape.text);
    assert!(
        scrape.get("process_resident_memory_bytes", &[]) > 1_000_000.0 && scrape.get("process_open_fds", &[]) > 3.0
    );
}

#[test]
fn the_counts_are_told_without_a_key_to_this_machine_or_to_whom_the_configuration_says() {
    let ask = |daemon: &Daemon, head: &str| raw(daemon, &format!("GET /metrics {head}\nConnection: close\n\n"));
    let near = ["HTTP/1.1\nHost: 127.0.0.1:8080", "HTTP/1.1\nHost: localhost", "HTTP/1.1\nHost: [::1]:8080"];
    let far = [
        "HTTP/1.1\nHost: ops.example.com",
        "HTTP/1.1\nHost: 10.0.0.1:8080",
        "HTTP/1.0\nHost: 127.0.0.1:8080",
        "HTTP/1.1\nHost: localhost\nX-Real-IP: 127.0.0.1",
        "HTTP/1.1\nHost: localhost\nVia: 1.1 x",
        "HTTP/1.1\nHost: localhost\nOrigin: https://ops.example.com",
    ];
    let world = World::new().quiet();
    let daemon = world.daemon();
    for head in near {
        assert_eq!(ask(&daemon, head).status, 200, "{head}");
    }
    for head in far {
        let detail = ask(&daemon, head).problem(401, "unauthorized")["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("http.metrics_open"), "{detail}");
        assert_eq!(ask(&daemon, &format!("{head}\nX-Admin-API-Key: {ADMIN_KEY}")).status, 200, "{head}");
    }
    let world = world.set("http.metrics_open", true);
    let open = world.daemon();
    let world = world.set("http.metrics_open", false);
    let shut = world.daemon();
    for head in near.iter().chain(&far) {
        assert_eq!(ask(&open, head).status, 200, "{head}");
        ask(&shut, head).problem(401, "unauthorized");
        assert_eq!(ask(&shut, &format!("{head}\nX-Admin-API-Key: {ADMIN_KEY}")).status, 200, "{head}");
    }
}
