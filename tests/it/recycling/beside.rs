//! A touch beside a take: whichever comes first, the other one knows it; nobody is said to be touched who has lost the number.

use std::sync::Barrier;
use std::time::Duration;

use callbunker::db::recyclings::{Taken, recycling_intend, recycling_noticed, recycling_take};
use callbunker::db::uses::{Whose, uses_touch};
use callbunker::domain::recycling::Ended;

use super::histories::Histories;

const NUMBERS: u32 = 60;

#[test]
fn a_touch_and_a_take_at_once_end_in_one_of_two_ways() {
    let histories = Histories::with(NUMBERS, 1);
    histories.world.sql(
        "INSERT INTO sweeps (what, from_at, until_at, state, ended_at)
         SELECT what, now() - interval '30 days', now(), 'complete', now() FROM (VALUES ('calls'), ('messages')) AS kinds (what)",
    );
    let ids = histories.world.sql("SELECT number_id FROM leases ORDER BY 1");
    let (mut taken, mut kept) = (0, 0);
    for (turn, id) in ids.lines().filter_map(|id| id.parse::<i64>().ok()).enumerate() {
        let notices = histories.notices(NUMBERS);
        let wanted = notices.clone();
        let notice = histories.run(move |conn| recycling_intend(conn, id, &wanted)).expect("nothing is in the way");
        histories.run(move |conn| recycling_noticed(conn, notice, 0));
        let take =
            || histories.run(move |conn| recycling_take(conn, notice, &notices, |_pool| Duration::from_secs(3600)));
        let touch = || histories.run(move |conn| uses_touch(conn, Whose::Users, &[format!("u-{id}")]));
        let (took, touched) = in_turn(turn, take, touch);
        match took {
            Taken::Now(_) => {
                assert_ne!(turn, 1, "it was touched before");
                assert_eq!(touched.unknown, [format!("u-{id}")], "it was taken, so nobody has it");
                taken += 1;
            }
            Taken::Ended(Ended::Touched) => {
                assert_ne!(turn, 0, "it was taken before");
                assert_eq!(touched.touched, 1, "it was touched, so it stays");
                kept += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    println!("{taken} were taken and {kept} kept");
    let users = histories.world.count("SELECT count(*) FROM leases WHERE user_id IS NOT NULL");
    assert_eq!(users, kept);
}

/// One after the other in the first two turns; then both at once, one of them a little later than the other.
fn in_turn<T: Send, U: Send>(turn: usize, take: impl FnOnce() -> T + Send, touch: impl FnOnce() -> U + Send) -> (T, U) {
    if turn == 0 {
        let took = take();
        return (took, touch());
    }
    if turn == 1 {
        let touched = touch();
        return (take(), touched);
    }
    let (barrier, late) = (Barrier::new(2), Duration::from_micros(u64::try_from(turn).unwrap() * 50));
    let starts = |is_first: bool| {
        barrier.wait();
        if !is_first {
            std::thread::sleep(late);
        }
    };
    std::thread::scope(|scope| {
        let take = scope.spawn(|| {
            starts(turn.is_multiple_of(2));
            take()
        });
        let touch = scope.spawn(|| {
            starts(turn % 2 == 1);
            touch()
        });
        (take.join().expect("a take"), touch.join().expect("a touch"))
    })
}
