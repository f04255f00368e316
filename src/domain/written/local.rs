//! A date and a time of day, by whatever their numbers are divided.
//!
//! How to get it wrong: reading the same numbers with slashes. There the month is first for some and the day for others.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use super::bare::are_digits;
use super::fault::{Note, Written};

/// A date and a time, with a T or a blank between them, and what stands behind.
pub(super) fn local(text: &str) -> Option<(Written<NaiveDateTime>, &str)> {
    let (written, time) = text.split_at_checked(text.find(['T', 't', ' '])?)?;
    // Browsers of some countries put a comma there.
    let date = date(written.strip_suffix(',').unwrap_or(written))?;
    let time = time[1..].trim_start();
    let read = |form| NaiveTime::parse_and_remainder(time, form).ok();
    let (at, rest) = ["%H:%M:%S%.f", "%H:%M"].into_iter().find_map(read)?;
    Some((Written { value: date.value.and_time(at), note: date.note }, rest))
}

/// A date that begins with its year; with dots also one that ends with it, whose day is first wherever people write so.
fn date(text: &str) -> Option<Written<NaiveDate>> {
    let divider = text.chars().find(|character| ['-', '/', '.'].contains(character))?;
    let parts: Vec<&str> = text.split(divider).collect();
    let [first, second, third] = parts[..] else { return None };
    let is_whole = parts.iter().all(|part| are_digits(part)) && second.len() <= 2;
    let number = |part: &str| part.parse::<u32>().ok();
    match (first.len(), third.len()) {
        (4, 1..=2) if is_whole => {
            NaiveDate::from_ymd_opt(first.parse().ok()?, number(second)?, number(third)?).map(Written::plain)
        }
        (1..=2, 4) if is_whole && divider == '.' => {
            let (day, month) = (number(first)?, number(second)?);
            let value = NaiveDate::from_ymd_opt(third.parse().ok()?, month, day)?;
            Some(Written { value, note: (day <= 12 && day != month).then_some(Note::DayFirst) })
        }
        _ => None,
    }
}
