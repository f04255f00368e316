//! The wanted numbers at Twilio: one look each while they are few; when they are many, those parts of the list that they lie in, or all
//! of it where it is small or they lie everywhere.
//!
//! Invariant: "not in the account" is said only of a number whose part of the list came to its end.
//! How to get it wrong: keeping the whole list. An account may hold a hundred thousand numbers that nobody asked for.

use std::collections::{BTreeSet, HashMap, HashSet};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::super::keeper::Custody;
use super::rows::Row;
use crate::domain::PhoneNumber;
use crate::twilio::{IncomingNumber, ListPage, Pages, TwilioError};

/// Above this many, parts of the list are cheaper.
const SINGLE_LOOKS_MAX: usize = 20;
/// Above this many, the whole list is cheaper than its parts.
const RANGES_MAX: usize = 20;
/// Looks and parts in flight.
const LOOKS: usize = 4;
/// A part holds the numbers that begin alike: with country code and area code, and a digit more, where numbers are North American.
const BEGINNING: usize = 6;
/// As many of a number's last digits as fill one page of Twilio's list.
const DIGITS_OF_A_PAGE: usize = 3;

/// What Twilio shows of a wanted number; one that is not in the account is not among them.
#[derive(Debug)]
pub(super) enum Seen {
    /// The number.
    Number(Box<IncomingNumber>),
    /// Something that may be the number, but cannot be read.
    Unreadable,
}

pub(super) type Found = HashMap<PhoneNumber, Seen>;

impl Custody {
    /// Asks Twilio for the numbers of `rows`; those that are not in the account are missing from the answer.
    pub(super) async fn look_up(&self, rows: &[Row]) -> Result<Found, TwilioError> {
        if rows.len() <= SINGLE_LOOKS_MAX {
            return self.look(rows).await;
        }
        let wanted: HashSet<PhoneNumber> = rows.iter().map(|row| row.number.clone()).collect();
        let first = self.twilio.list_page(None).await?;
        match ranges(&wanted) {
            Some(ranges) if first.next.is_some() => self.ranges(&wanted, ranges).await,
            _ => self.walk(&wanted, None, Some(first)).await,
        }
    }

    async fn look(&self, rows: &[Row]) -> Result<Found, TwilioError> {
        let numbers: Vec<PhoneNumber> = rows.iter().map(|row| row.number.clone()).collect();
        stream::iter(numbers)
            .map(|number| async move {
                match self.twilio.find(&number, None).await {
                    Ok(found) => Ok(found.map(|found| (number, Seen::Number(Box::new(found.body))))),
                    Err(failure) if failure.is_unreadable() => Ok(Some((number, Seen::Unreadable))),
                    Err(failure) => Err(failure),
                }
            })
            .buffer_unordered(LOOKS)
            .try_filter_map(async |found| Ok(found))
            .try_collect()
            .await
    }

    async fn ranges(&self, wanted: &HashSet<PhoneNumber>, ranges: BTreeSet<String>) -> Result<Found, TwilioError> {
        let parts: Vec<(String, HashSet<PhoneNumber>)> = ranges
            .into_iter()
            .map(|beginning| {
                let of_it = wanted.iter().filter(|number| number.as_str().starts_with(&beginning)).cloned().collect();
                (beginning, of_it)
            })
            .collect();
        let found: Vec<Found> = stream::iter(parts)
            .map(|(beginning, of_it)| async move { self.walk(&of_it, Some(&beginning), None).await })
            .buffer_unordered(LOOKS)
            .try_collect()
            .await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Turns the pages of the list, or of the part of it that begins so, to its end; `first` is a page that was read already.
    async fn walk(
        &self,
        wanted: &HashSet<PhoneNumber>,
        beginning: Option<&str>,
        mut first: Option<ListPage>,
    ) -> Result<Found, TwilioError> {
        let (mut found, mut pages) = (Found::new(), Pages::default());
        // The rows that cannot be read, by the number that they say; `None` = they say none, and may be any.
        let mut doubtful: HashSet<Option<PhoneNumber>> = HashSet::new();
        loop {
            let page = match (first.take(), beginning) {
                (Some(page), _) => page,
                (None, Some(beginning)) => self.twilio.list_page_of(beginning, pages.next()).await?,
                (None, None) => self.twilio.list_page(pages.next()).await?,
            };
            fail::fail_point!("import_range_read");
            let (page, unreadable) = pages.take(page);
            doubtful.extend(unreadable.into_iter().map(|row| row.phone_number));
            let page = page.into_iter().filter(|number| wanted.contains(&number.phone_number));
            found.extend(page.map(|number| (number.phone_number.clone(), Seen::Number(Box::new(number)))));
            if !pages.turn()? {
                break;
            }
        }
        for number in wanted {
            if doubtful.contains(&None) || doubtful.contains(&Some(number.clone())) {
                found.entry(number.clone()).or_insert(Seen::Unreadable);
            }
        }
        Ok(found)
    }
}

/// The beginnings that the wanted numbers have: as long as they may be without being more parts than flow at a time, but not so long that
/// parts are smaller than a page. `None` = they lie everywhere.
fn ranges(wanted: &HashSet<PhoneNumber>) -> Option<BTreeSet<String>> {
    let of = |length: usize| -> BTreeSet<String> {
        let beginning = |number: &PhoneNumber| {
            let text = number.as_str();
            text[..length.min(text.len() - DIGITS_OF_A_PAGE)].to_owned()
        };
        let mut all: BTreeSet<String> = wanted.iter().map(beginning).collect();
        // A number is looked for once: a part that lies in another one is that one.
        let whole = all.clone();
        all.retain(|long| !whole.iter().any(|short| short.len() < long.len() && long.starts_with(short.as_str())));
        all
    };
    let shortest = of(BEGINNING);
    if shortest.len() > RANGES_MAX {
        return None;
    }
    let most = shortest.len().max(LOOKS);
    let longer = (BEGINNING + 1..=15).map(of).take_while(|longer| longer.len() <= most);
    Some(longer.last().unwrap_or(shortest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(numbers: &[&str]) -> Option<Vec<String>> {
        ranges(&numbers.iter().map(|number| number.parse().unwrap()).collect())
            .map(|ranges| ranges.into_iter().collect())
    }

    #[test]
    fn ranges_are_as_narrow_as_few_of_them_can_be() {
        assert_eq!(of(&["+14155550100", "+14155550999"]).unwrap(), ["+14155550"]);
        assert_eq!(
            of(&["+14155550100", "+14155551000", "+14155559000"]).unwrap(),
            ["+14155550", "+14155551", "+14155559"]
        );
        assert_eq!(of(&["+14155550100", "+447400123456", "+1234567"]).unwrap(), ["+1234", "+14155550", "+447400123"]);
        assert_eq!(of(&["+1234567", "+12345678901"]).unwrap(), ["+1234"], "one lies in the other");
        let spread: Vec<String> = (0..10).map(|n| format!("+1415{n}550100")).collect();
        let spread: Vec<&str> = spread.iter().map(String::as_str).collect();
        assert_eq!(of(&spread).unwrap().len(), 10);
        let everywhere: Vec<String> = (200..221).map(|code| format!("+1{code}5550100")).collect();
        let everywhere: Vec<&str> = everywhere.iter().map(String::as_str).collect();
        assert_eq!((of(&everywhere), of(&everywhere[1..]).map(|ranges| ranges.len())), (None, Some(20)));
    }
}
