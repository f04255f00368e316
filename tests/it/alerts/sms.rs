//! Text messages: to each number once, whatever answer is lost; never from a number of a pool, and only so many in a day.

use serde_json::json;
use twilio_simulator::{Fault, FaultKind, On};

use super::far::quiet;
use crate::world::{World, eventually};

const TO: [&str; 2] = ["+14155550123", "+14155550124"];

/// What was sent, by number.
fn texts(world: &World) -> Vec<(String, String)> {
    let sent = world.twilio.truth().traffic.into_iter().filter_map(|record| Some((record.to, record.body?)));
    sent.collect()
}

fn count(world: &World, to: &str) -> usize {
    texts(world).iter().filter(|(number, _)| number == to).count()
}

#[test]
fn a_text_comes_once_whatever_answer_is_lost_and_only_so_many_come_in_a_day() {
    let world = quiet()
        .set("alerts.sms.to", TO.join(","))
        .set("alerts.sms.from", "callbunker")
        .set("alerts.sms.per_day_max", 5);
    world.twilio.fault(Fault::new(On::Text, FaultKind::CommitThenReset).phone_number(TO[0]));
    let daemon = world.daemon();
    world.go_wrong();
    world.until_last("sms", "waiting 1");
    world.try_again();
    world.until_last("sms", "sent 2 201");
    assert_eq!((count(&world, TO[0]), count(&world, TO[1])), (1, 1), "the one whose answer was lost was found");
    let (_, text) = &texts(&world)[0];
    let mark = world.sql("SELECT right(replace(id::text, '-', ''), 8) FROM alert_messages");
    assert!(text.starts_with("callbunker default: ") && text.ends_with(&format!(" [{mark}]")), "{text}");
    assert!(text.is_ascii() && text.len() <= 306, "{text}");
    assert!(text.contains(". Since 20"), "{text}");

    // One number is refused for its own sake: the other one is told all the same.
    world.twilio.fault(Fault::new(On::Text, FaultKind::Refuse).phone_number(TO[0]).code(21610));
    world.go_right();
    world.until_last("sms", "waiting 1 400 …0123: ");
    assert_eq!(count(&world, TO[1]), 2);
    assert_eq!(daemon.status()["halted"], json!(null), "a refused text halts nothing");

    // Four POSTs were made, and the fifth is the last of this day.
    world.try_again();
    world.until_last("sms", "sent 2 201");
    assert_eq!(count(&world, TO[0]), 2);
    world.go_wrong();
    eventually("there is a message", || world.messages("sms").len() == 3);
    world.hurry();
    let posts = || world.count("SELECT jsonb_array_length(detail) FROM account_looks WHERE what = 'texts'");
    assert_eq!(posts(), 5);
    eventually("it is due", || {
        world.count("SELECT count(*) FROM alert_messages WHERE channel = 'sms' AND state = 'waiting' AND due_at < clock_timestamp() - interval '1 second'") == 1
    });
    assert_eq!(world.messages("sms")[2], "waiting 0", "it gathers on, and no try is counted");
    // A day is over.
    world.sql("UPDATE account_looks SET detail = '[]' WHERE what = 'texts'");
    eventually("it goes", || world.messages("sms")[2].starts_with("sent 1 201"));
    assert_eq!((count(&world, TO[0]), count(&world, TO[1])), (3, 3));

    // A number of a pool sends nothing: a daemon does not begin with it, and each try says so after a reload.
    world.stock("default", 1, 1);
    let log = daemon.log_text();
    assert!(TO.iter().all(|to| !log.contains(to)), "numbers are told by their last digits");
    let mut world = world;
    world.change("alerts.sms.from", "+19075550001");
    let mut refused = world.daemon_with_failpoints("");
    assert!(!refused.serves_or_ends(), "it does not serve");
    assert!(refused.log_text().contains("alerts.sms.from"), "{}", refused.log_text());
}
