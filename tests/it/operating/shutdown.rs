//! How the daemon ends: signals, requests and purchases in flight, exit codes.

use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use postgres_fixture::{Cluster, ClusterOptions};
use serde_json::json;
use twilio_simulator::On;

use crate::world::daemon::{Daemon, Reply};
use crate::world::session::Session;
use crate::world::{World, eventually};

fn readyz(daemon: &Daemon) -> Option<Reply> {
    daemon.try_send("GET", "/readyz", &[], None).ok()
}

/// A daemon whose creates take so long, and a signup that waits for one.
fn while_somebody_waits<T>(world: &World, latency: Duration, act: impl FnOnce(&mut Daemon) -> T) -> (Option<Reply>, T) {
    world.twilio.set_latency_on(On::Create, latency);
    let mut daemon = world.daemon();
    let url = daemon.url.clone();
    thread::scope(|scope| {
        let waiting = scope.spawn(move || {
            let body = json!({"user_id": "u-1"}).to_string();
            let mut answer = ureq::Agent::config_builder()
                .http_status_as_error(false)
                .proxy(None)
                .build()
                .new_agent()
                .post(format!("{url}/signup/api/assign"))
                .header("X-Admin-API-Key", crate::world::SIGNUP_KEY)
                .content_type("application/json")
                .send(&body)
                .inspect_err(|error| eprintln!("the client: {error}"))
                .ok()?;
            let headers = Default::default();
            let body = serde_json::from_str(&answer.body_mut().read_to_string().ok()?).ok()?;
            Some(Reply { status: answer.status().as_u16(), headers, body })
        });
        eventually("a create is on the wire", || world.twilio.truth().creates_in_flight > 0);
        let done = act(&mut daemon);
        (waiting.join().expect("the client's thread"), done)
    })
}

#[test]
fn a_request_in_flight_finishes_while_readiness_is_false() {
    let world = World::new().quiet().set("purchase.emergency_wait_ms", 30_000);
    let (answer, code) = while_somebody_waits(&world, Duration::from_secs(6), |daemon| {
        daemon.signal(Signal::SIGTERM);
        eventually("it says that it is shutting down", || {
            readyz(daemon)
                .is_some_and(|readyz| readyz.status == 503 && readyz.body["failing"] == json!(["shutting_down"]))
        });
        // What would start a purchase is refused; the rest is answered as long as anybody is served.
        daemon.purchase(1).problem(503, "shutting_down");
        daemon.post_empty("/admin/phones/api/replenish").problem(503, "shutting_down");
        assert_eq!(daemon.send("GET", "/healthz", &[], None).status, 200);
        daemon.wait().code()
    });
    let answer = answer.expect("the signup that waited is answered").ok();
    assert_eq!((&answer["source"], code), (&json!("emergency"), Some(0)));
    assert_eq!(world.bought(), 1);
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn an_idle_daemon_ends_with_0_at_either_signal() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let world = World::new().quiet();
        let mut daemon = world.daemon();
        daemon.signal(signal);
        assert_eq!(daemon.wait().code(), Some(0), "{signal}");
        // The end is there before its last line is read.
        eventually("it says so", || daemon.has_logged("stopped"));
    }
}

#[test]
fn a_second_signal_ends_it_at_once_with_1_and_nothing_is_lost() {
    let world = World::new().quiet();
    let (answer, code) = while_somebody_waits(&world, Duration::from_secs(7), |daemon| {
        daemon.signal(Signal::SIGTERM);
        eventually("it is stopping", || daemon.has_logged("stopping"));
        daemon.signal(Signal::SIGTERM);
        daemon.wait().code()
    });
    assert_eq!((answer.is_none(), code), (true, Some(1)));
    world.twilio.set_latency(Duration::ZERO);
    // The next one settles what was on the wire.
    let daemon = world.daemon();
    eventually("everything is settled", || {
        let status = daemon.status();
        status["unsettled"] == 0 && status["purchasing"] == 0 && world.twilio.truth().creates_in_flight == 0
    });
    assert!(world.bought() <= 1);
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn the_grace_bounds_the_end_whatever_twilio_does() {
    let world = World::new().quiet().set("shutdown.grace_secs", 1).set("twilio.request_timeout_ms", 40_000);
    let (_answer, (code, took)) = while_somebody_waits(&world, Duration::from_secs(30), |daemon| {
        let began = Instant::now();
        daemon.signal(Signal::SIGTERM);
        (daemon.wait().code(), began.elapsed())
    });
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(28), "{took:?}, and Twilio takes thirty");
}

#[test]
fn a_frozen_database_does_not_hold_up_the_end() {
    let cluster = Cluster::start(ClusterOptions::default()).expect("PostgreSQL");
    let world = World::on(&cluster).quiet().set("shutdown.grace_secs", 1);
    let mut daemon = world.daemon();
    daemon.purchase(1).ok();
    cluster.freeze().expect("it freezes");
    daemon.assign("u-1").problem(503, "database_unavailable");
    let began = Instant::now();
    daemon.signal(Signal::SIGTERM);
    assert_eq!(daemon.wait().code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    cluster.thaw().expect("it thaws");
}

#[test]
fn a_batch_on_the_wire_is_settled_before_the_end() {
    let world =
        World::new().set("pool.total_min", 0).set("pool.threshold_low", 5).set("pool.replenishment_batch_size", 5);
    world.twilio.set_latency_on(On::Create, Duration::from_secs(4));
    let mut daemon = world.daemon_at_once();
    // The first one goes alone.
    eventually("creates are on the wire", || world.twilio.truth().creates_in_flight == 4);
    daemon.signal(Signal::SIGTERM);
    assert_eq!(daemon.wait().code(), Some(0));
    assert_eq!(world.bought(), 5);
    assert_eq!(world.sql("SELECT state, count(*) FROM purchase_items GROUP BY 1"), "bought|5");
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn an_order_that_waited_when_the_daemon_stopped_frees_its_key() {
    let world = World::new().quiet();
    let ask = |daemon: &Daemon| {
        let headers = [("Idempotency-Key", "k-1"), ("Prefer", "respond-async")];
        daemon.post_with("/admin/phones/api/purchase", &json!({"count": 1}), &headers)
    };
    let session = Session::holding_the_purchase_lock(&world);
    let daemon = world.daemon();
    assert_eq!(ask(&daemon).status, 202);
    assert_eq!(world.sql("SELECT state FROM purchases"), "queued");
    assert_eq!(daemon.stop(), Some(0));
    let ended = world.sql("SELECT p.state, e.code FROM purchases p JOIN purchase_errors e ON e.purchase_id = p.id");
    assert_eq!(ended, "stopped|stopping");
    drop(session);
    let daemon = world.daemon();
    let again = ask(&daemon);
    assert_eq!(again.status, 202, "{again:?}");
    eventually("a fresh order has run", || {
        world.sql("SELECT state FROM purchases ORDER BY created_at") == "stopped\ndone"
    });
    // Something was tried for this one: its key stays its own.
    assert_eq!(ask(&daemon).body["purchase_id"], again.body["purchase_id"]);
    assert_eq!((world.bought(), world.count("SELECT count(*) FROM purchases")), (1, 2));
}

#[test]
fn an_operators_work_at_twilio_whose_client_hung_up_is_finished_before_the_end() {
    use std::io::Write as _;
    let world = World::new().quiet();
    world.twilio.own(twilio_simulator::ForeignNumber::new("+14155550100").friendly_name("desk"));
    let mut daemon = world.daemon();
    world.twilio.set_latency_on(On::Update, Duration::from_secs(2));
    let address = daemon.url.trim_start_matches("http://").to_owned();
    let mut client = std::net::TcpStream::connect(&address).unwrap();
    write!(
        client,
        "POST /admin/phones/api/numbers/+14155550100/adopt HTTP/1.1\r\nHost: {address}\r\nX-Admin-API-Key: {}\r\nContent-Length: 0\r\n\r\n",
        crate::world::ADMIN_KEY
    )
    .unwrap();
    eventually("Twilio is being told", || world.twilio.truth().requests_of(On::Update) == 1);
    drop(client);
    daemon.signal(Signal::SIGTERM);
    assert_eq!(daemon.wait().code(), Some(0));
    assert_eq!(world.sql("SELECT status, webhook_status FROM numbers"), "active|configured", "it was finished");
}
