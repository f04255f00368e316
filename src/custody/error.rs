//! Why custody of a number did not change as asked.

use crate::db::DbError;
use crate::db::numbers::Stuck;
use crate::domain::{Astray, PoolName};
use crate::twilio::TwilioError;

/// Why custody of a number did not change as asked. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum CustodyError {
    /// PostgreSQL failed.
    #[error(transparent)]
    Database(#[from] DbError),
    /// Neither ours nor in the account.
    #[error("This number is not in the Twilio account; check the number and the account.")]
    NotInAccount,
    /// Not ours.
    #[error("This number is not ours; adopt it first if it should be.")]
    NotOurs,
    /// Somebody has the number.
    #[error("This number is a user's; release it from its user first.")]
    NumberAssigned,
    /// An operator protects it.
    #[error("This number is protected; unprotect it first.")]
    Protected,
    /// Somebody else has the number.
    #[error("This number is another user's; release it from that user first.")]
    AnotherUsers,
    /// The user has another number.
    #[error(
        "It is not the number: this user has another one already, and nobody has two. Release that one from the user first."
    )]
    UserHasAnother,
    /// The number is on its way back to Twilio, or left.
    #[error("This number is being given back to Twilio; look at it again in a minute.")]
    Leaving,
    /// The number was given back under the very SID that Twilio's list shows.
    #[error(
        "This number was given back to Twilio under this SID, and a SID does not return. Twilio's list may lag a few \
         minutes; if the number stays in the account, release it in Twilio's console, and buy it anew if you want it."
    )]
    Left,
    /// A purchase of the number is open.
    #[error(
        "A purchase of this very number is not settled yet; it becomes ours by itself, ask again in a few minutes."
    )]
    BeingBought,
    /// Ours already.
    #[error("This number is ours already; there is nothing to ignore.")]
    Owned,
    /// Another environment's tag stands on it.
    #[error(
        "This number carries another environment's tag ({0}); adopt it first if it is ours, else leave it to them."
    )]
    AnotherEnvironments(String),
    /// The same E.164 under another SID.
    #[error(
        "Twilio has this number under another SID than we know: the one we knew is gone. Give that one back with \
         release-to-twilio, then adopt this one."
    )]
    AnotherSid,
    /// Twilio does not know it any more.
    #[error("Twilio does not know this number any more; it is marked as missing.")]
    Gone,
    /// No pool has this name.
    #[error("{0}.")]
    Astray(Astray),
    /// The number is not what the pool that was named wants.
    #[error("This number does not fit into the pool {pool}: {lacks}. Name another pool, or none.")]
    UnfitForPool {
        /// Which.
        pool: PoolName,
        /// What the pool wants and the number lacks.
        lacks: String,
    },
    /// The number is ours already, in another pool than the one named.
    #[error("This number is in the pool {0} already; move it if it should be in another one.")]
    InAnotherPool(PoolName),
    /// The number is not what the pool wants that it should move to.
    #[error("This number cannot move to the pool {pool}: {lacks}.")]
    CannotMove {
        /// Which.
        pool: PoolName,
        /// What the pool wants and the number lacks.
        lacks: String,
    },
    /// The number does not stand where it can be moved.
    #[error("{}", stuck(.0))]
    Stuck(Stuck),
    /// Twilio does not answer; the number stays in its pool.
    #[error("The number stays in its pool: Twilio could not be told ({0}). Ask again.")]
    StaysInItsPool(TwilioError),
    /// Twilio does not answer, and nothing was changed.
    #[error("Twilio could not be asked, nothing was changed: {0}. Try again.")]
    NotAsked(TwilioError),
    /// Taken in, but Twilio does not answer.
    #[error("The number is ours and held, but Twilio could not be told: {0}. Ask again to finish.")]
    StaysOnHold(TwilioError),
    /// Twilio said no.
    #[error("{0}. Mend the cause, then ask again.")]
    Refused(TwilioError),
    /// The number is leaving, and Twilio's word is still missing.
    #[error(
        "The number is being released, but Twilio has not confirmed it: {0}. It goes on by itself; look at the number again."
    )]
    StillLeaving(TwilioError),
    /// The number is leaving, and PostgreSQL failed before the end was written.
    #[error(
        "The number is being released, but the database failed before the end was written: {0}. It may go on by itself; \
         look at the number again."
    )]
    MayGoOn(DbError),
    /// Somebody else ended the release.
    #[error("The release was taken back meanwhile; ask again.")]
    Withdrawn,
    /// The call broke off in the middle.
    #[error("The import broke off after {done} of {wanted} numbers; send the same again to finish it.")]
    BrokeOff {
        /// Numbers written.
        done: usize,
        /// Numbers to write.
        wanted: usize,
        /// Why.
        error: DbError,
    },
}

/// Why a number is not moved, and what to do.
fn stuck(why: &Stuck) -> String {
    match why {
        Stuck::OnHold(reason) => {
            format!(
                "This number is held in quarantine ({reason}); adopt it, or release it to Twilio, before it is moved."
            )
        }
        Stuck::Leaving => CustodyError::Leaving.to_string(),
        Stuck::InService(service) => format!(
            "This number is in the messaging service {service}, or joins it, and the pool wants others; a number keeps its service. Name \
             that one in the pool's messaging_services, or choose a pool that has it."
        ),
        Stuck::Missing => {
            "Twilio does not know this number any more; it is marked as missing, and stays in its pool.".to_owned()
        }
    }
}

impl CustodyError {
    /// What a failure of a call means that could not change anything yet.
    pub(super) fn not_asked(failure: TwilioError) -> Self {
        if failure.is_passing() { Self::NotAsked(failure) } else { Self::Refused(failure) }
    }

    /// What a failure means before a number moved.
    pub(super) fn stays_in_its_pool(failure: TwilioError) -> Self {
        if failure.is_passing() { Self::StaysInItsPool(failure) } else { Self::Refused(failure) }
    }

    /// What a failure means after the number became ours.
    pub(super) fn stays_on_hold(failure: TwilioError) -> Self {
        if failure.is_passing() { Self::StaysOnHold(failure) } else { Self::Refused(failure) }
    }
}
