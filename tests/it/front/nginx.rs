//! Debian's nginx, with the file of `docs/proxy`, and with the lines that people write without reading it.

use super::{Way, world};
use crate::world::browser::{FORM, HTML, form};
use crate::world::front::{Front, address};
use crate::world::{ADMIN_KEY, World};

#[test]
fn everything_works_behind_nginx() {
    let world = world().set("http.sync_order_secs", 1);
    let daemon = world.daemon();
    let front = Front::documented_nginx(&daemon);
    let way = Way { front: &front, daemon: &daemon, host: "callbunker.example.com", base: "" };
    way.everything_works(&world);
    way.what_is_too_large_is_told(&[70_000, 900_000]);
    way.wrong_keys_count_for_whom_it_forwards();
}

#[test]
fn everything_works_behind_nginx_below_a_path() {
    let world = world().set("http.sync_order_secs", 1).set("http.base_path", "/callbunker");
    let daemon = world.daemon();
    let front = Front::documented_nginx(&daemon);
    let way = Way { front: &front, daemon: &daemon, host: "ops.example.com", base: "/callbunker" };
    way.everything_works(&world);
    let bare = Way { base: "", ..way }.get("/callbunker", &[]);
    assert_eq!(bare.status, 308, "{bare:?}");
}

/// A proxy that says nothing of itself, or only `X-Real-IP`: nginx speaks HTTP/1.0 then, and asks for its own upstream.
#[test]
fn a_bare_proxy_pass_opens_nothing_and_people_log_in() {
    let world = world();
    let daemon = world.daemon();
    let to = format!("proxy_pass http://{};", address(&daemon));
    for lines in [to.clone(), format!("{to} proxy_set_header X-Real-IP $remote_addr;")] {
        let front = Front::nginx_with("/", &lines);
        let way = Way { front: &front, daemon: &daemon, host: "ops.example.com", base: "" };
        let old = way.log_in(&[]);
        assert_eq!(old.status, 303, "a browser without Sec-Fetch-Site: {old:?}");
        assert!(old.headers["set-cookie"].ends_with("; Secure"), "{old:?}");
        let browser = way.people_work();
        way.metrics_want_a_key();
        way.events_come(&browser);
        way.users_of_any_name_are_found(&browser);
        way.what_is_too_large_is_told(&[70_000, 900_000]);
        daemon.post("/admin/phones/api/resume", &serde_json::json!({})).ok();
        for user in super::IDS {
            daemon.release(user).ok();
        }
    }
}

/// As nginx from 1.29.7 on does by itself: only the page that a browser is on tells that somebody else is in between.
#[test]
fn a_proxy_that_shows_nothing_but_the_browsers_page_gets_no_cookie_for_plain_http() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let lines = |daemon| format!("proxy_pass http://{}; proxy_http_version 1.1;", address(daemon));
    let front = Front::nginx_with("/", &lines(&daemon));
    let way = Way { front: &front, daemon: &daemon, host: "ops.example.com", base: "" };
    way.people_work();
    let old = way.ask(
        "POST",
        "/admin/login",
        &[FORM, ("Origin", "https://ops.example.com")],
        &form(&[("api_key", ADMIN_KEY)]),
    );
    let detail = old.problem(403, "forbidden")["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("http.public_url"), "it says what to do: {detail}");
    // With that said, browsers that do not send Sec-Fetch-Site log in, too, and with the other key nobody measures.
    let world = world.set("http.public_url", "https://ops.example.com").set("http.metrics_open", false);
    let daemon = world.daemon();
    let front = Front::nginx_with("/", &lines(&daemon));
    let way = Way { front: &front, daemon: &daemon, host: "ops.example.com", base: "" };
    let old = way.log_in(&[]);
    assert!(old.status == 303 && old.headers["set-cookie"].ends_with("; Secure"), "{old:?}");
    way.get("/metrics", &[]).problem(401, "unauthorized");
}

/// With a slash behind the port nginx takes the path off and makes of it what it likes.
#[test]
fn a_proxy_that_takes_the_path_off_and_decodes_it_serves_users_of_any_name() {
    let world = world().set("http.base_path", "/callbunker");
    let daemon = world.daemon();
    let front = Front::nginx_with("/callbunker/", &format!("proxy_pass http://{}/;", address(&daemon)));
    let way = Way { front: &front, daemon: &daemon, host: "ops.example.com", base: "/callbunker" };
    assert_eq!(way.log_in(&[]).status, 303, "a browser without Sec-Fetch-Site");
    let browser = way.people_work();
    way.metrics_want_a_key();
    way.events_come(&browser);
    way.users_of_any_name_are_found(&browser);
    let wanted = way.get("/admin/phones/dashboard/orders?x=1", &[HTML]);
    assert_eq!(
        wanted.headers["location"], "/callbunker/admin/login?next=%2Fadmin%2Fphones%2Fdashboard%2Forders%3Fx%3D1",
        "{wanted:?}"
    );
}
