//! Every cell of the table, and that nothing flaps.

use proptest::prelude::*;

use super::*;

const LASTS: i64 = 120;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
}

fn rules() -> Rules {
    Rules { lasts: Duration::from_secs(LASTS.unsigned_abs()), repeats: Some(Duration::from_secs(24 * 3600)) }
}

fn alert(told: i64) -> OpenAlert {
    OpenAlert { severity: AlertSeverity::Warning, last_told_at: at(told), is_acknowledged: false }
}

fn step(standing: Standing, verdict: Verdict, now: i64) -> Step {
    let moment = Moment { now: at(now), after_a_gap: false };
    decide(AlertKind::PoolLow, standing, (verdict, AlertSeverity::Warning), rules(), moment)
}

#[test]
fn every_cell_of_the_table() {
    use Verdict::{Bad, Between, Good, Unknown};
    let (pending, open, clearing) =
        (Standing::Pending(at(0)), Standing::Open(alert(0)), Standing::Clearing(alert(0), at(0)));
    let day = 24 * 3600;
    for (standing, verdict, now, expected) in [
        (Standing::Quiet, Bad, 0, Step::Pending(at(0))),
        (Standing::Quiet, Between, 0, Step::Stay),
        (Standing::Quiet, Good, 0, Step::Stay),
        (Standing::Quiet, Unknown, 0, Step::Stay),
        (pending, Bad, LASTS - 1, Step::Stay),
        (pending, Bad, LASTS, Step::Raise(at(0))),
        (pending, Bad, -5, Step::Pending(at(-5))),
        (pending, Between, LASTS, Step::Quiet),
        (pending, Good, LASTS, Step::Quiet),
        (pending, Unknown, LASTS, Step::Stay),
        (open, Bad, day - 1, Step::Stay),
        (open, Bad, day, Step::Remind),
        (open, Between, day - 1, Step::Stay),
        (open, Between, day, Step::Remind),
        (open, Good, day, Step::Clearing(at(day))),
        (open, Unknown, day, Step::Stay),
        (clearing, Bad, LASTS, Step::Reopen),
        (clearing, Between, LASTS, Step::Reopen),
        (clearing, Good, LASTS - 1, Step::Stay),
        (clearing, Good, LASTS, Step::Clear),
        (clearing, Good, -5, Step::Clearing(at(-5))),
        (clearing, Unknown, LASTS, Step::Clearing(at(LASTS))),
    ] {
        assert_eq!(step(standing, verdict, now), expected, "{standing:?}, {verdict:?} at {now}");
    }
}

#[test]
fn what_is_told_at_once_what_is_worse_and_what_somebody_knows_of() {
    let moment = Moment { now: at(0), after_a_gap: false };
    let bad = |severity| (Verdict::Bad, severity);
    let at_once = |standing| decide(AlertKind::PoolEmpty, standing, bad(AlertSeverity::Critical), rules(), moment);
    assert_eq!(at_once(Standing::Quiet), Step::Raise(at(0)));
    assert_eq!(at_once(Standing::Pending(at(-1))), Step::Raise(at(-1)));
    // A beginning must last, whatever kind it is; what was only that may turn out to be bad before.
    let begins_by = |rules, standing, now| {
        let seen = (Verdict::Beginning, AlertSeverity::Critical);
        decide(AlertKind::PoolEmpty, standing, seen, rules, Moment { now: at(now), after_a_gap: false })
    };
    let begins = |standing, now| begins_by(rules(), standing, now);
    let lasting = |secs| Rules { lasts: Duration::from_secs(secs), ..rules() };
    let (pending, open) = (Standing::Pending(at(0)), Standing::Open(alert(0)));
    assert_eq!(begins(Standing::Quiet, 0), Step::Pending(at(0)));
    assert_eq!(begins(pending, LASTS - 1), Step::Stay);
    assert_eq!(begins(pending, LASTS), Step::Raise(at(0)));
    assert_eq!(begins_by(lasting(1), pending, 119), Step::Stay, "a first filling takes its time");
    assert_eq!(begins_by(lasting(1), pending, 120), Step::Raise(at(0)));
    assert_eq!(begins_by(lasting(300), pending, 299), Step::Stay);
    assert_eq!(begins(open, 1), Step::Worse, "it is as bad as it is");
    assert_eq!(begins(Standing::Clearing(alert(0), at(0)), LASTS), Step::Reopen);
    assert_eq!(at_once(pending), Step::Raise(at(0)));
    let open = |severity, alert| decide(AlertKind::SpendCap, Standing::Open(alert), bad(severity), rules(), moment);
    assert_eq!(open(AlertSeverity::Critical, alert(0)), Step::Worse);
    let known = OpenAlert { is_acknowledged: true, ..alert(-200_000) };
    assert_eq!(open(AlertSeverity::Critical, known), Step::Worse, "another thing was acknowledged");
    assert_eq!(open(AlertSeverity::Warning, known), Step::Stay);
    assert_eq!(open(AlertSeverity::Warning, alert(-200_000)), Step::Remind);
    let critical = OpenAlert { severity: AlertSeverity::Critical, ..alert(0) };
    assert_eq!(open(AlertSeverity::Warning, critical), Step::Stay, "it does not become better while it is open");
    let never = Rules { repeats: None, ..rules() };
    let open = Standing::Open(alert(-200_000));
    assert_eq!(decide(AlertKind::SpendCap, open, bad(AlertSeverity::Warning), never, moment), Step::Stay);
}

#[test]
fn a_gap_counts_for_raising_and_not_for_clearing() {
    let moment = Moment { now: at(1000), after_a_gap: true };
    let see =
        |standing, verdict| decide(AlertKind::PoolLow, standing, (verdict, AlertSeverity::Warning), rules(), moment);
    assert_eq!(see(Standing::Pending(at(0)), Verdict::Bad), Step::Raise(at(0)));
    assert_eq!(see(Standing::Clearing(alert(0), at(0)), Verdict::Good), Step::Clearing(at(1000)));
}

/// What a step makes of a standing.
fn after(standing: Standing, step: Step, severity: AlertSeverity, now: DateTime<Utc>) -> Standing {
    let opened = OpenAlert { severity, last_told_at: now, is_acknowledged: false };
    match (step, standing) {
        (Step::Stay, _) => standing,
        (Step::Quiet | Step::Clear, _) => Standing::Quiet,
        (Step::Pending(since), _) => Standing::Pending(since),
        (Step::Raise(_) | Step::Worse | Step::Remind, _) => Standing::Open(opened),
        (Step::Clearing(since), Standing::Open(alert) | Standing::Clearing(alert, _)) => {
            Standing::Clearing(alert, since)
        }
        (Step::Reopen, Standing::Clearing(alert, _)) => Standing::Open(alert),
        (step, standing) => panic!("{step:?} of {standing:?}"),
    }
}

/// A pool's walk: seconds until the next look, and how many are available then; `None` = nobody could look.
fn walks() -> impl Strategy<Value = Vec<(i64, Option<u32>)>> {
    prop::collection::vec((1i64..90, prop::option::weighted(0.9, 0u32..14)), 1..200)
}

fn verdict_of(available: Option<u32>) -> Verdict {
    match available {
        None => Verdict::Unknown,
        Some(available) if available < 5 => Verdict::Bad,
        Some(available) if available < 10 => Verdict::Between,
        Some(_) => Verdict::Good,
    }
}

proptest! {
    /// Between two raises lies a clear; each raise follows bad looks and each clear follows good and watched ones alone, for long
    /// enough; what never leaves the band raises at most once.
    #[test]
    fn nothing_flaps(walk in walks()) {
        let (mut standing, mut now, mut is_open) = (Standing::Quiet, 0i64, false);
        let (mut bad_since, mut good_since) = (None, None);
        let (mut raises, mut was_good) = (0, false);
        for (wait, available) in walk {
            now += wait;
            let moment = Moment { now: at(now), after_a_gap: wait > 60 };
            let verdict = verdict_of(available);
            // What the step may rest on, by the looks alone.
            match verdict {
                Verdict::Bad | Verdict::Beginning => { bad_since = bad_since.or(Some(now)); good_since = None; }
                Verdict::Between => { bad_since = None; good_since = None; }
                Verdict::Good => {
                    was_good = true;
                    bad_since = None;
                    if moment.after_a_gap { good_since = Some(now); }
                    good_since = good_since.or(Some(now));
                }
                // Since then it is watched again.
                Verdict::Unknown => good_since = good_since.map(|_| now),
            }
            let step = decide(AlertKind::PoolLow, standing, (verdict, AlertSeverity::Warning), rules(), moment);
            match step {
                Step::Raise(_) => {
                    prop_assert!(!is_open && verdict == Verdict::Bad);
                    prop_assert!(bad_since.is_some_and(|since| now - since >= LASTS));
                    (is_open, raises) = (true, raises + 1);
                }
                Step::Clear => {
                    prop_assert!(is_open && good_since.is_some_and(|since| now - since >= LASTS));
                    is_open = false;
                }
                Step::Worse => prop_assert!(false, "it is always as bad"),
                Step::Stay | Step::Quiet | Step::Pending(_) | Step::Remind | Step::Clearing(_) | Step::Reopen => {}
            }
            standing = after(standing, step, AlertSeverity::Warning, at(now));
        }
        prop_assert!(was_good || raises <= 1);
    }

    /// Two who judge in turn decide as one does: all that is remembered stands in the database.
    #[test]
    fn the_same_look_twice_changes_nothing_more(walk in walks()) {
        let (mut standing, mut now) = (Standing::Quiet, 0i64);
        for (wait, available) in walk {
            now += wait;
            let seen = (verdict_of(available), AlertSeverity::Warning);
            let moment = Moment { now: at(now), after_a_gap: wait > 60 };
            let step = decide(AlertKind::PoolLow, standing, seen, rules(), moment);
            standing = after(standing, step, AlertSeverity::Warning, at(now));
            let again = Moment { after_a_gap: false, ..moment };
            let step = decide(AlertKind::PoolLow, standing, seen, rules(), again);
            prop_assert_eq!(after(standing, step, AlertSeverity::Warning, at(now)), standing);
        }
    }
}
