//! A page of Twilio's list of numbers.
//!
//! Invariant: a row that cannot be read is shown as such: it hides no other, and it is never taken for "not there".
//! How to get it wrong: dropping it. A number that is paid for would count as not bought, and be bought again. Or taking the
//! first row of a number for all there are: that of a former owner may lag beside ours.

use serde::Deserialize;
use serde_json::Value;

use super::number::IncomingNumber;
use crate::domain::{PhoneNumber, Tag};

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

/// How good a row is for whoever looks for a tag; the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Tagged,
    Untagged,
    AnotherTag,
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
    /// The row of `number`, if one says clearly that it is: that with `tag` before one that no callbunker has tagged, and
    /// that before another's, which proves nothing while a row that may be ours is hidden.
    pub(super) fn row_of(&mut self, number: &PhoneNumber, tag: Option<&Tag>) -> Option<IncomingNumber> {
        let fit_of = |row: &IncomingNumber| match (Tag::parse(&row.friendly_name), tag) {
            (_, None) | (None, _) => Fit::Untagged,
            (Some(shown), Some(tag)) if shown == *tag => Fit::Tagged,
            (Some(_), Some(_)) => Fit::AnotherTag,
        };
        let rows = self.numbers.iter().enumerate().filter(|(_, row)| row.phone_number == *number);
        let (index, fit) = rows.map(|(index, row)| (index, fit_of(row))).min_by_key(|(_, fit)| *fit)?;
        if fit == Fit::AnotherTag && (self.may_hide(number) || self.next.is_some()) {
            return None;
        }
        Some(self.numbers.swap_remove(index))
    }

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
    fn of_several_rows_of_a_number_that_with_the_tag_is_taken_and_anothers_last() {
        let wanted: PhoneNumber = "+14155550101".parse().unwrap();
        let tag: Tag = Tag::parse("callbunker:default:00000000-0000-0000-0000-000000000007").unwrap();
        let row = |name: &str, sid: u32| serde_json::json!({"sid": format!("PN{sid:032x}"), "phone_number": "+14155550101", "friendly_name": name});
        let another = row("callbunker:default:00000000-0000-0000-0000-000000000008", 1);
        let (label, ours) = (row("sales", 2), row(&tag.to_string(), 3));
        let taken = |rows: &[&serde_json::Value], tag: Option<&Tag>| {
            let found = page(&serde_json::json!(rows).to_string()).row_of(&wanted, tag);
            found.map(|found| found.sid.as_str().trim_start_matches(['P', 'N', '0']).to_owned())
        };
        for (rows, expected) in [
            (vec![&another, &label, &ours], "3"),
            (vec![&ours, &another], "3"),
            (vec![&another, &label], "2"),
            (vec![&another], "1"),
        ] {
            assert_eq!(taken(&rows, Some(&tag)).as_deref(), Some(expected), "{rows:?}");
        }
        assert_eq!(taken(&[&another, &ours], None).as_deref(), Some("1"), "whoever asks for no tag has the first");
        let hidden = serde_json::json!({"sid": null, "phone_number": "+14155550101"});
        assert_eq!(taken(&[&another, &hidden], Some(&tag)), None, "ours may be the row that cannot be read");
        assert_eq!(taken(&[&label, &hidden], Some(&tag)).as_deref(), Some("2"));
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
