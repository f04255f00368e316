//! Debian's Caddy, with the file of `docs/proxy`.

use super::{Way, world};
use crate::world::front::Front;

#[test]
fn everything_works_behind_caddy() {
    let world = world().set("http.sync_order_secs", 1);
    let daemon = world.daemon();
    let front = Front::documented_caddy(&daemon);
    let way = Way { front: &front, daemon: &daemon, host: "callbunker.example.com", base: "" };
    assert_eq!(way.log_in(&[]).status, 303, "a browser without Sec-Fetch-Site");
    let browser = way.people_work();
    way.metrics_want_a_key();
    way.events_come(&browser);
    way.users_of_any_name_are_found(&browser);
    way.what_is_too_large_is_told(&[70_000]);
    way.orders_that_last_are_told_of(&world);
    way.wrong_keys_count_for_whom_it_forwards();
}

#[test]
fn everything_works_behind_caddy_below_a_path() {
    let world = world().set("http.sync_order_secs", 1).set("http.base_path", "/callbunker");
    let daemon = world.daemon();
    let front = Front::documented_caddy(&daemon);
    let way = Way { front: &front, daemon: &daemon, host: "ops.example.com", base: "/callbunker" };
    assert_eq!(way.log_in(&[]).status, 303, "a browser without Sec-Fetch-Site");
    let browser = way.people_work();
    way.metrics_want_a_key();
    way.events_come(&browser);
    way.users_of_any_name_are_found(&browser);
    way.orders_that_last_are_told_of(&world);
    let bare = Way { base: "", ..way }.get("/callbunker", &[]);
    assert_eq!((bare.status, bare.headers["location"].as_str()), (308, "/callbunker/"));
}
