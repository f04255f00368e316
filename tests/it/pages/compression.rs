//! What is sent compressed, to whom, and what is not.

use std::io::{Read as _, Write as _};

use flate2::read::GzDecoder;
use serde_json::json;

use crate::world::browser::Browser;
use crate::world::daemon::Daemon;
use crate::world::raw::connect;
use crate::world::{ADMIN_KEY, SIGNUP_KEY, World};

const HOME: &str = "/admin/phones/dashboard";

struct Answer {
    head: String,
    body: Vec<u8>,
}

impl Answer {
    /// What a header says; empty when it is not there.
    fn says(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).next().unwrap_or_default()
    }

    fn varies(&self) -> bool {
        self.head.lines().any(|line| line.eq_ignore_ascii_case("vary: accept-encoding"))
    }

    fn text(&self) -> String {
        let mut text = String::new();
        match self.says("content-encoding") {
            "gzip" => GzDecoder::new(&self.body[..]).read_to_string(&mut text),
            _ => (&self.body[..]).read_to_string(&mut text),
        }
        .expect("text");
        text
    }
}

fn ask(daemon: &Daemon, method: &str, path: &str, headers: &str, body: &str) -> Answer {
    let mut stream = connect(daemon);
    let headers = headers.replace('\n', "\r\n");
    let head = format!("{method} {path} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n{headers}");
    write!(stream, "{head}\r\n{body}").expect("the daemon takes the request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    let at = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let body = answer.split_off(at + 4);
    Answer { head: String::from_utf8(answer).expect("text"), body }
}

#[test]
fn pages_lists_the_description_and_assets_are_sent_compressed_to_whoever_accepts_it() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(10).ok();
    let key = format!("X-Admin-API-Key: {ADMIN_KEY}\n");
    let home = ask(&daemon, "GET", HOME, &key, "").text();
    let assets = home.split("\"/admin/phones/assets/").skip(1).filter_map(|rest| rest.split('"').next());
    let mut paths: Vec<String> = assets.map(|name| format!("/admin/phones/assets/{name}")).collect();
    assert!(paths.len() >= 5, "{paths:?}");
    paths.retain(|path| !path.ends_with(".svg"));
    paths.extend([HOME, "/admin/phones/api/numbers", "/openapi.json", "/metrics"].map(str::to_owned));
    for path in paths {
        let gzip = format!("{key}Accept-Encoding: gzip, deflate, br\n");
        let (whole, small) = (ask(&daemon, "GET", &path, &key, ""), ask(&daemon, "GET", &path, &gzip, ""));
        assert_eq!((whole.says("content-encoding"), small.says("content-encoding")), ("", "gzip"), "{path}");
        assert!(whole.varies() && small.varies(), "{path}: {}", small.head);
        assert!(small.body.len() * 2 < whole.body.len(), "{path}: {} of {}", small.body.len(), whole.body.len());
        assert_eq!(small.says("content-length"), small.body.len().to_string(), "{path}");
        let is_steady = path.contains("/assets/") || path == "/openapi.json";
        assert!(!is_steady || small.text() == whole.text(), "{path}");
        let head = ask(&daemon, "HEAD", &path, &gzip, "");
        assert!(
            head.body.is_empty() && head.varies() && head.says("content-encoding") == "gzip",
            "{path}: {}",
            head.head
        );
        assert!(!is_steady || head.says("content-length") == small.says("content-length"), "{path}: {}", head.head);
        if let Some(tag) = Some(small.says("etag")).filter(|tag| !tag.is_empty()) {
            assert!(tag.starts_with("W/") && !whole.says("etag").starts_with("W/"), "{tag}");
            let known = ask(&daemon, "GET", &path, &format!("{gzip}If-None-Match: {tag}\n"), "");
            assert!(known.head.starts_with("HTTP/1.1 304") && known.body.is_empty(), "{}", known.head);
        }
    }
}

#[test]
fn a_signups_answer_and_events_stay_as_they_are() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    let body = json!({"user_id": "u-1"}).to_string();
    let headers = format!(
        "X-Admin-API-Key: {SIGNUP_KEY}\nAccept-Encoding: gzip\nContent-Type: application/json\nContent-Length: {}\n",
        body.len()
    );
    let assigned = ask(&daemon, "POST", "/signup/api/assign", &headers, &body);
    assert!(assigned.head.starts_with("HTTP/1.1 200") && assigned.text().contains("u-1"), "{}", assigned.head);
    assert!(!assigned.varies() && assigned.says("content-encoding").is_empty(), "{}", assigned.head);
    let mut stream = connect(&daemon);
    let asks = format!("X-Admin-API-Key: {ADMIN_KEY}\r\nAccept-Encoding: gzip\r\n");
    write!(stream, "GET /admin/phones/api/events HTTP/1.1\r\nHost: t\r\n{asks}\r\n").expect("a request");
    let mut text = String::new();
    let mut piece = [0; 4096];
    while !text.contains("event: status") {
        let count = stream.read(&mut piece).expect("a piece");
        text.push_str(std::str::from_utf8(&piece[..count]).expect("plain text"));
    }
    assert!(!text.to_lowercase().contains("content-encoding"), "{text}");
}

#[test]
fn a_page_that_another_site_lets_a_browser_ask_for_is_not_compressed() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let browser = Browser::logged_in(&daemon, ADMIN_KEY);
    let page = |site: &str| {
        let headers = format!("Cookie: {}\nAccept-Encoding: gzip\nAccept: text/html\n{site}", browser.cookie());
        ask(&daemon, "GET", &format!("{HOME}/search?q=guess"), &headers, "")
    };
    for (site, coding) in [
        ("Sec-Fetch-Site: same-origin\n", "gzip"),
        ("Sec-Fetch-Site: none\n", "gzip"),
        ("Sec-Fetch-Site: cross-site\n", ""),
        ("Sec-Fetch-Site: same-site\n", ""),
        ("", ""),
    ] {
        let page = page(site);
        assert_eq!(page.says("content-encoding"), coding, "{site}: {}", page.head);
        assert!(page.text().contains("guess") && page.text().contains(&browser.csrf()), "{site}");
    }
}
