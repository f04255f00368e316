//! Turning the pages of Twilio's list of numbers.
//!
//! Invariants: a number that two pages show is shown once; a list that goes nowhere (it leads back, a page of it has
//! nothing new and names another, or it has more pages than an account can fill) ends the walk as failed, never as
//! complete.
//! How to get it wrong: taking such a list for one that came to its end. What it did not show would seem gone.

use std::collections::HashSet;

use super::error::TwilioError;
use super::list::{ListPage, Unreadable};
use super::number::IncomingNumber;
use crate::domain::NumberSid;

/// Two million numbers, at Twilio's largest page.
const PAGES_MAX: u32 = 2000;

/// How far a walk over the list has come. Begins at the first page.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    next: Option<String>,
    following: Option<String>,
    read: HashSet<String>,
    // The digits of the SIDs alone: a hundred thousand of them are a few MB.
    shown: HashSet<u128>,
    taken: u32,
    nothing_new: bool,
}

impl Pages {
    /// The page to read; `None` = the first.
    #[must_use]
    pub(crate) fn next(&self) -> Option<&str> {
        self.next.as_deref()
    }

    /// Takes the page that was just read: its numbers that no page showed before, and the rows that cannot be read.
    pub(crate) fn take(&mut self, page: ListPage) -> (Vec<IncomingNumber>, Vec<Unreadable>) {
        let ListPage { mut numbers, unreadable, next } = page;
        numbers.retain(|number| digits(&number.sid).is_none_or(|digits| self.shown.insert(digits)));
        self.taken += 1;
        self.nothing_new = numbers.is_empty() && unreadable.is_empty();
        self.following = next;
        (numbers, unreadable)
    }

    /// Turns to the page that the one just taken named; `false` = that was the last.
    ///
    /// # Errors
    /// When the list goes nowhere.
    pub(crate) fn turn(&mut self) -> Result<bool, TwilioError> {
        let Some(uri) = self.following.take() else { return Ok(false) };
        if self.taken >= PAGES_MAX {
            return Err(goes_nowhere("Twilio's list has more pages than an account can fill"));
        }
        if !self.read.insert(uri.clone()) {
            return Err(goes_nowhere("Twilio's list leads back to a page that was read before"));
        }
        if self.nothing_new {
            return Err(goes_nowhere("a page of Twilio's list shows nothing new and names a next one"));
        }
        self.next = Some(uri);
        Ok(true)
    }
}

fn digits(sid: &NumberSid) -> Option<u128> {
    u128::from_str_radix(sid.as_str().strip_prefix("PN")?, 16).ok()
}

/// What a list is that cannot be read to its end.
pub(super) fn goes_nowhere(message: &str) -> TwilioError {
    TwilioError::Unknown { message: message.to_owned(), status: Some(200), request_id: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(numbers: std::ops::Range<u32>, next: Option<&str>) -> ListPage {
        let number = |n: u32| {
            serde_json::from_value(serde_json::json!({
                "sid": format!("PN{n:032x}"), "phone_number": format!("+1415555{n:04}"),
            }))
            .unwrap()
        };
        ListPage { numbers: numbers.map(number).collect(), next: next.map(str::to_owned), ..ListPage::default() }
    }

    #[test]
    fn a_number_on_two_pages_is_shown_once() {
        let mut pages = Pages::default();
        assert_eq!(pages.take(page(0..3, Some("/2"))).0.len(), 3);
        assert!(pages.turn().unwrap());
        assert_eq!(pages.next(), Some("/2"));
        assert_eq!(pages.take(page(2..5, None)).0.len(), 2);
        assert!(!pages.turn().unwrap());
    }

    #[test]
    fn a_list_that_goes_nowhere_ends_as_failed() {
        let mut back = Pages::default();
        back.take(page(0..3, Some("/2")));
        back.turn().unwrap();
        back.take(page(3..5, Some("/2")));
        assert!(back.turn().unwrap_err().to_string().contains("leads back"));

        let mut again = Pages::default();
        again.take(page(0..3, Some("/2")));
        again.turn().unwrap();
        again.take(page(0..3, Some("/3")));
        assert!(again.turn().unwrap_err().to_string().contains("nothing new"));

        let mut empty = Pages::default();
        empty.take(page(0..0, Some("/2")));
        assert!(empty.turn().unwrap_err().to_string().contains("nothing new"));
        // An account without numbers has a list that ends.
        empty.take(page(0..0, None));
        assert!(!empty.turn().unwrap());

        let mut endless = Pages::default();
        let walked = (0u32..)
            .find(|n| {
                endless.take(page(*n..n + 1, Some(&format!("/{n}"))));
                endless.turn().is_err()
            })
            .unwrap();
        assert_eq!(walked, PAGES_MAX - 1);
    }
}
