//! Who may send events, and in which order a request is looked at.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::json;

use crate::world::daemon::{Daemon, Reply};
use crate::world::events::{EVENTS, send, signed};
use crate::world::raw::{connect, raw};
use crate::world::scrape::Scrape;
use crate::world::{ADMIN_KEY, World, eventually};

const JSON: &str = "application/json";
const PATH: &str = "/twilio/events";

fn taking() -> (World, Daemon) {
    let world = World::new().quiet().set("events.public_url", EVENTS);
    let daemon = world.daemon();
    (world, daemon)
}

#[test]
fn nothing_is_there_while_no_address_is_given() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    for method in ["GET", "POST", "PUT"] {
        daemon.send(method, PATH, &[("X-Admin-API-Key", ADMIN_KEY)], None).problem(404, "not_found");
    }
    send(&world, &daemon, JSON, b"[]").problem(404, "not_found");
}

#[test]
fn the_signature_comes_first_then_type_size_and_json() {
    let (world, daemon) = taking();
    daemon.send("GET", PATH, &[], None).problem(405, "method_not_allowed");
    // Nobody's words are read.
    let large = vec![b' '; 70_000];
    for (media_type, body) in [("text/plain", &b"x"[..]), (JSON, b"{"), (JSON, &large)] {
        let headers = [("Content-Type", media_type), ("X-Admin-API-Key", ADMIN_KEY)];
        daemon.send("POST", PATH, &headers, Some(body)).problem(403, "forbidden");
    }
    let (path, signature) = signed(b"[]", "another token");
    let headers = [("Content-Type", JSON), ("X-Twilio-Signature", signature.as_str())];
    daemon.send("POST", &path, &headers, Some(b"[]")).problem(403, "forbidden");
    // Twilio's own are looked at further.
    send(&world, &daemon, "text/plain", b"[]").problem(415, "unsupported_media_type");
    announced(&world, &daemon, 1024 * 1024 + 1).problem(413, "payload_too_large");
    for body in ["{", "3", "\"x\"", "", "[1"] {
        send(&world, &daemon, JSON, body.as_bytes()).problem(400, "malformed_json");
    }
    for media_type in [JSON, "Application/CloudEvents-Batch+JSON; charset=utf-8"] {
        assert_eq!(send(&world, &daemon, media_type, b"[]").ok(), json!({"stored": 0, "repeated": 0, "ignored": 0}));
    }
    assert_eq!(send(&world, &daemon, JSON, b"{}").ok()["ignored"], 1, "one alone is a batch of one");
    let full = format!("[{}]", " ".repeat(1024 * 1024 - 2));
    assert_eq!(send(&world, &daemon, JSON, full.as_bytes()).status, 200, "a whole MiB");
    // Signed by Twilio, but over another body.
    let (path, signature) = signed(b"[]", world.twilio.auth_token());
    let headers = [("Content-Type", JSON), ("X-Twilio-Signature", signature.as_str())];
    daemon.send("POST", &path, &headers, Some(b"[ ]")).problem(403, "forbidden");
    assert_eq!(Scrape::of(&daemon).get("callbunker_events_total", &[("outcome", "rejected")]), 10.0);
    assert_eq!(world.count("SELECT count(*) FROM audit WHERE path LIKE '/twilio/%'"), 0, "no act of anybody's");
}

#[test]
fn only_the_accounts_token_verifies_and_an_api_key_does_not_take_its_place() {
    let world = World::new().quiet().set("events.public_url", EVENTS);
    let (key, secret) = (world.twilio.api_key_sid().to_owned(), world.twilio.api_key_secret().to_owned());
    let both = world.set("TWILIO_API_KEY_SID", key).set("TWILIO_API_KEY_SECRET", &secret);
    let daemon = both.daemon();
    let (path, signature) = signed(b"[]", &secret);
    let headers = [("Content-Type", JSON), ("X-Twilio-Signature", signature.as_str())];
    daemon.send("POST", &path, &headers, Some(b"[]")).problem(403, "forbidden");
    assert_eq!(send(&both, &daemon, JSON, b"[]").status, 200);
    drop(daemon);
    // Without the token nobody can tell, and what is Twilio's must not be lost for it.
    let alone = both.set("TWILIO_AUTH_TOKEN", "");
    let daemon = alone.daemon();
    let told = send(&alone, &daemon, JSON, b"[]").problem(503, "unavailable");
    assert!(told["detail"].as_str().unwrap().contains("TWILIO_AUTH_TOKEN"), "{told}");
}

/// What is answered to a body of so many bytes before it comes.
fn announced(world: &World, daemon: &Daemon, bytes: usize) -> Reply {
    let (path, signature) = signed(b"x", world.twilio.auth_token());
    let head = format!("POST {path} HTTP/1.1\nHost: numbers.example.com\nConnection: close\nContent-Type: {JSON}");
    raw(daemon, &format!("{head}\nX-Twilio-Signature: {signature}\nContent-Length: {bytes}\n\nx"))
}

/// A request of Twilio's whose body is on its way.
fn begun(world: &World, daemon: &Daemon) -> TcpStream {
    let (path, signature) = signed(b"[]", world.twilio.auth_token());
    let mut stream = connect(daemon);
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: numbers.example.com\r\nConnection: close\r\nContent-Type: {JSON}\r\n\
         X-Twilio-Signature: {signature}\r\nContent-Length: 2\r\n\r\n["
    );
    stream.write_all(head.as_bytes()).expect("the daemon takes it");
    stream
}

#[test]
fn so_many_are_taken_at_once_and_the_others_come_again() {
    // A busy machine sends the rest late.
    let world = World::new().quiet().set("events.public_url", EVENTS).set("http.body_timeout_ms", 60_000);
    let daemon = world.daemon();
    let mut begun: Vec<TcpStream> = (0..16).map(|_| begun(&world, &daemon)).collect();
    eventually("no place is left", || send(&world, &daemon, JSON, b"[]").status == 503);
    let told = send(&world, &daemon, JSON, b"[]");
    assert!(told.headers.contains_key("retry-after"), "{told:?}");
    told.problem(503, "unavailable");
    // Strangers take none of them, and are refused as ever.
    daemon.send("POST", PATH, &[("Content-Type", JSON)], Some(b"[]")).problem(403, "forbidden");
    for stream in &mut begun {
        stream.write_all(b"]").expect("it listens still");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    eventually("there is room again", || send(&world, &daemon, JSON, b"[]").status == 200);
}

#[test]
fn a_reload_changes_where_events_are_taken() {
    let world = World::new().quiet();
    // What a process was given directly stays: the address comes from a file.
    let file = std::env::temp_dir().join(format!("callbunker-events-{}", world.database.name()));
    std::fs::write(&file, "https://elsewhere.example.com/twilio/events").expect("a file");
    let world = world.set("EVENTS_PUBLIC_URL_FILE", file.display());
    let daemon = world.daemon();
    send(&world, &daemon, JSON, b"[]").problem(403, "forbidden");
    std::fs::write(&file, EVENTS).expect("a file");
    daemon.signal(nix::sys::signal::Signal::SIGHUP);
    eventually("it is taken there", || send(&world, &daemon, JSON, b"[]").status == 200);
    // What Twilio could not deliver there comes again, signed over the former address.
    std::fs::write(&file, "https://elsewhere.example.com/twilio/events").expect("a file");
    let reloads = || crate::attachments::told(&daemon, "the configuration was reloaded").len();
    let before = reloads();
    daemon.signal(nix::sys::signal::Signal::SIGHUP);
    eventually("it was reloaded", || reloads() > before);
    assert_eq!(send(&world, &daemon, JSON, b"[]").status, 200);
    let _ = std::fs::remove_file(&file);
}

#[test]
fn a_token_beside_an_api_key_changes_with_a_reload() {
    let world = World::new().quiet().set("events.public_url", EVENTS);
    let file = std::env::temp_dir().join(format!("callbunker-token-{}", world.database.name()));
    std::fs::write(&file, "the account's next token").expect("a file");
    let (key, secret) = (world.twilio.api_key_sid().to_owned(), world.twilio.api_key_secret().to_owned());
    let world = world
        .set("TWILIO_API_KEY_SID", key)
        .set("TWILIO_API_KEY_SECRET", secret)
        .set("TWILIO_AUTH_TOKEN", "")
        .set("TWILIO_AUTH_TOKEN_FILE", file.display());
    let daemon = world.daemon();
    send(&world, &daemon, JSON, b"[]").problem(403, "forbidden");
    std::fs::write(&file, world.twilio.auth_token()).expect("a file");
    daemon.signal(nix::sys::signal::Signal::SIGHUP);
    eventually("it verifies", || send(&world, &daemon, JSON, b"[]").status == 200);
    let told = crate::attachments::told(&daemon, "the configuration was reloaded");
    assert_eq!((&told[0]["changed"], &told[0]["needs_restart"]), (&json!("TWILIO_AUTH_TOKEN"), &json!("")));
    // What it signed before is nobody's.
    let (path, signature) = signed(b"[]", "the account's next token");
    let headers = [("Content-Type", JSON), ("X-Twilio-Signature", signature.as_str())];
    daemon.send("POST", &path, &headers, Some(b"[]")).problem(403, "forbidden");
    let _ = std::fs::remove_file(&file);
}
