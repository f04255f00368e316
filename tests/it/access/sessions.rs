//! Logging in, what the cookie opens, and what ends it.

use std::path::PathBuf;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::world::browser::{Browser, FORM, HTML, form, login, login_with};
use crate::world::daemon::Reply;
use crate::world::raw::text;
use crate::world::session::Session;
use crate::world::{ADMIN_KEY, SIGNUP_KEY, World, eventually};

const STATUS: &str = "/admin/phones/api/status";
const PAUSE: &str = "/admin/phones/api/pause";
const DASHBOARD: &str = "/admin/phones/dashboard";

/// The answer without what differs by nature.
fn essence(reply: &Reply) -> (u16, Vec<(String, String)>, String) {
    let mut headers = reply.headers.clone();
    for name in ["x-request-id", "date"] {
        assert!(headers.remove(name).is_some(), "{reply:?}");
    }
    (reply.status, headers.into_iter().collect(), reply.body.to_string())
}

#[test]
fn the_login_form_is_a_plain_page_that_no_other_site_can_use() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let page = daemon.send("GET", "/admin/login", &[], None);
    assert_eq!(page.status, 200);
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("x-content-type-options", "nosniff"),
        // Under no-referrer a browser sends `Origin: null` with the form, which is refused.
        ("referrer-policy", "same-origin"),
        ("x-frame-options", "DENY"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(page.headers[name], value, "{name}");
    }
    let policy = &page.headers["content-security-policy"];
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self'"), "{policy}");
    let html = page.body.as_str().expect("a page").to_lowercase();
    assert!(
        html.contains("<form method=\"post\" action=\"/admin/login\">") && html.contains("name=\"api_key\""),
        "{html}"
    );
    for inline in ["<script", "<style", "style=", "onload", "javascript:"] {
        assert!(!html.contains(inline), "{inline}");
    }
}

#[test]
fn who_logs_in_gets_a_cookie_that_opens_the_admin_api() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let welcome = login(&daemon, &[("api_key", ADMIN_KEY)]);
    assert_eq!((welcome.status, welcome.headers["location"].as_str()), (303, DASHBOARD), "{welcome:?}");
    let cookie = &welcome.headers["set-cookie"];
    let browser = Browser::of(&welcome);
    assert!(browser.token.len() == 128 && browser.token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{cookie}");
    let attributes: Vec<&str> = cookie.split("; ").skip(1).collect();
    assert_eq!(attributes, ["Path=/", "Max-Age=43200", "HttpOnly", "SameSite=Strict"], "on loopback, without a proxy");
    assert_eq!(browser.get(&daemon, STATUS).ok()["available"], 0);
    assert_eq!(browser.call(&daemon, PAUSE, r#"{"reason":"lunch"}"#).ok()["paused"]["reason"], "lunch");
    let again = browser.get(&daemon, "/admin/login");
    assert_eq!((again.status, again.headers["location"].as_str()), (303, DASHBOARD), "logged in already");
    assert_ne!(Browser::logged_in(&daemon, ADMIN_KEY).token, browser.token);
    // A copy of the database opens nothing.
    let stored = world.sql("SELECT s::text FROM sessions s");
    assert!(!stored.contains(&browser.token) && !stored.contains(&browser.csrf()) && !stored.contains(ADMIN_KEY));
    let hash = stored.split(['(', ',']).nth(1).expect("the hash").to_owned();
    for made_of_it in [hash.clone(), hash.repeat(2), browser.token[..64].to_owned() + hash.as_str()] {
        assert_eq!(Browser { token: made_of_it }.get(&daemon, STATUS).status, 401);
    }
    assert!(!daemon.log_text().contains(&browser.token));
}

#[test]
fn the_cookie_is_secure_unless_the_browser_is_on_this_machine() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    for forwarded in [
        ("X-Forwarded-For", "198.51.100.1"),
        ("X-Forwarded-Proto", "https"),
        ("Forwarded", "for=x"),
        ("X-Real-IP", "198.51.100.1"),
        ("Via", "1.1 x"),
        ("CF-Connecting-IP", "198.51.100.1"),
        ("Host", "ops.example.com"),
    ] {
        let welcome = login_with(&daemon, &[("api_key", ADMIN_KEY)], &[HTML, forwarded]);
        assert!(welcome.headers["set-cookie"].ends_with("; HttpOnly; SameSite=Strict; Secure"), "{welcome:?}");
    }
}

#[test]
fn whoever_logs_in_over_plain_http_from_elsewhere_learns_why_no_session_is_kept() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let cookies = |headers: &str| {
        let body = form(&[("api_key", ADMIN_KEY)]);
        let head = "POST /admin/login HTTP/1.1\nConnection: close\nContent-Type: application/x-www-form-urlencoded";
        let answer = text(&daemon, &format!("{head}\nContent-Length: {}\n{headers}\n\n{body}", body.len()));
        assert!(answer.starts_with("HTTP/1.1 303 "), "{answer}");
        let lines = answer.lines().filter_map(|line| line.strip_prefix("set-cookie: callbunker_"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let marker = "in=1; Path=/admin/login; Max-Age=60; HttpOnly; SameSite=Strict";
    for host in ["10.0.0.1:8080", "callbunker.lan"] {
        let set = cookies(&format!("Host: {host}\nOrigin: http://{host}"));
        assert!(set[0] == marker && set[1].starts_with("session=") && set[1].ends_with("; Secure"), "{set:?}");
    }
    for headers in [
        "Host: ops.example.com\nOrigin: https://ops.example.com",
        "Host: 127.0.0.1:8080\nOrigin: http://127.0.0.1:8080",
        "Host: ops.example.com",
    ] {
        let set = cookies(headers);
        assert!(set.len() == 1 && set[0].starts_with("session="), "{headers}: {set:?}");
    }
    // Without the session's cookie, which the browser did not keep.
    let lost =
        daemon.send("GET", "/admin/login?next=/admin/phones/dashboard", &[HTML, ("Cookie", "callbunker_in=1")], None);
    assert!(lost.body.as_str().is_some_and(|html| html.contains("cookie needs https here")), "{lost:?}");
    assert!(
        lost.headers["set-cookie"].starts_with("callbunker_in=; Path=/admin/login; Max-Age=0;"),
        "said once: {lost:?}"
    );
    let stranger = daemon.send("GET", "/admin/login", &[HTML], None);
    assert!(stranger.body.as_str().is_some_and(|html| !html.contains("https here")), "{stranger:?}");
}

#[test]
fn an_empty_a_missing_and_a_wrong_key_get_the_same_answer() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    for headers in [&[HTML][..], &[]] {
        let answers: Vec<_> = [
            &[("api_key", "nobody-0123456789")][..],
            &[("api_key", &ADMIN_KEY[1..])],
            &[("api_key", "")],
            &[("key", ADMIN_KEY)],
            &[],
        ]
        .into_iter()
        .map(|fields| essence(&login_with(&daemon, fields, headers)))
        .collect();
        assert_eq!(answers[0].0, 401);
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
        assert!(answers[0].1.iter().all(|(name, _)| name != "set-cookie"), "{answers:#?}");
    }
    let page = login(&daemon, &[("api_key", "x"), ("next", DASHBOARD)]);
    assert!(page.body.as_str().is_some_and(|html| html.contains(&format!("value=\"{DASHBOARD}\""))), "{page:?}");
    login_with(&daemon, &[("api_key", SIGNUP_KEY)], &[]).problem(403, "forbidden");
    assert_eq!(login(&daemon, &[("api_key", SIGNUP_KEY)]).status, 403);
    assert_eq!(world.count("SELECT count(*) FROM sessions"), 0);
}

#[test]
fn the_login_leads_on_to_pages_of_ours_only() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let goes_to = |next: &str| {
        let welcome = login(&daemon, &[("api_key", ADMIN_KEY), ("next", next)]);
        (welcome.status, welcome.headers["location"].clone())
    };
    assert_eq!(goes_to("/admin/phones/dashboard?tab=audit"), (303, "/admin/phones/dashboard?tab=audit".to_owned()));
    for elsewhere in
        ["https://evil.example/admin/", "//evil.example/admin/", "/signup/", "/admin/\\evil.example", "/admin/login"]
    {
        assert_eq!(goes_to(elsewhere), (303, DASHBOARD.to_owned()), "{elsewhere}");
    }
    // What a link puts into the form is text there.
    let page = daemon.send("GET", "/admin/login?next=/admin/%22%3E%3Cscript%3E", &[], None);
    assert!(page.body.as_str().is_some_and(|html| !html.contains("<script")), "{page:?}");
}

#[test]
fn a_login_that_another_site_sends_is_refused() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    for header in [("Origin", "https://evil.example"), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site")] {
        login_with(&daemon, &[("api_key", ADMIN_KEY)], &[header]).problem(403, "forbidden");
    }
    assert_eq!(world.count("SELECT count(*) FROM sessions"), 0);
    let ours = [HTML, ("Origin", daemon.url.as_str()), ("Sec-Fetch-Site", "same-origin")];
    assert_eq!(login_with(&daemon, &[("api_key", ADMIN_KEY)], &ours).status, 303);
    // A browser that does not send Sec-Fetch-Site.
    assert_eq!(login_with(&daemon, &[("api_key", ADMIN_KEY)], &ours[..2]).status, 303);
}

#[test]
fn a_session_acts_only_with_its_token_and_from_our_pages() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let (browser, other) = (Browser::logged_in(&daemon, ADMIN_KEY), Browser::logged_in(&daemon, ADMIN_KEY));
    let (mine, others) = (browser.csrf(), other.csrf());
    for headers in [
        &[][..],
        &[("X-CSRF-Token", "")],
        &[("X-CSRF-Token", others.as_str())],
        &[("X-CSRF-Token", browser.token.as_str())],
        &[("X-CSRF-Token", mine.as_str()), ("Origin", "https://evil.example")],
        &[("X-CSRF-Token", mine.as_str()), ("Sec-Fetch-Site", "same-site")],
    ] {
        let refused = browser.post(&daemon, PAUSE, headers, "").problem(403, "forbidden");
        assert!(refused["detail"].as_str().is_some_and(|text| text.contains("CSRF") || text.contains("another site")));
    }
    // A form's field counts where forms are taken, and only there.
    let field = form(&[("csrf_token", &mine)]);
    browser.post(&daemon, "/admin/phones/cron/auto-replenish", &[FORM], &field).problem(403, "forbidden");
    assert_eq!(daemon.status()["paused"], json!(null));
    assert_eq!(world.sql("SELECT count(*) FROM passes"), "0");
    browser.call(&daemon, PAUSE, "").ok();
    daemon.post_with(PAUSE, &json!({}), &[("Origin", "https://evil.example")]).ok();
}

#[test]
fn logging_out_ends_the_session_at_once_and_no_other() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let (browser, other) = (Browser::logged_in(&daemon, ADMIN_KEY), Browser::logged_in(&daemon, ADMIN_KEY));
    browser.post(&daemon, "/admin/logout", &[FORM], "").problem(403, "forbidden");
    browser.get(&daemon, STATUS).ok();
    let bye = browser.post(&daemon, "/admin/logout", &[FORM], &form(&[("csrf_token", &browser.csrf())]));
    assert_eq!((bye.status, bye.headers["location"].as_str()), (303, "/admin/login"));
    assert!(bye.headers["set-cookie"].starts_with("callbunker_session=; Path=/; Max-Age=0;"), "{bye:?}");
    browser.get(&daemon, STATUS).problem(401, "unauthorized");
    other.get(&daemon, STATUS).ok();
    // A new login in the same browser ends the old session.
    let cookie = other.cookie();
    let next = Browser::of(&login_with(&daemon, &[("api_key", ADMIN_KEY)], &[HTML, ("Cookie", &cookie)]));
    other.get(&daemon, STATUS).problem(401, "unauthorized");
    next.get(&daemon, STATUS).ok();
}

#[test]
fn a_session_ends_after_thirty_idle_minutes_and_after_twelve_hours() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let browser = Browser::logged_in(&daemon, ADMIN_KEY);
    let age = |column: &str, by: &str| world.sql(&format!("UPDATE sessions SET {column} = {column} - interval '{by}'"));
    // Use moves the end on, though not with a write each time.
    age("last_seen_at", "29 minutes");
    browser.get(&daemon, STATUS).ok();
    assert_eq!(world.count("SELECT count(*) FROM sessions WHERE last_seen_at > now() - interval '1 minute'"), 1);
    age("last_seen_at", "30 seconds");
    let before = world.sql("SELECT last_seen_at FROM sessions");
    browser.get(&daemon, STATUS).ok();
    assert_eq!(world.sql("SELECT last_seen_at FROM sessions"), before);
    age("last_seen_at", "30 minutes");
    browser.get(&daemon, STATUS).problem(401, "unauthorized");
    let browser = Browser::logged_in(&daemon, ADMIN_KEY);
    age("expires_at", "719 minutes");
    browser.get(&daemon, STATUS).ok();
    age("expires_at", "2 minutes");
    browser.get(&daemon, STATUS).problem(401, "unauthorized");
    // Nobody needs their rows any more.
    daemon.stop();
    let daemon = world.daemon();
    eventually("expired sessions are forgotten", || world.count("SELECT count(*) FROM sessions") == 0);
    daemon.stop();
}

#[test]
fn what_an_open_page_asks_by_itself_keeps_no_session_alive() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let browser = Browser::logged_in(&daemon, ADMIN_KEY);
    let age =
        |by: &str| world.sql(&format!("UPDATE sessions SET last_seen_at = last_seen_at - interval '{by} minutes'"));
    let last_seen = || world.sql("SELECT last_seen_at FROM sessions");
    let chart = "/admin/phones/dashboard/chart?hours=24";
    let by_itself = |path: &str| daemon.send("GET", path, &[("Cookie", &browser.cookie()), ("X-By-Itself", "1")], None);
    age("20");
    let before = last_seen();
    browser.get(&daemon, chart).ok();
    assert!(by_itself(DASHBOARD).body.as_str().is_some_and(|page| page.contains("Available pool")));
    let cookie = browser.cookie();
    let stream = crate::world::raw::connect(&daemon);
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(&stream));
    std::io::Write::write_all(
        &mut (&stream),
        format!("GET /admin/phones/api/events HTTP/1.1\r\nHost: t\r\nCookie: {cookie}\r\n\r\n").as_bytes(),
    )
    .expect("a request");
    assert_eq!(lines.next().expect("an answer").expect("a line"), "HTTP/1.1 200 OK");
    assert_eq!(last_seen(), before, "an open page kept the session alive");
    // A person does.
    browser.get(&daemon, DASHBOARD);
    assert_ne!(last_seen(), before);
    age("31");
    browser.get(&daemon, chart).problem(401, "unauthorized");
    assert_eq!(by_itself(DASHBOARD).status, 303, "the login is next");
}

#[test]
fn a_session_counts_on_every_instance_and_after_a_restart() {
    let world = World::new().quiet();
    let (one, two) = (world.daemon(), world.daemon());
    let browser = Browser::logged_in(&one, ADMIN_KEY);
    browser.call(&two, PAUSE, "").ok();
    one.kill9();
    two.stop();
    let three = world.daemon();
    browser.get(&three, STATUS).ok();
    browser.call(&three, "/admin/phones/api/resume", "").ok();
}

#[test]
fn a_session_ends_with_its_key_and_does_not_come_back_with_it() {
    let world = World::new().quiet();
    let keys: PathBuf = std::env::temp_dir().join(format!("callbunker-keys-{}", world.database.name()));
    let write = |text: &str| std::fs::write(&keys, text).expect("a file");
    let second = "second-admin-key-0123";
    write(&format!("{ADMIN_KEY},{second}"));
    let world = world.set("ADMIN_API_KEY", "").set("ADMIN_API_KEY_FILE", keys.display());
    let daemon = world.daemon();
    let (stays, goes) = (Browser::logged_in(&daemon, ADMIN_KEY), Browser::logged_in(&daemon, second));
    goes.get(&daemon, STATUS).ok();
    write(ADMIN_KEY);
    daemon.signal(Signal::SIGHUP);
    eventually("the session ended", || goes.get(&daemon, STATUS).status == 401);
    stays.get(&daemon, STATUS).ok();
    eventually("its row is gone", || world.count("SELECT count(*) FROM sessions") == 1);
    write(&format!("{ADMIN_KEY},{second}"));
    daemon.signal(Signal::SIGHUP);
    eventually("the key is back", || daemon.send("GET", STATUS, &[("X-Admin-API-Key", second)], None).status == 200);
    goes.get(&daemon, STATUS).problem(401, "unauthorized");
    let _ = std::fs::remove_file(&keys);
}

#[test]
fn a_cookie_that_is_none_of_ours_opens_nothing_and_a_wrong_key_is_not_saved_by_a_good_one() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    for token in ["", "x", "' OR true --", &"0".repeat(64), &"f".repeat(100_000 / 10)] {
        Browser { token: token.to_owned() }.get(&daemon, STATUS).problem(401, "unauthorized");
    }
    // Who sends the token of a session that has ended, again and again, is not worth a look at the database.
    let ended = Browser::logged_in(&daemon, ADMIN_KEY);
    ended.get(&daemon, STATUS).ok();
    let row = world.sql("DELETE FROM sessions RETURNING token_hash, key_fingerprint");
    ended.get(&daemon, STATUS).problem(401, "unauthorized");
    let (hash, key) = row.lines().next().and_then(|line| line.split_once('|')).expect("its row");
    world.sql(&format!(
        "INSERT INTO sessions (token_hash, key_fingerprint, address, expires_at)
         VALUES ('{hash}', '{key}', 'x', now() + interval '1 hour')"
    ));
    ended.get(&daemon, STATUS).problem(401, "unauthorized");
    let browser = Browser::logged_in(&daemon, ADMIN_KEY);
    let cookie = browser.cookie();
    let both = [("Cookie", cookie.as_str()), ("X-Admin-API-Key", "nobody")];
    daemon.send("GET", STATUS, &both, None).problem(401, "unauthorized");
}

#[test]
fn a_made_up_cookie_asks_nothing_of_the_database_and_counts_as_a_wrong_key() {
    let second = "second-admin-key-0123";
    let world = World::new().quiet().set("ADMIN_API_KEY", format!("{ADMIN_KEY},{second}"));
    let (one, two) = (world.daemon(), world.daemon());
    let browsers = [Browser::logged_in(&one, ADMIN_KEY), Browser::logged_in(&one, second)];
    let token = &browsers[0].token;
    let made_up = [
        "x".to_owned(),
        "0".repeat(64),
        "0".repeat(128),
        token[..64].to_owned(),
        token[..64].to_owned() + &browsers[1].token[64..],
        token[64..].to_owned() + &token[..64],
    ];
    // Whoever looks for a session from here on waits until they give up.
    let sessions = Session::open(&world, "LOCK TABLE callbunker.sessions IN ACCESS EXCLUSIVE MODE");
    for attempt in 0..20 {
        let stranger = Browser { token: made_up[attempt % made_up.len()].clone() };
        stranger.get(&one, STATUS).problem(401, "unauthorized");
    }
    let stranger = Browser { token: made_up[0].clone() };
    assert!(stranger.get(&one, STATUS).headers.contains_key("retry-after"));
    stranger.post(&one, PAUSE, &[("X-CSRF-Token", "x")], "").problem(429, "rate_limited");
    stranger.get(&one, STATUS).problem(429, "rate_limited");
    assert_eq!(stranger.get(&one, DASHBOARD).status, 303, "the way to the login stays open");
    assert_eq!(stranger.get(&one, "/admin/login").status, 200);
    assert_eq!(stranger.get(&one, "/metrics").status, 200, "a neighbour needs none");
    drop(sessions);
    for browser in &browsers {
        browser.get(&one, STATUS).ok();
        browser.get(&two, STATUS).ok();
    }
}
