//! Numbers of the account that are somebody else's business.
//!
//! How to get it wrong: ignoring a number that carries our own tag. It was paid for by us, and reconciliation takes it in.

use super::error::CustodyError;
use super::keeper::{Custody, TagOn};
use crate::db::ignored_numbers::number_ignore;
use crate::db::numbers::number_owned;
use crate::domain::{NumberSid, NumberStatus, PhoneNumber};

impl Custody {
    /// Ignores a number of the account from now on; its SID. Repeating it is harmless.
    ///
    /// # Errors
    /// See [`CustodyError`]; nothing is ever changed at Twilio.
    pub async fn ignore(&self, number: &PhoneNumber, by: &str) -> Result<NumberSid, CustodyError> {
        let wanted = number.clone();
        let owned = self.db.run("number_owned", move |conn| number_owned(conn, &wanted)).await?;
        if owned.is_some_and(|owned| owned.status() != NumberStatus::Released) {
            return Err(CustodyError::Owned);
        }
        let found = self.heard(self.twilio.find(number, None).await).await?.ok_or(CustodyError::NotInAccount)?.body;
        if matches!(self.tag_on(&found), TagOn::Ours(_)) {
            return Err(CustodyError::Owned);
        }
        let (wanted, sid, who) = (number.clone(), found.sid.clone(), by.to_owned());
        if !self.db.run("number_ignore", move |conn| number_ignore(conn, &wanted, &sid, &who)).await? {
            return Err(CustodyError::Owned);
        }
        slog::info!(self.log, "a number of the account is ignored"; "phone_number_ends" => number.last_four(), "by" => by);
        Ok(found.sid)
    }
}
