//! Live events over the wire: the status at once, then what changes, on every instance, until the daemon stops.

use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, On};

use crate::world::browser::{Browser, FORM, HTML, form, login_with};
use crate::world::daemon::Daemon;
use crate::world::{ADMIN_KEY, World};

/// A viewer: one connection that never ends by itself.
struct Viewer {
    lines: std::io::Lines<BufReader<TcpStream>>,
    status: u16,
}

impl Viewer {
    fn connect(daemon: &Daemon) -> Self {
        Self::connect_with(daemon, &format!("X-Admin-API-Key: {ADMIN_KEY}"))
    }

    /// The same with a header of its own.
    fn connect_with(daemon: &Daemon, header: &str) -> Self {
        let address = daemon.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a bound");
        write!(
            stream,
            "GET /admin/phones/api/events HTTP/1.1\r\nHost: t\r\nAccept: text/event-stream\r\n{header}\r\n\r\n"
        )
        .expect("a request");
        let mut lines = BufReader::new(stream).lines();
        let first = lines.next().expect("an answer").expect("a line");
        let status = first.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        Self { lines, status }
    }

    /// The next event of this name; others are passed over. `None` at the end of the stream.
    fn next(&mut self, name: &str) -> Option<Value> {
        loop {
            let line = match self.lines.next()? {
                Ok(line) => line,
                Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("no {name} came in half a minute"),
                Err(_reset) => return None,
            };
            if line.trim_end() == format!("event: {name}") {
                let data = self.lines.next()?.ok()?;
                let json = data.strip_prefix("data: ").expect("an event has one line of data");
                return Some(serde_json::from_str(json).expect("its data is JSON"));
            }
        }
    }

    /// Waits for a status that is as wished.
    fn status_with(&mut self, wished: impl Fn(&Value) -> bool) -> Value {
        loop {
            let status = self.next("status").expect("the stream goes on");
            if wished(&status) {
                return status;
            }
        }
    }
}

#[test]
fn a_viewer_is_told_the_status_at_once_and_every_change_on_whatever_instance_it_happens() {
    let world = World::new().quiet();
    let (here, there) = (world.daemon(), world.daemon());
    let mut viewer = Viewer::connect(&here);
    let first = viewer.next("status").expect("a status");
    assert_eq!(first, here.status(), "the status document, as the API has it");
    there.purchase(2).ok();
    let order = loop {
        let order = viewer.next("purchase").expect("an order");
        if order["state"] == "done" {
            break order;
        }
    };
    assert_eq!((order["purchased_count"].as_u64(), order["numbers"].as_array().map(Vec::len)), (Some(2), Some(2)));
    let number = there.assign("ann").ok()["phone_number"].clone();
    let line = viewer.next("assignment").expect("a line");
    assert_eq!((&line["user_id"], &line["phone_number"], &line["released_at"]), (&json!("ann"), &number, &Value::Null));
    there.release("ann").ok();
    let line = viewer.next("assignment").expect("a line");
    assert!(line["released_at"].is_string(), "{line}");
    there.post("/admin/phones/api/pause", &json!({"reason": "a test"})).ok();
    let alert = viewer.next("alert").expect("an alert");
    assert_eq!(
        (alert["kind"].as_str(), alert["message"].as_str()),
        (Some("paused"), Some("Automatic buying is paused: a test"))
    );
    assert!(alert["at"].is_string());
}

#[test]
fn everybody_who_watches_sees_a_change() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    let mut viewers: Vec<Viewer> = (0..20).map(|_| Viewer::connect(&daemon)).collect();
    daemon.assign("ann").ok();
    for viewer in &mut viewers {
        let status = viewer.status_with(|status| status["assigned"] == 1);
        assert_eq!(status["available"], 0);
    }
}

#[test]
fn the_end_of_an_order_is_told_however_many_came_after_it() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let order = |id: &str, ago: &str, ended: &str| {
        world.sql(&format!(
            "INSERT INTO purchases (id, trigger, state, requested_count, country, requested_by, created_at, expires_at, started_at, ended_at)
             VALUES ({id}, 'manual', CASE WHEN {ended} IS NULL THEN 'queued' ELSE 'done' END, 1, 'US', 'test',
                     now() - interval '{ago}', now() + interval '1 hour', now(), {ended})"
        ))
    };
    order("'01900000-0000-7000-8000-000000000001'", "1 hour", "NULL");
    for _later in 0..12 {
        order("gen_random_uuid()", "1 minute", "now()");
    }
    let mut viewer = Viewer::connect(&daemon);
    world
        .sql("UPDATE purchases SET state = 'done', ended_at = now() WHERE ended_at IS NULL; NOTIFY callbunker_changes");
    let told = viewer.next("purchase").expect("an order");
    assert_eq!(
        (told["purchase_id"].as_str(), told["state"].as_str()),
        (Some("01900000-0000-7000-8000-000000000001"), Some("done"))
    );
    let alert = viewer.next("alert").expect("an alert");
    assert_eq!(alert["kind"], "purchase_short", "{alert}");
}

#[test]
fn an_order_that_goes_on_shows_no_error_that_another_candidate_may_mend() {
    let world = World::new().quiet().set("purchase.concurrency", 1);
    let daemon = world.daemon();
    let mut viewer = Viewer::connect(&daemon);
    // Longer than looks are apart, on a slow machine too.
    world.twilio.set_latency(Duration::from_millis(1500));
    world.twilio.fault(Fault::new(On::Create, FaultKind::Stolen));
    daemon.post_with("/admin/phones/api/purchase", &json!({"count": 3}), &[("Prefer", "respond-async")]);
    let (mut some_were_bought, mut last) = (false, Value::Null);
    while last["state"] != "done" {
        last = viewer.next("purchase").expect("an order");
        some_were_bought |= last["state"] == "running" && last["purchased_count"].as_u64() > Some(0);
        assert_eq!(last["errors"], json!([]), "{last}");
    }
    assert!(some_were_bought, "nothing was seen of it while it ran");
    assert_eq!(last["purchased_count"], 3);
    // What an order lacks in the end is told, on pages as in documents, and never by an empty line.
    world.twilio.set_latency(Duration::ZERO);
    world.twilio.fault(Fault::new(On::Create, FaultKind::Stolen).forever());
    let short = daemon.purchase(1).ok();
    while last["purchase_id"] != short["purchase_id"] || last["state"] != "done" {
        last = viewer.next("purchase").expect("an order");
    }
    assert_eq!((&last["errors"], last["errors"][0]["code"].as_str()), (&short["errors"], Some("twilio_21422")));
    world.sql("UPDATE purchase_errors SET message = ''; UPDATE purchase_items SET error_message = ''");
    let page = daemon.get("/admin/phones/dashboard");
    let page = page.body.as_str().expect("a page");
    assert!(page.contains("<p class=\"error\">twilio 21422"), "{page}");
}

#[test]
fn two_hundred_may_watch_and_whoever_leaves_makes_room() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let mut viewers: Vec<Viewer> = (0..200).map(|_| Viewer::connect(&daemon)).collect();
    assert!(viewers.iter().all(|viewer| viewer.status == 200));
    assert_eq!(Viewer::connect(&daemon).status, 503, "the next one is told to come later");
    viewers.truncate(100);
    crate::world::eventually("there is room again", || Viewer::connect(&daemon).status == 200);
}

#[test]
fn streams_of_one_key_leave_room_for_those_of_another() {
    let second = "second-admin-key-0123";
    let world = World::new().quiet().set("ADMIN_API_KEY", format!("{ADMIN_KEY},{second}"));
    let daemon = world.daemon();
    let mut viewers: Vec<Viewer> = (0..200).map(|_| Viewer::connect(&daemon)).collect();
    let mut other = Viewer::connect_with(&daemon, &format!("X-Admin-API-Key: {second}"));
    assert_eq!(other.status, 200);
    other.next("status").expect("it watches");
    // The one that watched longest knocks again, and is told to come later.
    while viewers[0].next("status").is_some() {}
    assert_eq!(Viewer::connect(&daemon).status, 503);
    daemon.purchase(1).ok();
    other.status_with(|status| status["available"] == 1);
    viewers[1].status_with(|status| status["available"] == 1);
    viewers[199].status_with(|status| status["available"] == 1);
}

#[test]
fn a_stop_ends_the_streams_and_waits_for_none() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let mut viewer = Viewer::connect(&daemon);
    viewer.next("status").expect("a status");
    assert_eq!(daemon.stop(), Some(0));
    while viewer.next("status").is_some() {}
}

#[test]
fn a_stream_ends_with_the_session_or_the_key_that_opened_it() {
    let world = World::new().quiet();
    let keys = std::env::temp_dir().join(format!("callbunker-viewers-{}", world.database.name()));
    let second = "second-admin-key-0123";
    std::fs::write(&keys, format!("{ADMIN_KEY},{second}")).expect("a file");
    let world = world.set("ADMIN_API_KEY", "").set("ADMIN_API_KEY_FILE", keys.display());
    let daemon = world.daemon();
    let (leaves, stays) = (Browser::logged_in(&daemon, ADMIN_KEY), Browser::logged_in(&daemon, ADMIN_KEY));
    let cookie = |browser: &Browser| format!("Cookie: {}", browser.cookie());
    let mut by_leaver = Viewer::connect_with(&daemon, &cookie(&leaves));
    let mut by_stayer = Viewer::connect_with(&daemon, &cookie(&stays));
    let mut by_second = Viewer::connect_with(&daemon, &format!("X-Admin-API-Key: {second}"));
    let mut by_first = Viewer::connect(&daemon);
    let farewell = leaves.post(&daemon, "/admin/logout", &[FORM], &form(&[("csrf_token", &leaves.csrf())]));
    assert_eq!(farewell.status, 303);
    while by_leaver.next("status").is_some() {}
    std::fs::write(&keys, ADMIN_KEY).expect("a file");
    daemon.signal(nix::sys::signal::Signal::SIGHUP);
    while by_second.next("status").is_some() {}
    // A login in the same browser ends the session that it had.
    let again = login_with(&daemon, &[("api_key", ADMIN_KEY)], &[HTML, ("Cookie", &stays.cookie())]);
    assert_eq!(again.status, 303);
    while by_stayer.next("status").is_some() {}
    daemon.purchase(1).ok();
    by_first.status_with(|status| status["available"] == 1);
    let _ = std::fs::remove_file(&keys);
}
