//! The dashboard's pages and forms as HTTP: who is let in, what a browser may load, what a form does.

use serde_json::json;
use twilio_simulator::ForeignNumber;

use crate::world::daemon::{Daemon, Reply};
use crate::world::{ADMIN_KEY, World, eventually};

const HOME: &str = "/admin/phones/dashboard";
/// Every page.
const PAGES: &[&str] = &[
    HOME,
    "/admin/phones/dashboard/search?q=nobody",
    "/admin/phones/dashboard/numbers",
    "/admin/phones/dashboard/assignments",
    "/admin/phones/dashboard/orders",
    "/admin/phones/dashboard/passes",
    "/admin/phones/dashboard/audit",
    "/admin/phones/dashboard/cost",
    "/admin/phones/dashboard/foresight",
    "/admin/phones/dashboard/inactive",
    "/admin/phones/dashboard/acts/pause",
    "/admin/phones/dashboard/acts/purchase?count=1",
];

fn form(daemon: &Daemon, act: &str, body: &str) -> Reply {
    let headers = [("X-Admin-API-Key", ADMIN_KEY), ("Content-Type", "application/x-www-form-urlencoded")];
    daemon.send("POST", &format!("/admin/phones/dashboard/acts/{act}"), &headers, Some(body.as_bytes()))
}

fn text(reply: &Reply) -> &str {
    reply.body.as_str().expect("a page is no JSON")
}

#[test]
fn pages_are_for_admins_and_load_nothing_but_our_own() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    for page in PAGES {
        let stranger = crate::world::raw::raw(&daemon, &format!("GET {page} HTTP/1.1\nHost: t\nConnection: close\n\n"));
        assert_eq!(stranger.status, 303, "{page}: {stranger:?}");
        assert!(stranger.headers["location"].starts_with("/admin/login"), "{stranger:?}");
        let page = daemon.get(page);
        let policy = &page.headers["content-security-policy"];
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.headers["cache-control"], "no-store");
        let html = text(&page);
        assert!(html.starts_with("<!doctype html>"), "{html}");
        for forbidden in ["<style", "style=", "onclick=", "javascript:", "http://", "https://cdn"] {
            assert!(!html.contains(forbidden), "{forbidden} in {html}");
        }
    }
    let unknown = "/admin/phones/dashboard/acts/dance";
    daemon.get(unknown).problem(404, "not_found");
    let person = daemon.send("GET", unknown, &[("X-Admin-API-Key", ADMIN_KEY), ("Accept", "text/html")], None);
    assert_eq!((person.status, person.headers["content-type"].as_str()), (404, "text/html; charset=utf-8"));
}

#[test]
fn assets_are_public_named_by_their_content_and_kept_for_ever() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let home = daemon.get(HOME);
    let names: Vec<&str> = text(&home).split('"').filter(|part| part.starts_with("/admin/phones/assets/")).collect();
    assert!(names.len() >= 4, "{names:?}");
    for name in names {
        let asset = daemon.send("GET", name, &[], None);
        assert_eq!(asset.status, 200, "{name}");
        assert!(asset.headers["cache-control"].contains("immutable"));
        let again = daemon.send("GET", name, &[("If-None-Match", &asset.headers["etag"])], None);
        assert_eq!(again.status, 304, "{name}");
    }
    daemon.send("GET", "/admin/phones/assets/dashboard.css", &[], None).problem(404, "not_found");
}

#[test]
fn a_form_does_what_the_api_does_and_a_question_does_nothing() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    for act in ["purchase?count=3", "replenish", "pause", "resume", "configure-webhooks", "reconcile"] {
        let question = daemon.get(&format!("/admin/phones/dashboard/acts/{act}"));
        assert_eq!(question.status, 200, "{act}: {question:?}");
    }
    assert_eq!((world.bought(), daemon.status()["paused"].clone()), (0, json!(null)), "a question did something");
    form(&daemon, "pause", "reason=moving+house");
    assert_eq!(daemon.status()["paused"]["reason"], "moving house");
    form(&daemon, "resume", "");
    assert_eq!(daemon.status()["paused"], json!(null));
    // The same form sent twice is one order.
    form(&daemon, "purchase", "count=3&area_code=415&order=abc");
    form(&daemon, "purchase", "count=3&area_code=415&order=abc");
    eventually("three are bought", || daemon.status()["available"] == 3);
    eventually("the order has ended", || world.count("SELECT count(*) FROM purchases WHERE ended_at IS NOT NULL") == 1);
    assert_eq!((world.bought(), world.count("SELECT count(*) FROM purchases")), (3, 1));
    daemon.assign("ann").ok();
    form(&daemon, "release-user", "user_id=ann");
    assert_eq!(world.count("SELECT count(*) FROM assignments_ever WHERE released_at IS NULL"), 0);
    let trail = daemon.get("/admin/phones/api/audit").ok();
    let posts = trail["items"].as_array().unwrap().iter().filter(|line| line["method"] == "POST");
    let acts: Vec<&str> = posts.filter_map(|line| line["action"].as_str()).collect();
    assert_eq!(acts, ["release-user", "purchase", "purchase", "resume", "pause"]);
}

#[test]
fn an_act_that_failed_stands_in_the_trail_as_what_it_was_and_why_it_failed() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    form(&daemon, "purchase", "count=0&order=none");
    form(&daemon, "release-user", "user_id=nobody");
    form(&daemon, "ignore", "phone_number=no+number");
    form(&daemon, "pause", "reason=lunch");
    let rows = world.sql("SELECT action, result, code, path FROM audit WHERE method = 'POST' ORDER BY id");
    let path = "/admin/phones/dashboard/acts/{act}";
    let expected = [
        format!("purchase|422|invalid_field|{path}"),
        format!("release-user|404|not_assigned|{path}"),
        format!("ignore|422|invalid_field|{path}"),
        format!("pause|303||{path}"),
    ];
    assert_eq!(rows.lines().collect::<Vec<_>>(), expected);
    // Rows of earlier versions still say what was done.
    world.sql(
        "INSERT INTO audit (call_id, at, who, action, method, detail, result)
         VALUES (gen_random_uuid(), now(), 'x', 'acts', 'POST', '{\"act\": \"adopt\"}', 303)",
    );
    let home = daemon.get(HOME);
    let panel = text(&home).split("id=\"h-audit\"").nth(1).expect("the audit trail's panel");
    for word in ["adopt", "not assigned", "invalid field"] {
        assert!(panel.contains(word), "{word}: {panel}");
    }
    // What no act is called is not written down as one.
    form(&daemon, "dance", "").problem(404, "not_found");
    assert_eq!(world.sql("SELECT action, code FROM audit ORDER BY id DESC LIMIT 1"), "acts|not_found");
}

/// What a form says of its act, which comes in a cookie with the redirect.
fn said(daemon: &Daemon, act: &str, body: &str) -> String {
    let answer = form(daemon, act, body);
    assert_eq!(answer.status, 303, "{answer:?}");
    let cookie = answer.headers["set-cookie"].split(';').next().expect("a cookie");
    let kept = cookie.strip_prefix("callbunker_said=").expect("the message of an act");
    percent_encoding::percent_decode_str(kept).decode_utf8_lossy().into_owned()
}

#[test]
fn the_button_names_the_count_that_is_ordered_and_an_old_form_finds_its_order() {
    let world = World::new().quiet().set("spend.purchases_per_hour_max", 5);
    let daemon = world.daemon();
    let question = daemon.get("/admin/phones/dashboard/acts/purchase?count=10");
    let html = text(&question);
    assert!(html.contains("Buy 5 of the 10 numbers?") && html.contains("Buy 5 numbers for USD 5.75 a month"), "{html}");
    assert!(html.contains(r#"name="count" value="5""#), "{html}");
    let begun = said(&daemon, "purchase", "count=5&order=old-form");
    assert!(begun.contains("The purchase of 5 numbers has begun"), "{begun}");
    eventually("the order has ended", || world.count("SELECT count(*) FROM purchases WHERE ended_at IS NOT NULL") == 1);
    let again = said(&daemon, "purchase", "count=5&order=old-form");
    assert_eq!(again, "+This order was placed before: 5 of 5 bought. Nothing was bought now.");
    assert_eq!((world.bought(), world.count("SELECT count(*) FROM purchases")), (5, 1));
    // What is no name for an order is told, and places none.
    for order in ["%C3%BC", "%00", "x%0Ay", &"x".repeat(300)] {
        let told = said(&daemon, "purchase", &format!("count=1&order={order}"));
        assert!(told.starts_with('-') && told.contains("order: must be"), "{told}");
    }
    assert_eq!(world.count("SELECT count(*) FROM purchases"), 1);
    // With nothing left to buy there is no button.
    let question = daemon.get("/admin/phones/dashboard/acts/purchase?count=10");
    assert!(!text(&question).contains(r#"class="go""#), "{question:?}");
}

#[test]
fn an_order_that_runs_for_long_is_shown_however_many_came_after_it() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.sql(
        "INSERT INTO purchases (id, trigger, state, requested_count, country, requested_by, created_at, expires_at, started_at)
         VALUES ('01900000-0000-7000-8000-000000000001', 'manual', 'queued', 100, 'US', 'test', now() - interval '1 hour',
                 now() + interval '1 hour', now() - interval '1 hour')",
    );
    world.sql(
        "INSERT INTO purchases (id, trigger, state, requested_count, country, requested_by, expires_at, started_at, ended_at)
         SELECT gen_random_uuid(), 'threshold', 'done', 1, 'US', 'test', now(), now(), now() FROM generate_series(1, 220)",
    );
    for page in [HOME, "/admin/phones/dashboard/orders"] {
        let page = daemon.get(page);
        let (open, ended) = (text(&page).find("0 of 100"), text(&page).find("0 of 1<"));
        assert!(open.is_some() && open < ended, "{page:?}");
    }
    assert_eq!(text(&daemon.get(HOME)).matches("data-order=").count(), 6);
}

/// Whether a page offers an act for a number.
fn offers(page: &Reply, act: &str, number: &str) -> bool {
    text(page).contains(&format!("acts/{act}?phone_number=%2B{}\"", &number[1..]))
}

#[test]
fn who_adopted_or_ignored_a_number_is_not_asked_about_it_again() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let numbers = ["+14155550142", "+14155550143", "+14155550144"];
    for number in numbers {
        world.twilio.own(ForeignNumber::new(number));
    }
    form(&daemon, "reconcile", "");
    let home = daemon.get(HOME);
    assert!(text(&home).contains("3 foreign, 0 ignored"), "{home:?}");
    for number in numbers {
        assert!(offers(&home, "adopt", number) && offers(&home, "ignore", number), "{home:?}");
    }
    form(&daemon, "adopt", "phone_number=%2B14155550142");
    form(&daemon, "ignore", "phone_number=%2B14155550143");
    let home = daemon.get(HOME);
    assert!(text(&home).contains("1 foreign, 1 ignored"), "{home:?}");
    let offered: Vec<bool> = numbers.iter().map(|number| offers(&home, "adopt", number)).collect();
    assert_eq!(offered, [false, false, true]);
    // Given back again, it is not in the account any more.
    form(&daemon, "release-to-twilio", "phone_number=%2B14155550142&confirm=0142");
    form(&daemon, "adopt", "phone_number=%2B14155550144");
    let home = daemon.get(HOME);
    assert!(!text(&home).contains("Not ours") && text(&home).contains("Everything agrees"), "{home:?}");
}

#[test]
fn a_number_that_is_held_offers_what_the_api_takes_until_somebody_decides() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(4).ok();
    let numbers: Vec<String> = world.twilio.truth().owned.iter().map(|number| number.phone_number.clone()).collect();
    for (number, reason) in numbers.iter().zip(["adopting", "unknown_item", "tag_conflict"]) {
        world.sql(&format!(
            "UPDATE numbers SET status = 'quarantined', quarantine_reason = '{reason}', held_since = now() - interval '1 hour'
              WHERE phone_number = '{number}'"
        ));
    }
    crate::world::comparing::rename(&world, &numbers[2], "callbunker:staging:6b1f7d0e-52a1-4b5c-9d1e-3f1a2b3c4d5e");
    form(&daemon, "reconcile", "");
    let home = daemon.get(HOME);
    let page = |number: &str| daemon.get(&format!("/admin/phones/dashboard/search?q=%2B{}", &number[1..]));
    for (number, takes) in numbers.iter().zip([(true, true), (true, true), (true, false), (false, true)]) {
        let page = page(number);
        assert_eq!((offers(&page, "adopt", number), offers(&page, "release-to-twilio", number)), takes, "{page:?}");
        assert!(!offers(&page, "ignore", number), "what is ours cannot be ignored");
    }
    for (number, gives_back) in numbers.iter().zip([true, true, false]) {
        assert!(offers(&home, "adopt", number), "{home:?}");
        assert_eq!(offers(&home, "release-to-twilio", number), gives_back, "{home:?}");
    }
    // What is offered is taken.
    for (number, typed) in [(&numbers[0], ""), (&numbers[2], "staging")] {
        let told = said(&daemon, "adopt", &format!("phone_number=%2B{}&confirm={typed}", &number[1..]));
        assert!(told.contains("belongs to the pool now"), "{told}");
    }
    let told = said(
        &daemon,
        "release-to-twilio",
        &format!("phone_number=%2B{}&confirm={}", &numbers[1][1..], &numbers[1][8..]),
    );
    assert!(told.contains("was given back"), "{told}");
    let home = daemon.get(HOME);
    let decided = !text(&home).contains("To decide</span>") && text(&home).contains("data-count=\"held\">0<");
    assert!(decided && text(&home).contains("Everything agrees"), "{home:?}");
}

#[test]
fn what_users_are_called_is_text_and_never_markup() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    daemon.assign("<script>alert(1)</script>").ok();
    for page in [
        HOME,
        "/admin/phones/dashboard/assignments",
        "/admin/phones/dashboard/search?q=%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    ] {
        let page = daemon.get(page);
        assert!(!text(&page).contains("<script>alert"), "{page:?}");
        assert!(
            text(&page).contains("&#60;script&#62;alert") || text(&page).contains("&lt;script&gt;alert"),
            "{page:?}"
        );
    }
}

#[test]
fn stock_is_sampled_once_a_minute_over_all_instances() {
    let world = World::new().quiet();
    let (one, _two) = (world.daemon(), world.daemon());
    one.purchase(2).ok();
    eventually("a sample is taken", || world.count("SELECT count(*) FROM stock_samples") >= 1);
    let twice = world.sql("SELECT at FROM stock_samples GROUP BY at HAVING count(*) > 1");
    assert_eq!(twice, "", "a minute has two samples");
    world.sql("UPDATE stock_samples SET at = at - interval '31 days'");
    // The one of this minute may have been moved, too, and have pruned itself.
    eventually("a fresh sample prunes the old", || {
        let chart = one.get("/admin/phones/dashboard/chart?hours=24").ok();
        let is_fresh = chart["samples"].as_array().is_some_and(|samples| !samples.is_empty());
        is_fresh && world.sql("SELECT at FROM stock_samples WHERE at < now() - interval '30 days'").is_empty()
    });
    one.get("/admin/phones/dashboard/chart?hours=5").problem(422, "invalid_field");
}
