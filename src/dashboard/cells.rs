//! What stands in tables, and where it leads.
//!
//! How to get it wrong: a link by search. What is looked for may be a user and a number at once; a page has one address.

use chrono::{DateTime, Utc};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use uuid::Uuid;

use super::text::{Shown, When, phone};
use super::trouble::Trouble;
use crate::access::Person;
use crate::db::ignored_numbers::IgnoredNumber;
use crate::db::numbers::OwnedNumber;
use crate::domain::recycling::UseSource;
use crate::domain::{NumberStatus, PhoneNumber, QuarantineReason};

/// A cell of a table.
pub(super) enum Cell {
    Text(String),
    Link(Link),
    State(String, &'static str),
    Time(Option<When>),
    Who(Person),
    /// What can be done about it, after a question.
    Act(Option<Ask>),
    /// What went wrong, a line each, the rest folded behind it.
    Troubles(Vec<Trouble>),
}

/// A button that asks.
pub(super) struct Ask {
    pub(super) to: String,
    pub(super) shown: &'static str,
    /// The same, naming the thing, for whoever does not see the row.
    pub(super) named: String,
}

/// Something that has a page of its own.
pub(super) struct Link {
    pub(super) shown: String,
    pub(super) to: String,
    /// What a person would copy.
    pub(super) copy: String,
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// The page of a number.
pub(super) fn number_url(e164: &str) -> String {
    format!("/admin/phones/dashboard/numbers/{}", escaped(e164))
}

/// The page of a user. The id stands in the query: proxies decode, join and resolve what stands in a path.
pub(super) fn user_url(user: &str) -> String {
    format!("/admin/phones/dashboard/users?user_id={}", escaped(user))
}

/// The page of an order.
pub(super) fn order_url(id: &str) -> String {
    format!("/admin/phones/dashboard/orders/{}", escaped(id))
}

/// What is not there is a dash.
pub(super) fn text(value: Option<impl ToString>) -> Cell {
    Cell::Text(value.map_or_else(|| "–".to_owned(), |value| value.to_string()))
}

pub(super) fn time(at: DateTime<Utc>) -> Cell {
    Cell::Time(Some(When(at)))
}

pub(super) fn state(state: impl Shown) -> Cell {
    Cell::State(state.word().to_owned(), state.tone())
}

pub(super) fn number(number: &PhoneNumber) -> Cell {
    let e164 = number.to_string();
    Cell::Link(Link { shown: phone(&e164), to: number_url(&e164), copy: e164 })
}

pub(super) fn user(user: Option<String>) -> Cell {
    user.map_or_else(|| text(None::<String>), |user| Cell::Link(user_link(user)))
}

pub(super) fn order(id: Option<Uuid>) -> Cell {
    id.map_or_else(|| text(None::<String>), |id| Cell::Link(order_link(id)))
}

/// A user, and their page.
pub(super) fn user_link(user: String) -> Link {
    Link { to: user_url(&user), copy: user.clone(), shown: user }
}

/// An order is called by the end of its id: the beginning is the time.
pub(super) fn order_link(id: Uuid) -> Link {
    let id = id.to_string();
    Link { shown: format!("…{}", &id[id.len() - 8..]), to: order_url(&id), copy: id }
}

/// What a number is called here: of the quarantined, those that rest by themselves are told from those that wait for
/// somebody.
pub(super) fn number_state_of(status: NumberStatus, reason: Option<QuarantineReason>) -> (&'static str, &'static str) {
    match (status, reason) {
        (NumberStatus::Quarantined, Some(reason)) => match reason {
            QuarantineReason::Released => (status.word(), "calm"),
            QuarantineReason::Leaving => ("leaving", "warn"),
            QuarantineReason::UnknownItem
            | QuarantineReason::TagConflict
            | QuarantineReason::Contested
            | QuarantineReason::Adopting => ("on hold", "bad"),
        },
        _ => (status.word(), status.tone()),
    }
}

/// The same of a row.
pub(super) fn number_state(number: &OwnedNumber) -> (&'static str, &'static str) {
    number_state_of(number.shown_status(), number.quarantine_reason)
}

/// How a use came to be known.
pub(super) fn known_by(source: UseSource) -> &'static str {
    match source {
        UseSource::Assignment => "it was assigned",
        UseSource::Touch => "the application told",
        UseSource::Call => "a call",
        UseSource::Message => "a message",
    }
}

/// A number in a short table.
pub(super) struct Found {
    pub(super) number: String,
    pub(super) e164: String,
    pub(super) to: String,
    pub(super) state: (&'static str, &'static str),
    pub(super) webhooks: (&'static str, &'static str),
    pub(super) user: Option<Link>,
    /// The pool that it is of; a dash of a number that is nobody's here.
    pub(super) pool: String,
}

impl From<OwnedNumber> for Found {
    fn from(owned: OwnedNumber) -> Self {
        let e164 = owned.phone_number.to_string();
        Self {
            number: phone(&e164),
            to: number_url(&e164),
            state: number_state(&owned),
            webhooks: (owned.webhook_status.word(), owned.webhook_status.tone()),
            pool: owned.stored.pool.to_string(),
            user: owned.user_id.map(user_link),
            e164,
        }
    }
}

impl From<IgnoredNumber> for Found {
    fn from(ignored: IgnoredNumber) -> Self {
        let e164 = ignored.phone_number.to_string();
        let (number, to) = (phone(&e164), number_url(&e164));
        Self {
            number, to, state: ("ignored", "calm"), webhooks: ("–", "calm"), user: None, pool: "–".to_owned(), e164
        }
    }
}
