//! A look at one number before anybody decides about it: whose it is here, and whose tag Twilio shows on it.
//!
//! Invariant: a look changes nothing, here or at Twilio; but Twilio's refusal of the account halts buying, as anywhere.
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
    /// The account has it under another SID than ours, which is gone.
    AnotherSid,
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
        let by_sid = match &owned {
            Some(owned) => self.heard(self.twilio.fetch(&owned.sid).await).await?,
            None => None,
        };
        let found = match by_sid {
            Some(found) => Some(found),
            None => self.heard(self.twilio.find(number, None).await).await?.map(|found| found.body),
        };
        let at_twilio = match (found, &owned) {
            (None, _) => AtTwilio::NotThere,
            (Some(found), Some(owned)) if found.sid != owned.sid => AtTwilio::AnotherSid,
            (Some(found), _) => match self.tag_on(&found) {
                TagOn::Nobody => AtTwilio::Untagged,
                TagOn::Ours(_) => AtTwilio::Ours,
                TagOn::Another(environment) => AtTwilio::Anothers(environment),
            },
        };
        Ok(Seen { owned, at_twilio })
    }
}
