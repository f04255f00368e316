//! A look at one number before anybody decides about it: whose it is here, and whose tag Twilio shows on it.
//!
//! Invariant: a look changes nothing, here or at Twilio.
//! How to get it wrong: judging by the last comparison. The tag may have been written a minute ago.

use super::error::CustodyError;
use super::keeper::{Custody, TagOn};
use crate::db::numbers::{OwnedNumber, number_owned};
use crate::domain::{NumberStatus, PhoneNumber};

/// What a look saw.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// How the number stands here; `None` = it is not ours.
    pub(crate) owned: Option<OwnedNumber>,
    /// What Twilio shows.
    pub(crate) at_twilio: AtTwilio,
}

/// Whose tag Twilio shows on a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AtTwilio {
    /// The account does not have the number.
    NotThere,
    /// No callbunker's.
    Untagged,
    /// Ours.
    Ours,
    /// This other environment's.
    Anothers(String),
}

impl Custody {
    /// Looks at `number`, here and at Twilio.
    ///
    /// # Errors
    /// See [`CustodyError`].
    pub(crate) async fn whose(&self, number: &PhoneNumber) -> Result<Seen, CustodyError> {
        let wanted = number.clone();
        let owned = self.db.run("number_owned", move |conn| number_owned(conn, &wanted)).await?;
        let owned = owned.filter(|owned| owned.status() != NumberStatus::Released);
        let found = match &owned {
            Some(owned) => self.twilio.fetch(&owned.sid).await,
            None => self.twilio.find(number, None).await.map(|found| found.map(|found| found.body)),
        };
        let found = match found {
            Ok(found) => found,
            Err(failure) => {
                self.halt_on(&failure).await;
                return Err(CustodyError::not_asked(failure));
            }
        };
        let at_twilio = match found {
            None => AtTwilio::NotThere,
            Some(found) => match self.tag_on(&found) {
                TagOn::Nobody => AtTwilio::Untagged,
                TagOn::Ours(_) => AtTwilio::Ours,
                TagOn::Another(environment) => AtTwilio::Anothers(environment),
            },
        };
        Ok(Seen { owned, at_twilio })
    }
}
