//! The facts that a difference between our books and Twilio's is explained by.
//!
//! How to get it wrong: asking Twilio's journal each time. It is asked when nothing else explains what is left.

use std::collections::HashMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::bookkeeper::Bookkeeper;
use super::usage::{RENTALS, SETUPS};
use crate::db::charges::{
    KindPrice, MonthBooks, TakenIn, charged_uncertainly, month_books, prices_latest, taken_in, unit_of,
};
use crate::db::usage::{ForeignRow, UsageSeen, foreign_numbers_of, usage_read};
use crate::db::{Connection, DbError};
use crate::domain::money::{Books, Difference, Elsewhere, Facts, Month, Reason, Usage, difference};
use crate::domain::{CountryCode, Kind, NumberType, PhoneNumber};
use crate::purchaser::breaker;

/// Numbers of one sort that may explain a difference; a larger one has other causes.
const FACTS_MAX: i64 = 10_000;

/// A month beside Twilio's word on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Compared {
    /// Twilio's word.
    pub(crate) usage: Usage,
    /// How it differs.
    pub(crate) difference: Difference,
    /// What cannot be compared, and why.
    pub(crate) why: Vec<String>,
}

/// All that is read at once.
struct Looked {
    seen: Vec<UsageSeen>,
    books: MonthBooks,
    taken_in: Vec<TakenIn>,
    foreign: Vec<ForeignRow>,
    uncertain: i64,
    unit: Option<Decimal>,
    prices: Vec<KindPrice>,
}

fn look(conn: &mut Connection, month: Month) -> Result<Looked, DbError> {
    Ok(Looked {
        seen: usage_read(conn, month)?,
        books: month_books(conn, month)?,
        taken_in: taken_in(conn, month, FACTS_MAX)?,
        foreign: foreign_numbers_of(conn, month, FACTS_MAX)?,
        uncertain: charged_uncertainly(conn, month)?,
        unit: unit_of(conn, month)?,
        prices: prices_latest(conn)?,
    })
}

impl Bookkeeper {
    /// Our books of a month beside Twilio's; `None` = Twilio has not told its own. `asks` = its journal may be asked, too.
    pub(super) async fn compare(&self, month: Month, asks: bool) -> Result<Option<Compared>, DbError> {
        let looked = self.db.run_patiently("usage_compare", move |conn| look(conn, month)).await?;
        let mut why = Vec::new();
        let Some(usage) = usage_of(&looked.seen) else { return Ok(None) };
        let books = books_of(&looked, &mut why);
        let mut facts = facts_of(&looked);
        let mut found = difference(month, &books, &usage, &facts, looked.unit);
        let is_left = found.because.iter().any(|part| part.reason == Reason::Unknown && part.count > 0);
        // What the days at the month's ends may explain, the journal may know.
        let is_guessed = found.because.iter().any(|part| part.reason == Reason::DayUncertain && part.count > 0);
        if (is_left || is_guessed) && asks && !breaker::is_silenced(&self.db).await? {
            match self.came_and_went(month).await {
                Ok(pairs) => {
                    let prices = by_kind(&looked.prices);
                    facts.bought_and_released = pairs
                        .into_iter()
                        .map(|pair| Elsewhere {
                            bought_on: pair.came_at.date_naive(),
                            until: pair.went_at.date_naive().succ_opt(),
                            monthly: price_of(&prices, &pair.phone_number),
                            phone_number: pair.phone_number,
                        })
                        .collect();
                    found = difference(month, &books, &usage, &facts, looked.unit);
                }
                Err(not_told) => why.push(not_told),
            }
        }
        Ok(Some(Compared { usage, difference: found, why }))
    }
}

/// Twilio's word, once it is told whole and in one currency.
fn usage_of(seen: &[UsageSeen]) -> Option<Usage> {
    let of = |category: &str| seen.iter().find(|seen| seen.category == category);
    let rentals: Vec<&UsageSeen> = RENTALS.iter().filter_map(|category| of(category)).collect();
    let setups = of(SETUPS)?;
    let is_whole = rentals.len() == RENTALS.len();
    let is_one = rentals.iter().all(|rental| rental.currency == setups.currency);
    if !is_whole || !is_one {
        return None;
    }
    let count = rentals.iter().map(|rental| rental.count).sum::<i64>();
    let price = rentals.iter().try_fold(setups.price, |sum, rental| sum.checked_add(rental.price))?;
    // The oldest of them: until then all was counted.
    let as_of = rentals.iter().map(|rental| rental.as_of).fold(setups.as_of, std::cmp::min);
    Some(Usage {
        rentals: u64::try_from(count).unwrap_or_default(),
        setups: u64::try_from(setups.count).unwrap_or_default(),
        price,
        as_of,
    })
}

fn books_of(looked: &Looked, why: &mut Vec<String>) -> Books {
    let MonthBooks { purchases, renewals, amount, unknown, currencies, national } = looked.books;
    if national > 0 {
        why.push(format!(
            "Twilio's usage records name no category for national numbers: {national} charges of them are left out of the comparison"
        ));
    }
    let is_known = unknown == 0 && currencies <= 1;
    Books {
        purchases: u64::try_from(purchases).unwrap_or_default(),
        renewals: u64::try_from(renewals).unwrap_or_default(),
        spent: is_known.then_some(amount),
    }
}

fn facts_of(looked: &Looked) -> Facts {
    let prices = by_kind(&looked.prices);
    let price = |country: CountryCode, number_type: NumberType| prices.get(&Kind { country, number_type }).copied();
    let elsewhere = |phone_number: &PhoneNumber, bought_on: NaiveDate, until: Option<NaiveDate>, monthly| Elsewhere {
        phone_number: phone_number.clone(),
        bought_on,
        until,
        monthly,
    };
    Facts {
        adopted: looked
            .taken_in
            .iter()
            .map(|number| {
                let monthly = price(number.country, number.number_type);
                elsewhere(&number.phone_number, number.bought_on, number.until, monthly)
            })
            .collect(),
        foreign: looked
            .foreign
            .iter()
            .map(|number| {
                let monthly = number.number_type.and_then(|number_type| price(number.country, number_type));
                elsewhere(&number.phone_number, number.bought_on(), number.until(), monthly)
            })
            .collect(),
        bought_and_released: Vec::new(),
        day_uncertain: u64::try_from(looked.uncertain).unwrap_or_default(),
    }
}

fn by_kind(prices: &[KindPrice]) -> HashMap<Kind, Decimal> {
    prices.iter().map(|price| (price.kind, price.monthly.amount)).collect()
}

/// What a number that nobody has seen costs: its type is as the numbering plan has it.
fn price_of(prices: &HashMap<Kind, Decimal>, number: &PhoneNumber) -> Option<Decimal> {
    let number_type = NumberType::of(number, "");
    prices.get(&Kind { country: number.country()?, number_type }).copied()
}
