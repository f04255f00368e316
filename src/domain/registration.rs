//! How the carriers have a number: what Twilio's events say of it, and an operator's word beside them.
//!
//! Events come at least once, in any order, and days late. So what counts is the event's own time, and at the same instant the
//! better word; an operator's word stands beside, and is undone only by a later event which says that the carriers do not know
//! the number. Whatever the order of arrival, the end is the same.
//! How to get it wrong: ordering by when an event came.

use chrono::{DateTime, Utc};

use super::number::{NumberSid, PhoneNumber, stored_enum};

/// What Twilio said of how the carriers have a number. The later one here is the better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    /// They do not take it.
    Failed,
    /// They know it no more.
    Unregistered,
    /// They are being told.
    Pending,
    /// They know it.
    Registered,
}

stored_enum!(Registration {
    Failed = "failed",
    Unregistered = "unregistered",
    Pending = "pending",
    Registered = "registered",
});

/// What one event says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// The word.
    pub registration: Registration,
    /// When that was so, by Twilio's clock.
    pub at: DateTime<Utc>,
}

/// Which number an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhichNumber {
    /// The one of this SID.
    Sid(NumberSid),
    /// It names no SID that can be read.
    Number(PhoneNumber),
}

/// What an event says of how the carriers have a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationEvent {
    /// Which number.
    pub which: WhichNumber,
    /// In which messaging service, if it names one.
    pub service: Option<String>,
    /// The word, and when it was so.
    pub heard: Heard,
    /// Why, where they do not take it.
    pub reason: Option<String>,
}

/// What is known of a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RegistrationStanding {
    /// Twilio's last word; `None` = none that counts.
    pub registration: Option<Registration>,
    /// Of when it is. Without a word: nothing said until then counts any more, because it was about a membership that is over.
    pub at: Option<DateTime<Utc>>,
    /// When an operator said that the carriers know it.
    pub marked_at: Option<DateTime<Utc>>,
}

impl RegistrationStanding {
    /// Whether `heard` takes the place of what is known.
    #[must_use]
    pub fn gives_way_to(&self, heard: Heard) -> bool {
        match (self.at, self.registration) {
            (None, _) => true,
            (Some(at), None) => heard.at > at,
            (Some(at), Some(registration)) => (heard.at, heard.registration) > (at, registration),
        }
    }

    /// The word that counts, with the operator's.
    #[must_use]
    pub fn counts(&self) -> Option<Registration> {
        let Some(marked_at) = self.marked_at else { return self.registration };
        let undone = matches!(self.registration, Some(Registration::Failed | Registration::Unregistered))
            && self.at.is_some_and(|at| at > marked_at);
        if undone { self.registration } else { Some(Registration::Registered) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    fn heard(registration: Registration, second: i64) -> Heard {
        Heard { registration, at: at(second) }
    }

    fn hear(mut known: RegistrationStanding, heard: Heard) -> RegistrationStanding {
        if known.gives_way_to(heard) {
            known = RegistrationStanding { registration: Some(heard.registration), at: Some(heard.at), ..known };
        }
        known
    }

    #[test]
    fn a_late_event_undoes_no_later_one_and_the_better_word_wins_a_tie() {
        use Registration::{Failed, Pending, Registered};
        let known = hear(RegistrationStanding::default(), heard(Registered, 10));
        assert!(!known.gives_way_to(heard(Failed, 9)) && !known.gives_way_to(heard(Pending, 10)));
        assert!(!known.gives_way_to(heard(Registered, 10)), "the same again changes nothing");
        assert!(known.gives_way_to(heard(Failed, 11)));
        let known = hear(RegistrationStanding::default(), heard(Failed, 10));
        assert!(known.gives_way_to(heard(Registered, 10)));
    }

    #[test]
    fn an_operators_word_is_undone_by_a_later_failure_only() {
        use Registration::{Failed, Pending, Registered, Unregistered};
        let marked = RegistrationStanding { marked_at: Some(at(10)), ..RegistrationStanding::default() };
        assert_eq!(marked.counts(), Some(Registered));
        for (word, second, counts) in [
            (Pending, 20, Registered),
            (Failed, 9, Registered),
            (Failed, 10, Registered),
            (Failed, 11, Failed),
            (Unregistered, 11, Unregistered),
            (Registered, 5, Registered),
        ] {
            assert_eq!(hear(marked, heard(word, second)).counts(), Some(counts), "{word} at {second}");
        }
        assert_eq!(RegistrationStanding::default().counts(), None);
    }

    #[test]
    fn what_was_said_of_a_membership_that_is_over_does_not_come_back() {
        let over = RegistrationStanding { registration: None, at: Some(at(10)), marked_at: None };
        assert!(!over.gives_way_to(heard(Registration::Registered, 10)));
        assert!(over.gives_way_to(heard(Registration::Pending, 11)));
    }

    proptest! {
        /// Doubled and in any order: the end is the same.
        #[test]
        fn the_order_of_arrival_changes_nothing(
            words in prop::collection::vec((0usize..4, 0i64..4), 1..7), mark in prop::option::of(0i64..4), seed in any::<u64>(),
        ) {
            let events: Vec<Heard> = words.iter().map(|(word, second)| heard(Registration::ALL[*word], *second)).collect();
            let mut other: Vec<Heard> = events.iter().chain(&events).copied().collect();
            let mut seed = seed;
            for place in (1..other.len()).rev() {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                other.swap(place, usize::try_from(seed >> 33).unwrap() % (place + 1));
            }
            let marked = RegistrationStanding { marked_at: mark.map(at), ..RegistrationStanding::default() };
            let one = events.into_iter().fold(marked, hear);
            let two = other.into_iter().fold(marked, hear);
            prop_assert_eq!(one, two);
            prop_assert_eq!(one.counts(), two.counts());
        }
    }
}
