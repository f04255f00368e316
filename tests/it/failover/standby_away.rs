//! The only standby is away for longer, and users come all the while: they are refused at once, what only looks is answered, and few sessions
//! are left behind at the server.
//!
//! How to get it wrong: counting sessions once. They add up where each refusal leaves one behind.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::pair::Pair;
use crate::world::browser::Browser;
use crate::world::daemon::{Daemon, Reply};
use crate::world::{ADMIN_KEY, eventually};

const CLIENTS: usize = 12;
const USERS_EACH: usize = 25;
/// Connections of one instance's pool: each may be left behind, and so may the one that took its place before anybody looked.
const LEFT_MAX: i64 = 2 * (8 + 8);
const LEFT: &str = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";

/// The order that is placed before, and asked for again.
const KEYED: [(&str, &str); 1] = [("Idempotency-Key", "placed-before")];

fn order(daemon: &Daemon) -> Reply {
    daemon.post_with("/admin/phones/api/purchase", &json!({ "count": 1 }), &KEYED)
}

/// Three hundred users come while no standby is there, at both daemons, and `before` has a number; whom each of them was told in the end.
pub fn crowd(pair: &Pair, daemons: &[Daemon; 2]) -> BTreeMap<String, String> {
    let world = &pair.world;
    world.stock("default", 1, 320);
    let placed = order(&daemons[0]).ok();
    let operator = Browser::logged_in(&daemons[0], ADMIN_KEY);
    // It would be noted that they are there.
    world.sql("UPDATE sessions SET last_seen_at = clock_timestamp() - interval '2 minutes'");
    pair.other().stop_fast().expect("the standby stops");
    let refused = AtomicUsize::new(0);
    let told = thread::scope(|scope| {
        let refused = &refused;
        let clients: Vec<_> = (0..CLIENTS).map(|client| scope.spawn(move || users(client, daemons, refused))).collect();
        is_told(daemons, &operator);
        let (before, mut most) = (refused.load(Ordering::Relaxed), 0);
        eventually("users go on asking", || {
            most = most.max(world.count(LEFT));
            refused.load(Ordering::Relaxed) >= before + 400
        });
        assert!((1..=LEFT_MAX).contains(&most), "{most} sessions wait for a standby");
        pair.other().start_again().expect("the standby is back");
        clients.into_iter().flat_map(|client| client.join().expect("a client")).collect::<BTreeMap<_, _>>()
    });
    for daemon in daemons {
        eventually("it is ready again", || daemon.send("GET", "/readyz", &[], None).status == 200);
        assert!(daemon.has_logged("no commit waits for a standby any more"), "{}", daemon.log_text());
        assert_eq!(order(daemon).ok()["purchase_id"], placed["purchase_id"]);
    }
    stands(pair, &told);
    told
}

/// Everybody has what they were told, and never had anything else.
pub fn stands(pair: &Pair, told: &BTreeMap<String, String>) {
    let rows = pair.world.sql(
        "SELECT a.user_id, n.phone_number FROM assignments_ever a JOIN numbers n ON n.id = a.number_id WHERE a.user_id LIKE 'crowd-%'",
    );
    let held: Vec<(&str, &str)> = rows.lines().filter_map(|row| row.split_once('|')).collect();
    assert_eq!((held.len(), told.len()), (CLIENTS * USERS_EACH, CLIENTS * USERS_EACH));
    for (user, number) in held {
        assert_eq!(told.get(user).map(String::as_str), Some(number), "{user}");
    }
}

/// Asks for one user after the other, at one daemon after the other, until all have a number.
fn users(client: usize, daemons: &[Daemon; 2], refused: &AtomicUsize) -> Vec<(String, String)> {
    let mut waiting: Vec<String> = (0..USERS_EACH).map(|user| format!("crowd-{client}-{user}")).collect();
    let mut told = Vec::new();
    for turn in client.. {
        let Some(user) = waiting.first().cloned() else { break };
        let daemon = &daemons[turn % 2];
        if turn % 3 == 0 {
            // What is told because it was read waits, too.
            let looked = daemon.get("/signup/api/assignments/before");
            assert!(matches!(looked.status, 200 | 503), "{looked:?}");
        }
        let answer = daemon.assign(&user);
        waiting.remove(0);
        match answer.status {
            200 => told.push((user, answer.body["phone_number"].as_str().expect("a number").to_owned())),
            503 => {
                refused.fetch_add(1, Ordering::Relaxed);
                waiting.push(user);
                thread::sleep(Duration::from_millis(50));
            }
            _ => panic!("{answer:?}"),
        }
    }
    told
}

/// Both say why, whoever only looks is answered, and nobody is told what no standby may have.
fn is_told(daemons: &[Daemon; 2], operator: &Browser) {
    for daemon in daemons {
        let says_why = |body: &Value| body["detail"].as_str().is_some_and(|why| why.contains("synchronous standby"));
        eventually("it says why", || says_why(&daemon.assign("before").body));
        for refused in [
            daemon.assign("before"),
            daemon.get("/signup/api/assignments/before"),
            daemon.get("/signup/api/assignments/nobody"),
            daemon.release("before"),
            daemon.signup("/signup/api/touch", &json!({ "user_ids": ["nobody"] })),
            order(daemon),
            daemon.post_empty("/admin/phones/api/pause"),
        ] {
            assert!(says_why(&refused.body) && refused.headers.contains_key("retry-after"), "{refused:?}");
            refused.problem(503, "database_unavailable");
        }
        for looks in ["status", "numbers", "assignments", "passes", "audit", "advice"] {
            daemon.get(&format!("/admin/phones/api/{looks}")).ok();
        }
        let summary = "The database acknowledges nothing: its synchronous standby is away.";
        let page = operator.get(daemon, "/admin/phones/dashboard");
        assert!(page.status == 200 && page.body.as_str().is_some_and(|page| page.contains(summary)), "{page:?}");
        let ready = daemon.send("GET", "/readyz", &[], None);
        assert_eq!((ready.status, &ready.body["failing"]), (503, &json!(["database"])), "{ready:?}");
        let needs = daemon.get("/admin/phones/api/attention").ok();
        let item = &needs["items"][0];
        assert_eq!((&item["kind"], &item["summary"]), (&json!("database_away"), &json!(summary)), "{needs}");
        eventually("its log says so", || daemon.has_logged("waits for its synchronous standby"));
    }
}
