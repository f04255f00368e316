//! Bad input on every route: the right refusal, and nothing of it reaches the database or Twilio.

use serde_json::{Value, json};

use crate::world::daemon::{Daemon, Reply};
use crate::world::raw::raw;
use crate::world::{ADMIN_KEY, SIGNUP_KEY, World};

/// Every route there is: method, path, who may use it, and what a POST takes.
const ROUTES: &[(&str, &str, Who, Takes)] = &[
    ("POST", "/signup/api/assign", Who::Signup, Takes::Json),
    ("POST", "/signup/api/release", Who::Signup, Takes::Json),
    ("GET", "/signup/api/assignments/u-1", Who::Signup, Takes::Nothing),
    ("GET", "/admin/phones/api/status", Who::Admin, Takes::Nothing),
    ("POST", "/admin/phones/api/purchase", Who::Admin, Takes::Json),
    ("GET", "/admin/phones/api/purchases/0190d6a2-0000-7000-8000-000000000000", Who::Admin, Takes::Nothing),
    ("POST", "/admin/phones/api/replenish", Who::Admin, Takes::Nothing),
    ("POST", "/admin/phones/cron/auto-replenish", Who::Admin, Takes::Nothing),
    ("POST", "/admin/phones/api/configure-webhooks", Who::Admin, Takes::OptionalJson),
    ("POST", "/admin/phones/api/reconcile", Who::Admin, Takes::OptionalJson),
    ("POST", "/admin/phones/api/pause", Who::Admin, Takes::OptionalJson),
    ("POST", "/admin/phones/api/resume", Who::Admin, Takes::OptionalJson),
    ("POST", "/admin/phones/api/import", Who::Admin, Takes::LongJson),
    ("POST", "/admin/phones/api/numbers/+14155550100/adopt", Who::Admin, Takes::OptionalJson),
    ("POST", "/admin/phones/api/numbers/+14155550100/move", Who::Admin, Takes::OptionalJson),
    ("POST", "/admin/phones/api/numbers/+14155550100/ignore", Who::Admin, Takes::OptionalJson),
    ("POST", "/admin/phones/api/numbers/+14155550100/release-to-twilio", Who::Admin, Takes::OptionalJson),
    ("GET", "/admin/phones/api/numbers", Who::Admin, Takes::Nothing),
    ("GET", "/admin/phones/api/numbers/+14155550100", Who::Admin, Takes::Nothing),
    ("GET", "/admin/phones/api/assignments", Who::Admin, Takes::Nothing),
    ("GET", "/admin/phones/api/events", Who::Admin, Takes::Nothing),
    ("GET", "/admin/phones/dashboard/chart", Who::Admin, Takes::Nothing),
    ("GET", "/admin/phones/api/passes", Who::Admin, Takes::Nothing),
    ("GET", "/admin/phones/api/plan", Who::Admin, Takes::Nothing),
    ("GET", "/admin/phones/api/audit", Who::Admin, Takes::Nothing),
    ("GET", "/admin/phones/api/whoami", Who::Admin, Takes::Nothing),
    ("GET", "/admin/login", Who::Everybody, Takes::Nothing),
    ("POST", "/admin/login", Who::Everybody, Takes::Form),
    ("POST", "/admin/logout", Who::Admin, Takes::Form),
    ("GET", "/healthz", Who::Everybody, Takes::Nothing),
    ("GET", "/readyz", Who::Everybody, Takes::Nothing),
    ("GET", "/metrics", Who::Everybody, Takes::Nothing),
];

#[derive(Clone, Copy, PartialEq)]
enum Who {
    Everybody,
    Signup,
    Admin,
}

#[derive(Clone, Copy, PartialEq)]
enum Takes {
    Nothing,
    OptionalJson,
    Json,
    /// JSON, up to 1 MiB.
    LongJson,
    Form,
}

impl Takes {
    fn is_json(self) -> bool {
        matches!(self, Self::OptionalJson | Self::Json | Self::LongJson)
    }
}

/// A daemon whose world must be the same after a test as before.
struct Untouched {
    world: World,
    daemon: Daemon,
    before: (String, String),
}

impl Untouched {
    fn new() -> Self {
        // Whoever sends wrong keys is somebody else each time, so that nobody has sent too many.
        let world = World::new().quiet().set("http.trusted_proxies", "127.0.0.0/8");
        let daemon = world.daemon();
        let before = Self::fingerprint(&world);
        Self { world, daemon, before }
    }

    /// What Twilio was asked, but for what only tells of money, and every row that was ever written. Not the audit
    /// trail: that somebody was refused is news.
    fn fingerprint_but(world: &World, money: &[&str]) -> (String, String) {
        let mut requests = world.twilio.truth().requests;
        requests.retain(|kind, _| !money.contains(&kind.as_str()));
        let asked = format!("{requests:?}");
        let written = world.sql(
            "SELECT (SELECT count(*) FROM purchases), (SELECT count(*) FROM purchase_items), (SELECT count(*) FROM numbers),
                    (SELECT count(*) FROM assignments_ever), (SELECT count(*) FROM waiters), (SELECT count(*) FROM passes),
                    (SELECT count(*) FROM reconciliations), (SELECT count(*) FROM sessions),
                    (SELECT count(*) FROM releases), (SELECT count(*) FROM ignored_numbers),
                    (SELECT md5(string_agg(g::text, '')) FROM buying_gate g), (SELECT md5(i::text) FROM installation i), (SELECT md5(string_agg(p::text, '')) FROM pools p)",
        );
        (asked, written)
    }

    fn fingerprint(world: &World) -> (String, String) {
        Self::fingerprint_but(world, &[])
    }

    fn check(self) {
        assert_eq!(Self::fingerprint(&self.world), self.before, "bad input left a trace");
    }

    /// For a test whose requests are good: the plan asks Twilio for the price and the balance.
    fn check_but_money(self) {
        let after = Self::fingerprint_but(&self.world, &["pricing", "balance"]);
        assert_eq!(after, self.before, "a question left a trace");
    }
}

fn key(who: Who) -> &'static str {
    if who == Who::Admin { ADMIN_KEY } else { SIGNUP_KEY }
}

fn send(daemon: &Daemon, method: &str, path: &str, key: &str, media_type: &str, body: &[u8]) -> Reply {
    daemon.send(method, path, &[("X-Admin-API-Key", key), ("Content-Type", media_type)], Some(body))
}

#[test]
fn without_a_right_key_every_route_says_401_and_a_signup_key_opens_no_admin_route() {
    let untouched = Untouched::new();
    let mut attempt = 0;
    for &(method, path, who, _) in ROUTES.iter().filter(|route| route.2 != Who::Everybody) {
        let mut ask = |query: &str, headers: &str| {
            attempt += 1;
            let head = "HTTP/1.1\nHost: t\nConnection: close\nContent-Type: application/json";
            let request = format!("{method} {path}{query} {head}\nX-Forwarded-For: 198.51.100.{attempt}\n{headers}\n");
            raw(&untouched.daemon, &request)
        };
        for (query, headers) in [
            ("", String::new()),
            ("?api_key=nobody", String::new()),
            ("", "X-Admin-API-Key: nobody\n".to_owned()),
            ("", "X-Admin-API-Key: \n".to_owned()),
            ("", format!("X-Admin-API-Key: {ADMIN_KEY}0\n")),
            ("", format!("Authorization: Basic {ADMIN_KEY}\n")),
            ("", format!("Authorization: Bearer {}\n", &ADMIN_KEY[1..])),
            // A wrong key is not saved by a right one in another place.
            (&format!("?api_key={ADMIN_KEY}"), "X-Admin-API-Key: nobody\n".to_owned()),
        ] {
            let refused = ask(query, &headers);
            assert!(refused.headers["www-authenticate"].starts_with("Bearer"), "{refused:?}");
            refused.problem(401, "unauthorized");
        }
        if who == Who::Admin {
            ask("", &format!("X-Admin-API-Key: {SIGNUP_KEY}\n")).problem(403, "forbidden");
        }
    }
    untouched.check();
}

#[test]
fn a_wrong_method_is_told_which_ones_there_are() {
    let untouched = Untouched::new();
    for &(method, path, ..) in ROUTES {
        let takes = |method: &str| ROUTES.iter().any(|route| (route.0, route.1) == (method, path));
        let (wrong, allow) = match (takes("GET"), takes("POST")) {
            (true, false) => ("POST", "GET, HEAD"),
            (false, true) => ("GET", "POST"),
            _ => ("PUT", "GET, HEAD, POST"),
        };
        assert!(takes(method));
        for wrong in [wrong, "PUT", "DELETE", "PATCH", "OPTIONS"] {
            // Without any key: the method is looked at first.
            let close = "HTTP/1.1\nHost: t\nConnection: close\nContent-Length: 0";
            let refused = raw(&untouched.daemon, &format!("{wrong} {path} {close}\n\n"));
            assert_eq!(refused.headers.get("allow").map(String::as_str), Some(allow), "{wrong} {path}");
            refused.problem(405, "method_not_allowed");
        }
    }
    untouched.check();
}

#[test]
fn a_body_must_be_json_of_at_most_64_kib_or_1_mib_for_an_import() {
    let untouched = Untouched::new();
    let daemon = &untouched.daemon;
    for &(method, path, who, takes) in ROUTES.iter().filter(|route| route.3.is_json()) {
        let key = key(who);
        for media_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "*/*", ""] {
            send(daemon, method, path, key, media_type, b"{}").problem(415, "unsupported_media_type");
        }
        let mut long = b"{}".to_vec();
        let bytes_max = if takes == Takes::LongJson { 1024 * 1024 } else { 64 * 1024 };
        long.resize(bytes_max + 1, b' ');
        let refused = send(daemon, method, path, key, "application/json", &long).problem(413, "payload_too_large");
        assert_eq!(refused["bytes_max"], bytes_max, "{path}");
        // As long as it may be, and so looked at further.
        long[1] = b'x';
        long.truncate(bytes_max);
        send(daemon, method, path, key, "application/json", &long).problem(400, "malformed_json");
        for broken in ["{", "nul", "{} {}", "{\"user_id\":}", "[", "\u{feff}{}", "{'user_id':1}"] {
            send(daemon, method, path, key, "application/json", broken.as_bytes()).problem(400, "malformed_json");
        }
        send(daemon, method, path, key, "application/json", b"{\"user_id\":\"\xff\"}").problem(400, "malformed_json");
        for other in ["[]", "1", "null", "\"x\""] {
            send(daemon, method, path, key, "application/json; charset=utf-8", other.as_bytes())
                .problem(422, "invalid_field");
        }
        let unknown = send(daemon, method, path, key, "application/json", b"{\"nobody_reads_this\":1}");
        assert_eq!(unknown.problem(422, "unknown_field")["field"], "nobody_reads_this");
        if matches!(takes, Takes::Json | Takes::LongJson) {
            let close = "HTTP/1.1\nHost: t\nConnection: close";
            raw(daemon, &format!("{method} {path} {close}\nX-Admin-API-Key: {key}\n\n")).problem(400, "malformed_json");
        }
    }
    untouched.check();
}

#[test]
fn a_form_must_be_a_form_of_at_most_64_kib_or_8_where_anybody_may_send_it() {
    let untouched = Untouched::new();
    let form = "application/x-www-form-urlencoded";
    for &(method, path, who, _) in ROUTES.iter().filter(|route| route.3 == Takes::Form) {
        for media_type in ["application/json", "multipart/form-data; boundary=x", "text/plain", ""] {
            send(&untouched.daemon, method, path, key(who), media_type, b"x=1").problem(415, "unsupported_media_type");
        }
        let long = vec![b'x'; 64 * 1024 + 1];
        let refused = send(&untouched.daemon, method, path, key(who), form, &long).problem(413, "payload_too_large");
        let bytes_max = if who == Who::Everybody { 8 * 1024 } else { 64 * 1024 };
        assert_eq!(refused["bytes_max"], bytes_max, "{path}");
    }
    let padded = |size: usize| [b"api_key=nobody&next=".as_slice(), &vec![b'x'; size - 20]].concat();
    send(&untouched.daemon, "POST", "/admin/login", "", form, &padded(8 * 1024)).problem(401, "unauthorized");
    send(&untouched.daemon, "POST", "/admin/login", "", form, &padded(8 * 1024 + 1)).problem(413, "payload_too_large");
    for body in [b"".as_slice(), b"api_key=", b"api_key=%FF%FF", b"=&&==&%", b"next=/admin/x"] {
        send(&untouched.daemon, "POST", "/admin/login", "", form, body).problem(401, "unauthorized");
    }
    untouched.check();
}

#[test]
fn a_field_of_a_wrong_type_or_range_is_named() {
    let untouched = Untouched::new();
    let long = "x".repeat(129);
    let assign = [
        (json!({}), "user_id"),
        (json!({"user_id": null}), "user_id"),
        (json!({"user_id": 7}), "user_id"),
        (json!({"user_id": ""}), "user_id"),
        (json!({"user_id": long}), "user_id"),
        (json!({"user_id": "a\nb"}), "user_id"),
        (json!({"user_id": "\u{202e}"}), "user_id"),
        (json!({"user_id": "u", "area_code": "15"}), "area_code"),
        (json!({"user_id": "u", "area_code": 415}), "area_code"),
        (json!({"user_id": "u", "area_code": "415", "country": "GB"}), "area_code"),
        (json!({"user_id": "u", "country": "us"}), "country"),
        (json!({"user_id": "u", "strict": "yes"}), "strict"),
        (json!({"user_id": "u", "pool": "g__b"}), "pool"),
        (json!({"user_id": "u", "pool": 7}), "pool"),
        (json!({"user_id": "u", "pool": "gb"}), "pool"),
        (json!({"user_id": "u", "pool": "default", "country": "GB"}), "country"),
        (json!({"user_id": "u", "pool": "default", "area_code": "416"}), "area_code"),
        (json!({"user_id": "u", "area_code": "787", "strict": true}), "area_code"),
        (json!({"user_id": "u", "country": "US", "area_code": "416", "strict": true}), "area_code"),
        (json!({"user_id": "u", "near": "4155550100"}), "near"),
        (json!({"user_id": "u", "near": 14155550100u64}), "near"),
    ];
    let purchase = [
        (json!({}), "count"),
        (json!({"count": 0}), "count"),
        (json!({"count": 101}), "count"),
        (json!({"count": -1}), "count"),
        (json!({"count": 1.5}), "count"),
        (json!({"count": "10"}), "count"),
        (json!({"count": 1, "area_code": "115"}), "area_code"),
        (json!({"count": 1, "area_code": "415", "country": "GB"}), "area_code"),
        (json!({"count": 1, "country": "Germany"}), "country"),
        (json!({"count": 1, "fallback": 1}), "fallback"),
        (json!({"count": 1, "override_caps": null}), "override_caps"),
    ];
    let configure = [
        (json!({"phone_numbers": "+14155550100"}), "phone_numbers"),
        (json!({"phone_numbers": ["+14155550100", "4155550100"]}), "phone_numbers[1]"),
        (json!({"phone_numbers": [1]}), "phone_numbers[0]"),
        (json!({"pool": "No Pool"}), "pool"),
        (json!({"pool": "nowhere"}), "pool"),
    ];
    let reconcile = [
        (json!({"confirm_missing": "yes"}), "confirm_missing"),
        (json!({"confirm_missing": 1}), "confirm_missing"),
        (json!({"confirm_missing": null}), "confirm_missing"),
    ];
    let adopt = [
        (json!({"user_id": 7}), "user_id"),
        (json!({"user_id": ""}), "user_id"),
        (json!({"user_id": "a\nb"}), "user_id"),
        (json!({"pool": 7}), "pool"),
        (json!({"pool": "nowhere"}), "pool"),
    ];
    let to_a_pool = [
        (json!({}), "pool"),
        (json!({"pool": null}), "pool"),
        (json!({"pool": "A"}), "pool"),
        (json!({"pool": "nowhere"}), "pool"),
    ];
    let too_many: Vec<Value> = (0..1001).map(|n| json!({"phone_number": format!("+1415{n:07}")})).collect();
    let import = [
        (json!({}), "numbers"),
        (json!({"numbers": {}}), "numbers"),
        (json!({"numbers": [{}]}), "numbers[0].phone_number"),
        (
            json!({"numbers": [{"phone_number": "+14155550100"}, {"phone_number": 14155550100u64}]}),
            "numbers[1].phone_number",
        ),
        (json!({"numbers": [{"phone_number": "+14155550100", "user_id": 7}]}), "numbers[0].user_id"),
        (json!({"numbers": [{"phone_number": "+14155550100", "assigned_at": 7}]}), "numbers[0].assigned_at"),
        (json!({"numbers": [], "dry_run": "yes"}), "dry_run"),
        (json!({"numbers": [], "configure_webhooks": 1}), "configure_webhooks"),
        (json!({"numbers": [], "pool": "nowhere"}), "pool"),
        (json!({"numbers": [{"phone_number": "+14155550100", "pool": 7}]}), "numbers[0].pool"),
        (json!({"numbers": too_many}), "numbers"),
    ];
    let check = |path: &str, key: &str, cases: &[(Value, &str)]| {
        for (body, field) in cases {
            let refused = send(&untouched.daemon, "POST", path, key, "application/json", body.to_string().as_bytes());
            assert_eq!(refused.problem(422, "invalid_field")["field"], *field, "{path} {body}");
        }
    };
    check("/signup/api/assign", SIGNUP_KEY, &assign);
    check("/signup/api/release", SIGNUP_KEY, &assign[..7]);
    check("/admin/phones/api/purchase", ADMIN_KEY, &purchase);
    check("/admin/phones/api/configure-webhooks", ADMIN_KEY, &configure);
    check("/admin/phones/api/reconcile", ADMIN_KEY, &reconcile);
    check("/admin/phones/api/numbers/+14155550100/adopt", ADMIN_KEY, &adopt);
    check("/admin/phones/api/numbers/+14155550100/move", ADMIN_KEY, &to_a_pool);
    check("/admin/phones/api/import", ADMIN_KEY, &import);
    for number in ["4155550100", "%2B0155550100", "+1415555010a", "+1", "%20+14155550100", "+14155550100%20"] {
        for verb in ["adopt", "ignore", "release-to-twilio"] {
            let refused = untouched.daemon.post_empty(&format!("/admin/phones/api/numbers/{number}/{verb}"));
            assert_eq!(refused.problem(422, "invalid_field")["field"], "phone_number", "{number} {verb}");
        }
    }
    let long_key = "k".repeat(256);
    for key in ["", "é", &long_key] {
        let refused =
            untouched.daemon.post_with("/admin/phones/api/purchase", &json!({"count": 1}), &[("Idempotency-Key", key)]);
        assert_eq!(refused.problem(422, "invalid_field")["field"], "Idempotency-Key");
    }
    untouched.check();
}

#[test]
fn the_first_wrong_thing_is_told() {
    let untouched = Untouched::new();
    let body = |json: &str, size: usize| format!("{json}{}", " ".repeat(size));
    let too_long = body("{\"user_id\"", 64 * 1024);
    let steps = [
        ("PUT", "/signup/api/assign/", "nobody", "text/plain", too_long.as_str(), 404),
        ("PUT", "/signup/api/assign", "nobody", "text/plain", &too_long, 405),
        ("POST", "/signup/api/assign", "nobody", "text/plain", &too_long, 401),
        ("POST", "/signup/api/assign", SIGNUP_KEY, "text/plain", &too_long, 415),
        ("POST", "/signup/api/assign", SIGNUP_KEY, "application/json", &too_long, 413),
        ("POST", "/signup/api/assign", SIGNUP_KEY, "application/json", "{\"user_id\"", 400),
        ("POST", "/signup/api/assign", SIGNUP_KEY, "application/json", "{\"user_id\":7}", 422),
    ];
    for (method, path, key, media_type, body, status) in steps {
        let refused = send(&untouched.daemon, method, path, key, media_type, body.as_bytes());
        assert_eq!(refused.status, status, "{refused:?}");
        assert_eq!(refused.headers["content-type"], "application/problem+json");
        assert!(refused.headers.contains_key("x-request-id"), "{refused:?}");
        let members = ["type", "title", "status", "detail", "code"];
        assert!(members.iter().all(|member| refused.body.get(member).is_some()), "{refused:?}");
    }
    untouched.check();
}

#[test]
fn head_is_answered_as_get_without_a_body() {
    let untouched = Untouched::new();
    for &(method, path, who, _) in ROUTES {
        let request = format!("HTTP/1.1\nHost: t\nConnection: close\nX-Admin-API-Key: {}\n\n", key(who));
        let head = raw(&untouched.daemon, &format!("HEAD {path} {request}"));
        assert_eq!(head.body, json!(""), "{path}");
        if method == "POST" {
            if path != "/admin/login" {
                assert_eq!((head.status, head.headers["allow"].as_str()), (405, "POST"), "{path}");
            }
            continue;
        }
        if path.ends_with("/events") {
            // An answer to GET has no end.
            assert_eq!((head.status, head.headers["content-type"].as_str()), (200, "text/event-stream"));
            continue;
        }
        let get = raw(&untouched.daemon, &format!("GET {path} {request}"));
        assert_eq!((head.status, &head.headers["content-type"]), (get.status, &get.headers["content-type"]), "{path}");
        // The counts have moved on meanwhile, and the trail has one row more.
        let has_grown = ["/metrics", "/admin/phones/api/audit"].contains(&path);
        assert!(has_grown || head.headers["content-length"] == get.headers["content-length"], "{path}");
    }
    untouched.check_but_money();
}
