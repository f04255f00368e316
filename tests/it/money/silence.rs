//! Books go on while nobody may ask Twilio, and those of a number that is missing stand still until it turns up.

use serde_json::{Value, json};
use twilio_simulator::On;

use super::{cost, dated, on_one_day};
use crate::world::comparing::stocked;
use crate::world::{World, eventually};

/// The days on which a number was charged.
fn charges(world: &World, number: &str) -> i64 {
    world.count(&format!(
        "SELECT count(*) FROM charges c JOIN numbers n ON n.id = c.number_id WHERE n.phone_number = '{number}'"
    ))
}

fn missing(world: &World, number: &str, since: &str) {
    world.sql(&format!("UPDATE numbers SET missing_since = {since} WHERE phone_number = '{number}'"));
}

#[test]
fn charges_are_written_while_twilio_is_left_in_peace_and_caught_up_when_a_number_turns_up() {
    on_one_day(silent_and_missing);
}

fn silent_and_missing() {
    let (world, daemon, numbers) = stocked(4);
    assert_eq!(daemon.stop(), Some(0));
    let day = |back: u32| {
        world.sql(&format!("SELECT ((clock_timestamp() AT TIME ZONE 'UTC')::date - interval '{back} days')::date"))
    };
    let (long_ago, lately) = (day(100), day(20));
    for number in &numbers[..3] {
        dated(&world, number, &long_ago);
    }
    dated(&world, &numbers[3], &lately);
    missing(&world, &numbers[1], "clock_timestamp() - interval '50 days'");
    missing(&world, &numbers[2], "clock_timestamp() - interval '80 days'");
    world.sql("DELETE FROM prices_seen");
    world.sql(
        "UPDATE buying_gate SET halted_since = now(), halt_code = 20003, halt_message = 'suspended', next_probe_at = now() + interval '1 day'",
    );
    let asked = || {
        let truth = world.twilio.truth();
        (truth.requests_of(On::Pricing), truth.requests_of(On::Usage))
    };
    let before = asked();
    let daemon = world.daemon_at_once();
    // Whatever day it is, something was charged in that month.
    let then = format!("?month={}", &lately[..7]);
    let silent = cost(&daemon, &then);
    assert_eq!((charges(&world, &numbers[0]), charges(&world, &numbers[3])), (4, 1), "{silent}");
    assert_eq!(asked(), before, "nobody was asked");
    assert_eq!(world.count("SELECT count(*) FROM charges WHERE amount IS NOT NULL"), 0);
    assert_eq!(silent["spent"], Value::Null, "{silent}");
    assert!(silent["why"].to_string().contains("not known"), "{silent}");

    // Twilio does not have it, and charges nothing for it; when it does again, it did all the while.
    assert_eq!((charges(&world, &numbers[1]), charges(&world, &numbers[2])), (2, 1), "until nobody found them");
    missing(&world, &numbers[1], "NULL");
    // What is given up cost nothing since nobody found it.
    world.sql(&format!("UPDATE numbers SET status = 'released' WHERE phone_number = '{}'", numbers[2]));
    cost(&daemon, "");
    assert_eq!((charges(&world, &numbers[1]), charges(&world, &numbers[2])), (4, 1));

    // As soon as it may be asked, amounts are known.
    daemon.post_empty("/admin/phones/api/resume").ok();
    eventually("amounts are known", || cost(&daemon, &then)["spent"].is_string());
    assert_eq!(world.count("SELECT count(*) FROM charges WHERE amount IS NULL"), 0);
    let shown = daemon.get(&format!("/admin/phones/api/numbers/{}", numbers[0])).ok();
    assert_eq!(shown["charges"].as_array().map(Vec::len), Some(4), "{shown}");
    assert_eq!(shown["notice"], json!(null));
}
