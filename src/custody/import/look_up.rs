//! The wanted numbers at Twilio: one look each while they are few, one walk over the list when they are many.
//!
//! How to get it wrong: keeping the whole list. An account may hold a hundred thousand numbers that nobody asked for.

use std::collections::{HashMap, HashSet};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::super::Custody;
use super::rows::Row;
use crate::domain::PhoneNumber;
use crate::twilio::{Failure, IncomingNumber, Pages};

/// Above this many a walk over the list is cheaper.
const SINGLE_LOOKS_MAX: usize = 20;
/// Looks in flight.
const LOOKS: usize = 4;

pub(super) type Found = HashMap<PhoneNumber, IncomingNumber>;

impl Custody {
    /// Asks Twilio for the numbers of `rows`; those that are not in the account are missing from the answer.
    pub(super) async fn look_up(&self, rows: &[Row]) -> Result<Found, Failure> {
        if rows.len() > SINGLE_LOOKS_MAX { self.walk(rows).await } else { self.look(rows).await }
    }

    async fn look(&self, rows: &[Row]) -> Result<Found, Failure> {
        let numbers: Vec<PhoneNumber> = rows.iter().map(|row| row.number.clone()).collect();
        stream::iter(numbers)
            .map(|number| async move { self.twilio.find(&number).await })
            .buffer_unordered(LOOKS)
            .try_filter_map(async |found| Ok(found.map(|found| (found.body.phone_number.clone(), found.body))))
            .try_collect()
            .await
    }

    async fn walk(&self, rows: &[Row]) -> Result<Found, Failure> {
        let wanted: HashSet<&PhoneNumber> = rows.iter().map(|row| &row.number).collect();
        let (mut found, mut pages) = (Found::new(), Pages::default());
        loop {
            let (page, following) = self.twilio.list_page(pages.next()).await?;
            let page = page.into_iter().filter(|number| wanted.contains(&number.phone_number));
            found.extend(page.map(|number| (number.phone_number.clone(), number)));
            if !pages.turn(following)? {
                return Ok(found);
            }
        }
    }
}
