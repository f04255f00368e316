//! Who did what, from where, with which result: for every admin call, for ever unchanged, and without a secret.

use serde_json::{Value, json};

use crate::world::browser::{Browser, FORM, form, login, login_with};
use crate::world::daemon::Daemon;
use crate::world::shape::shape;
use crate::world::{ADMIN_KEY, SIGNUP_KEY, World, eventually};

const AUDIT: &str = "/admin/phones/api/audit";
const PAUSE: &str = "/admin/phones/api/pause";
const STATUS: &str = "/admin/phones/api/status";

fn fingerprint(key: &str) -> String {
    callbunker::access::Fingerprint::of(key.as_bytes()).to_string()
}

fn trail(daemon: &Daemon) -> Vec<Value> {
    daemon.get(&format!("{AUDIT}?limit=200")).ok()["items"].as_array().expect("the envelope").clone()
}

/// The newest row of an action.
#[track_caller]
fn newest(daemon: &Daemon, action: &str) -> Value {
    let rows = trail(daemon);
    rows.iter().find(|row| row["action"] == action).unwrap_or_else(|| panic!("no {action}: {rows:#?}")).clone()
}

#[test]
fn an_order_stands_in_the_trail_before_its_answer_goes_out() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let headers = [("X-Request-Id", "order-1")];
    let order = daemon.post_with("/admin/phones/api/purchase", &json!({"count": 2, "area_code": "415"}), &headers).ok();
    assert_eq!(
        world.sql("SELECT who, address, method, path, result FROM audit WHERE action = 'purchase'"),
        format!("{}|127.0.0.1|POST|/admin/phones/api/purchase|200", fingerprint(ADMIN_KEY))
    );
    let row = newest(&daemon, "purchase");
    assert_eq!(
        shape(&row),
        "{action:text, address:text, at:instant, by_session:bool, code:null, \
         detail:{area_code:text, count:integer, purchase_id:uuid}, key_hash:text, method:text, order_outcome:text, outcome:text, \
         path:text, request_id:text, result:integer, summary:text, who:text}"
    );
    let detail = json!({"count": 2, "area_code": "415", "purchase_id": order["purchase_id"]});
    assert_eq!((&row["detail"], &row["request_id"]), (&detail, &json!("order-1")));
}

#[test]
fn every_kind_of_admin_call_stands_there_and_no_signup() {
    let world = World::new().quiet().set("http.trusted_proxies", "127.0.0.0/8");
    let daemon = world.daemon();
    let from = [("X-Forwarded-For", "198.51.100.7")];
    daemon.post_with(PAUSE, &json!({"reason": "lunch"}), &from).ok();
    let row = newest(&daemon, "pause");
    assert_eq!((&row["address"], &row["detail"]), (&json!("198.51.100.7"), &json!({"reason": "lunch"})));
    daemon.post_empty("/admin/phones/cron/auto-replenish").ok();
    assert_eq!(newest(&daemon, "auto-replenish")["result"], 200);
    daemon.get("/admin/phones/api/numbers?area_code=415&limit=3").ok();
    assert_eq!(newest(&daemon, "numbers")["detail"], json!({"area_code": "415", "limit": "3"}));
    // What was refused for its content, too: somebody with a key did it.
    daemon.purchase(0).problem(422, "invalid_field");
    let row = newest(&daemon, "purchase");
    assert_eq!(
        (&row["result"], &row["code"], &row["detail"]["count"]),
        (&json!(422), &json!("invalid_field"), &json!(0))
    );
    // A session's calls name the key that opened it.
    let browser = Browser::logged_in(&daemon, ADMIN_KEY);
    let row = newest(&daemon, "login");
    assert_eq!(
        (&row["who"], &row["result"], &row["code"]),
        (&json!(fingerprint(ADMIN_KEY)), &json!(303), &json!(null))
    );
    browser.call(&daemon, "/admin/phones/api/resume", "").ok();
    assert_eq!(newest(&daemon, "resume")["who"], format!("session:{}", fingerprint(ADMIN_KEY)));
    browser.call(&daemon, "/admin/logout", "{}").problem(415, "unsupported_media_type");
    assert_eq!(newest(&daemon, "logout")["code"], "unsupported_media_type");
    let before = world.count("SELECT count(*) FROM audit");
    daemon.purchase(1).ok();
    daemon.assign("u-1").ok();
    daemon.release("u-1").ok();
    daemon.send("GET", "/readyz", &[], None).ok();
    daemon.get("/admin/phones/api/nothing").problem(404, "not_found");
    assert_eq!(world.count("SELECT count(*) FROM audit"), before + 1, "the purchase");
}

#[test]
fn a_number_that_is_taken_from_its_user_with_an_admin_key_stands_there_and_a_signups_own_release_does_not() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    for user in ["u-1", "u-2", "u-3"] {
        daemon.assign(user).ok();
    }
    let release = "/signup/api/release";
    daemon.release("u-1").ok();
    daemon.send("POST", release, &[("X-Admin-API-Key", "nobody")], None).problem(401, "unauthorized");
    assert_eq!(world.count("SELECT count(*) FROM audit"), 0);
    daemon.post(release, &json!({"user_id": "u-2"})).ok();
    let browser = Browser::logged_in(&daemon, ADMIN_KEY);
    browser.call(&daemon, release, r#"{"user_id": "u-3"}"#).ok();
    browser.call(&daemon, release, r#"{"user_id": "u-3"}"#).problem(404, "not_assigned");
    let rows =
        world.sql("SELECT who, result, code, detail->>'user_id' FROM audit WHERE action = 'release' ORDER BY id");
    let admin = fingerprint(ADMIN_KEY);
    let expected = [
        format!("{admin}|200||u-2"),
        format!("session:{admin}|200||u-3"),
        format!("session:{admin}|404|not_assigned|u-3"),
    ];
    assert_eq!(rows.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_dashboard_that_asks_again_and_again_leaves_one_row() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let browser = Browser::logged_in(&daemon, ADMIN_KEY);
    for _poll in 0..20 {
        browser.get(&daemon, STATUS).ok();
        daemon.status();
    }
    let who = world.sql("SELECT who FROM audit WHERE action = 'status' ORDER BY id");
    assert_eq!(who, format!("session:{0}\n{0}", fingerprint(ADMIN_KEY)), "one for each who");
}

#[test]
fn an_order_that_is_followed_leaves_one_row_and_pushes_no_act_out_of_the_dashboard() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.post(PAUSE, &json!({"reason": "lunch"})).ok();
    let order = daemon.purchase(1).ok()["purchase_id"].as_str().expect("an id").to_owned();
    for _poll in 0..20 {
        daemon.get(&format!("/admin/phones/api/purchases/{order}")).ok();
    }
    assert_eq!(world.count("SELECT count(*) FROM audit WHERE action = 'purchases'"), 1);
    // Whatever else somebody reads all day.
    world.sql(
        "INSERT INTO audit (call_id, at, who, action, method, result)
         SELECT gen_random_uuid(), now(), 'x', 'numbers', 'GET', 200 FROM generate_series(1, 5000);
         ANALYZE audit",
    );
    let home = daemon.get("/admin/phones/dashboard");
    let html = home.body.as_str().expect("a page");
    let panel = html.split("id=\"h-audit\"").nth(1).expect("the audit trail's panel");
    assert!(panel.contains("<td>pause</td>") && panel.contains("<td>purchase</td>"), "{panel}");
    let way = world.sql(
        "EXPLAIN SELECT * FROM audit WHERE (method IS NULL OR method NOT IN ('GET', 'HEAD')) ORDER BY id DESC LIMIT 20",
    );
    assert!(way.contains("audit_acts_idx"), "{way}");
}

#[test]
fn what_is_refused_at_the_door_is_sampled_so_that_nobody_fills_the_disk() {
    let world = World::new().quiet().set("http.trusted_proxies", "127.0.0.0/8");
    let daemon = world.daemon();
    let wrong = |address: &str| {
        daemon.send("POST", PAUSE, &[("X-Admin-API-Key", "nobody"), ("X-Forwarded-For", address)], None)
    };
    wrong("198.51.100.1").problem(401, "unauthorized");
    daemon.send("POST", PAUSE, &[("X-Admin-API-Key", SIGNUP_KEY)], None).problem(403, "forbidden");
    login_with(&daemon, &[("api_key", "nobody")], &[]).problem(401, "unauthorized");
    login(&daemon, &[("api_key", SIGNUP_KEY)]);
    let browser = Browser::logged_in(&daemon, ADMIN_KEY);
    browser.post(&daemon, PAUSE, &[], "").problem(403, "forbidden");
    let rows = || world.sql("SELECT who, address, action, result, code FROM audit WHERE result <> 303 ORDER BY id");
    let expected = [
        "nobody|198.51.100.1|pause|401|unauthorized".to_owned(),
        format!("{}|127.0.0.1|pause|403|forbidden", fingerprint(SIGNUP_KEY)),
        "nobody|127.0.0.1|login|401|unauthorized".to_owned(),
        format!("{}|127.0.0.1|login|403|forbidden", fingerprint(SIGNUP_KEY)),
        format!("session:{}|127.0.0.1|pause|403|forbidden", fingerprint(ADMIN_KEY)),
    ];
    eventually("the refused calls stand there", || rows().lines().eq(expected.iter()));
    for attack in 0..400 {
        wrong(&format!("203.0.113.{}", attack % 200));
    }
    daemon.post_empty(PAUSE).ok();
    let refused = world.count("SELECT count(*) FROM audit WHERE result IN (401, 403, 429)");
    assert!((60..120).contains(&refused), "{refused} of 405");
}

#[test]
fn nobody_hides_what_others_were_refused_by_being_refused_often() {
    let world = World::new().quiet().set("http.trusted_proxies", "127.0.0.0/8");
    let daemon = world.daemon();
    let wrong = |address: &str| {
        daemon.send("POST", PAUSE, &[("X-Admin-API-Key", "nobody"), ("X-Forwarded-For", address)], None).status
    };
    let rows = |who: &str| world.count(&format!("SELECT count(*) FROM audit WHERE result >= 400 AND {who}"));
    // One address, far beyond the point from which on it gets 429.
    let answers: Vec<u16> = (0..300).map(|_| wrong("198.51.100.1")).collect();
    assert!(answers.contains(&401) && answers.contains(&429), "{answers:?}");
    assert_eq!(wrong("198.51.100.2"), 401);
    eventually("another address's row", || rows("address = '198.51.100.2'") == 1);
    let one = rows("address = '198.51.100.1'");
    // Ten of each kind at once, and now and then one on a slow machine.
    assert!((20..40).contains(&one), "{one}");
    // All strangers together.
    for host in 0..200 {
        wrong(&format!("203.0.113.{host}"));
    }
    let browser = Browser::logged_in(&daemon, ADMIN_KEY);
    for _again in 0..50 {
        daemon.send("POST", PAUSE, &[("X-Admin-API-Key", SIGNUP_KEY)], None).problem(403, "forbidden");
        browser.post(&daemon, PAUSE, &[], "").problem(403, "forbidden");
    }
    login(&daemon, &[("api_key", SIGNUP_KEY)]);
    let (signup, admin) = (fingerprint(SIGNUP_KEY), fingerprint(ADMIN_KEY));
    assert_eq!(rows(&format!("who = '{signup}' AND action = 'pause'")), 50);
    assert_eq!(rows(&format!("who = 'session:{admin}'")), 50);
    assert_eq!(rows(&format!("who = '{signup}' AND action = 'login'")), 1);
}

#[test]
fn no_key_and_no_token_stands_in_the_database_or_the_log_wherever_it_was_sent() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let mistyped = "admin-key-01234567890";
    let browser = Browser::logged_in(&daemon, ADMIN_KEY);
    for key in [ADMIN_KEY, mistyped] {
        let bearer = format!("Bearer {key}");
        for (path, headers) in [
            (format!("{PAUSE}?api_key={key}"), vec![]),
            (format!("{PAUSE}?api%5Fkey={key}&limit=3"), vec![("X-Admin-API-Key", key)]),
            (PAUSE.to_owned(), vec![("Authorization", bearer.as_str())]),
            (format!("/admin/login?api_key={key}"), vec![]),
        ] {
            daemon.send("POST", &path, &headers, None);
            daemon.send("GET", &path.replace("pause", "numbers"), &headers, None);
        }
        login(&daemon, &[("api_key", key), ("next", "/admin/x")]);
        daemon.post(PAUSE, &json!({"api_key": key})).problem(422, "unknown_field");
    }
    let odd = [("X-Request-Id", ADMIN_KEY), ("User-Agent", ADMIN_KEY)];
    daemon.post_with(PAUSE, &json!({"reason": format!("the key was {ADMIN_KEY}, by the way")}), &odd).ok();
    login_with(&daemon, &[("api_key", ADMIN_KEY)], &odd);
    daemon.get(&format!("/admin/phones/api/purchases/{ADMIN_KEY}")).problem(404, "not_found");
    browser.call(&daemon, "/admin/phones/api/resume", "").ok();
    assert_eq!(newest(&daemon, "pause")["detail"]["reason"], "the key was REDACTED, by the way");
    let tables = world.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = 'callbunker'");
    for secret in [ADMIN_KEY, mistyped, &browser.token, &browser.csrf()] {
        for table in tables.lines() {
            let found = world.count(&format!("SELECT count(*) FROM {table} t WHERE t::text LIKE '%{secret}%'"));
            assert_eq!(found, 0, "{secret} in {table}");
        }
    }
    for secret in [mistyped, &browser.token, &browser.csrf()] {
        assert!(!daemon.log_text().contains(secret), "{secret}");
    }
}

#[test]
fn a_key_in_a_reason_is_shown_to_nobody() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let browser = Browser::logged_in(&daemon, ADMIN_KEY);
    let reason = format!("{SIGNUP_KEY} and ({ADMIN_KEY}) are lost");
    let shown = "REDACTED and (REDACTED) are lost";
    let everywhere = |by: &str| {
        assert_eq!(daemon.status()["paused"]["reason"], shown, "{by}");
        let page = daemon.get("/admin/phones/dashboard");
        let page = page.body.as_str().expect("a page");
        assert!(page.contains(shown), "{by}: {page}");
        assert_eq!(newest(&daemon, "pause")["detail"]["reason"], shown, "{by}");
        for key in [ADMIN_KEY, SIGNUP_KEY] {
            assert!(!page.contains(key), "{by}");
            assert!(!daemon.log_text().contains(key), "{by}");
        }
        let tables = world.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = 'callbunker'");
        for table in tables.lines() {
            let found =
                format!("SELECT count(*) FROM {table} t WHERE t::text LIKE ANY ('{{%{ADMIN_KEY}%,%{SIGNUP_KEY}%}}')");
            assert_eq!(world.count(&found), 0, "{by}: {table}");
        }
    };
    daemon.post(PAUSE, &json!({"reason": reason})).ok();
    everywhere("the API");
    daemon.post("/admin/phones/api/resume", &json!({"reason": reason})).ok();
    let fields = form(&[("csrf_token", &browser.csrf()), ("reason", &reason)]);
    assert_eq!(browser.post(&daemon, "/admin/phones/dashboard/acts/pause", &[FORM], &fields).status, 303);
    everywhere("the dashboard");
}

#[test]
fn a_search_stands_there_with_its_words_and_the_log_has_none_of_them() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let browser = Browser::logged_in(&daemon, ADMIN_KEY);
    for (words, noted) in
        [("u-7 of Berlin", "u-7 of Berlin"), ("+1 415 555 0123", "+1 415 555 0123"), (ADMIN_KEY, "REDACTED")]
    {
        let query = form(&[("q", words)]);
        assert_eq!(browser.get(&daemon, &format!("/admin/phones/dashboard/search?{query}")).status, 404);
        assert_eq!(newest(&daemon, "search")["detail"]["q"], noted);
        assert!(!daemon.log_text().contains(&query), "{query}");
    }
}

#[test]
fn the_schedules_own_passes_stand_there_as_cron() {
    let world = World::new().quiet().set("schedule.replenish_cron", "* * * * * *");
    let daemon = world.daemon();
    eventually("a pass of the schedule", || world.count("SELECT count(*) FROM audit WHERE who = 'cron'") > 0);
    let row = newest(&daemon, "replenish");
    assert_eq!((&row["who"], &row["address"], &row["result"]), (&json!("cron"), &json!(null), &json!(null)));
    assert_eq!(row["detail"], json!({"purchased_count": 0, "reason": "above_threshold", "error": null}), "{row}");
}

#[test]
fn the_trail_is_read_newest_first_a_page_at_a_time() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    for reason in ["one", "two", "three", "four"] {
        daemon.post(PAUSE, &json!({"reason": reason})).ok();
    }
    let mut reasons = Vec::new();
    let mut next = format!("{AUDIT}?limit=2");
    loop {
        let page = daemon.get(&next).ok();
        for row in page["items"].as_array().expect("the envelope").iter().filter(|row| row["action"] == "pause") {
            reasons.push(row["detail"]["reason"].as_str().expect("a reason").to_owned());
        }
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        next = format!("{AUDIT}?limit=2&cursor={cursor}");
    }
    assert_eq!(reasons, ["four", "three", "two", "one"]);
    daemon.get(&format!("{AUDIT}?limit=0")).problem(422, "invalid_field");
    daemon.get(&format!("{AUDIT}?cursor=x")).problem(422, "invalid_field");
}
