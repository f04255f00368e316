//! What needed a key is for whoever has it: no cache keeps it, and no cookie of ours goes over a plain connection.

use serde_json::json;
use twilio_simulator::On;

use crate::world::browser::{Browser, FORM, HTML, form, login_with};
use crate::world::daemon::Reply;
use crate::world::{ADMIN_KEY, SIGNUP_KEY, World, eventually};

#[track_caller]
fn is_private(reply: &Reply) {
    for (name, value) in [("cache-control", "no-store"), ("x-content-type-options", "nosniff")] {
        assert_eq!(reply.headers.get(name).map(String::as_str), Some(value), "{reply:?}");
    }
}

#[test]
fn no_cache_keeps_what_needed_a_key_and_nobody_guesses_its_type() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let browser = Browser::logged_in(&daemon, ADMIN_KEY);
    let description = daemon.send("GET", "/openapi.json", &[], None).ok();
    let paths: Vec<String> = description["paths"].as_object().expect("paths").keys().cloned().collect();
    let mut asked = 0;
    for path in paths.iter().filter(|path| path.starts_with("/admin/") || path.starts_with("/signup/")) {
        let path = path.replace("{phone_number}", "%2B14155550123").replace("{user_id}", "u-1");
        let path = path.replace("{id}", "0190d6a2-0000-7000-8000-000000000000");
        if path.ends_with("/events") {
            continue;
        }
        for method in ["GET", "HEAD", "POST"] {
            for headers in [&[][..], &[("X-Admin-API-Key", ADMIN_KEY)], &[("X-Admin-API-Key", SIGNUP_KEY), HTML]] {
                let body = (method == "POST").then_some(&b"not json"[..]);
                is_private(&daemon.send(method, &path, headers, body));
                asked += 1;
            }
        }
    }
    assert!(asked > 150, "{asked}");
    is_private(&daemon.assign("u-1"));
    is_private(&daemon.post("/admin/phones/api/purchase", &json!({"count": 1})));
    for page in ["", "/search?q=u-1", "/search", "/numbers", "/chart?hours=24", "/acts/pause"] {
        is_private(&browser.get(&daemon, &format!("/admin/phones/dashboard{page}")));
        is_private(&daemon.send("GET", &format!("/admin/phones/dashboard{page}"), &[HTML], None));
    }
    is_private(&browser.get(&daemon, "/admin/login"));
    is_private(&browser.post(&daemon, "/admin/logout", &[FORM], &form(&[("csrf_token", &browser.csrf())])));
    is_private(&login_with(&daemon, &[("api_key", ADMIN_KEY)], &[]));
    is_private(&daemon.send("GET", "/metrics", &[], None));
    is_private(&daemon.send("GET", "/metrics", &[("Via", "1.1 x"), ("X-Admin-API-Key", ADMIN_KEY)], None));
}

#[test]
fn a_callers_own_number_is_kept_nowhere() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(2).ok();
    let own = "+12065550123";
    daemon.signup("/signup/api/assign", &json!({"user_id": "u-1", "near": own})).ok();
    // With the other key, which is written down, and where it is refused.
    let body = json!({"user_id": "u-2", "near": own, "pool": "nowhere"});
    let key = ("X-Admin-API-Key", ADMIN_KEY);
    daemon.post_with("/signup/api/assign", &body, &[key]).problem(422, "invalid_field");
    daemon.post_with("/signup/api/assign", &json!({"user_id": "u-2", "near": own}), &[key]).ok();
    assert_eq!(world.count("SELECT count(*) FROM leases WHERE user_id IS NOT NULL"), 2);
    eventually("the trail is written", || world.count("SELECT count(*) FROM audit") > 0);
    let kept_nowhere = || {
        let tables = world.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'callbunker'");
        for table in tables.lines() {
            let digits = own.trim_start_matches('+');
            let found = world.sql(&format!("SELECT count(*) FROM {table} t WHERE t::text LIKE '%{digits}%'"));
            assert_eq!(found, "0", "{table}");
        }
        assert!(!daemon.log_text().contains("2065550123"), "{}", daemon.log_text());
    };
    kept_nowhere();
    // Nor while somebody waits for one to be bought, and nor when it is.
    world.twilio.set_latency_on(On::Create, std::time::Duration::from_secs(4));
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| {
            let body = json!({"user_id": "u-3", "near": own});
            daemon.post_with("/signup/api/assign", &body, &[key])
        });
        eventually("they wait", || world.count("SELECT count(*) FROM waiters WHERE area_code = '206'") == 1);
        kept_nowhere();
        waits.join().unwrap();
    });
    kept_nowhere();
}

#[test]
fn every_cookie_is_secure_by_one_rule() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let act = "/admin/phones/dashboard/acts/pause";
    for sign in [
        None,
        Some(("X-Forwarded-For", "198.51.100.1")),
        Some(("Forwarded", "for=x")),
        Some(("Via", "1.1 proxy")),
        Some(("X-Real-IP", "198.51.100.1")),
        Some(("CF-Connecting-IP", "198.51.100.1")),
    ] {
        let with = |more: &[(&'static str, &str)]| -> Vec<(String, String)> {
            more.iter().copied().chain(sign).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        };
        let send = |method: &str, path: &str, headers: &[(String, String)], body: &str| {
            let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
            daemon.send(method, path, &headers, (method == "POST").then_some(body.as_bytes()))
        };
        let welcome = send("POST", "/admin/login", &with(&[FORM, HTML]), &form(&[("api_key", ADMIN_KEY)]));
        let browser = Browser::of(&welcome);
        let (cookie, fields) = (browser.cookie(), form(&[("csrf_token", &browser.csrf()), ("reason", "lunch")]));
        let done = send("POST", act, &with(&[FORM, ("Cookie", &cookie)]), &fields);
        let said = done.headers["set-cookie"].split(';').next().expect("a cookie").to_owned();
        assert!(said.starts_with("callbunker_said="), "{done:?}");
        let both = format!("{cookie}; {said}");
        let shown = send("GET", "/admin/phones/dashboard", &with(&[HTML, ("Cookie", &both)]), "");
        assert!(shown.headers["set-cookie"].starts_with("callbunker_said=;"), "{shown:?}");
        let bye = send("POST", "/admin/logout", &with(&[FORM, ("Cookie", &cookie)]), &fields);
        for reply in [&welcome, &done, &shown, &bye] {
            let set = &reply.headers["set-cookie"];
            assert!(set.contains("; HttpOnly; SameSite=Strict"), "{set}");
            assert_eq!(set.ends_with("; Secure"), sign.is_some(), "{sign:?}: {set}");
        }
    }
}
