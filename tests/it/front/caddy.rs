//! Debian's Caddy, with the file of `docs/proxy`.

use super::{Way, world};
use crate::world::front::Front;

#[test]
fn everything_works_behind_caddy() {
    let world = world().set("http.sync_order_secs", 1);
    let daemon = world.daemon();
    let front = Front::documented_caddy(&daemon);
    let way = Way { front: &front, daemon: &daemon, host: "callbunker.example.com", base: "" };
    way.everything_works(&world);
    way.what_is_too_large_is_told(&[70_000]);
    way.wrong_keys_count_for_whom_it_forwards();
}

#[test]
fn everything_works_behind_caddy_below_a_path() {
    let world = world().set("http.sync_order_secs", 1).set("http.base_path", "/callbunker");
    let daemon = world.daemon();
    let front = Front::documented_caddy(&daemon);
    let way = Way { front: &front, daemon: &daemon, host: "ops.example.com", base: "/callbunker" };
    way.everything_works(&world);
    let bare = Way { base: "", ..way }.get("/callbunker", &[]);
    assert_eq!((bare.status, bare.headers["location"].as_str()), (308, "/callbunker/"));
}
