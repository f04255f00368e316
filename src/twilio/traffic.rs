//! Pages of the account's calls and messages, for whoever wants to know which numbers are used.
//!
//! Invariants: a row that cannot be read is counted, for it may hide a use; a page without its list is no page.
//! How to get it wrong: filtering by instant. Twilio filters by day, so a first page shows more than was asked for, which does no harm.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::client::Twilio;
use super::error::TwilioError;
use super::lenient;
use super::settings::PAGE_SIZE;
use super::transport::Answered;
use crate::domain::PhoneNumber;
use crate::domain::recycling::Swept;
use crate::telemetry::Operation;

/// A page of calls or messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TrafficPage {
    /// Both ends of each, as far as they are numbers, and when it was.
    pub(crate) uses: Vec<(PhoneNumber, DateTime<Utc>)>,
    /// Rows that could not be read.
    pub(crate) unreadable: i32,
    /// Where the next page is, if there is one.
    pub(crate) next: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(default, deserialize_with = "lenient::text")]
    from: String,
    #[serde(default, deserialize_with = "lenient::text")]
    to: String,
    #[serde(default, deserialize_with = "lenient::instant")]
    start_time: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "lenient::instant")]
    date_sent: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "lenient::instant")]
    date_created: Option<DateTime<Utc>>,
}

/// The number at one end: of a channel such as `whatsapp:+14155550100`, too.
fn end(text: &str) -> Option<PhoneNumber> {
    text.rsplit_once(':').map_or(text, |(_, number)| number).trim().parse().ok()
}

fn read(answered: Answered<Map<String, Value>>, what: Swept) -> Result<TrafficPage, TwilioError> {
    let Answered { mut body, request_id, .. } = answered;
    let Some(Value::Array(rows)) = body.remove(what.as_str()) else {
        let message = format!("Twilio's list cannot be read: it has no {what}");
        return Err(TwilioError::Unknown { message, status: Some(200), request_id });
    };
    let next = body.get("next_page_uri").and_then(Value::as_str).filter(|uri| !uri.is_empty()).map(str::to_owned);
    let mut page = TrafficPage { next, ..TrafficPage::default() };
    for row in rows {
        let row: Option<Row> = serde_json::from_value(row).ok();
        let read = row.and_then(|row| {
            let at = row.start_time.or(row.date_sent).or(row.date_created)?;
            (!(row.from.is_empty() && row.to.is_empty())).then_some(([row.from, row.to], at))
        });
        match read {
            Some((ends, at)) => page.uses.extend(ends.iter().filter_map(|text| Some((end(text)?, at)))),
            None => page.unreadable += 1,
        }
    }
    Ok(page)
}

impl Twilio {
    /// One page of what the account called or sent on that day or later: the first, or the one that the page before named.
    ///
    /// # Errors
    /// See [`TwilioError`]; a look changes nothing.
    pub(crate) async fn traffic_page(
        &self,
        what: Swept,
        from: DateTime<Utc>,
        next: Option<&str>,
    ) -> Result<TrafficPage, TwilioError> {
        let (operation, list, since) = match what {
            Swept::Calls => (Operation::Calls, "Calls.json", "StartTime>"),
            Swept::Messages => (Operation::Messages, "Messages.json", "DateSent>"),
        };
        let url = match next {
            Some(uri) => self.settings.next_page(uri)?,
            None => {
                let mut url = self.settings.url(&[list]);
                url.query_pairs_mut()
                    .append_pair(since, &from.date_naive().to_string())
                    .append_pair("PageSize", &PAGE_SIZE.to_string());
                url
            }
        };
        read(self.transport.get(operation, url).await?, what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(what: Swept, answer: &str) -> Result<TrafficPage, TwilioError> {
        read(Answered { body: serde_json::from_str(answer).unwrap(), request_id: None, at: None }, what)
    }

    #[test]
    fn both_ends_count_and_what_cannot_be_read_is_counted() {
        let answer = r#"{"messages":[
            {"from":"+14155550100","to":"whatsapp:+14155550101","date_sent":"Thu, 30 Jul 2015 23:19:04 +0000"},
            {"from":"CARRIER","to":"+14155550102","date_sent":null,"date_created":"Thu, 30 Jul 2015 23:19:05 +0000"},
            {"from":"+14155550103","to":"+14155550104","date_sent":null,"date_created":null},
            {"from":"","to":null,"date_created":"Thu, 30 Jul 2015 23:19:05 +0000"},
            17], "next_page_uri":"/2"}"#;
        let page = page(Swept::Messages, answer).unwrap();
        let ends: Vec<&str> = page.uses.iter().map(|(number, _)| number.as_str()).collect();
        assert_eq!(ends, ["+14155550100", "+14155550101", "+14155550102"]);
        assert_eq!(page.uses[0].1, "2015-07-30T23:19:04Z".parse::<DateTime<Utc>>().unwrap());
        assert_eq!((page.unreadable, page.next.as_deref()), (3, Some("/2")));
    }

    #[test]
    fn an_answer_without_the_list_is_no_page() {
        for answer in ["{}", r#"{"messages":[]}"#, r#"{"calls":null}"#] {
            assert!(page(Swept::Calls, answer).unwrap_err().is_unreadable(), "{answer}");
        }
    }
}
