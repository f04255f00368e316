//! `callbunker purchase`: placed once and followed to its end, whatever becomes of the connection.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, On};

use crate::world::command::{Ended, at, at_a_terminal, callbunker, program};
use crate::world::{ADMIN_KEY, World, eventually};

#[test]
fn a_purchase_prints_what_was_bought() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let table = callbunker(&daemon, &["purchase", "--count", "2", "--area-code", "415"]).placed().table();
    assert!(table.starts_with("Bought 2 of 2; purchase "), "{table}");
    let truth = world.twilio.truth();
    assert_eq!(truth.purchases.len(), 2);
    for purchase in &truth.owned {
        assert!(purchase.phone_number.starts_with("+1415") && table.contains(&purchase.phone_number), "{table}");
    }
    let document = callbunker(&daemon, &["purchase", "--count", "1", "--json"]).placed().json();
    assert_eq!((&document["state"], &document["purchased_count"]), (&json!("done"), &json!(1)));
    let id = document["purchase_id"].as_str().expect("its id");
    assert_eq!(daemon.get(&format!("/admin/phones/api/purchases/{id}")).ok(), document);
    assert_eq!(callbunker(&daemon, &["purchase", "--follow", id, "--json"]).json(), document);
    assert_eq!(world.bought(), 3);
    assert_eq!(world.count("SELECT count(DISTINCT idempotency_key) FROM purchases"), 2, "each has a key of its own");
    let unknown = callbunker(&daemon, &["purchase", "--follow", "0190d6a2-0000-7000-8000-000000000000"]).sentence(1);
    assert!(unknown.contains("no purchase with this id"), "{unknown}");
}

#[test]
fn the_same_key_buys_once_and_with_another_order_not_at_all() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let order =
        |count: &str| callbunker(&daemon, &["purchase", "--count", count, "--idempotency-key", "refill 1", "--json"]);
    let first = order("2").placed().json();
    assert_eq!(order("2").placed().json(), first);
    let other = order("3");
    assert!(other.code == Some(1) && other.stderr.contains("Idempotency-Key"), "{other:?}");
    assert!(other.stdout.contains(r#""code":"idempotency_key_reused""#), "{other:?}");
    assert_eq!(world.bought(), 2);
}

#[test]
fn a_shortfall_is_told_on_standard_error_with_1() {
    let world = World::new().quiet().set("spend.purchases_per_hour_max", 3);
    world.twilio.set_stock("US", "907", 1);
    let daemon = world.daemon();
    let short = callbunker(&daemon, &["purchase", "--count", "3", "--area-code", "907"]).placed();
    assert_eq!(short.code, Some(1), "{short:?}");
    assert!(short.stdout.starts_with("Bought 1 of 3; purchase ") && short.stdout.contains("+1907"), "{short:?}");
    assert!(
        short.stderr.starts_with(
            "callbunker: 1 of 3 numbers were bought\n  2 × no_stock: default: no stock of local numbers in US with"
        ),
        "{short:?}"
    );
    let arguments = ["purchase", "--count", "1", "--area-code", "907", "--fallback", "--country", "US"];
    assert!(callbunker(&daemon, &arguments).placed().table().starts_with("Bought 1 of 1"));
    let capped = callbunker(&daemon, &["purchase", "--count", "3", "--json"]);
    assert_eq!(capped.code, Some(1), "{capped:?}");
    let document: Value = serde_json::from_str(&capped.stdout).expect("one document");
    assert_eq!((&document["purchased_count"], &document["errors"][0]["code"]), (&json!(1), &json!("spend_cap")));
    assert!(capped.stderr.contains("2 × spend_cap") && capped.stderr.contains("--override-caps"), "{capped:?}");
    let none = callbunker(&daemon, &["purchase", "--count", "1"]);
    assert_eq!(none.code, Some(1), "{none:?}");
    assert!(none.stderr.contains("0 of 1 numbers were bought") && none.stderr.contains("spend_cap"), "{none:?}");
    callbunker(&daemon, &["purchase", "--count", "1", "--override-caps"]).placed().table();
    assert_eq!(world.bought(), 4);
}

#[test]
fn an_account_that_twilio_refuses_is_told_with_what_to_do() {
    let world = World::new().quiet();
    world.twilio.fault(Fault::new(On::Create, FaultKind::Suspended).forever());
    let daemon = world.daemon();
    let first = callbunker(&daemon, &["purchase", "--count", "2"]);
    assert_eq!(first.code, Some(1), "{first:?}");
    assert!(first.stderr.contains("0 of 2 numbers were bought; the order ended as halted"), "{first:?}");
    let second = callbunker(&daemon, &["purchase", "--count", "1"]);
    assert!(second.stderr.contains("callbunker resume"), "{second:?}");
    let status = callbunker(&daemon, &["status"]).table();
    assert!(status.lines().any(|line| line.starts_with("halted") && line.contains("since 20")), "{status}");
}

#[test]
fn progress_is_shown_on_a_terminal_and_nowhere_else() {
    let world = World::new().quiet().set("purchase.concurrency", 1);
    world.twilio.set_latency_on(On::Create, Duration::from_millis(2000));
    let daemon = world.daemon();
    let shown = at_a_terminal(&daemon, &["purchase", "--count", "3", "--yes"], "");
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert!(shown.stdout.starts_with("Bought 3 of 3"), "{shown:?}");
    assert!(shown.stderr.contains("1/3") && shown.stderr.contains("purchase 0"), "{shown:?}");
    assert_eq!(callbunker(&daemon, &["purchase", "--count", "1"]).placed().table().lines().count(), 3);
}

#[test]
fn an_order_that_waits_for_its_turn_is_followed_however_long_the_other_one_takes() {
    let world = World::new().quiet().set("purchase.lock_wait_ms", 300).set("http.sync_order_secs", 1);
    let daemon = world.daemon();
    let session = crate::world::session::Session::holding_the_purchase_lock(&world);
    let child = spawn(&daemon.url, &["purchase", "--count", "2"]);
    eventually("it waits", || world.count("SELECT count(*) FROM purchases WHERE state = 'queued'") == 1);
    daemon.purchase(1).problem(409, "locked");
    assert_eq!(world.count("SELECT count(*) FROM purchases WHERE state = 'queued'"), 1);
    drop(session);
    let ended = ended(child).placed();
    assert!(ended.code == Some(0) && ended.stdout.starts_with("Bought 2 of 2"), "{ended:?}");
}

#[test]
fn ctrl_c_ends_the_command_and_not_the_order_which_cancel_ends() {
    let world = World::new().quiet().set("purchase.concurrency", 1);
    let daemon = world.daemon();
    daemon.failpoints("create_answered=pause");
    let mut child = spawn(&daemon.url, &["purchase", "--count", "5"]);
    eventually("one is sold", || world.bought() == 1);
    let id = world.sql("SELECT id FROM purchases");
    // Its first words say that it is placed; from then on Ctrl-C names the order.
    let (mut said, mut told) = (BufReader::new(child.stderr.take().expect("a pipe")), String::new());
    said.read_line(&mut told).expect("a line");
    assert!(told.contains(" is placed"), "{told}");
    let pid = nix::unistd::Pid::from_raw(child.id().cast_signed());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).expect("it lives");
    said.read_to_string(&mut told).expect("the rest");
    let left = ended(child);
    assert_eq!(left.code, Some(130), "{left:?} {told}");
    let goes_on = format!(
        "the order goes on; `callbunker purchase --follow {id}` shows it, `callbunker purchase --cancel {id}` ends it"
    );
    assert!(told.contains(&goes_on), "{told}");
    let cancelling = spawn(&daemon.url, &["purchase", "--cancel", &id]);
    eventually("it is cancelled", || world.count("SELECT count(*) FROM purchases WHERE cancelled_at IS NOT NULL") == 1);
    daemon.failpoints("");
    let cancelled = ended(cancelling);
    assert_eq!(cancelled.code, Some(0), "{cancelled:?}");
    assert!(cancelled.stdout.starts_with(&format!("Bought 1 of 5; purchase {id}. Cancelled.\n")), "{cancelled:?}");
    assert_eq!(world.bought(), 1);
    let again = callbunker(&daemon, &["purchase", "--cancel", &id, "--json"]);
    assert_eq!(again.json()["outcome"], "cancelled");
    let done = callbunker(&daemon, &["purchase", "--count", "1", "--json"]).placed().json();
    let over = callbunker(&daemon, &["purchase", "--cancel", done["purchase_id"].as_str().unwrap()]);
    assert!(over.code == Some(0) && over.stderr.contains("had ended before; nothing was cancelled"), "{over:?}");
    let unknown = callbunker(&daemon, &["purchase", "--cancel", "0190d6a2-0000-7000-8000-000000000000"]).sentence(1);
    assert!(unknown.contains("no purchase with this id"), "{unknown}");
}

fn spawn(url: &str, arguments: &[&str]) -> Child {
    let mut command = program(&[("CALLBUNKER_URL", url), ("ADMIN_API_KEY", ADMIN_KEY)], arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
}

fn ended(child: Child) -> Ended {
    child.wait_with_output().expect("it ends").into()
}

/// A world whose daemons listen on one and the same port, one after the other.
fn world_on_one_port() -> World {
    World::new().quiet().on_a_port_of_its_own().set("purchase.concurrency", 1)
}

#[test]
fn a_daemon_that_restarts_is_waited_for_and_the_order_told_as_it_ended() {
    let world = world_on_one_port();
    world.twilio.set_latency_on(On::Create, Duration::from_millis(300));
    let daemon = world.daemon();
    let child = spawn(&daemon.url, &["purchase", "--count", "20"]);
    eventually("some are bought", || world.count("SELECT count(*) FROM numbers") >= 2);
    daemon.kill9();
    let _daemon = world.daemon();
    let ended = ended(child);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("of 20 numbers were bought; the order ended as interrupted"), "{ended:?}");
    assert!(ended.stdout.contains("of 20; purchase "), "{ended:?}");
    assert!(world.bought() < 20);
}

#[test]
fn a_daemon_that_stays_away_is_69_and_the_order_can_be_looked_up() {
    let world = world_on_one_port();
    world.twilio.set_latency_on(On::Create, Duration::from_millis(300));
    let daemon = world.daemon();
    let child = spawn(&daemon.url, &["purchase", "--count", "20"]);
    eventually("one is bought", || world.count("SELECT count(*) FROM numbers") >= 1);
    daemon.kill9();
    let id = world.sql("SELECT id FROM purchases").lines().last().unwrap_or_default().to_owned();
    let sentence = ended(child).placed().sentence(69);
    assert!(sentence.contains(&format!("callbunker purchase --follow {id}")), "{sentence}");
    assert!(sentence.contains("do not repeat it"), "{sentence}");
    let daemon = world.daemon();
    let told = callbunker(&daemon, &["purchase", "--follow", &id]);
    assert!(told.code == Some(1) && told.stderr.contains("ended as interrupted"), "{told:?}");
}

/// Stands before a daemon and loses the first answer: the request has arrived by then.
fn loses_the_first_answer(daemon_url: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    let behind = daemon_url.trim_start_matches("http://").to_owned();
    std::thread::spawn(move || {
        for (index, client) in listener.incoming().map_while(Result::ok).enumerate() {
            let daemon = TcpStream::connect(&behind).expect("the daemon");
            let (to_daemon, from_client) = (daemon.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || carry(from_client, to_daemon, usize::MAX));
            std::thread::spawn(move || carry(daemon, client, if index == 0 { 0 } else { usize::MAX }));
        }
    });
    url
}

/// Carries bytes, at most so many; what comes after is lost with the connection.
fn carry(mut from: TcpStream, mut to: TcpStream, most: usize) {
    let mut chunk = [0; 16 * 1024];
    let mut carried = 0;
    while let Ok(count @ 1..) = from.read(&mut chunk) {
        carried += count;
        if carried > most || to.write_all(&chunk[..count]).is_err() {
            let _ = from.shutdown(Shutdown::Both);
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

#[test]
fn an_order_whose_answer_is_lost_is_found_again_and_bought_once() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let ended = at(&loses_the_first_answer(&daemon.url), &["purchase", "--count", "2"]);
    assert!(ended.code == Some(0) && ended.stdout.starts_with("Bought 2 of 2"), "{ended:?}");
    assert_eq!((world.bought(), world.count("SELECT count(*) FROM purchases")), (2, 1));
    eventually("the order was sent twice", || daemon.log_text().matches("/admin/phones/api/purchase\"").count() >= 2);
    let lost = at(&loses_the_first_answer(&daemon.url), &["replenish"]).sentence(69);
    assert!(lost.contains("may have been done") && lost.contains("callbunker status"), "{lost}");
}
