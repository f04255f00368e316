//! A whole list as a file: RFC 4180, UTF-8, read a stretch at a time while the client takes it.
//!
//! Invariants: however long the list is, one stretch of it is in memory; a value stands there as it is, or so that `import` reads it back
//! as it is.
//! How to get it wrong: an answer that ends early and looks whole. What breaks off is cut in the middle of the transfer.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use tokio::sync::mpsc;
use warp::Reply as _;

use crate::api::lists::{Part, assignments, numbers};
use crate::api::services::Services;
use crate::db::assignments::{AssignmentFilter, AssignmentRecord};
use crate::db::numbers::{NumberFilter, OwnedNumber};
use crate::db::slice::Slice;
use crate::domain::{ListOrder, is_doubtful};
use crate::http::Problem;
use crate::routing::{Outcome, Request};

/// Rows in memory at a time.
const STRETCH: i64 = 500;

/// Which list, and what it is narrowed to.
#[derive(Clone)]
pub(super) enum Kind {
    Numbers(NumberFilter),
    Assignments(AssignmentFilter),
}

impl Kind {
    fn name(&self) -> &'static str {
        match self {
            Self::Numbers(_) => "numbers.csv",
            Self::Assignments(_) => "assignments.csv",
        }
    }

    fn header(&self) -> &'static str {
        match self {
            Self::Numbers(_) => "phone_number,user_id,assigned_at,pool,status\r\n",
            Self::Assignments(_) => "user_id,phone_number,source,assigned_at,released_at\r\n",
        }
    }

    /// The next stretch as lines, and the row that it ends with.
    async fn stretch(&self, services: &Services, slice: Slice<i64>) -> Result<(String, Option<i64>), Problem> {
        let part = Part { limit: STRETCH, slice };
        match self {
            Self::Numbers(filter) => {
                let sheet = numbers::numbers(services, filter.clone(), ListOrder::Oldest, part).await?;
                Ok((sheet.items.iter().map(number).collect(), sheet.next))
            }
            Self::Assignments(filter) => {
                let sheet = assignments::assignments(services, filter.clone(), part).await?;
                Ok((sheet.items.iter().map(assignment).collect(), sheet.next))
            }
        }
    }
}

fn instant(at: chrono::DateTime<chrono::Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

fn number(number: &OwnedNumber) -> String {
    line(&[
        number.phone_number.as_str(),
        &number.user_id.as_deref().map(protected).unwrap_or_default(),
        &number.assigned_at.map(instant).unwrap_or_default(),
        number.pool.as_str(),
        number.shown_status().as_str(),
    ])
}

/// An id as `import` reads it back: one that it would doubt, or read as another one, is written as spreadsheets write a text.
fn protected(user_id: &str) -> Cow<'_, str> {
    match is_doubtful(user_id) {
        true => Cow::Owned(format!("=\"{}\"", user_id.replace('"', "\"\""))),
        false => Cow::Borrowed(user_id),
    }
}

fn assignment(record: &AssignmentRecord) -> String {
    line(&[
        &protected(&record.user_id),
        record.phone_number.as_str(),
        record.source.as_str(),
        &instant(record.assigned_at),
        &record.released_at.map(instant).unwrap_or_default(),
    ])
}

/// What holds a separator, a quote, a line's end or blanks at its ends is quoted.
fn line(values: &[&str]) -> String {
    let quoted = |value: &&str| {
        let is_plain = !value.contains([',', '"', '\r', '\n', ';', '\t']) && value.trim() == *value;
        if is_plain { (*value).to_owned() } else { format!("\"{}\"", value.replace('"', "\"\"")) }
    };
    values.iter().map(quoted).collect::<Vec<_>>().join(",") + "\r\n"
}

pub(super) async fn stream(services: Arc<Services>, request: Request, kind: Kind) -> Outcome {
    // The first stretch is read before anything is answered: a database that is away is told as what it is.
    let (lines, next) = kind.stretch(&services, Slice::First).await?;
    let begin = Bytes::from(format!("{}{lines}", kind.header()));
    let disposition = format!("attachment; filename=\"{}\"", kind.name());
    // The reader is as fast as the client, and one stretch ahead.
    let (pieces, taken) = mpsc::channel(1);
    let stop = request.until_stop();
    tokio::spawn(async move {
        tokio::select! {
            () = send(&services, &kind, (begin, next), &pieces) => {}
            () = stop => drop(pieces.try_send(Err(io::Error::other("the daemon stops")))),
        }
    });
    let pieces = stream::unfold(taken, |mut taken| async move { taken.recv().await.map(|piece| (piece, taken)) });
    let mut response = warp::reply::stream(pieces).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present"));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_str(&disposition).map_err(|_| Problem::internal())?);
    Ok(response)
}

/// Sends the list to its end, or until nobody takes it any more.
async fn send(
    services: &Services,
    kind: &Kind,
    (begin, mut next): (Bytes, Option<i64>),
    pieces: &mpsc::Sender<io::Result<Bytes>>,
) {
    let mut piece = Ok(begin);
    loop {
        let broke_off = piece.is_err();
        if pieces.send(piece).await.is_err() || broke_off {
            return;
        }
        let Some(last) = next else { return };
        piece = match kind.stretch(services, Slice::After(last)).await {
            Ok((lines, more)) => {
                next = more;
                Ok(Bytes::from(lines))
            }
            Err(_told) => Err(io::Error::other("the list broke off")),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_break_a_line_is_quoted() {
        assert_eq!(line(&["+14155550100", "ann", "", "default"]), "+14155550100,ann,,default\r\n");
        assert_eq!(
            (protected("u-1"), protected("NULL"), protected("a\"b ")),
            ("u-1".into(), "=\"NULL\"".into(), "=\"a\"\"b \"".into())
        );
        assert_eq!(line(&["a,b", "say \"x\"", " blank"]), "\"a,b\",\"say \"\"x\"\"\",\" blank\"\r\n");
    }

    proptest::proptest! {
        #[test]
        fn an_id_is_read_back_as_it_is(id in "[ -~äöü用\u{a0}]{1,40}|NULL|[0-9]{1,5}[.,]0|[0-9]E[+][0-9]{2}|=\"[a-z\"]{0,3}\"") {
            let written = line(&["+14155550100", &protected(&id)]);
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(written.as_bytes());
            let record = reader.records().next().unwrap().unwrap();
            let read = crate::domain::user_id(&record[1], &crate::domain::Reading::default()).unwrap();
            let value = read.value.unwrap();
            proptest::prop_assert_eq!((value.as_str(), read.note), (id.as_str(), None));
        }
    }
}
