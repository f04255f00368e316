//! Behind the proxies that people have: what works through each of them.

mod caddy;
mod nginx;
mod two_instances;

use std::time::Duration;

use serde_json::json;
use twilio_simulator::On;

use crate::world::browser::{Browser, FORM, HTML, form};
use crate::world::daemon::{Daemon, Reply};
use crate::world::front::{Asked, Front};
use crate::world::{ADMIN_KEY, SIGNUP_KEY, World, eventually};

const HERE: [u8; 4] = [127, 0, 0, 1];
const DASHBOARD: &str = "/admin/phones/dashboard";
/// Ids that a proxy would change in a path.
const IDS: [&str; 9] =
    ["a/b", "a//b", "a/../b", "..", "a\\b", "50%", "a+b@x.org", "oauth%2Fgoogle:1", "oauth/google:1|x"];

/// A way to a daemon: through which proxy, by which name, below which path.
struct Way<'a> {
    front: &'a Front,
    daemon: &'a Daemon,
    host: &'a str,
    base: &'a str,
}

/// A daemon behind a proxy of this machine.
fn world() -> World {
    World::new().quiet().set("http.trusted_proxies", "127.0.0.1/32").set("purchase.concurrency", 1)
}

fn escaped(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

impl Way<'_> {
    /// What people and programs do through any proxy that has its block of the documentation.
    fn everything_works(&self, world: &World) {
        assert_eq!(self.log_in(&[]).status, 303, "a browser without Sec-Fetch-Site");
        let browser = self.people_work();
        self.metrics_want_a_key();
        self.events_come(&browser);
        self.users_of_any_name_are_found(&browser);
        self.orders_that_last_are_told_of(world);
    }

    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let path = format!("{}{path}", self.base);
        let asked = Asked { method, path: &path, headers: headers.to_vec(), body: body.to_owned() };
        self.front.ask_from(HERE, self.host, &asked)
    }

    fn get(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.ask("GET", path, headers, "")
    }

    /// What a browser sends that is at https; the path as it knows it.
    fn log_in(&self, more: &[(&str, &str)]) -> Reply {
        let origin = format!("https://{}", self.host);
        let mut headers = vec![FORM, HTML, ("Origin", origin.as_str())];
        headers.extend_from_slice(more);
        self.ask("POST", "/admin/login", &headers, &form(&[("api_key", ADMIN_KEY)]))
    }

    /// Somebody with a browser logs in, looks, and does something.
    fn people_work(&self) -> Browser {
        let stranger = self.get(DASHBOARD, &[HTML]);
        let login = format!("{}/admin/login?next=", self.base);
        assert!(stranger.status == 303 && stranger.headers["location"].starts_with(&login), "{stranger:?}");
        let welcome = self.log_in(&[("Sec-Fetch-Site", "same-origin")]);
        let goes_to = welcome.headers.get("location").map(String::as_str);
        assert_eq!((welcome.status, goes_to), (303, Some(&*format!("{}{DASHBOARD}", self.base))), "{welcome:?}");
        let path = if self.base.is_empty() { "/" } else { self.base };
        let cookie = &welcome.headers["set-cookie"];
        assert!(cookie.contains(&format!("; Path={path};")) && cookie.ends_with("; Secure"), "{cookie}");
        let browser = Browser::of(&welcome);
        let cookie = browser.cookie();
        let page = self.get(DASHBOARD, &[HTML, ("Cookie", &cookie)]);
        let html = page.body.as_str().expect("a page");
        assert!(page.status == 200 && html.contains(&format!("href=\"{}{DASHBOARD}/numbers\"", self.base)), "{html}");
        let pause = form(&[("csrf_token", &browser.csrf()), ("reason", "lunch")]);
        let paused = self.ask("POST", &format!("{DASHBOARD}/acts/pause"), &[FORM, HTML, ("Cookie", &cookie)], &pause);
        assert_eq!(paused.status, 303, "{paused:?}");
        assert_eq!(self.daemon.status()["paused"]["reason"], "lunch");
        browser
    }

    /// Whoever measures from outside shows a key; a neighbour needs none.
    fn metrics_want_a_key(&self) {
        self.get("/metrics", &[]).problem(401, "unauthorized");
        assert_eq!(self.get("/metrics", &[("X-Admin-API-Key", ADMIN_KEY)]).status, 200);
        assert_eq!(self.daemon.send("GET", "/metrics", &[], None).status, 200, "beside it");
    }

    /// What changes is told at once.
    fn events_come(&self, browser: &Browser) {
        let (cookie, path) = (browser.cookie(), format!("{}/admin/phones/api/events", self.base));
        let asked = Asked::get(&path, &[("Cookie", &cookie), ("Accept", "text/event-stream")]);
        let mut lines = self.front.lines(self.host, &asked);
        lines.find(|line| line.trim_end() == "event: status").expect("how it stands");
        assert!(self.daemon.purchase(1).status < 300);
        lines.find(|line| line.trim_end() == "event: purchase").expect("what was bought");
    }

    /// Users of any name, asked for in the query.
    fn users_of_any_name_are_found(&self, browser: &Browser) {
        // It may last longer than an answer waits here.
        assert!(self.daemon.purchase(u32::try_from(IDS.len()).expect("a few")).status < 300);
        eventually("there is one for each", || self.daemon.status()["available"].as_u64() >= Some(IDS.len() as u64));
        let cookie = browser.cookie();
        for id in IDS {
            let given = self.daemon.assign(id).ok();
            let key = [("X-Admin-API-Key", SIGNUP_KEY)];
            let found = self.get(&format!("/signup/api/assignments?user_id={}", escaped(id)), &key).ok();
            assert_eq!((&found["user_id"], &found["phone_number"]), (&json!(id), &given["phone_number"]));
            // By the link that the dashboard gives.
            let list = self.get(&format!("{DASHBOARD}/assignments"), &[HTML, ("Cookie", &cookie)]);
            let html = list.body.as_str().expect("a page");
            let link = html.split('"').find(|part| part.contains("/users?") && part.ends_with(&link_to(id)));
            let link = link.unwrap_or_else(|| panic!("{id} in {html}"));
            let page = self.front.ask_from(HERE, self.host, &Asked::get(link, &[HTML, ("Cookie", &cookie)]));
            let number = given["phone_number"].as_str().expect("a number");
            assert!(
                page.status == 200 && page.body.as_str().is_some_and(|html| html.contains(number)),
                "{id}: {page:?}"
            );
        }
    }

    /// A large order is answered before any proxy gives up, and can be looked at.
    fn orders_that_last_are_told_of(&self, world: &World) {
        world.twilio.set_latency_on(On::Create, Duration::from_millis(900));
        let headers = [("X-Admin-API-Key", ADMIN_KEY), ("Content-Type", "application/json")];
        let begun = self.ask("POST", "/admin/phones/api/purchase", &headers, r#"{"count":4}"#);
        assert_eq!((begun.status, &begun.body["state"]), (202, &json!("running")), "{begun:?}");
        let location = &begun.headers["location"];
        assert!(location.starts_with(&format!("{}/admin/phones/api/purchases/", self.base)), "{location}");
        eventually("the order is done", || {
            let asked = Asked::get(location, &headers[..1]);
            self.front.ask_from(HERE, self.host, &asked).ok()["purchased_count"] == 4
        });
    }

    /// What is too large is refused with the daemon's own words.
    fn what_is_too_large_is_told(&self, sizes: &[usize]) {
        let headers = [("X-Admin-API-Key", SIGNUP_KEY), ("Content-Type", "application/json")];
        for &size in sizes {
            let refused = self.ask("POST", "/signup/api/assign", &headers, &" ".repeat(size));
            refused.problem(413, "payload_too_large");
        }
    }

    /// Wrong keys are those of whoever sends them.
    fn wrong_keys_count_for_whom_it_forwards(&self) {
        let path = format!("{}/signup/api/assignments?user_id=u", self.base);
        let wrong = |from| {
            let asked = Asked::get(&path, &[("X-Admin-API-Key", "nobody-0123456789")]);
            self.front.ask_from([127, 0, 0, from], self.host, &asked).status
        };
        eventually("one address is told to wait", || wrong(5) == 429);
        assert_eq!(wrong(6), 401, "another one is not");
    }
}

/// The end of a link to a user's page.
fn link_to(id: &str) -> String {
    let encoded = percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC);
    format!("/users?user_id={encoded}")
}
