//! What can explain that Twilio counts other charges than we do, and in which order.
//!
//! Invariants: a number explains one charge at most; what explains stops when nothing is left to explain; whatever is told,
//! the counts add up to the difference.
//! How to get it wrong: naming every foreign number of the account, whether or not anything differs. Or one whose day of this month is yet to come.

use std::collections::HashSet;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::anniversary::charges_between;
use super::month::Month;
use crate::domain::PhoneNumber;
use crate::domain::number::stored_enum;

/// Why Twilio's count differs from ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It was the account's before it was ours, and is charged by Twilio for that time, too.
    Adopted,
    /// A number of the account that is not callbunker's.
    Foreign,
    /// Somebody else bought it, and gave it back within the month.
    BoughtAndReleased,
    /// Of ours, charged on the month's first or last day: Twilio may count it in the month beside.
    DayUncertain,
    /// Nothing that is known.
    Unknown,
}

stored_enum!(Reason {
    Adopted = "adopted",
    Foreign = "foreign",
    BoughtAndReleased = "bought_and_released",
    DayUncertain = "day_uncertain",
    Unknown = "unknown",
});

/// A number of the account that Twilio charged while it was not ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    /// In E.164.
    pub phone_number: PhoneNumber,
    /// The day of its `date_created`.
    pub bought_on: NaiveDate,
    /// The day from which its charges are not counted so any more: ours from then on, or gone. `None` = it goes on.
    pub until: Option<NaiveDate>,
    /// What a month of it costs; `None` = not known.
    pub monthly: Option<Decimal>,
}

/// What is known beside the books.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Numbers of ours that the account had before they were.
    pub adopted: Vec<Elsewhere>,
    /// Numbers that are not ours.
    pub foreign: Vec<Elsewhere>,
    /// Numbers that others bought and gave back within the month.
    pub bought_and_released: Vec<Elsewhere>,
    /// How many of ours were charged on the month's first or last day.
    pub day_uncertain: u64,
}

/// A part of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Because {
    /// Why.
    pub reason: Reason,
    /// Which number, where it is one.
    pub phone_number: Option<PhoneNumber>,
    /// So many more charges at Twilio; below zero: fewer.
    pub count: i64,
    /// So much more; `None` = not known.
    pub amount: Option<Decimal>,
}

/// Explains that Twilio counts so many more charges in the month, up to the day `counted`; what is left of the count, and each part that was
/// found.
pub(super) fn explain(
    count: i64,
    (month, counted): (Month, NaiveDate),
    facts: &Facts,
    unit: Option<Decimal>,
) -> (i64, Vec<Because>) {
    let (mut left, mut because, mut named) = (count, Vec::new(), HashSet::new());
    let groups = [
        (Reason::Adopted, &facts.adopted),
        (Reason::Foreign, &facts.foreign),
        (Reason::BoughtAndReleased, &facts.bought_and_released),
    ];
    for (reason, elsewhere) in groups {
        for number in elsewhere.iter().filter(|number| was_charged(number, month, counted)) {
            if left <= 0 {
                break;
            }
            if named.insert(&number.phone_number) {
                left -= 1;
                let phone_number = Some(number.phone_number.clone());
                because.push(Because { reason, phone_number, count: 1, amount: number.monthly });
            }
        }
    }
    let most = i64::try_from(facts.day_uncertain).unwrap_or(i64::MAX);
    let uncertain = left.clamp(-most, most);
    if uncertain != 0 {
        let amount = unit.and_then(|unit| unit.checked_mul(Decimal::from(uncertain)));
        because.push(Because { reason: Reason::DayUncertain, phone_number: None, count: uncertain, amount });
        left -= uncertain;
    }
    (left, because)
}

/// Whether Twilio charged it in the month, up to that day, before it was ours, or gone.
fn was_charged(number: &Elsewhere, month: Month, counted: NaiveDate) -> bool {
    let charges = charges_between(number.bought_on, month.first(), month.last().min(counted), None);
    charges.into_iter().any(|day| number.until.is_none_or(|until| day < until))
}
