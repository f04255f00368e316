//! Instants as programs write them.
//!
//! How to get it wrong: taking a date whose day and month may be either. It would be wrong by months for somebody.

use chrono::{DateTime, FixedOffset, LocalResult, NaiveDateTime, TimeDelta, TimeZone as _, Utc};

use super::bare::{are_digits, bare};
use super::fault::{Fault, FaultKind, Note, Written};
use super::local::local;
use super::zone::{Zone, offset};

/// Reads an instant; one without an offset is one of `zone`.
///
/// # Errors
/// When it is none, or may be more than one, or lies a day or more in the future.
pub fn instant(text: &str, zone: Zone, now: DateTime<Utc>) -> Result<Written<DateTime<Utc>>, Fault> {
    let text = bare(text);
    let read = read(&text, zone);
    let read = read.map_err(|fault| if fault.detail.is_none() { fault.of(shown(&text)) } else { fault })?;
    if read.value <= now {
        return Ok(read);
    }
    if read.value - now < TimeDelta::hours(24) {
        return Ok(Written { value: now, note: Some(Note::FutureIsNow) });
    }
    let cause = "assigned_at lies in the future: correct it, or leave it empty";
    Err(Fault::new(FaultKind::Future, cause).of(shown(&text)))
}

fn read(text: &str, zone: Zone) -> Result<Written<DateTime<Utc>>, Fault> {
    if let Some((local, rest)) = local(text) {
        let value = match offset_of(rest) {
            Some(Some(offset)) => in_zone(local.value, Zone::Offset(offset)),
            Some(None) => in_zone(local.value, zone),
            None => Err(no_instant(ANYTHING_ELSE)),
        };
        return value.map(|value| Written { value, note: local.note });
    }
    if let Some(at) = mail(text) {
        return Ok(Written::plain(at));
    }
    Err(no_instant(why(text)))
}

/// The offset behind a local time; `Some(None)` = there is none.
fn offset_of(rest: &str) -> Option<Option<FixedOffset>> {
    let rest = rest.trim();
    if rest.is_empty() {
        return Some(None);
    }
    let utc = FixedOffset::east_opt(0)?;
    if ["Z", "z", "UTC"].contains(&rest) {
        return Some(Some(utc));
    }
    let (written, is_utc) = rest.strip_suffix(" UTC").map_or((rest, false), |written| (written.trim(), true));
    let offset = offset(written)?;
    (!is_utc || offset == utc).then_some(Some(offset))
}

/// As mails and Twilio write it.
fn mail(text: &str) -> Option<DateTime<Utc>> {
    let words: Vec<&str> = text.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let year_is_whole = words.iter().any(|word| word.len() == 4 && are_digits(word));
    let at = DateTime::parse_from_rfc2822(text).ok()?;
    year_is_whole.then(|| at.to_utc())
}

fn in_zone(local: NaiveDateTime, zone: Zone) -> Result<DateTime<Utc>, Fault> {
    let found = match zone {
        Zone::Utc => LocalResult::Single(local.and_utc()),
        Zone::Offset(offset) => offset.from_local_datetime(&local).map(|at| at.to_utc()),
        Zone::Named(zone) => zone.from_local_datetime(&local).map(|at| at.to_utc()),
    };
    let when = format!("{} in {zone}", local.format("%Y-%m-%d %H:%M:%S"));
    match found {
        LocalResult::Single(at) => Ok(at),
        LocalResult::Ambiguous(..) => {
            let cause = "assigned_at is a local time that exists twice, where a summer ends: give its offset";
            Err(Fault::new(FaultKind::NoSuchTime, cause).of(when))
        }
        LocalResult::None => {
            let cause = "assigned_at is a local time that never was, where a summer begins: give its offset";
            Err(Fault::new(FaultKind::NoSuchTime, cause).of(when))
        }
    }
}

fn no_instant(cause: &'static str) -> Fault {
    Fault::new(FaultKind::NoInstant, cause)
}

const ANYTHING_ELSE: &str = "assigned_at is no instant: write it such as 2026-01-31T23:59:59Z";
const DATE_ALONE: &str = "assigned_at is a date without a time: write it such as 2026-01-31T23:59:59Z";

/// Which form it has that is not taken.
fn why(text: &str) -> &'static str {
    let date = text.split([' ', 'T']).next().unwrap_or_default().trim_end_matches(',');
    let parts: Vec<&str> = date.split(['/', '.', '-']).collect();
    let are_numbers = parts.len() == 3 && parts.iter().all(|part| are_digits(part));
    let whole = text.split_once('.').map_or(text, |(whole, part)| if are_digits(part) { whole } else { text });
    if are_digits(whole) && (9..=13).contains(&whole.len()) {
        return "assigned_at counts seconds or milliseconds since 1970, and it cannot be told which: write it such as \
                2026-01-31T23:59:59Z";
    }
    match parts.as_slice() {
        [year, _, _] if are_numbers && year.len() == 4 => match text.contains(':') {
            true => ANYTHING_ELSE,
            false => DATE_ALONE,
        },
        [_, _, year] if are_numbers && year.len() == 2 => {
            "assigned_at has a year of two digits: write it such as 2026-01-31T23:59:59Z"
        }
        [_, _, year] if are_numbers && year.len() == 4 && date.contains('.') => match text.contains(':') {
            true => {
                "assigned_at has dots, so that its day is first, and there is no such day: write it such as \
                 2026-01-31T23:59:59Z"
            }
            false => DATE_ALONE,
        },
        [_, _, year] if are_numbers && year.len() == 4 => {
            "day and month of assigned_at cannot be told apart: write it such as 2026-01-31T23:59:59Z"
        }
        _ => ANYTHING_ELSE,
    }
}

fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::super::fault::Sender;
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-29T12:00:00Z".parse().unwrap()
    }

    fn read(text: &str, zone: &str) -> Result<String, FaultKind> {
        let read = instant(text, zone.parse().unwrap(), now());
        read.map(|read| read.value.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)).map_err(|fault| fault.kind)
    }

    #[test]
    fn every_form_that_says_one_instant_is_taken() {
        for text in [
            "2024-01-31T23:59:59Z",
            "2024-01-31t23:59:59z",
            "2024-01-31 23:59:59Z",
            "2024-02-01T00:59:59+01:00",
            "2024-02-01 00:59:59+01",
            "2024-02-01 00:59:59 +0100",
            "2024-01-31 23:59:59+00",
            "2024-01-31 23:59:59",
            "2024-01-31T23:59:59",
            " 2024-01-31 23:59:59 ",
            "'2024-01-31 23:59:59",
            "=\"2024-01-31 23:59:59\"",
            "2024-01-31 23:59:59 UTC",
            "2024-01-31 23:59:59 +0000 UTC",
            "Wed, 31 Jan 2024 23:59:59 +0000",
            "31 Jan 2024 23:59:59 GMT",
            "Thu, 01 Feb 2024 00:59:59 +0100",
            "2024/01/31 23:59:59",
            "2024/1/31 23:59:59",
            "31.01.2024 23:59:59",
            "31.1.2024, 23:59:59",
            "01.02.2024 00:59:59 +0100",
        ] {
            assert_eq!(read(text, "UTC").as_deref(), Ok("2024-01-31T23:59:59Z"), "{text:?}");
        }
        for text in
            ["2024-01-31T23:59:59.123456", "2024-01-31 23:59:59.123456 +0000 UTC", "2024-01-31 23:59:59.123456000Z"]
        {
            assert_eq!(read(text, "UTC").as_deref(), Ok("2024-01-31T23:59:59.123456Z"), "{text:?}");
        }
        for text in [
            "2024-01-31 09:05",
            "2024-01-31T09:05",
            "2024-01-31T09:05Z",
            "2024-01-31 10:05+01",
            "2024-01-31 09:05 UTC",
            "2024-01-31 9:05",
            "31.01.2024 09:05",
            "31.01.2024 9:05",
        ] {
            assert_eq!(read(text, "UTC").as_deref(), Ok("2024-01-31T09:05:00Z"), "{text:?}");
        }
    }

    #[test]
    fn with_dots_the_day_is_first_and_that_is_told_where_it_may_be_the_month() {
        for (text, expected, note) in [
            ("02.01.2024 12:00", "2024-01-02T12:00:00Z", Some(Note::DayFirst)),
            ("13.01.2024 12:00", "2024-01-13T12:00:00Z", None),
            ("02.02.2024 12:00", "2024-02-02T12:00:00Z", None),
            ("2024.01.02 12:00", "2024-01-02T12:00:00Z", None),
        ] {
            let expected = Written { value: expected.parse().unwrap(), note };
            assert_eq!(instant(text, Zone::Utc, now()).as_ref(), Ok(&expected), "{text}");
        }
    }

    #[test]
    fn a_local_time_is_one_of_the_zone_and_an_offset_wins() {
        for (text, zone, expected) in [
            ("2024-07-01 12:00:00", "Europe/Berlin", "2024-07-01T10:00:00Z"),
            ("2024-01-01T12:00:00", "Europe/Berlin", "2024-01-01T11:00:00Z"),
            ("2024-01-01T12:00:00", "+05:30", "2024-01-01T06:30:00Z"),
            ("2024-01-01T12:00:00", "-0800", "2024-01-01T20:00:00Z"),
            ("2024-01-01T12:00:00Z", "Europe/Berlin", "2024-01-01T12:00:00Z"),
            ("2024-01-01 12:00:00 UTC", "+05:30", "2024-01-01T12:00:00Z"),
            ("2026-10-25T02:30:00+02:00", "Europe/Berlin", "2026-10-25T00:30:00Z"),
        ] {
            assert_eq!(read(text, zone).as_deref(), Ok(expected), "{text} in {zone}");
        }
        for text in ["2026-10-25 02:30:00", "2026-03-29 02:30:00"] {
            assert_eq!(read(text, "Europe/Berlin"), Err(FaultKind::NoSuchTime), "{text}");
        }
        let twice = instant("2026-10-25 02:30:00", "Europe/Berlin".parse().unwrap(), now()).unwrap_err();
        let twice = twice.told(Sender::Command);
        assert!(twice.contains("exists twice") && twice.contains("Europe/Berlin"), "{twice}");
    }

    #[test]
    fn what_may_mean_two_instants_is_refused_by_its_form() {
        for (text, word) in [
            ("2024-01-31", "date without a time"),
            ("1706745599", "since 1970"),
            ("1706745599123", "since 1970"),
            ("1706745599.25", "since 1970"),
            ("1/31/2024", "day and month"),
            ("1/31/2024 14:03", "day and month"),
            ("1/2/2024 14:03:00", "day and month"),
            ("01.31.2024 14:03:00", "day is first"),
            ("31.01.2024", "date without a time"),
            ("2024/01/31", "date without a time"),
            ("31.01.24 14:03", "two digits"),
            ("31.01.2024 14:03 Uhr", "no instant"),
            ("2024-01-31 12", "date without a time"),
            ("2024-01-31 12:", "no instant"),
            ("2024-01-31 12:00:", "no instant"),
            ("2024-01-31 12:00.5", "no instant"),
            ("2024-01-31 12:00 PM", "no instant"),
            ("31-01-2024", "day and month"),
            ("1/31/24", "two digits"),
            ("yesterday", "2026-01-31T23:59:59Z"),
            ("Jan 09 2019 18:22:24 GMT-0600", "2026-01-31T23:59:59Z"),
            ("2024-13-31 23:59:59", "no instant"),
            ("2024-01-31 24:59:59", "no instant"),
            ("2024-01-31T23:59:59 CET", "no instant"),
            ("2024-01-31 23:59:59 +0100 UTC", "no instant"),
            ("Wed, 31 Jan 24 23:59:59 +0000", "no instant"),
            ("", "no instant"),
        ] {
            let fault = instant(text, Zone::Utc, now()).unwrap_err();
            assert_eq!(fault.kind, FaultKind::NoInstant, "{text}: {fault:?}");
            assert!(fault.cause(Sender::Program).contains(word), "{text}: {fault:?}");
        }
    }

    #[test]
    fn less_than_a_day_ahead_is_now_and_more_is_refused() {
        let read = instant("2026-11-29 21:00:00", Zone::Utc, now()).unwrap();
        assert_eq!(read, Written { value: now(), note: Some(Note::FutureIsNow) });
        assert_eq!(instant("2026-11-30T11:59:59Z", Zone::Utc, now()).unwrap().value, now());
        for text in ["2026-11-30T12:00:00Z", "2999-01-01T00:00:00Z"] {
            assert_eq!(instant(text, Zone::Utc, now()).unwrap_err().kind, FaultKind::Future, "{text}");
        }
        assert_eq!(instant("2026-11-29T12:00:00Z", Zone::Utc, now()).unwrap().note, None);
    }
}
