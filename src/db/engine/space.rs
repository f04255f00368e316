//! Whether PostgreSQL takes writes at all, for whoever is about to spend money on one.
//!
//! How to get it wrong: trying at each question. A disk that is full is asked often.

use std::time::Duration;

use super::executor::Db;
use super::room::room_try;

/// So long a failure counts, whatever a trial says.
const COUNTS_FOR: Duration = Duration::from_secs(5);

impl Db {
    /// Whether the last thing heard of PostgreSQL's space is that there is none. Asks nobody.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.room().lacked_at().is_some()
    }

    /// The same; a failure that is some seconds old is followed up by a trial write.
    pub async fn lacks_room(&self) -> bool {
        let Some(lacked_at) = self.room().lacked_at() else { return false };
        if lacked_at.elapsed() < COUNTS_FOR || self.run("room_try", room_try).await.is_err() {
            return true;
        }
        self.room().was_tried(lacked_at)
    }
}
