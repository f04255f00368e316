//! Below a path of somebody else's host: everything that leads somewhere leads there, and without a path nothing is different.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};

use serde_json::json;
use twilio_simulator::ForeignNumber;

use crate::world::browser::{Browser, FORM, HTML, form};
use crate::world::daemon::{Daemon, Reply};
use crate::world::raw::connect;
use crate::world::{ADMIN_KEY, World, eventually};

const BASE: &str = "/callbunker";
const DASHBOARD: &str = "/admin/phones/dashboard";
/// What leads somewhere, or is fetched.
const ATTRIBUTES: [&str; 4] = [" href=\"", " src=\"", " action=\"", " data-stream=\""];

/// Whoever is logged in at a daemon, below a path or not.
struct Visitor<'a> {
    daemon: &'a Daemon,
    base: &'a str,
    browser: Browser,
}

impl<'a> Visitor<'a> {
    fn new(daemon: &'a Daemon, base: &'a str) -> Self {
        let fields = form(&[("api_key", ADMIN_KEY)]);
        let welcome = daemon.send("POST", &format!("{base}/admin/login"), &[FORM, HTML], Some(fields.as_bytes()));
        assert_eq!((welcome.status, welcome.headers["location"].clone()), (303, format!("{base}{DASHBOARD}")));
        Self { daemon, base, browser: Browser::of(&welcome) }
    }

    fn get(&self, path: &str) -> Reply {
        self.daemon.send("GET", path, &[HTML, ("Cookie", &self.browser.cookie())], None)
    }

    /// Every link of every page that can be reached, without the path that they all must begin with.
    fn crawl(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut ahead = vec![format!("{}{DASHBOARD}", self.base), format!("{}/problems/pool_empty", self.base)];
        let mut known: BTreeSet<String> = ahead.iter().cloned().collect();
        while let Some(path) = ahead.pop() {
            let page = self.get(&path);
            assert!(page.status < 400, "{path}: {page:?}");
            // A list as a file, or the way to another page, has no links.
            let is_page = page.headers.get("content-type").is_some_and(|kind| kind.starts_with("text/html"));
            let Some(html) = page.body.as_str().filter(|_| is_page) else {
                continue;
            };
            let (mut links, here) = (BTreeSet::new(), path.split(['?', '#']).next().unwrap_or_default().to_owned());
            for (attribute, link) in links_of(html) {
                let inside = link.strip_prefix(self.base).unwrap_or_else(|| panic!("{link} on {path}"));
                links.insert(format!("{attribute}{inside}"));
                let fetched = link.split('#').next().unwrap_or_default().to_owned();
                if attribute != " action=\"" && known.insert(fetched.clone()) {
                    ahead.push(fetched);
                }
            }
            for relative in html.split(" href=\"?").skip(1).filter_map(|rest| rest.split('"').next()) {
                let fetched = format!("{here}?{}", unescaped(relative));
                if known.insert(fetched.clone()) {
                    ahead.push(fetched);
                }
            }
            found.insert(path.strip_prefix(self.base).expect("it is below it").to_owned(), links);
            assert!(known.len() < 1500, "{known:?}");
        }
        found
    }
}

/// As a browser reads an attribute.
fn unescaped(value: &str) -> String {
    value.replace("&#38;", "&").replace("&amp;", "&")
}

/// What begins with a slash.
fn links_of(html: &str) -> Vec<(&'static str, String)> {
    let of = |attribute: &'static str| {
        let values = html.split(attribute).skip(1).filter_map(|rest| rest.split('"').next());
        values.filter(|value| value.starts_with('/')).map(move |value| (attribute, unescaped(value)))
    };
    ATTRIBUTES.into_iter().flat_map(of).collect()
}

/// A world with something of everything, and two daemons on it: at the root, and below a path.
fn both() -> (World, Daemon, Daemon) {
    let world = World::new().quiet().pool("gb", &[("country", "GB"), ("number_type", "mobile")]);
    let root = world.daemon();
    root.purchase(4).ok();
    for user in ["ann", "a/b", "/c"] {
        root.assign(user).ok();
    }
    root.release("ann").ok();
    world.twilio.own(ForeignNumber::new("+12125550100"));
    root.post("/admin/phones/api/reconcile", &json!({})).ok();
    root.post("/admin/phones/api/pause", &json!({"reason": "moving"})).ok();
    let world = world.set("http.base_path", BASE);
    let below = world.daemon();
    (world, root, below)
}

#[test]
fn every_link_of_every_page_leads_below_the_path_and_without_one_nothing_is_different() {
    let (_world, root, below) = both();
    let told = Visitor::new(&below, BASE).crawl();
    assert!(told.len() > 30, "{:?}", told.keys());
    for kind in ["/numbers/", "/orders/", "/users?user_id=", "/acts/", "/audit", "/problems/"] {
        assert!(told.keys().any(|page| page.contains(kind)), "{kind}: {:?}", told.keys());
    }
    let without = Visitor::new(&root, "").crawl();
    // The trail has grown meanwhile, by the looks at it.
    let of_others = |found: &BTreeMap<String, BTreeSet<String>>| {
        let pages = found.iter().filter(|(page, _)| !page.contains("/audit"));
        pages.map(|(page, links)| (page.clone(), links.clone())).collect::<BTreeMap<_, _>>()
    };
    assert_eq!(of_others(&told), of_others(&without));
    // What only looks like a path of ours is what somebody is called.
    let page = Visitor::new(&below, BASE).get(&format!("{BASE}{DASHBOARD}/users?user_id=%2Fc"));
    assert!(page.body.as_str().is_some_and(|html| html.contains("data-copy=\"/c\"")), "{page:?}");
}

#[test]
fn a_session_lives_below_the_path() {
    let (_world, _root, below) = both();
    let visitor = Visitor::new(&below, BASE);
    let send = |method: &str, path: &str, fields: &[(&str, &str)]| {
        let cookie = visitor.browser.cookie();
        below.send(method, path, &[FORM, HTML, ("Cookie", &cookie)], Some(form(fields).as_bytes()))
    };
    let log_in = |path: &str, next: &str| {
        let fields = form(&[("api_key", ADMIN_KEY), ("next", next)]);
        below.send("POST", path, &[FORM, HTML], Some(fields.as_bytes()))
    };
    // With and without the path on the way in, and in what a page sends along: it is there on the way out.
    for path in ["/admin/login", "/callbunker/admin/login"] {
        for next in ["/admin/phones/dashboard/orders?x=1", "/callbunker/admin/phones/dashboard/orders?x=1"] {
            let welcome = log_in(path, next);
            assert_eq!(welcome.headers["location"], "/callbunker/admin/phones/dashboard/orders?x=1", "{welcome:?}");
            assert!(welcome.headers["set-cookie"].contains("; Path=/callbunker;"), "{welcome:?}");
        }
        let elsewhere = log_in(path, "/callbunker//evil.example/admin/");
        assert_eq!(elsewhere.headers["location"], format!("{BASE}{DASHBOARD}"));
    }
    for path in ["/callbunker", "/callbunker/", "/", "/callbunker/admin"] {
        assert_eq!(visitor.get(path).headers["location"], format!("{BASE}{DASHBOARD}"), "{path}");
    }
    assert_eq!(visitor.get("/callbunkers/admin/login").status, 404);
    let asked = visitor.get(&format!("{BASE}{DASHBOARD}/acts/resume?back=/callbunker{DASHBOARD}/orders"));
    assert!(
        asked.body.as_str().is_some_and(|html| html.contains(&format!("value=\"{DASHBOARD}/orders\""))),
        "{asked:?}"
    );
    let csrf = visitor.browser.csrf();
    let back = format!("{BASE}{DASHBOARD}/orders");
    let resumed = send("POST", &format!("{BASE}{DASHBOARD}/acts/resume"), &[("csrf_token", &csrf), ("back", &back)]);
    assert_eq!((resumed.status, &resumed.headers["location"]), (303, &back), "{resumed:?}");
    assert!(resumed.headers["set-cookie"].contains("; Path=/callbunker/admin/phones;"), "{resumed:?}");
    assert_eq!(below.status()["paused"], json!(null));
    let out = send("POST", &format!("{BASE}/admin/logout"), &[("csrf_token", &csrf)]);
    assert_eq!((out.status, out.headers["location"].as_str()), (303, "/callbunker/admin/login"), "{out:?}");
    assert_eq!(visitor.get(&format!("{BASE}/admin/phones/api/status")).status, 401);
    eventually("its log tells paths as they were asked for", || {
        let log = below.log_text();
        log.contains("\"path\":\"/callbunker/admin/logout\"") && log.contains("\"path\":\"/admin/login\"")
    });
}

#[test]
fn documents_lead_below_the_path_too() {
    let (world, root, below) = both();
    let links = |document: &serde_json::Value| {
        let items = document["items"].as_array().expect("a list").clone();
        items.iter().filter_map(|item| item["link"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let attention = "/admin/phones/api/attention";
    let (plain, led) = (links(&root.get(attention).ok()), links(&below.get(&format!("{BASE}{attention}")).ok()));
    assert!(!plain.is_empty() && plain.iter().all(|link| link.starts_with("/admin/")), "{plain:?}");
    assert_eq!(led, plain.iter().map(|link| format!("{BASE}{link}")).collect::<Vec<_>>());
    // The same as an event.
    let mut stream = connect(&below);
    write!(stream, "GET {BASE}/admin/phones/api/events HTTP/1.1\r\nHost: t\r\nX-Admin-API-Key: {ADMIN_KEY}\r\n\r\n")
        .expect("a request");
    let mut lines = BufReader::new(stream).lines().map(|line| line.expect("the stream goes on"));
    lines.find(|line| line.trim_end() == "event: attention").expect("what needs somebody");
    let data = lines.next().expect("its data");
    assert_eq!(links(&serde_json::from_str(data.trim_start_matches("data: ")).expect("JSON")), led);
    // Where an order is to be looked at.
    let order = |daemon: &Daemon, base: &str| {
        let headers = [("Prefer", "respond-async")];
        let begun = daemon.post_with(&format!("{base}/admin/phones/api/purchase"), &json!({"count": 1}), &headers);
        assert_eq!(begun.status, 202, "{begun:?}");
        begun.headers["location"].clone()
    };
    assert!(order(&root, "").starts_with("/admin/phones/api/purchases/"));
    let location = order(&below, BASE);
    assert!(location.starts_with("/callbunker/admin/phones/api/purchases/"), "{location}");
    eventually("both are done", || world.count("SELECT count(*) FROM purchases WHERE ended_at IS NULL") == 0);
    below.get(&location).ok();
    // A problem's type is a name, and it leads to a page all the same.
    let problem = below.get(&format!("{BASE}/admin/phones/api/nothing")).problem(404, "not_found");
    assert_eq!(problem["type"], "/problems/not_found");
    let servers = |daemon: &Daemon, base: &str| daemon.get(&format!("{base}/openapi.json")).ok()["servers"].clone();
    assert_eq!((servers(&root, ""), servers(&below, BASE)), (json!([{"url": "/"}]), json!([{"url": BASE}])));
    let world = world.set("http.base_path", "").set("http.public_url", "https://ops.example.com/phones/");
    let public = world.daemon();
    assert_eq!(servers(&public, "/phones"), json!([{"url": "https://ops.example.com/phones"}]));
    let led = links(&public.get(attention).ok());
    assert!(
        led.iter().all(|link| link.starts_with("/phones/admin/")),
        "the path of the public URL is the base: {led:?}"
    );
}
