//! Too many wrong keys, and too many orders.

use serde_json::json;

use crate::world::browser::{Browser, FORM, HTML, form, login_with};
use crate::world::daemon::{Daemon, Reply};
use crate::world::{ADMIN_KEY, SIGNUP_KEY, World, eventually};

const STATUS: &str = "/admin/phones/api/status";

/// Asks for the status through a trusted proxy, for somebody at `address`.
fn ask(daemon: &Daemon, address: &str, key: Option<&str>) -> Reply {
    let mut headers = vec![("X-Forwarded-For", address)];
    headers.extend(key.map(|key| ("X-Admin-API-Key", key)));
    daemon.send("GET", STATUS, &headers, None)
}

fn is_limited(reply: Reply) {
    let after: u64 = reply.headers["retry-after"].parse().expect("seconds");
    assert!((1..=60).contains(&after), "{reply:?}");
    reply.problem(429, "rate_limited");
}

#[test]
fn after_twenty_wrong_keys_an_address_gets_in_with_a_right_one_only() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let send = |path: &str, headers: &[(&str, &str)]| daemon.send("GET", path, headers, None);
    for _missing in 0..30 {
        send(STATUS, &[]).problem(401, "unauthorized");
    }
    // Wherever the key stands, and whatever it should have opened.
    for wrong in 0..20 {
        match wrong % 4 {
            0 => send(STATUS, &[("X-Admin-API-Key", "nobody")]),
            1 => send(STATUS, &[("Authorization", "Bearer nobody")]),
            2 => send(&format!("{STATUS}?api_key=nobody"), &[]),
            _ => send("/signup/api/assignments/u-1", &[("X-Admin-API-Key", "nobody")]),
        }
        .problem(401, "unauthorized");
    }
    is_limited(send(STATUS, &[("X-Admin-API-Key", "nobody")]));
    is_limited(send(STATUS, &[]));
    is_limited(send("/signup/api/assignments/u-1", &[]));
    daemon.get(STATUS).ok();
    assert_eq!(daemon.signup("/signup/api/release", &json!({"user_id": "u-1"})).status, 404);
    send("/healthz", &[]).ok();
    send("/readyz", &[]).ok();
    assert_eq!(send("/admin/login", &[]).status, 200, "the way to a right key stays open");
    Browser::logged_in(&daemon, ADMIN_KEY).get(&daemon, STATUS).ok();
}

#[test]
fn wrong_logins_and_wrong_keys_count_together() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    for _wrong in 0..10 {
        login_with(&daemon, &[("api_key", "nobody")], &[]).problem(401, "unauthorized");
        daemon.send("GET", STATUS, &[("X-Admin-API-Key", "nobody")], None).problem(401, "unauthorized");
    }
    is_limited(login_with(&daemon, &[("api_key", "nobody")], &[]));
    is_limited(login_with(&daemon, &[], &[]));
    is_limited(daemon.send("GET", STATUS, &[], None));
    let page = login_with(&daemon, &[("api_key", "nobody")], &[HTML]);
    assert_eq!((page.status, page.headers["content-type"].as_str()), (429, "text/html; charset=utf-8"));
    assert!(page.headers.contains_key("retry-after"), "{page:?}");
    Browser::logged_in(&daemon, ADMIN_KEY).get(&daemon, STATUS).ok();
}

#[test]
fn behind_a_trusted_proxy_the_forwarded_address_counts_and_others_are_unharmed() {
    let world = World::new().quiet().set("http.trusted_proxies", "127.0.0.0/8");
    let daemon = world.daemon();
    for host in 0..20 {
        ask(&daemon, "198.51.100.1", Some("nobody")).problem(401, "unauthorized");
        // One customer's IPv6 addresses are one.
        ask(&daemon, &format!("2001:db8:0:1::{host:x}"), Some("nobody")).problem(401, "unauthorized");
    }
    for limited in ["198.51.100.1", "203.0.113.9, 198.51.100.1", "2001:db8:0:1:ffff::1"] {
        is_limited(ask(&daemon, limited, Some("nobody")));
        is_limited(ask(&daemon, limited, None));
        ask(&daemon, limited, Some(ADMIN_KEY)).ok();
    }
    for unharmed in ["198.51.100.2", "2001:db8:0:2::1", "198.51.100.1, 203.0.113.9"] {
        ask(&daemon, unharmed, Some("nobody")).problem(401, "unauthorized");
        ask(&daemon, unharmed, None).problem(401, "unauthorized");
    }
}

#[test]
fn an_address_that_nobody_vouches_for_is_not_believed() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    for host in 0..20 {
        ask(&daemon, &format!("198.51.100.{host}"), Some("nobody")).problem(401, "unauthorized");
    }
    is_limited(ask(&daemon, "198.51.100.99", Some("nobody")));
}

#[test]
fn orders_have_a_generous_limit_for_each_key() {
    let world = World::new().quiet().set("ADMIN_API_KEY", format!("{ADMIN_KEY},another-admin-key-0123"));
    let daemon = world.daemon();
    let cron = |key: &str| daemon.send("POST", "/admin/phones/cron/auto-replenish", &[("X-Admin-API-Key", key)], None);
    // Whatever the machine's speed: a request takes less than the half second after which one more is allowed.
    let answers: Vec<Reply> = std::thread::scope(|scope| {
        let asking: Vec<_> =
            (0..8).map(|_| scope.spawn(|| (0..40).map(|_| cron(ADMIN_KEY)).collect::<Vec<_>>())).collect();
        asking.into_iter().flat_map(|thread| thread.join().expect("answers")).collect()
    });
    let good = answers.iter().filter(|reply| reply.status == 200).count();
    assert!((120..320).contains(&good), "{good} of 320");
    let refused = answers.into_iter().find(|reply| reply.status != 200).expect("somebody is refused");
    is_limited(refused);
    cron("another-admin-key-0123").ok();
    daemon.post_empty("/admin/phones/api/replenish").ok();
    daemon.get(STATUS).ok();
    assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1);
    assert_eq!(cron(SIGNUP_KEY).status, 403);
}

#[test]
fn whoever_opens_a_page_is_led_to_the_login_whatever_their_neighbours_did() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let dashboard = "/admin/phones/dashboard";
    for wrong in 0..25 {
        let reply = ask(&daemon, "198.51.100.1", Some("nobody"));
        assert_eq!(reply.status, if wrong < 20 { 401 } else { 429 });
    }
    for headers in [&[HTML][..], &[], &[HTML, ("X-Forwarded-For", "198.51.100.2")]] {
        let led = daemon.send("GET", dashboard, headers, None);
        assert_eq!(led.status, 303, "{led:?}");
        assert!(led.headers["location"].starts_with("/admin/login"), "{led:?}");
        let led = daemon.send("POST", &format!("{dashboard}/acts/pause"), &[headers, &[FORM]].concat(), Some(b"x=1"));
        assert_eq!(led.status, 303, "{led:?}");
    }
    // A wrong key that somebody shows is one more.
    is_limited(daemon.send("GET", dashboard, &[("X-Admin-API-Key", "nobody")], None));
    is_limited(daemon.send("GET", STATUS, &[], None));
}

#[test]
fn a_proxy_that_nobody_declared_is_named_once() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let told = |daemon: &Daemon| {
        let log = daemon.log_text();
        log.lines().filter(|line| line.contains("http.trusted_proxies")).map(str::to_owned).collect::<Vec<_>>()
    };
    for host in 0..10 {
        assert_eq!(ask(&daemon, &format!("198.51.100.{host}"), None).status, 401);
    }
    eventually("it is told", || !told(&daemon).is_empty());
    daemon.send("GET", STATUS, &[("X-Request-Id", "the-last-one")], None);
    eventually("all is logged", || daemon.log_text().contains("the-last-one"));
    let lines = told(&daemon);
    assert!(lines.len() == 1 && lines[0].contains("127.0.0.1") && !lines[0].contains("198.51.100"), "{lines:?}");
    daemon.stop();
    let world = world.set("http.trusted_proxies", "127.0.0.0/8");
    let daemon = world.daemon();
    ask(&daemon, "198.51.100.1", None);
    daemon.send("GET", STATUS, &[("X-Request-Id", "the-last-one")], None);
    eventually("all is logged", || daemon.log_text().contains("the-last-one"));
    assert_eq!(told(&daemon), Vec::<String>::new());
}

#[test]
fn forms_that_no_page_of_ours_sent_use_up_nobodys_orders() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let browser = Browser::logged_in(&daemon, ADMIN_KEY);
    let act = "/admin/phones/dashboard/acts/resume";
    // More than the budget, and all at once: it comes back by two a second.
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..40 {
                    browser.post(&daemon, act, &[FORM], "csrf_token=guessed").problem(403, "forbidden");
                }
            });
        }
    });
    let done = browser.post(&daemon, act, &[FORM], &form(&[("csrf_token", &browser.csrf())]));
    assert_eq!(done.status, 303, "{done:?}");
    assert!(
        done.headers["set-cookie"].starts_with("callbunker_said=%2B")
            || done.headers["set-cookie"].starts_with("callbunker_said=+"),
        "{done:?}"
    );
}
