//! The rule by hand, and a thousand histories of calls, walks, touches and notices in which nothing may be taken that was used.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;

fn at(hour: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_035_200 + hour * 3600, 0).unwrap()
}

const DAY: i64 = 24;
const RULES: Rules = Rules { mode: RecyclingMode::Apply, inactive_days: 10, per_day_max: 2 };
/// Now, by hand: everything is known until then.
const NOW: i64 = 40 * DAY;

fn known() -> Evidence {
    let walk = Window { from: at(0), until: at(NOW) };
    Evidence { calls: vec![walk], messages: vec![walk], touch_days: None }
}

fn facts(assigned_hour: i64, used: Option<(i64, UseSource)>) -> Facts {
    let assigned = Some(Assigned { at: at(assigned_hour), is_noticed_one: true });
    let last_used = used.map(|(hour, source)| LastUse { at: at(hour), source });
    Facts { assigned, last_used, is_protected: false }
}

#[test]
fn only_what_is_known_to_be_silent_is_told_of() {
    let asked = |facts: &Facts, evidence: &Evidence, is_noticed| {
        may_be_noticed(facts, evidence, &RULES, is_noticed, at(NOW)).map_err(Refused::as_str)
    };
    let silent = facts(0, Some((NOW - 11 * DAY, UseSource::Call)));
    assert_eq!(asked(&silent, &known(), false), Ok(at(NOW - 11 * DAY)));
    assert_eq!(asked(&facts(5, None), &known(), false), Ok(at(5)));
    assert_eq!(asked(&facts(0, Some((NOW - 10 * DAY, UseSource::Call))), &known(), false), Err("used_lately"));
    assert_eq!(asked(&facts(NOW - 3, Some((0, UseSource::Call))), &known(), false), Err("used_lately"));
    assert_eq!(asked(&silent, &Evidence { calls: vec![], ..known() }, false), Err("no_data"));
    assert_eq!(asked(&silent, &known(), true), Err("already_noticed"));
    assert_eq!(asked(&Facts { is_protected: true, ..silent }, &known(), false), Err("protected"));
    assert_eq!(asked(&Facts { assigned: None, ..silent }, &known(), false), Err("not_assigned"));
}

#[test]
fn everything_is_asked_again_when_it_is_taken() {
    let silent = facts(0, None);
    let told = Notice { unused_since: at(0), take_after: Some(at(NOW - 1)), is_by_hand: false };
    let of = |facts: &Facts, notice: &Notice, evidence: &Evidence, rules: &Rules, taken| {
        may_be_taken(facts, notice, evidence, rules, taken, at(NOW))
    };
    assert_eq!(of(&silent, &told, &known(), &RULES, 1), Take::Now);
    assert_eq!(of(&silent, &told, &known(), &RULES, 2), Take::Later(Later::PerDayMax));
    for take_after in [None, Some(at(NOW + 1))] {
        assert_eq!(of(&silent, &Notice { take_after, ..told }, &known(), &RULES, 0), Take::Later(Later::Notice));
    }
    let never = |ended| Take::Never(ended);
    let gap = Evidence { messages: vec![], ..known() };
    assert_eq!(of(&silent, &told, &gap, &RULES, 0), Take::Later(Later::NoData));
    let long_ago = Notice { take_after: Some(at(NOW - 8 * DAY)), ..told };
    assert_eq!(of(&silent, &long_ago, &gap, &RULES, 0), never(Ended::NoData));
    assert_eq!(of(&facts(0, Some((1, UseSource::Touch))), &told, &known(), &RULES, 0), never(Ended::Touched));
    assert_eq!(of(&facts(0, Some((1, UseSource::Message))), &told, &known(), &RULES, 0), never(Ended::Used));
    assert_eq!(of(&Facts { is_protected: true, ..silent }, &told, &known(), &RULES, 0), never(Ended::Protected));
    assert_eq!(of(&Facts { assigned: None, ..silent }, &told, &known(), &RULES, 0), never(Ended::Released));
    let other = Assigned { at: at(0), is_noticed_one: false };
    assert_eq!(of(&Facts { assigned: Some(other), ..silent }, &told, &known(), &RULES, 0), never(Ended::Reassigned));
    let by_hand = Notice { is_by_hand: true, ..told };
    for (mode, notice, taken) in [
        (RecyclingMode::Off, &by_hand, never(Ended::Mode)),
        (RecyclingMode::Suggest, &told, never(Ended::Mode)),
        (RecyclingMode::Suggest, &by_hand, Take::Now),
    ] {
        assert_eq!(of(&silent, notice, &known(), &Rules { mode, ..RULES }, 0), taken);
    }
    // A longer window than at the time of the notice is another question.
    assert_eq!(of(&silent, &told, &known(), &Rules { inactive_days: 50, ..RULES }, 0), never(Ended::Used));
}

/// What happens to an account of a few numbers, hour by hour.
#[derive(Debug, Clone)]
enum Happens {
    /// A number is called, or texts, and the row is listed so many hours later.
    Use {
        number: usize,
        is_call: bool,
        listed_after: i64,
    },
    Touch(usize),
    /// A walk, which reads every page, or breaks off.
    Walk {
        is_calls: bool,
        is_complete: bool,
    },
    /// Whoever recycles looks at all of them.
    Look,
    Protect(usize),
}

fn happens() -> impl Strategy<Value = Happens> {
    let number = 0usize..4;
    prop_oneof![
        3 => (number.clone(), any::<bool>(), 0i64..=DAY).prop_map(|(number, is_call, listed_after)| Happens::Use { number, is_call, listed_after }),
        1 => number.clone().prop_map(Happens::Touch),
        8 => (any::<bool>(), proptest::bool::weighted(0.85)).prop_map(|(is_calls, is_complete)| Happens::Walk { is_calls, is_complete }),
        12 => Just(Happens::Look),
        1 => number.prop_map(Happens::Protect),
    ]
}

#[derive(Debug, Default)]
struct Account {
    numbers: [Number; 4],
    evidence: Evidence,
    taken: Vec<i64>,
}

#[derive(Debug, Default)]
struct Number {
    /// Every use: when, whether by a call, and from when on it is listed.
    uses: Vec<(i64, bool, i64)>,
    touches: Vec<i64>,
    known: Option<LastUse>,
    notice: Option<(i64, Notice)>,
    is_protected: bool,
    is_taken: bool,
}

impl Account {
    fn touch(&mut self, hour: i64, number: usize, is_told: bool) {
        if !is_told {
            return;
        }
        self.evidence.touch_days.iter_mut().for_each(|days| _ = days.insert(at(hour).date_naive()));
        let number = &mut self.numbers[number];
        number.touches.push(hour);
        number.known = Some(LastUse { at: at(hour), source: UseSource::Touch });
    }

    fn walk(&mut self, hour: i64, is_calls: bool, is_complete: bool) {
        let walks = if is_calls { &mut self.evidence.calls } else { &mut self.evidence.messages };
        let from = walks.last().map_or(at(hour - 10 * DAY), |last| last.until - TimeDelta::days(1));
        for number in &mut self.numbers {
            let mut listed = number
                .uses
                .iter()
                .filter(|(used, by_call, listed)| *by_call == is_calls && *listed <= hour && at(*used) >= from);
            if let Some((used, ..)) = listed.next_back().filter(|_| is_complete) {
                let source = if is_calls { UseSource::Call } else { UseSource::Message };
                let seen = LastUse { at: at(*used), source };
                number.known = Some(number.known.filter(|known| known.at > seen.at).unwrap_or(seen));
            }
        }
        if is_complete {
            walks.push(Window { from, until: at(hour) });
        }
    }

    fn look(&mut self, hour: i64, notice_hours: i64) -> Result<(), TestCaseError> {
        for place in 0..self.numbers.len() {
            let taken = self.taken.iter().filter(|taken| hour - **taken < DAY).count() as u32;
            let number = &mut self.numbers[place];
            if number.is_taken {
                continue;
            }
            let facts = Facts { is_protected: number.is_protected, last_used: number.known, ..facts(0, None) };
            let Some((noticed, notice)) = &number.notice else {
                let told = may_be_noticed(&facts, &self.evidence, &RULES, false, at(hour));
                number.notice = told.ok().map(|unused_since| {
                    let take_after = Some(at(hour + notice_hours));
                    (hour, Notice { unused_since, take_after, is_by_hand: false })
                });
                continue;
            };
            match may_be_taken(&facts, notice, &self.evidence, &RULES, taken, at(hour)) {
                Take::Now => {
                    let window = Window::before(at(hour), RULES.inactive_days);
                    let is_inside = |used: i64| at(used) >= window.from && at(used) <= window.until;
                    prop_assert!(!number.uses.iter().any(|(used, ..)| is_inside(*used)), "used in its window");
                    prop_assert!(!number.touches.iter().any(|touched| is_inside(*touched) || touched >= noticed));
                    prop_assert!(hour >= noticed + notice_hours && !number.is_protected);
                    prop_assert!(self.evidence.covers(window));
                    number.is_taken = true;
                    self.taken.push(hour);
                }
                Take::Later(_) => {}
                Take::Never(_) => number.notice = None,
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn in_no_history_a_number_is_taken_that_was_used(
        events in proptest::collection::vec((0i64..9, happens()), 200..500), notice_hours in 0i64..100, by_touch: bool,
    ) {
        let mut account = Account::default();
        account.evidence.touch_days = by_touch.then(BTreeSet::<NaiveDate>::new);
        let mut hour = 1;
        for (gap, event) in events {
            hour += gap;
            match event {
                Happens::Use { number, is_call, listed_after } => {
                    account.numbers[number].uses.push((hour, is_call, hour + listed_after));
                    // An application whose word is asked for tells of every use.
                    account.touch(hour, number, by_touch);
                }
                Happens::Touch(number) => account.touch(hour, number, true),
                Happens::Walk { is_calls, is_complete } => account.walk(hour, is_calls, is_complete),
                Happens::Look => account.look(hour, notice_hours)?,
                Happens::Protect(number) => account.numbers[number].is_protected ^= true,
            }
        }
        for (place, taken) in account.taken.iter().enumerate() {
            let within = account.taken[place..].iter().filter(|later| *later - taken < DAY).count();
            prop_assert!(within <= RULES.per_day_max as usize);
        }
    }
}
