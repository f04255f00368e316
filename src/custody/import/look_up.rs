//! The wanted numbers at Twilio: one look each while they are few, one walk over the list when they are many.
//!
//! How to get it wrong: keeping the whole list. An account may hold a hundred thousand numbers that nobody asked for.

use std::collections::{HashMap, HashSet};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::super::keeper::Custody;
use super::rows::Row;
use crate::domain::PhoneNumber;
use crate::twilio::{IncomingNumber, Pages, TwilioError};

/// Above this many a walk over the list is cheaper.
const SINGLE_LOOKS_MAX: usize = 20;
/// Looks in flight.
const LOOKS: usize = 4;

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
        if rows.len() > SINGLE_LOOKS_MAX { self.walk(rows).await } else { self.look(rows).await }
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

    async fn walk(&self, rows: &[Row]) -> Result<Found, TwilioError> {
        let wanted: HashSet<&PhoneNumber> = rows.iter().map(|row| &row.number).collect();
        let (mut found, mut pages) = (Found::new(), Pages::default());
        // The rows that cannot be read, by the number that they say; `None` = they say none, and may be any.
        let mut doubtful: HashSet<Option<PhoneNumber>> = HashSet::new();
        loop {
            let (page, unreadable) = pages.take(self.twilio.list_page(pages.next()).await?);
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
