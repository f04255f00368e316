//! Events that are not Twilio's, as this instance counted them, for whoever judges.
//!
//! How to get it wrong: a statement for each. Whoever sends them would write to the database as fast as they can send.

use std::time::Duration;

use tokio::time::sleep;

use super::judge::Judge;
use crate::db::alerts::event_refusals_add;

const WRITTEN_EVERY: Duration = Duration::from_secs(2);

/// Writes down what was counted, while there is anything; never ends.
pub(super) async fn keep_counting(judge: Judge) {
    loop {
        sleep(WRITTEN_EVERY).await;
        let count = judge.events_rejected.take_unwritten();
        if count > 0
            && let Err(error) = judge.db.run("event_refusals_add", move |conn| event_refusals_add(conn, count)).await
        {
            judge.events_rejected.still_unwritten(count);
            slog::debug!(judge.log, "refused events are not written down yet"; "error" => error.in_full());
        }
    }
}
