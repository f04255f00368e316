//! Lists a page at a time: the envelope that all of them have, and which part of one is asked for.
//!
//! In reading order: [`numbers`], [`ignored`], [`assignments`], [`orders`], [`passes`], [`alerts`], [`charges`]; each is one function for programs and one for
//! pages, over the same reading.
//! How to get it wrong: paging by offset, which skips rows when earlier ones come or go. A cursor names the last row.

use std::fmt::Display;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::services::Services;
use crate::db::slice::{Counted, Slice};
use crate::db::{Connection, DbError};
use crate::http::Problem;
use crate::routing::Request;

pub(crate) mod alerts;
pub(crate) mod assignments;
pub(crate) mod charges;
pub(crate) mod ignored;
pub(crate) mod numbers;
pub(crate) mod orders;
pub(crate) mod passes;

const LIMIT_DEFAULT: i64 = 50;
const LIMIT_MAX: i64 = 200;

/// The envelope of every list.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    #[schema(required)]
    /// What the next page begins after; null at the end.
    pub(crate) next_cursor: Option<String>,
}

/// Which part of a list; its rows are named by a `K`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part<K = i64> {
    pub(crate) limit: i64,
    pub(crate) slice: Slice<K>,
}

/// A part of a list as it was read, and where it goes on in both directions.
pub(crate) struct Sheet<T, K = i64> {
    pub(crate) items: Vec<T>,
    /// The row that the next part begins after.
    pub(crate) next: Option<K>,
    /// The row that the part before this one ends before.
    pub(crate) previous: Option<K>,
}

impl<K: Copy + FromStr + Display> Part<K> {
    /// What a program's query asks for, in a list that takes `others` as well.
    pub(crate) fn asked(request: &Request, others: &[&str]) -> Result<Self, Problem> {
        request.takes_only(&[&["limit", "cursor"], others].concat())?;
        let slice = cursor(request, "cursor")?.map_or(Slice::First, Slice::After);
        Ok(Self { limit: limit(request, "limit")?, slice })
    }

    /// What a page's query asks for: it may look back, too.
    pub(crate) fn of_a_page(request: &Request, others: &[&str]) -> Result<Self, Problem> {
        request.takes_only(&[&["size", "cursor", "before"], others].concat())?;
        let slice = match (cursor(request, "cursor")?, cursor(request, "before")?) {
            (Some(after), _) => Slice::After(after),
            (None, Some(before)) => Slice::Before(before),
            (None, None) => Slice::First,
        };
        Ok(Self { limit: limit(request, "size")?, slice })
    }

    /// Reads it: `read` gets the place and how many rows to read, one more than are shown.
    pub(crate) async fn read<T, F>(
        self,
        services: &Services,
        name: &'static str,
        read: F,
        id: impl Fn(&T) -> K,
    ) -> Result<Sheet<T, K>, Problem>
    where
        T: Send + 'static,
        K: Send + 'static,
        F: FnOnce(&mut Connection, Slice<K>, i64) -> Result<Vec<T>, DbError> + Send + 'static,
    {
        let items = services.read(name, move |conn| read(conn, self.slice, self.limit + 1)).await?;
        Ok(self.sheet(items, id))
    }

    /// Cuts the one row too many off, which tells whether the list goes on.
    fn sheet<T>(self, mut items: Vec<T>, id: impl Fn(&T) -> K) -> Sheet<T, K> {
        let wanted = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = items.len() > wanted;
        let is_back = matches!(self.slice, Slice::Before(_));
        if more && is_back {
            items.drain(..items.len() - wanted);
        }
        items.truncate(wanted);
        let (goes_on, went_on) = if is_back { (true, more) } else { (more, !matches!(self.slice, Slice::First)) };
        Sheet {
            next: items.last().filter(|_| goes_on).map(&id),
            previous: items.first().filter(|_| went_on).map(&id),
            items,
        }
    }
}

fn limit(request: &Request, name: &'static str) -> Result<i64, Problem> {
    let limit: i64 = request.query(name)?.unwrap_or(LIMIT_DEFAULT);
    if (1..=LIMIT_MAX).contains(&limit) {
        Ok(limit)
    } else {
        Err(Problem::invalid_field(name, format!("must be 1 to {LIMIT_MAX}")))
    }
}

fn cursor<K: FromStr + Display>(request: &Request, name: &'static str) -> Result<Option<K>, Problem> {
    let text = request.query_text(name).unwrap_or_default();
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let found = text.parse().map_err(|_| Problem::invalid_field(name, "must be the next_cursor of the page before"))?;
    request.note(name, text);
    Ok(Some(found))
}

impl<T, K: Display> Sheet<T, K> {
    /// The envelope.
    pub(crate) fn page<V: From<T>>(self) -> Page<V> {
        Page {
            items: self.items.into_iter().map(Into::into).collect(),
            next_cursor: self.next.map(|next| next.to_string()),
        }
    }
}

/// How many rows there are beside a sheet: nothing is asked where the sheet is all there is.
pub(crate) async fn counted<T, K: Copy + PartialEq + Send + 'static>(
    services: &Services,
    sheet: &Sheet<T, K>,
    first: Option<K>,
    count: impl FnOnce(&mut Connection, K) -> Result<Counted, DbError> + Send + 'static,
) -> Result<Counted, Problem> {
    let whole = i64::try_from(sheet.items.len()).unwrap_or(i64::MAX);
    match first {
        Some(first) if sheet.next.is_some() || sheet.previous.is_some() => {
            services.read("list_count", move |conn| count(conn, first)).await
        }
        _ => Ok(Counted { total: whole, ahead: 0 }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(slice: Slice<i64>, rows: &[i64]) -> (Vec<i64>, Option<i64>, Option<i64>) {
        let Sheet { items, next, previous } = Part { limit: 2, slice }.sheet(rows.to_vec(), |row| *row);
        (items, next, previous)
    }

    #[test]
    fn a_sheet_says_where_the_list_goes_on_in_both_directions() {
        assert_eq!(told(Slice::First, &[9, 8, 7]), (vec![9, 8], Some(8), None));
        assert_eq!(told(Slice::First, &[9, 8]), (vec![9, 8], None, None));
        assert_eq!(told(Slice::After(8), &[7, 6, 5]), (vec![7, 6], Some(6), Some(7)));
        assert_eq!(told(Slice::After(6), &[5]), (vec![5], None, Some(5)));
        assert_eq!(told(Slice::Before(5), &[8, 7, 6]), (vec![7, 6], Some(6), Some(7)));
        assert_eq!(told(Slice::Before(7), &[9, 8]), (vec![9, 8], Some(8), None));
        assert_eq!(told(Slice::Before(9), &[]), (vec![], None, None));
    }
}
