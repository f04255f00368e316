//! Numbers that somebody else bought and gave back within one month, as Twilio's journal has them: nothing else remembers them.
//!
//! Invariant: a look of curiosity. What the journal does not tell, the difference says it does not know.
//! How to get it wrong: reading all of it. An account's journal has everything that anybody ever did.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::bookkeeper::Bookkeeper;
use crate::db::Connection;
use crate::db::usage::sids_known;
use crate::domain::PhoneNumber;
use crate::domain::money::Month;
use crate::twilio::{JournalEntry, PageLinks, TwilioError};

/// Pages in one look.
const PAGES_MAX: usize = 10;

/// A number that came and went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CameAndWent {
    pub(super) phone_number: PhoneNumber,
    pub(super) came_at: DateTime<Utc>,
    pub(super) went_at: DateTime<Utc>,
}

impl Bookkeeper {
    /// Those of a month that we know nothing of; or why that is not known.
    pub(super) async fn came_and_went(&self, month: Month) -> Result<Vec<CameAndWent>, String> {
        let mut left = PAGES_MAX;
        let span = (month.begins_at(), month.ends_at());
        let not_told = |failure: TwilioError| format!("Twilio's journal cannot be read: {}", failure.in_full());
        let went = self.entries("phone-number.deleted", span, &mut left).await.map_err(not_told)?;
        let sids: Vec<String> = went.iter().map(|entry| entry.resource_sid.clone()).collect();
        if sids.is_empty() {
            return Ok(Vec::new());
        }
        let look = move |conn: &mut Connection| sids_known(conn, &sids);
        let known = self.db.run_patiently("sids_known", look).await.map_err(|error| error.to_string())?;
        let went: Vec<JournalEntry> = went.into_iter().filter(|entry| !known.contains(&entry.resource_sid)).collect();
        if went.is_empty() {
            return Ok(Vec::new());
        }
        let came = self.entries("phone-number.created", span, &mut left).await.map_err(not_told)?;
        Ok(pairs(came, &went))
    }

    async fn entries(
        &self,
        event_type: &str,
        span: (DateTime<Utc>, DateTime<Utc>),
        left: &mut usize,
    ) -> Result<Vec<JournalEntry>, TwilioError> {
        let (mut entries, mut links) = (Vec::new(), PageLinks::default());
        while *left > 0 && !self.is_stopping() {
            *left -= 1;
            let page = self.twilio.journal_page(event_type, span, links.next()).await?;
            let goes_on = links.turn(&page)?;
            entries.extend(page.rows);
            if !goes_on {
                break;
            }
        }
        Ok(entries)
    }
}

/// What both came and went.
fn pairs(came: Vec<JournalEntry>, went: &[JournalEntry]) -> Vec<CameAndWent> {
    let gone: HashMap<&str, DateTime<Utc>> =
        went.iter().filter_map(|entry| Some((entry.resource_sid.as_str(), entry.event_date?))).collect();
    let mut pairs: Vec<CameAndWent> = came
        .iter()
        .filter_map(|entry| {
            let went_at = *gone.get(entry.resource_sid.as_str())?;
            Some(CameAndWent { phone_number: entry.phone_number()?, came_at: entry.event_date?, went_at })
        })
        .filter(|pair| pair.came_at <= pair.went_at)
        .collect();
    pairs.sort_by(|one, other| (&one.phone_number, one.came_at).cmp(&(&other.phone_number, other.came_at)));
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_both_came_and_went_is_told() {
        let entry = |sid: &str, number: &str, at: &str| -> JournalEntry {
            serde_json::from_value(serde_json::json!({"resource_sid": sid, "event_date": at,
                "event_data": {"phone_number": {"updated": number}}}))
            .unwrap()
        };
        let came = vec![
            entry("PN1", "+14155550101", "2026-10-02T00:00:00Z"),
            entry("PN2", "+14155550102", "2026-10-03T00:00:00Z"),
            entry("PN3", "+14155550103", "2026-10-09T00:00:00Z"),
        ];
        let went = [
            entry("PN2", "+14155550102", "2026-10-04T00:00:00Z"),
            entry("PN4", "+14155550104", "2026-10-04T00:00:00Z"),
        ];
        let told: Vec<String> = pairs(came, &went).iter().map(|pair| pair.phone_number.to_string()).collect();
        assert_eq!(told, ["+14155550102"]);
    }
}
