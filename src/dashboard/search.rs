//! What the search finds: numbers by any part that people say of them, users by how their id begins, orders, SIDs.
//!
//! Invariants: what is called exactly so is shown at once; of several that may be meant there is a list, and of one its
//! page; whatever is typed, a bounded number of rows is looked at.
//! How to get it wrong: asking people for E.164. They paste what they have, with spaces, brackets and dashes.

use std::sync::Arc;

use askama::Template;
use http::{HeaderValue, StatusCode};
use uuid::Uuid;

use super::cells::{Found, Link, user_link};
use super::page::{Frame, page};
use super::{number, order, user};
use crate::api::services::Services;
use crate::db::assignments::users_like;
use crate::db::ignored_numbers::{IgnoredNumber, ignored_like};
use crate::db::numbers::{OwnedNumber, number_of_sid, numbers_like};
use crate::db::{Connection, DbError};
use crate::domain::{NumberSid, PhoneNumber, UserId, number_as_written};
use crate::http::{Problem, see_other};
use crate::routing::{Outcome, Request};

/// So many of a kind are listed.
const FOUND_MAX: usize = 50;
/// Fewer digits say too little.
const DIGITS_MIN: usize = 3;

#[derive(Template)]
#[template(path = "found.html")]
struct FoundPage {
    frame: Frame,
    asked: String,
    numbers: Vec<Found>,
    /// Whether they may be of several pools.
    has_pools: bool,
    users: Vec<Link>,
    /// Whether there are more than are listed.
    is_cut: bool,
}

#[derive(Template)]
#[template(path = "nothing.html")]
struct NothingPage {
    frame: Frame,
    asked: String,
    /// Set when the text can only be a number.
    number: Option<String>,
}

pub(crate) async fn search(services: Arc<Services>, request: Request) -> Outcome {
    request.takes_only(&["q"])?;
    let asked = request.query_text("q").map(|text| text.trim().to_owned()).unwrap_or_default();
    if asked.is_empty() {
        return Ok(see_other(HeaderValue::from_static(super::page::HOME)));
    }
    request.note("q", asked.as_str());
    if let Some(page) = exactly(&services, &request, &asked).await? {
        return page;
    }
    let sought = Sought::new(&asked);
    let mut found = services.read("search", move |conn| sought.look(conn)).await?;
    if let Some(page) = found.only(&services, &request).await? {
        return page;
    }
    if found.is_empty() {
        return nothing(&services, &request, asked);
    }
    let is_cut = found.cut();
    let frame = Frame::new("Found", &services, &request);
    let shown = FoundPage {
        has_pools: frame.choice.is_told() || found.numbers.iter().any(|number| !number.pool.is_default()),
        frame,
        asked,
        numbers: found.numbers.into_iter().map(Found::from).chain(found.ignored.into_iter().map(Found::from)).collect(),
        users: found.users.into_iter().map(user_link).collect(),
        is_cut,
    };
    page(StatusCode::OK, &shown, &shown.frame)
}

/// What is called so and not otherwise: a number as people write it, an order's id, a SID, a user.
async fn exactly(services: &Services, request: &Request, asked: &str) -> Result<Option<Outcome>, Problem> {
    if let Some(exact) = as_number(asked) {
        request.note("phone_number", exact.as_str());
        if let Some(page) = number::show(services, request, exact).await? {
            return Ok(Some(page));
        }
    }
    if let Ok(id) = asked.parse::<Uuid>()
        && let Some(page) = order::show(services, request, id).await?
    {
        return Ok(Some(page));
    }
    if let Some(sid) = as_sid(asked) {
        let found = services.read("number_of_sid", move |conn| number_of_sid(conn, &sid)).await?;
        if let Some(found) = found {
            return number::show(services, request, found.stored.phone_number).await;
        }
    }
    match asked.parse::<UserId>() {
        Ok(exact) => user::show(services, request, exact).await,
        Err(_no_user) => Ok(None),
    }
}

/// What somebody may mean by a part of a name.
struct Sought {
    beginnings: Vec<String>,
    ending: Option<String>,
    sid: Option<NumberSid>,
    text: String,
}

impl Sought {
    fn new(asked: &str) -> Self {
        let digits = digits(asked).filter(|(_, digits)| digits.len() >= DIGITS_MIN);
        let (beginnings, ending) = match digits {
            None => (Vec::new(), None),
            Some((true, digits)) => (vec![format!("+{digits}")], None),
            // Without its plus: the national part from its beginning, the whole from its beginning, or an end.
            Some((false, digits)) => (vec![format!("+1{digits}"), format!("+{digits}")], Some(digits)),
        };
        Self { beginnings, ending, sid: as_sid(asked), text: asked.to_owned() }
    }

    fn look(&self, conn: &mut Connection) -> Result<Matches, DbError> {
        let most = FOUND_MAX as i64 + 1;
        let ending = self.ending.as_deref();
        let (mut numbers, mut ignored) = (Vec::new(), Vec::new());
        if !self.beginnings.is_empty() {
            numbers = numbers_like(conn, &self.beginnings, ending, most)?;
        }
        if !self.beginnings.is_empty() || self.sid.is_some() {
            ignored = ignored_like(conn, &self.beginnings, ending, self.sid.as_ref(), most)?;
        }
        // The same digits may have been ours more than once: the live row comes first.
        let mut seen = std::collections::HashSet::new();
        numbers.retain(|number| seen.insert(number.phone_number.clone()));
        Ok(Matches { numbers, ignored, users: users_like(conn, &self.text, most)? })
    }
}

/// What was found.
struct Matches {
    numbers: Vec<OwnedNumber>,
    ignored: Vec<IgnoredNumber>,
    users: Vec<String>,
}

impl Matches {
    fn is_empty(&self) -> bool {
        self.numbers.is_empty() && self.ignored.is_empty() && self.users.is_empty()
    }

    /// The page of the only one.
    async fn only(&self, services: &Services, request: &Request) -> Result<Option<Outcome>, Problem> {
        let Self { numbers, ignored, users } = self;
        match (numbers.as_slice(), ignored.as_slice(), users.as_slice()) {
            ([one], [], []) => number::show(services, request, one.phone_number.clone()).await,
            ([], [one], []) => number::show(services, request, one.phone_number.clone()).await,
            ([], [], [one]) => match one.parse() {
                Ok(one) => user::show(services, request, one).await,
                Err(_odd) => Ok(None),
            },
            _ => Ok(None),
        }
    }

    /// Leaves out what is too much; whether something was.
    fn cut(&mut self) -> bool {
        let was = (self.numbers.len(), self.ignored.len(), self.users.len());
        self.numbers.truncate(FOUND_MAX);
        self.ignored.truncate(FOUND_MAX);
        self.users.truncate(FOUND_MAX);
        was != (self.numbers.len(), self.ignored.len(), self.users.len())
    }
}

/// The digits of what may be a number, and whether a plus stands before them.
fn digits(asked: &str) -> Option<(bool, String)> {
    let bare: String = asked
        .chars()
        .filter(|c| !c.is_whitespace() && !"()-./\u{2010}\u{2011}\u{2012}\u{2013}\u{2212}".contains(*c))
        .collect();
    let bare = bare.strip_prefix("tel:").unwrap_or(&bare);
    let digits = bare.strip_prefix('+').unwrap_or(bare);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| (bare.starts_with('+'), digits.to_owned()))
}

/// The number that somebody may mean: E.164, or a North American one as people write it.
fn as_number(asked: &str) -> Option<PhoneNumber> {
    number_as_written(asked.trim().trim_start_matches("tel:"))
}

/// A SID, whose digits people may have in capitals.
fn as_sid(asked: &str) -> Option<NumberSid> {
    let lower = asked.to_ascii_lowercase();
    format!("PN{}", lower.strip_prefix("pn")?).parse().ok()
}

fn nothing(services: &Services, request: &Request, asked: String) -> Outcome {
    let number = as_number(&asked).map(|number| number.as_str().to_owned());
    let shown = NothingPage { frame: Frame::new("Nothing found", services, request), asked, number };
    page(StatusCode::NOT_FOUND, &shown, &shown.frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_known_however_people_write_it() {
        for asked in [
            "+14155550100",
            "4155550100",
            "(415) 555-0100",
            "1 415 555 0100",
            "+1 415.555.0100",
            "tel:+1-415-555-0100",
            "415\u{2011}555\u{2011}0100",
        ] {
            assert_eq!(as_number(asked).unwrap().as_str(), "+14155550100", "{asked}");
        }
        for other in ["u-4155550100", "12345", "", "+", "user 1"] {
            assert!(as_number(other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_part_of_a_number_is_its_beginning_or_its_end() {
        let sought = |asked: &str| {
            let Sought { beginnings, ending, .. } = Sought::new(asked);
            (beginnings.join(" "), ending.unwrap_or_default())
        };
        assert_eq!(sought("6260"), ("+16260 +6260".to_owned(), "6260".to_owned()));
        assert_eq!(sought("574-6260"), ("+15746260 +5746260".to_owned(), "5746260".to_owned()));
        assert_eq!(sought("+1 415"), ("+1415".to_owned(), String::new()));
        assert_eq!(sought("41"), (String::new(), String::new()), "too few");
        assert_eq!(sought("user-"), (String::new(), String::new()));
    }

    #[test]
    fn a_sid_is_known_in_capitals_too() {
        let sid = "PN0123456789abcdef0123456789abcdef";
        assert_eq!(as_sid(&sid.to_uppercase()).unwrap().as_str(), sid);
        assert!(as_sid("PN01").is_none() && as_sid("AC0123456789abcdef0123456789abcdef").is_none());
    }
}
