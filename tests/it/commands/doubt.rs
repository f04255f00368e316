//! `callbunker purchase` when an answer is lost or unclear: one order, and always a way to find it again.

use std::process::Stdio;

use crate::world::World;
use crate::world::between::{Fate, answer, between, problem};
use crate::world::command::{at, program};
use crate::world::daemon::Daemon;

const ORDER: &str = "POST /admin/phones/api/purchase ";

#[test]
fn an_order_that_fails_inside_or_on_the_way_is_sent_again_with_its_key_and_bought_once() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let page = |status| answer(status, "text/html", "<p/>");
    for unclear in [
        problem("500 Internal Server Error", "internal", ""),
        problem("503 Service Unavailable", "database_unavailable", ""),
        page("500 Internal Server Error"),
        page("502 Bad Gateway"),
        page("520 Web Server Returned an Unknown Error"),
        String::new(),
    ] {
        let before = world.bought();
        let (url, asked) = between(&daemon.url, move |_, count| match count {
            0 => Fate::PassedAndAnswered(unclear.clone()),
            _ => Fate::Passed,
        });
        let ended = at(&url, &["purchase", "--count", "1"]);
        assert!(ended.code == Some(0) && ended.stdout.starts_with("Bought 1 of 1"), "{ended:?}");
        let keys = asked.keys(ORDER);
        assert!(keys.len() == 2 && keys[0] == keys[1] && !keys[0].is_empty(), "{keys:?}");
        assert!(ended.stderr.contains(&keys[0]), "whoever stops it now needs the key: {ended:?}");
        assert_eq!(world.bought(), before + 1);
    }
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_refusal_that_names_a_placed_order_is_followed_and_not_sent_again() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let order = daemon.purchase(1).ok();
    let id = order["purchase_id"].as_str().expect("its id").to_owned();
    let named = problem("503 Service Unavailable", "database_unavailable", &format!(r#""purchase_id":"{id}""#));
    let (url, asked) = between(&daemon.url, move |line, _| match line.starts_with(ORDER) {
        true => Fate::Answered(named.clone()),
        false => Fate::Passed,
    });
    let ended = at(&url, &["purchase", "--count", "1"]);
    assert!(ended.code == Some(0) && ended.stdout.contains(&id), "{ended:?}");
    assert_eq!((asked.keys(ORDER).len(), world.bought()), (1, 1));
}

#[test]
fn an_order_that_stays_in_doubt_ends_with_the_key_that_finds_it() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    for (first, then, code) in [
        // A key that was taken away meanwhile ends it at once, an outage after some time.
        (String::new(), problem("401 Unauthorized", "unauthorized", ""), 1),
        (problem("500 Internal Server Error", "internal", ""), problem("403 Forbidden", "forbidden", ""), 1),
        (answer("200 OK", "text/html", "<p/>"), problem("401 Unauthorized", "unauthorized", ""), 1),
        (String::new(), problem("500 Internal Server Error", "internal", ""), 1),
        (String::new(), problem("503 Service Unavailable", "database_unavailable", ""), 69),
    ] {
        let before = world.bought();
        let (url, asked) = between(&daemon.url, move |_, count| match count {
            0 => Fate::PassedAndAnswered(first.clone()),
            _ => Fate::Answered(then.clone()),
        });
        let ended = at(&url, &["purchase", "--count", "1"]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(code), ""), "{ended:?}");
        let keys = asked.keys(ORDER);
        let key = keys.last().expect("a key");
        let last = ended.stderr.lines().last().unwrap_or_default();
        assert!(last.contains(&format!("repeat the command with --idempotency-key {key}, which")), "{ended:?}");
        assert!(keys.iter().all(|other| other == key), "{keys:?}");
        // The line to paste.
        let found = at(&daemon.url, &["purchase", "--count", "1", "--idempotency-key", key]);
        assert!(found.code == Some(0) && found.stdout.starts_with("Bought 1 of 1"), "{found:?}");
        assert_eq!(world.bought(), before + 1);
    }
}

#[test]
fn an_order_that_bought_nothing_is_told_as_such_and_not_sent_again() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let (url, asked) = between(&daemon.url, |_, _| Fate::Answered(problem("503 Service Unavailable", "halted", "")));
    let sentence = at(&url, &["purchase", "--count", "1"]).sentence(1);
    assert!(sentence.contains("callbunker resume") && !sentence.contains("--idempotency-key"), "{sentence}");
    assert_eq!(asked.keys(ORDER).len(), 1);
}

/// Orders a number; whoever asks for the order gets this instead, again and again.
fn followed(daemon: &Daemon, refused: String, code: i32) {
    let (url, _) = between(&daemon.url, move |line, _| match line.starts_with(ORDER) {
        true => Fate::Passed,
        false => Fate::Answered(refused.clone()),
    });
    let ended = at(&url, &["purchase", "--count", "1"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(code), ""), "{ended:?}");
    let id = ended.stderr.split(' ').nth(2).expect("the order's id").to_owned();
    let told = ended.placed().stderr;
    assert!(told.contains(&format!("`callbunker purchase --follow {id}`, and do not repeat it")), "{told}");
    let again = at(&daemon.url, &["purchase", "--follow", &id]).table();
    assert!(again.starts_with("Bought 1 of 1"), "{again}");
}

#[test]
fn an_order_that_cannot_be_followed_any_more_is_named_with_whatever_stopped_it() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    std::thread::scope(|scope| {
        for (refused, code) in [
            (problem("401 Unauthorized", "unauthorized", ""), 1),
            (problem("404 Not Found", "not_found", ""), 1),
            (problem("500 Internal Server Error", "internal", ""), 1),
            (problem("503 Service Unavailable", "database_unavailable", ""), 69),
            (answer("429 Too Many Requests", "text/html", "<p/>"), 1),
            (answer("403 Forbidden", "text/html", "<p/>"), 1),
        ] {
            let daemon = &daemon;
            scope.spawn(move || followed(daemon, refused, code));
        }
    });
    assert_eq!(world.bought(), 6);
}

#[test]
fn a_stumble_while_an_order_is_followed_is_waited_for() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let (url, _) = between(&daemon.url, |_, count| match count {
        1 => Fate::Answered(answer("429 Too Many Requests", "text/html", "<p/>")),
        2 => Fate::Answered(problem("500 Internal Server Error", "internal", "")),
        3 => Fate::Answered(String::new()),
        _ => Fate::Passed,
    });
    let table = at(&url, &["purchase", "--count", "1"]).placed().table();
    assert!(table.starts_with("Bought 1 of 1"), "{table}");
}

#[test]
fn a_stopped_command_leaves_its_orders_id_on_the_screen() {
    let world = World::new().quiet().set("purchase.concurrency", 1);
    world.twilio.set_latency_on(twilio_simulator::On::Create, std::time::Duration::from_secs(2));
    let daemon = world.daemon();
    let env = [("CALLBUNKER_URL", daemon.url.as_str()), ("ADMIN_API_KEY", crate::world::ADMIN_KEY)];
    let mut command = program(&env, &["purchase", "--count", "3", "--json"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    crate::world::eventually("it buys", || world.bought() >= 1);
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).expect("it is ours to signal");
    let stopped: crate::world::command::Ended = child.wait_with_output().expect("it ends").into();
    let id = world.sql("SELECT id FROM purchases");
    assert!(stopped.stderr.contains(&id) && stopped.stdout.is_empty(), "{stopped:?}");
    let table = at(&daemon.url, &["purchase", "--follow", &id]).table();
    assert!(table.starts_with("Bought 3 of 3"), "{table}");
}
