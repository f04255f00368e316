//! Faults in one pool's market, with two pools beside it: what comes of its order, and that the others buy on.
//!
//! How to get it wrong: a fault that meets whoever asks next. It would be another pool's.

use serde_json::{Value, json};
use twilio_simulator::On;

use super::super::pools::{resume, with_pools};
use super::orders::{Order, create_meets, search_meets};
use super::{Kind, Shop, fault, kinds, tally};
use crate::world::World;
use crate::world::daemon::Reply;

/// An order by hand of a pool.
fn order(shop: &Shop, pool: &str, count: u64) -> Reply {
    shop.daemon.post("/admin/phones/api/purchase", &json!({"count": count, "pool": pool}))
}

/// The others buy and serve as if nothing were.
fn others_go_on(shop: &mut Shop, kind: Kind) {
    let other = order(shop, "ca", 1).ok();
    assert_eq!((&other["state"], &other["purchased_count"]), (&json!("done"), &json!(1)), "{kind:?}: {other}");
    shop.signup(kind);
}

/// Whether a fault of this kind is the account's, or needs more than one call to come about.
fn is_another_tables(kind: Kind, expected: Order) -> bool {
    kind == Kind::AlreadyOwned21422 || matches!(expected, Order::Halted(_) | Order::UnknownAndHalted(_))
}

#[test]
fn a_fault_at_one_pools_creates_is_no_other_pools() {
    let mut shop = Shop::open_in(with_pools(World::new(), 3));
    for kind in kinds(On::Create).filter(|kind| !is_another_tables(*kind, create_meets(*kind))) {
        let before = shop.world.bought();
        shop.world.twilio.fault(fault(On::Create, kind).country("GB"));
        let of_gb = order(&shop, "gb", 2).ok();
        shop.judge(kind, create_meets(kind), &of_gb, 2, shop.world.bought() - before);
        others_go_on(&mut shop, kind);
        shop.settle(kind);
        tally::faults(1);
    }
    close(shop);
}

#[test]
fn a_fault_at_one_pools_searches_is_no_other_pools() {
    let mut shop = Shop::open_in(with_pools(World::new(), 3));
    for kind in kinds(On::Search).filter(|kind| !is_another_tables(*kind, search_meets(*kind))) {
        let before = shop.world.bought();
        shop.world.twilio.fault(fault(On::Search, kind).country("GB"));
        let of_gb = order(&shop, "gb", 2);
        match search_meets(kind) {
            Order::PoolHalted(_) => {
                assert_eq!(of_gb.problem(503, "halted")["detail"].as_str().map(names_its_key), Some(true), "{kind:?}");
                assert_eq!(shop.world.sql("SELECT pool, needs FROM pool_halts"), "gb|pools.gb.number_type");
                assert_eq!(shop.daemon.status()["halted"], Value::Null, "the account's is another one");
                others_go_on(&mut shop, kind);
                resume(&shop.daemon, 3);
            }
            expected => shop.judge(kind, expected, &of_gb.ok(), 2, shop.world.bought() - before),
        }
        others_go_on(&mut shop, kind);
        shop.settle(kind);
        tally::faults(1);
    }
    close(shop);
}

fn names_its_key(detail: &str) -> bool {
    detail.contains("pools.gb.number_type")
}

fn close(shop: Shop) {
    shop.world.assert_numbers_are_of_their_orders_pool();
    let of = shop.world.sql("SELECT DISTINCT pool FROM numbers ORDER BY pool");
    assert_eq!(of.lines().collect::<Vec<_>>(), ["ca", "default", "gb"]);
    shop.close();
}
