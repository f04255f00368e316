//! The pool that a request names, in its body or in its query.

use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, ForeignNumber, On};

use crate::world::World;
use crate::world::daemon::{Daemon, Reply};

const API: &str = "/admin/phones/api";
const FOREIGN: &str = "+12125550100";
const OTHER: &str = "+12125550101";

/// `default` and `twin`, which hold the same, so that only a name leads to `twin`.
fn two() -> (World, Daemon) {
    let world = World::new().quiet().pool("twin", &[("country", "US")]);
    for number in [FOREIGN, OTHER] {
        world.twilio.own(ForeignNumber::new(number));
    }
    let daemon = world.daemon();
    (world, daemon)
}

fn halted(document: &Value) -> Vec<&str> {
    let pools = document["pools"].as_array().expect("a list").iter();
    pools.filter(|pool| pool["halted"].is_object()).filter_map(|pool| pool["pool"].as_str()).collect()
}

#[test]
fn the_query_names_it_as_the_body_does() {
    let (world, daemon) = two();
    let twin = |reply: Reply| assert_eq!(reply.clone().ok()["pool"], "twin", "{reply:?}");
    twin(daemon.post(&format!("{API}/purchase?pool=twin"), &json!({"count": 2})));
    assert_eq!(world.sql("SELECT DISTINCT pool FROM numbers"), "twin");
    twin(daemon.signup("/signup/api/assign?pool=twin", &json!({"user_id": "u-1"})));
    twin(daemon.signup("/signup/api/assign?pool=twin", &json!({"user_id": "u-2", "pool": "twin"})));
    twin(daemon.post_empty(&format!("{API}/numbers/{FOREIGN}/adopt?pool=twin")));
    assert_eq!(daemon.post_empty(&format!("{API}/numbers/{OTHER}/adopt")).ok()["pool"], "default");
    twin(daemon.post_empty(&format!("{API}/numbers/{OTHER}/move?pool=twin")));
    let nowhere = daemon.post_empty(&format!("{API}/numbers/{OTHER}/move")).problem(422, "invalid_field");
    assert_eq!(nowhere["field"], "pool");
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_resume_whose_query_names_a_pool_ends_the_halt_of_that_one_alone() {
    let (world, daemon) = two();
    for pool in ["default", "twin"] {
        world.twilio.fault(Fault::new(On::Create, FaultKind::Refuse).code(21_649));
        super::order(&daemon, &json!({"count": 1, "pool": pool})).ok();
    }
    assert_eq!(halted(&daemon.status()), ["default", "twin"]);
    let resumed = daemon.post_empty(&format!("{API}/resume?pool=twin")).ok();
    assert_eq!(halted(&resumed), ["default"]);
    daemon.post_empty(&format!("{API}/resume?pool=gb")).problem(422, "invalid_field");
    assert_eq!(halted(&daemon.status()), ["default"]);
}

#[test]
fn two_names_are_a_contradiction_and_nothing_is_done() {
    let (world, daemon) = two();
    super::order(&daemon, &json!({"count": 1})).ok();
    let number = world.sql("SELECT phone_number FROM numbers");
    let acts = [
        ("purchase".to_owned(), json!({"count": 1})),
        ("resume".to_owned(), json!({})),
        ("configure-webhooks".to_owned(), json!({})),
        ("import".to_owned(), json!({"numbers": [{"phone_number": FOREIGN}]})),
        (format!("numbers/{FOREIGN}/adopt"), json!({})),
        (format!("numbers/{number}/move"), json!({})),
    ];
    for (act, mut body) in acts {
        body["pool"] = json!("default");
        let told = daemon.post(&format!("{API}/{act}?pool=twin"), &body).problem(422, "invalid_field");
        assert_eq!(told["field"], "pool", "{act}: {told}");
        let detail = told["detail"].as_str().expect("text");
        assert!(detail.contains("default") && detail.contains("twin"), "{act}: {told}");
    }
    let signup = json!({"user_id": "u-1", "pool": "default"});
    let told = daemon.signup("/signup/api/assign?pool=twin", &signup).problem(422, "invalid_field");
    assert_eq!(told["field"], "pool");
    assert_eq!(world.sql("SELECT count(*), min(pool), min(status) FROM numbers"), "1|default|active");
    assert_eq!((world.bought(), world.count("SELECT count(*) FROM assignments_ever")), (1, 0));
}
