//! Signs of life: while somebody judges and the database answers, once a minute over all instances.

use super::far::{far, quiet};
use crate::world::daemon::Daemon;
use crate::world::eventually;

#[test]
fn a_sign_of_life_is_given_once_a_minute_by_all_instances_together_and_while_buying_is_halted_too() {
    let far = far();
    let world = quiet().set("ALERT_HEARTBEAT_URL", format!("{}/life/sesame", far.url()));
    world.sql("UPDATE buying_gate SET halted_since = clock_timestamp(), halt_message = 'Twilio refuses'");
    let (first, second) = (world.daemon(), world.daemon());
    let signs = || far.got().requests_to("/life").len();
    eventually("there is one", || signs() == 1);
    assert_eq!(far.got().requests_to("/life")[0].method, "GET");
    // A minute passes, whoever looks first.
    for count in 2..=3 {
        world.sql("UPDATE alert_round SET beat_at = beat_at - interval '2 minutes'");
        eventually("there is another one", || signs() == count);
    }
    // Another one has the turn and judges nothing: there is nobody to tell of anything.
    let steal = |more: &str| {
        world.sql(&format!(
            "UPDATE alert_round SET judge = '00000000-0000-0000-0000-000000000001', alive_at = clock_timestamp() {more}"
        ))
    };
    steal(", beat_at = NULL, judged_at = clock_timestamp() - interval '2 minutes'");
    let looked = |daemon: &Daemon| daemon.log_text().matches("no sign of life: ").count();
    let before = (looked(&first), looked(&second));
    eventually("both have looked", || {
        steal("");
        looked(&first) > before.0 && looked(&second) > before.1
    });
    assert_eq!(world.sql("SELECT beat_at IS NULL FROM alert_round"), "t");
    assert_eq!(signs(), 3);
    eventually("somebody judges again", || signs() == 4);
    assert!(!first.log_text().contains("sesame") && !second.log_text().contains("sesame"));
}
