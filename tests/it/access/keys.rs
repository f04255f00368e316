//! Keys with names, and keys that only read.

use std::collections::{BTreeSet, VecDeque};
use std::path::PathBuf;

use callbunker::access::Fingerprint;
use callbunker::web::routes;
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::world::browser::{Browser, FORM, HTML, form};
use crate::world::daemon::{Daemon, Reply};
use crate::world::{ADMIN_KEY, SIGNUP_KEY, World, eventually};

const DANA: &str = "danas-key-0123456789";
const CI: &str = "cis-key-0123456789";
const SUPPORT: &str = "supports-key-0123456789";
const HOME: &str = "/admin/phones/dashboard";
const WHOAMI: &str = "/admin/phones/api/whoami";
const PAUSE: &str = "/admin/phones/api/pause";

/// A world in which dana and ci have admin keys beside one without a name, and support one that only reads.
fn world() -> World {
    World::new()
        .quiet()
        .set("ADMIN_API_KEY", format!("dana:{DANA},ci:{CI},{ADMIN_KEY}"))
        .set("READONLY_API_KEY", format!("support:{SUPPORT}"))
        .set("SIGNUP_API_KEY", format!("web:{SIGNUP_KEY}"))
}

fn with_key(daemon: &Daemon, key: &str, method: &str, path: &str, body: Option<&Value>) -> Reply {
    let body = body.map(|body| body.to_string().into_bytes());
    daemon.send(method, path, &[("X-Admin-API-Key", key), ("Content-Type", "application/json")], body.as_deref())
}

fn hash(key: &str) -> String {
    Fingerprint::of(key.as_bytes()).to_string()
}

fn page(reply: &Reply) -> &str {
    reply.body.as_str().unwrap_or_else(|| panic!("no page: {reply:?}"))
}

/// The newest row of an action.
#[track_caller]
fn newest(daemon: &Daemon, action: &str) -> Value {
    let rows = daemon.get("/admin/phones/api/audit?limit=200").ok()["items"].as_array().expect("the envelope").clone();
    rows.iter().find(|row| row["action"] == action).unwrap_or_else(|| panic!("no {action}: {rows:#?}")).clone()
}

#[test]
fn everybody_is_told_who_they_are_and_what_their_key_opens() {
    let world = world();
    let daemon = world.daemon();
    for (key, name, role) in
        [(DANA, json!("dana"), "admin"), (ADMIN_KEY, json!(null), "admin"), (SUPPORT, json!("support"), "readonly")]
    {
        let expected =
            |by_session| json!({"name": name, "role": role, "key_hash": hash(key), "by_session": by_session});
        assert_eq!(with_key(&daemon, key, "GET", WHOAMI, None).ok(), expected(false));
        assert_eq!(Browser::logged_in(&daemon, key).get(&daemon, WHOAMI).ok(), expected(true));
    }
    // As it is written in the list it opens, too.
    assert_eq!(with_key(&daemon, &format!("dana:{DANA}"), "GET", WHOAMI, None).ok()["name"], "dana");
    with_key(&daemon, &format!("ci:{DANA}"), "GET", WHOAMI, None).problem(401, "unauthorized");
    with_key(&daemon, SIGNUP_KEY, "GET", WHOAMI, None).problem(403, "forbidden");
}

#[test]
fn a_name_stands_wherever_somebody_did_something_and_the_key_beside_it() {
    let world = world();
    let daemon = world.daemon();
    let paused = with_key(&daemon, DANA, "POST", PAUSE, Some(&json!({"reason": "lunch"}))).ok();
    assert_eq!((&paused["paused"]["by"], &daemon.status()["paused"]["by"]), (&json!("dana"), &json!("dana")));
    let told =
        |row: &Value| (row["who"].clone(), row["key_hash"].clone(), row["by_session"].clone(), row["detail"].clone());
    let detail = json!({"reason": "lunch"});
    assert_eq!(told(&newest(&daemon, "pause")), (json!("dana"), json!(hash(DANA)), json!(false), detail));
    let browser = Browser::logged_in(&daemon, DANA);
    browser.call(&daemon, "/admin/phones/api/resume", "{}").ok();
    assert_eq!(told(&newest(&daemon, "resume")), (json!("dana"), json!(hash(DANA)), json!(true), json!({})));
    with_key(&daemon, CI, "POST", "/admin/phones/api/purchase", Some(&json!({"count": 1}))).ok();
    assert_eq!(world.sql("SELECT requested_by FROM purchases"), "ci");
    // Without a name it is as it was.
    let bare = Browser::logged_in(&daemon, ADMIN_KEY);
    bare.call(&daemon, PAUSE, "{}").ok();
    let who = format!("session:{}", hash(ADMIN_KEY));
    assert_eq!(told(&newest(&daemon, "pause")), (json!(who), json!(hash(ADMIN_KEY)), json!(true), json!({})));
    for words in ["automatic buying is paused", "logged in"] {
        eventually(words, || daemon.has_logged(words));
    }
    let log = daemon.log_text();
    let lines = daemon.log_lines();
    let line = |words: &str| lines.iter().find(|line| line["msg"] == words).unwrap_or_else(|| panic!("{words}: {log}"));
    assert_eq!(line("automatic buying is paused")["by"], "dana");
    assert_eq!((&line("logged in")["who"], &line("logged in")["key"]), (&json!("dana"), &json!(hash(DANA))));
    assert!([DANA, CI, SUPPORT].iter().all(|key| !log.contains(key)), "a key in the log");

    // A row from before dana's key had a name is told with it; of a key that is gone there is the fingerprint.
    world.sql(&format!(
        "INSERT INTO audit (call_id, at, who, action) VALUES (gen_random_uuid(), now(), 'session:{}', 'older'), \
         (gen_random_uuid(), now(), 'session:0123456789ab', 'oldest')",
        hash(DANA)
    ));
    let names = |path| {
        let page = page(&browser.get(&daemon, path)).to_owned();
        let told = |who: &str, key: &str| page.contains(&format!("<span title=\"Key {key}\">{who}</span>"));
        assert!(told("dana", &hash(DANA)), "{path}: {page}");
        assert!(told("0123456789ab", "0123456789ab") && !page.contains("session:"), "{path}: {page}");
    };
    names(HOME);
    names("/admin/phones/dashboard/audit");
}

#[test]
fn a_key_that_only_reads_gets_every_get_and_does_nothing() {
    let world = world();
    let daemon = world.daemon();
    daemon.purchase(2).ok();
    let number = daemon.assign("u-1").ok()["phone_number"].as_str().expect("a number").to_owned();
    let purchase = world.sql("SELECT id FROM purchases");
    let (browser, bought) = (Browser::logged_in(&daemon, SUPPORT), world.bought());
    let filled = |pattern: &str| {
        let path = pattern.replace("{user_id}", "u-1").replace("{phone_number}", &number).replace("{id}", &purchase);
        let path = path.replace("{code}", "forbidden").replace("{act}", "pause");
        let asks_whom = path.ends_with("/users") || path == "/signup/api/assignments";
        if asks_whom { path + "?user_id=u-1" } else { path }
    };
    let mut seen = (0, 0);
    for route in routes() {
        let path = filled(route.pattern());
        if path.contains('{') || path == "/admin/login" || path == "/admin/logout" || path.ends_with("/events") {
            continue;
        }
        for endpoint in route.endpoints() {
            let asks_to_act = path.contains("/acts/");
            if endpoint.method() == "GET" && !asks_to_act {
                seen.0 += 1;
                for reply in [with_key(&daemon, SUPPORT, "GET", &path, None), browser.get(&daemon, &path)] {
                    let to_login = reply.headers.get("location").is_some_and(|to| to.contains("login"));
                    assert!(reply.status < 400 && !to_login, "{path}: {reply:?}");
                }
            } else {
                seen.1 += 1;
                let method = endpoint.method().as_str();
                let refused = with_key(&daemon, SUPPORT, method, &path, Some(&json!({}))).problem(403, "forbidden");
                let says = |word| refused["detail"].as_str().is_some_and(|detail| detail.contains(word));
                assert!(says("only reads") && says("admin key"), "{path}: {refused}");
                browser.call(&daemon, &path, "{}");
            }
        }
    }
    assert!(seen.0 > 20 && seen.1 > 14, "{seen:?}");
    assert_eq!((world.bought(), world.count("SELECT count(*) FROM assignments_ever")), (bought, 1), "nothing was done");
    assert_eq!(newest(&daemon, "pause")["who"], "support", "what was refused stands in the trail");
    // Counts for a neighbour behind a proxy.
    let proxied = [("X-Forwarded-For", "198.51.100.7"), ("X-Admin-API-Key", SUPPORT)];
    assert_eq!(daemon.send("GET", "/metrics", &proxied, None).status, 200);
    // The way out is theirs.
    let out = form(&[("csrf_token", &browser.csrf())]);
    assert_eq!(browser.post(&daemon, "/admin/logout", &[FORM], &out).status, 303);
    browser.get(&daemon, WHOAMI).problem(401, "unauthorized");
}

#[test]
fn whoever_only_reads_sees_no_button_that_does_something() {
    let world = world();
    let daemon = world.daemon();
    daemon.purchase(3).ok();
    let number = daemon.assign("u-1").ok()["phone_number"].as_str().expect("a number").to_owned();
    with_key(&daemon, DANA, "POST", PAUSE, Some(&json!({}))).ok();
    let foreign = world.twilio.own(twilio_simulator::ForeignNumber::new("+14155550100"));
    daemon.post_empty("/admin/phones/api/reconcile").ok();
    let pages = |key: &str| {
        let browser = Browser::logged_in(&daemon, key);
        let start = [HOME.to_owned(), format!("{HOME}/search?q={}", number.replace('+', "%2B"))];
        let mut left: VecDeque<String> = start.into();
        left.push_back(format!("{HOME}/search?q=u-1"));
        left.push_back(format!("{HOME}/search?q=%2B14155550177"));
        let (mut known, mut all): (BTreeSet<String>, Vec<String>) = (left.iter().cloned().collect(), Vec::new());
        // What is nearest to the home page comes first.
        while let Some(path) = left.pop_front().filter(|_| all.len() < 120) {
            let shown = browser.get(&daemon, &path);
            let html = page(&shown).to_owned();
            let links = html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
            for link in links.map(|link| link.replace("&amp;", "&")).filter(|link| link.starts_with(HOME)) {
                if !link.contains("/acts/") && !link.contains(".csv") && known.insert(link.clone()) {
                    left.push_back(link);
                }
            }
            all.push(html);
        }
        all
    };
    let acts =
        |pages: &[String]| pages.iter().filter(|page| page.contains("/acts/") || page.contains("data-ask")).count();
    let (theirs, danas) = (pages(SUPPORT), pages(DANA));
    assert!(acts(&danas) >= 3 && danas.iter().any(|page| page.contains(">Do</th>")), "{foreign:?}");
    assert_eq!(acts(&theirs), 0, "{theirs:#?}");
    assert!(theirs.iter().all(|page| page.contains(">support</span> · only reads")), "{theirs:#?}");
    assert!(theirs.iter().all(|page| page.matches("method=\"post\"").count() == 1), "the way out only");
    // Whoever follows a link of a colleague's is told, as people are.
    let browser = Browser::logged_in(&daemon, SUPPORT);
    let cookie = browser.cookie();
    let refused = daemon.send("GET", &format!("{HOME}/acts/resume"), &[("Cookie", &cookie), HTML], None);
    assert_eq!(refused.status, 403);
    assert!(page(&refused).contains("only reads"), "{refused:?}");
}

#[test]
fn keys_are_renamed_lowered_and_removed_while_it_runs() {
    let folder = std::env::temp_dir().join(format!("callbunker-roles-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = |name: &str| -> PathBuf { folder.join(name) };
    let write = |name: &str, text: &str| std::fs::write(file(name), text).expect("a file");
    write("admin", &format!("{DANA},{ADMIN_KEY},ci:{CI}"));
    write("reads", &format!("support:{SUPPORT}\n"));
    let world = World::new().quiet().set("ADMIN_API_KEY", "").set("READONLY_API_KEY", "");
    let world = world.set("ADMIN_API_KEY_FILE", file("admin").display());
    let world = world.set("READONLY_API_KEY_FILE", file("reads").display());
    let daemon = world.daemon();
    let [dana, ci, support] = [DANA, CI, SUPPORT].map(|key| Browser::logged_in(&daemon, key));
    let who = |browser: &Browser| {
        let told = browser.get(&daemon, WHOAMI).ok();
        (told["name"].as_str().map(str::to_owned), told["role"].as_str().expect("a role").to_owned())
    };
    assert_eq!((who(&dana), who(&ci).1), ((None, "admin".to_owned()), "admin".to_owned()));
    write("admin", &format!("dana:{DANA},{ADMIN_KEY}"));
    write("reads", &format!("ci:{CI}"));
    let reloads = || daemon.log_lines().iter().filter(|line| line["msg"] == "the configuration was reloaded").count();
    daemon.signal(Signal::SIGHUP);
    eventually("the reload is told", || reloads() == 1);
    let line = daemon.log_lines().into_iter().rfind(|line| line["msg"] == "the configuration was reloaded").unwrap();
    assert_eq!(line["changed"], "ADMIN_API_KEY, READONLY_API_KEY");
    assert_eq!(who(&dana), (Some("dana".to_owned()), "admin".to_owned()), "the session goes on under the name");
    assert_eq!(who(&ci), (Some("ci".to_owned()), "readonly".to_owned()), "what the key opens now counts");
    ci.call(&daemon, PAUSE, "{}").problem(403, "forbidden");
    support.get(&daemon, WHOAMI).problem(401, "unauthorized");
    with_key(&daemon, SUPPORT, "GET", WHOAMI, None).problem(401, "unauthorized");
    eventually("its session is gone", || {
        world.count(&format!("SELECT count(*) FROM sessions WHERE key_fingerprint = '{}'", hash(SUPPORT))) == 0
    });
    let _ = std::fs::remove_dir_all(&folder);
}

#[test]
fn a_key_with_a_plus_opens_by_the_query_however_it_is_written_there() {
    let key = "abc+defghi/jklmn==";
    let world = World::new().quiet().set("ADMIN_API_KEY", format!("job:{key},{ADMIN_KEY}"));
    let daemon = world.daemon();
    let by_query = |written: &str| daemon.send("GET", &format!("{WHOAMI}?x=1&api_key={written}"), &[], None);
    for written in [key, "abc%2Bdefghi/jklmn==", "abc%2bdefghi%2Fjklmn%3D%3D", "abc+defghi%2Fjklmn=="] {
        assert_eq!(by_query(written).ok()["name"], "job", "{written}");
    }
    // A wrong one is told how a URL is written, and so is every other wrong one; both readings are one attempt.
    let hint = |reply: Reply| reply.problem(401, "unauthorized")["detail"].as_str().unwrap().contains("%2B");
    for wrong in ["abc+defghi/jklmn", "abc%20defghi/jklmn==", "nobody", "abc"] {
        assert!(hint(by_query(wrong)), "{wrong}");
    }
    assert!(!hint(with_key(&daemon, "abc defghi/jklmn==", "GET", WHOAMI, None)), "a header is no URL");
    assert!(!hint(daemon.send("GET", WHOAMI, &[], None)));
    for attempt in 6..=20 {
        assert_eq!(by_query("wrong+wrong+wrong").status, 401, "attempt {attempt}");
    }
    by_query("wrong+wrong+wrong").problem(429, "rate_limited");
    assert_eq!(by_query(key).status, 200, "a right one always opens");
    let log = daemon.log_text();
    assert!(log.contains("in a URL it must be encoded") && !log.contains("defghi"), "{log}");
}
