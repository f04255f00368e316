//! A holder of the purchase lock that was stopped in its tracks: it loses the lock.
//!
//! Invariant: every instance looks by itself, so that a frozen holder has been silent long enough when somebody needs its
//! lock. How to get it wrong: waiting for the lock's connection to end. The kernel of a stopped process keeps it alive.

use std::time::Duration;

use tokio::task::JoinHandle;

use super::buyer::Buyer;
use crate::db::DbError;
use crate::db::purchases::holder::{Holder, holder_end, holder_seen};

/// How often the holder is looked at when nobody seeks the lock.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Ends the connection of a frozen holder, which would keep its lock for ever. Its run is over then, should it come back.
pub(super) async fn end_frozen(buyer: &Buyer) -> Result<(), DbError> {
    let key = buyer.locks.advisory_key();
    let Some(holder) = look(buyer).await? else { return Ok(()) };
    if buyer.db.run_patiently("holder_end", move |conn| holder_end(conn, key, &holder)).await? {
        fail::fail_point!("holder_ended");
        slog::error!(
            buyer.log,
            "the instance that held the purchase lock gave no sign of life for a minute; its lock was taken \
                                 from it: look whether that process or its machine is frozen"
        );
    }
    Ok(())
}

/// Looks at the holder; `None` = there is none, or it lives.
async fn look(buyer: &Buyer) -> Result<Option<Holder>, DbError> {
    let key = buyer.locks.advisory_key();
    let seen = buyer.db.run_patiently("holder_seen", move |conn| holder_seen(conn, key)).await?;
    let is_frozen = buyer.holder.sees(seen.as_ref());
    Ok(seen.filter(|_| is_frozen))
}

/// Looks at the holder until it is dropped.
pub(super) struct Looking(JoinHandle<()>);

impl Looking {
    pub(super) fn start(buyer: Buyer) -> Self {
        Self(tokio::spawn(async move {
            loop {
                tokio::time::sleep(LOOK_EVERY).await;
                // What could not be seen is not counted.
                let _ = look(&buyer).await;
            }
        }))
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        self.0.abort();
    }
}
