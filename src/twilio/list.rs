//! A page of Twilio's list of numbers.
//!
//! Invariant: a row that cannot be read is shown as such: it hides no other, and it is never taken for "not there".
//! How to get it wrong: dropping it. A number that is paid for would count as not bought, and be bought again.

use serde::Deserialize;
use serde_json::Value;

use super::number::IncomingNumber;
use crate::domain::PhoneNumber;

/// A row that says not clearly which number it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Its E.164, if that much can be read.
    pub phone_number: Option<PhoneNumber>,
}

/// A page as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListPage {
    /// The rows.
    pub numbers: Vec<IncomingNumber>,
    /// The other rows.
    pub unreadable: Vec<Unreadable>,
    /// Where the next page is, if there is one.
    pub next: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct NumberPage {
    incoming_phone_numbers: Vec<Row>,
    #[serde(default)]
    next_page_uri: Option<String>,
}

enum Row {
    Number(Box<IncomingNumber>),
    Other(Unreadable),
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let row = Value::deserialize(deserializer)?;
        let phone_number = row["phone_number"].as_str().and_then(|text| text.parse().ok());
        let number = serde_json::from_value(row).map(Self::Number);
        Ok(number.unwrap_or(Self::Other(Unreadable { phone_number })))
    }
}

impl From<NumberPage> for ListPage {
    fn from(answer: NumberPage) -> Self {
        let mut page = Self { next: answer.next_page_uri.filter(|uri| !uri.is_empty()), ..Self::default() };
        for row in answer.incoming_phone_numbers {
            match row {
                Row::Number(number) => page.numbers.push(*number),
                Row::Other(unreadable) => page.unreadable.push(unreadable),
            }
        }
        page
    }
}

impl ListPage {
    /// Whether a row of it may be `number`, although it cannot be read.
    pub(super) fn may_hide(&self, number: &PhoneNumber) -> bool {
        self.unreadable.iter().any(|row| row.phone_number.as_ref().is_none_or(|shown| shown == number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(rows: &str) -> ListPage {
        let answer = format!(r#"{{"incoming_phone_numbers":{rows},"next_page_uri":null}}"#);
        serde_json::from_str::<NumberPage>(&answer).unwrap().into()
    }

    #[test]
    fn an_odd_row_does_not_hide_the_others_and_is_counted() {
        let good = r#"{"sid":"PN1123456789abcdef0123456789abcdef","phone_number":"+14155550101","capabilities":null,
                       "date_created":null}"#;
        for odd in [
            r#"null"#,
            r#"{"sid":"PN0123456789abcdef0123456789abcdef","phone_number":"12345"}"#,
            r#"{"sid":null,"phone_number":"+14155550102"}"#,
            r#"{"sid":17,"phone_number":null}"#,
        ] {
            let page = page(&format!("[{odd},{good}]"));
            assert_eq!((page.numbers.len(), page.unreadable.len()), (1, 1), "{odd}");
        }
    }

    #[test]
    fn a_row_that_cannot_be_read_may_be_the_number_that_is_looked_for() {
        let wanted: PhoneNumber = "+14155550101".parse().unwrap();
        assert!(page(r#"[{"sid":null,"phone_number":"+14155550101"}]"#).may_hide(&wanted));
        assert!(page(r#"[{"sid":"PN0123456789abcdef0123456789abcdef","phone_number":null}]"#).may_hide(&wanted));
        assert!(!page(r#"[{"sid":null,"phone_number":"+14155550109"}]"#).may_hide(&wanted));
        assert!(!page("[]").may_hide(&wanted));
    }
}
