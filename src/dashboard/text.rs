//! Times, numbers and words as people read them.
//!
//! How to get it wrong: a state told by colour alone. Every tone here comes with its word.

use chrono::{DateTime, Utc};

pub(super) use crate::domain::grouped;
use crate::domain::{NumberStatus, OrderOutcome, WebhookStatus};

/// A moment, told from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct When(pub(super) DateTime<Utc>);

impl When {
    /// For the `datetime` attribute.
    pub(crate) fn machine(&self) -> String {
        self.0.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }

    /// In full.
    pub(crate) fn full(&self) -> String {
        self.0.format("%Y-%m-%d %H:%M:%S UTC").to_string()
    }

    /// For people: the clock and how long ago; from a day on, the date. A script writes the same in the zone of its browser.
    pub(crate) fn ago(&self) -> String {
        self.from(Utc::now())
    }

    fn from(&self, now: DateTime<Utc>) -> String {
        let seconds = (now - self.0).num_seconds();
        if seconds.abs() >= DAY {
            return self.0.format("%b %-d, %Y, %H:%M UTC").to_string();
        }
        let away =
            if seconds < -5 { format!("in {}", span(-seconds)) } else { format!("{} ago", span(seconds.max(0))) };
        format!("{}, {away}", self.0.format("%H:%M UTC"))
    }

    /// How long since.
    pub(crate) fn since(&self) -> String {
        span((Utc::now() - self.0).num_seconds().max(0))
    }
}

/// From so many seconds on, a date says more than a count of hours.
const DAY: i64 = 86_400;

/// A sentence in pieces: an instant in it is shown as all times are.
pub(crate) struct Piece {
    pub(crate) text: String,
    pub(crate) at: Option<When>,
}

/// Cuts a sentence at its instants, which stand there as RFC 3339 writes them.
pub(crate) fn pieces(sentence: &str) -> Vec<Piece> {
    let mut pieces = vec![Piece { text: String::new(), at: None }];
    for word in sentence.split_inclusive(' ') {
        let bare = word.trim_end_matches([' ', ';', ',', '.', ')', ':']);
        match DateTime::parse_from_rfc3339(bare) {
            Err(_) => pieces.last_mut().map(|last| last.text.push_str(word)).unwrap_or_default(),
            Ok(at) => {
                pieces.push(Piece { text: String::new(), at: Some(When(at.with_timezone(&Utc))) });
                pieces.push(Piece { text: word[bare.len()..].to_owned(), at: None });
            }
        }
    }
    pieces.retain(|piece| piece.at.is_some() || !piece.text.is_empty());
    pieces
}

/// Seconds in the largest unit that fits.
pub(crate) fn span(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// `+1 415 555 0100`; other countries' numbers as they are.
pub(crate) fn phone(e164: &str) -> String {
    match e164.strip_prefix("+1").filter(|rest| rest.len() == 10 && rest.is_ascii()) {
        Some(rest) => format!("+1 {} {} {}", &rest[..3], &rest[3..6], &rest[6..]),
        None => e164.to_owned(),
    }
}

/// A share in percent, with three decimals at most.
pub(crate) fn percent(share: f64) -> String {
    let told = format!("{:.3}", share * 100.0);
    format!("{} %", told.trim_end_matches('0').trim_end_matches('.'))
}

/// `1 number`, `2 numbers`.
pub(crate) fn counted(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{} {one}s", grouped(count)) }
}

/// With a capital letter and a full stop, as a line of its own.
pub(crate) fn sentence(words: &str) -> String {
    let mut letters = words.trim_end_matches('.').chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

/// A code of ours as words.
pub(crate) fn words(code: &str) -> String {
    code.replace('_', " ")
}

/// A state as people see it. Each state says here itself what it is called and how it looks: a new one has to.
pub(super) trait Shown: Copy {
    /// Its word: some are clearer to people than our own.
    fn word(self) -> &'static str;

    /// How it looks: `good`, `busy`, `warn`, `bad` or `calm`.
    fn tone(self) -> &'static str;
}

impl Shown for NumberStatus {
    fn word(self) -> &'static str {
        match self {
            Self::Quarantined => "resting",
            other @ (Self::Available | Self::Assigned | Self::Missing | Self::Released) => other.as_str(),
        }
    }

    fn tone(self) -> &'static str {
        match self {
            Self::Available => "good",
            Self::Assigned => "busy",
            Self::Quarantined => "warn",
            Self::Missing => "bad",
            Self::Released => "calm",
        }
    }
}

impl Shown for WebhookStatus {
    fn word(self) -> &'static str {
        self.as_str()
    }

    fn tone(self) -> &'static str {
        match self {
            Self::Configured => "good",
            Self::Pending => "busy",
            Self::Drifted => "warn",
            Self::Failed => "bad",
        }
    }
}

impl Shown for OrderOutcome {
    fn word(self) -> &'static str {
        match self {
            Self::NothingBought => "nothing bought",
            Self::Waiting
            | Self::Buying
            | Self::Cancelling
            | Self::Done
            | Self::Unconfirmed
            | Self::Cancelled
            | Self::Partly => self.as_str(),
        }
    }

    fn tone(self) -> &'static str {
        match self {
            Self::Done => "good",
            Self::Waiting | Self::Buying | Self::Cancelling | Self::Unconfirmed => "busy",
            Self::Cancelled => "calm",
            Self::Partly => "warn",
            Self::NothingBought => "bad",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_clock_until_it_is_a_day_old_and_then_a_date() {
        let now: DateTime<Utc> = "2026-11-28T14:20:00Z".parse().unwrap();
        let told = |at: &str| When(at.parse().unwrap()).from(now);
        assert_eq!(told("2026-11-28T14:16:28Z"), "14:16 UTC, 3 min ago");
        assert_eq!(told("2026-11-27T14:21:00Z"), "14:21 UTC, 23 h ago");
        assert_eq!(told("2026-11-27T14:19:00Z"), "Nov 27, 2026, 14:19 UTC");
        assert_eq!(told("2026-11-28T15:20:00Z"), "15:20 UTC, in 1 h");
        assert_eq!(told("2026-12-28T15:20:00Z"), "Dec 28, 2026, 15:20 UTC");
    }

    #[test]
    fn instants_in_a_sentence_are_times() {
        let told: Vec<(String, bool)> =
            pieces("gone at Twilio since 2026-11-22T10:00:00Z; it returns when a look finds it")
                .into_iter()
                .map(|piece| (piece.text, piece.at.is_some()))
                .collect();
        let expected = [("gone at Twilio since ", false), ("", true), ("; it returns when a look finds it", false)];
        assert_eq!(told, expected.map(|(text, is_time)| (text.to_owned(), is_time)));
        assert_eq!(pieces("no time").len(), 1);
    }

    #[test]
    fn spans_take_the_largest_unit_and_numbers_are_grouped() {
        assert_eq!(
            [span(0), span(59), span(60), span(7199), span(90_000), span(172_800)].join(" "),
            "0 s 59 s 1 min 1 h 25 h 2 days"
        );
        assert_eq!(phone("+14155550100"), "+1 415 555 0100");
        assert_eq!(phone("+442071838750"), "+442071838750");
        assert_eq!(sentence("would buy all 10"), "Would buy all 10.");
        assert_eq!((counted(1, "number"), counted(0, "number")), ("1 number".to_owned(), "0 numbers".to_owned()));
    }
}
