//! A page of a list on one of Twilio's newer hosts, and the way to the next one.
//!
//! Invariants: a row that cannot be read is counted and hides no other; a list that goes nowhere (it leads back, a page of it
//! has nothing and names another, or it has more pages than there can be) ends as failed, never as complete.
//! How to get it wrong: following a link to the host that it names. These are absolute, and name Twilio's own host, whatever
//! stands between us.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::TwilioError;
use super::pages::goes_nowhere;
use super::transport::Answered;

/// A hundred thousand rows, at Twilio's largest page.
const PAGES_MAX: u32 = 100;

/// A page as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page<T> {
    /// The rows.
    pub(crate) rows: Vec<T>,
    /// How many others cannot be read.
    pub(crate) unreadable: u32,
    /// Where the next page is, if there is one.
    pub(crate) next: Option<String>,
}

/// The whole answer: the rows stand under a name of the product's own.
pub(super) type RowsOf = Map<String, Value>;

impl<T: for<'de> Deserialize<'de>> Page<T> {
    /// The page with rows under `key`.
    ///
    /// # Errors
    /// When there is no such list: it may be another one that was answered.
    pub(super) fn read(answered: Answered<RowsOf>, key: &str) -> Result<Self, TwilioError> {
        let Answered { body: mut answer, request_id, .. } = answered;
        let Some(Value::Array(list)) = answer.remove(key) else {
            let message = format!("Twilio's list cannot be read: it has no {key}");
            return Err(TwilioError::Unknown { message, status: Some(200), request_id });
        };
        let next = answer.get("meta").and_then(|meta| meta["next_page_url"].as_str());
        let next = next.filter(|url| !url.is_empty()).map(str::to_owned);
        let all = list.len();
        let rows: Vec<T> = list.into_iter().filter_map(|row| serde_json::from_value(row).ok()).collect();
        let unreadable = u32::try_from(all - rows.len()).unwrap_or(u32::MAX);
        Ok(Self { rows, unreadable, next })
    }
}

/// How far a walk over such a list has come. Begins at the first page.
#[derive(Debug, Default)]
pub(crate) struct PageLinks {
    next: Option<String>,
    read: HashSet<String>,
    taken: u32,
}

impl PageLinks {
    /// The page to read; `None` = the first.
    #[must_use]
    pub(crate) fn next(&self) -> Option<&str> {
        self.next.as_deref()
    }

    /// Turns to the page that `page`, which was just read, names; `false` = that was the last.
    ///
    /// # Errors
    /// When the list goes nowhere.
    pub(crate) fn turn<T>(&mut self, page: &Page<T>) -> Result<bool, TwilioError> {
        let Some(url) = &page.next else { return Ok(false) };
        self.taken += 1;
        if self.taken >= PAGES_MAX {
            return Err(goes_nowhere("Twilio's list has more pages than there can be"));
        }
        if !self.read.insert(url.clone()) {
            return Err(goes_nowhere("Twilio's list leads back to a page that was read before"));
        }
        if page.rows.is_empty() && page.unreadable == 0 {
            return Err(goes_nowhere("a page of Twilio's list shows nothing and names a next one"));
        }
        self.next = Some(url.clone());
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::super::services::Member;
    use super::*;

    fn page(answer: &str) -> Result<Page<Member>, TwilioError> {
        let body: RowsOf = serde_json::from_str(answer).unwrap();
        Page::read(Answered { body, request_id: None, at: None }, "phone_numbers")
    }

    fn numbers(next: Option<&str>, count: usize) -> Page<Member> {
        let rows: Vec<_> = (0..count).map(|n| serde_json::json!({"sid": format!("PN{n:032x}")})).collect();
        page(&serde_json::json!({"phone_numbers": rows, "meta": {"next_page_url": next}}).to_string()).unwrap()
    }

    #[test]
    fn odd_rows_are_counted_and_an_answer_without_the_list_is_none() {
        let sid = format!("PN{:032x}", 7);
        let odd = format!(r#"{{"phone_numbers":[null,{{"sid":"{sid}"}},{{"sid":"PN1"}}],"meta":{{}}}}"#);
        let read = page(&odd).unwrap();
        assert_eq!((read.rows.len(), read.unreadable, read.next), (1, 2, None));
        for answer in ["{}", r#"{"phone_numbers":null}"#, r#"{"services":[]}"#] {
            assert!(page(answer).unwrap_err().is_unreadable(), "{answer}");
        }
    }

    #[test]
    fn a_list_that_goes_nowhere_ends_as_failed() {
        let mut links = PageLinks::default();
        assert!(links.turn(&numbers(Some("/2"), 1)).unwrap());
        assert_eq!(links.next(), Some("/2"));
        assert!(!links.turn(&numbers(None, 0)).unwrap(), "a service without numbers has a list that ends");
        assert!(links.turn(&numbers(Some("/2"), 1)).unwrap_err().to_string().contains("leads back"));
        assert!(links.turn(&numbers(Some("/3"), 0)).unwrap_err().to_string().contains("shows nothing"));
        let mut endless = PageLinks::default();
        let walked = (0u32..).find(|n| endless.turn(&numbers(Some(&format!("/{n}")), 1)).is_err()).unwrap();
        assert_eq!(walked, PAGES_MAX - 1);
    }
}
