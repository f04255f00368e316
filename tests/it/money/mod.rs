//! What numbers cost, beside the simulator's own books.

mod books;
mod prices;
mod silence;
mod told;

use serde_json::Value;

use crate::world::World;
use crate::world::daemon::Daemon;

/// What a month cost; this one when none is named.
#[track_caller]
fn cost(daemon: &Daemon, query: &str) -> Value {
    daemon.get(&format!("/admin/phones/api/cost{query}")).ok()
}

/// Does a test of days on one day of UTC: what failed while midnight passed says nothing, and is done again.
fn on_one_day(test: impl Fn()) {
    let day = || chrono::Utc::now().date_naive();
    let began = day();
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(&test)) {
        Ok(()) => {}
        Err(_midnight) if day() != began => test(),
        Err(failed) => std::panic::resume_unwind(failed),
    }
}

/// A number of ours was bought on another day, and Twilio knows it.
fn dated(world: &World, number: &str, day: &str) {
    let at = format!("{day}T00:00:01Z").parse().expect("an instant");
    assert!(world.twilio.date(number, at), "{number} is in the account");
    world.sql(&format!(
        "UPDATE numbers SET purchased_at = '{day}T00:00:01Z' WHERE phone_number = '{number}';
         DELETE FROM charges WHERE number_id = (SELECT id FROM numbers WHERE phone_number = '{number}');
         UPDATE charge_clocks SET bought_on = '{day}', ours_from = '{day}', next_on = '{day}'
          WHERE number_id = (SELECT id FROM numbers WHERE phone_number = '{number}')"
    ));
}
