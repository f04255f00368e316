//! The pool fills, hands out and refills by itself.

use serde_json::json;

use crate::world::{ORIGIN, World, eventually};

#[test]
fn the_pool_warms_up_and_refills_itself_and_every_number_carries_our_webhooks() {
    let world = World::new();
    let daemon = world.daemon();
    eventually("the pool is warm", || daemon.status()["available"] == 20);
    let first = daemon.assign("u-0").ok();
    let again = daemon.assign("u-0").ok();
    assert_eq!((&first["phone_number"], &first["replayed"]), (&again["phone_number"], &json!(false)));
    assert_eq!((&again["replayed"], &again["source"]), (&json!(true), &json!("pool")));
    for user in 1..=10 {
        daemon.assign(&format!("u-{user}")).ok();
    }
    eventually("the pool refilled", || daemon.status()["available"] == 19);
    let truth = world.twilio.truth();
    assert_eq!(truth.owned.len(), 30);
    for number in &truth.owned {
        assert_eq!(number.voice_url, Some(format!("{ORIGIN}/twilio/voice")));
        assert_eq!(number.sms_url, format!("{ORIGIN}/twilio/sms"));
        assert_eq!(number.status_callback, format!("{ORIGIN}/twilio/status"));
        assert!(number.friendly_name.starts_with("callbunker:default:"), "{}", number.friendly_name);
    }
    world.assert_nothing_lost_or_doubled();
    assert_eq!(daemon.stop(), Some(0));
}
