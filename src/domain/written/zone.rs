//! The zone of times that do not say theirs.
//!
//! How to get it wrong: a zone by its offset of today. A place has another one in summer.

use std::fmt;
use std::str::FromStr;

use chrono::FixedOffset;
use chrono_tz::Tz;

use super::bare::are_digits;

/// The zone of local times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Zone {
    /// That of the world.
    #[default]
    Utc,
    /// So far from it, always.
    Offset(FixedOffset),
    /// That of a place, with its summers.
    Named(Tz),
}

/// The text names no zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no time zone: write an IANA name such as Europe/Berlin, or an offset such as +01:00{hint}", hint = hint(.1))]
pub struct InvalidZone(String, Option<&'static str>);

fn hint(meant: &Option<&'static str>) -> String {
    meant.map(|meant| format!("; do you mean {meant}?")).unwrap_or_default()
}

impl FromStr for Zone {
    type Err = InvalidZone;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if ["UTC", "Z", "z"].contains(&text) {
            return Ok(Self::Utc);
        }
        if let Some(offset) = offset(text) {
            return Ok(Self::Offset(offset));
        }
        text.parse().map(Self::Named).map_err(|_| InvalidZone(text.chars().take(64).collect(), meant(text)))
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Utc => f.write_str("UTC"),
            Self::Offset(offset) => offset.fmt(f),
            Self::Named(zone) => f.write_str(zone.name()),
        }
    }
}

fn meant(text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase().replace(' ', "_");
    let near = |zone: &Tz| {
        let name = zone.name().to_ascii_lowercase();
        let city = name.rsplit('/').next().unwrap_or_default();
        strsim::damerau_levenshtein(&name, &lower).min(strsim::damerau_levenshtein(city, &lower))
    };
    let zones = chrono_tz::TZ_VARIANTS.iter().filter(|_| text.len() <= 64);
    zones.map(|zone| (near(zone), zone.name())).min().filter(|(steps, _)| *steps <= 2).map(|(_, name)| name)
}

/// `+01:00`, `+0100`, `+01`; also with the minus sign of mathematics.
pub(super) fn offset(text: &str) -> Option<FixedOffset> {
    let (sign, digits) = match text.strip_prefix('+') {
        Some(digits) => (1, digits),
        None => (-1, text.strip_prefix(['-', '\u{2212}'])?),
    };
    let digits = match digits.len() {
        5 if digits.as_bytes()[2] == b':' => digits.replacen(':', "", 1),
        2 | 4 => digits.to_owned(),
        _ => return None,
    };
    if !are_digits(&digits) {
        return None;
    }
    let (hours, minutes): (i32, i32) =
        (digits[..2].parse().ok()?, digits.get(2..).filter(|m| !m.is_empty()).map_or(Ok(0), str::parse).ok()?);
    if minutes > 59 {
        return None;
    }
    FixedOffset::east_opt(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_an_offset_or_a_name_and_the_one_that_was_meant_is_told() {
        for text in ["UTC", "+01:00", "-0330", "+14", "Europe/Berlin", "America/Argentina/Buenos_Aires"] {
            assert!(text.parse::<Zone>().is_ok(), "{text}");
        }
        for (text, meant) in
            [("europe/berlin", "Europe/Berlin"), ("Europe/Berln", "Europe/Berlin"), ("new york", "America/New_York")]
        {
            let told = text.parse::<Zone>().unwrap_err().to_string();
            assert!(told.contains(&format!("do you mean {meant}?")), "{told}");
        }
        for text in ["", "+1", "+25:00", "+01:60", "Mars/Olympus Mons", "+0a:00"] {
            let told = text.parse::<Zone>().unwrap_err().to_string();
            assert!(told.contains("IANA"), "{told}");
        }
    }
}
