//! Those who wish for different area codes, served together: one look at what is there, and one statement that takes of it.
//!
//! Invariants: every wish is served on one rung of its ladder before any is on the next; what is shared out is what a look showed a
//! moment ago, so whoever goes away empty-handed by it is shared out anew, as long as a look shows something.
//! How to get it wrong: sharing out to whoever asks again. They have a number, and what was theirs by it stays behind while another goes
//! without. Or a statement for each wish. Hundreds of them hang everybody's answer on one another.

use std::collections::{BTreeMap, HashMap};

use super::ask::Ask;
use super::found::{Found, LOCKED_PAUSE, LOCKED_TRIES_MAX, give, known};
use crate::db::assignments::{AskingFor, assignments_claim_each, assignments_held};
use crate::db::stock::{InCode, stock_available_by_code};
use crate::db::{Connection, DbError};
use crate::domain::{AreaCode, Ladder, Match, PoolName, UserId};

/// The rungs that have codes, in their order.
const RUNGS: [Match; 3] = [Match::Exact, Match::Overlay, Match::Region];

/// Somebody who wishes for an area code, and which will do.
#[derive(Debug, Clone)]
pub(super) struct Wishing<'a> {
    pub(super) ask: &'a Ask,
    pub(super) ladder: Ladder,
}

/// How many are there of what may be shared out.
type There<'a> = BTreeMap<InCode<'a>, u32>;

impl<'a> Wishing<'a> {
    /// Whoever asks so, and wishes for this area code.
    pub(super) fn of(ask: &'a Ask, wish: AreaCode) -> Self {
        let ladder = if ask.strict { Ladder::strict(wish) } else { Ladder::of(wish, ask.country) };
        Self { ask, ladder }
    }

    /// Whether one statement with one ladder serves both.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        (&self.ask.pool, self.ask.wish, self.ask.strict, self.ask.country)
            == (&other.ask.pool, other.ask.wish, other.ask.strict, other.ask.country)
    }

    fn in_code(&self, code: AreaCode) -> InCode<'a> {
        let pool: &'a PoolName = &self.ask.pool;
        InCode { pool, code, country: self.ask.country }
    }
}

/// Serves `wishing` from the nearest that is there.
pub(super) fn claim_wishes(
    conn: &mut Connection,
    found: &mut HashMap<UserId, Found>,
    wishing: &[Wishing<'_>],
) -> Result<(), DbError> {
    for times in 0..LOCKED_TRIES_MAX {
        let mut waiting: Vec<&Wishing<'_>> =
            wishing.iter().filter(|one| !found.contains_key(&one.ask.user_id)).collect();
        let there = stock_available_by_code(conn, &wanted(&waiting), false)?;
        let mut shared = share_out(&waiting, there.clone());
        if times == 0 && somebody_lacks(&waiting, &shared) {
            // Whoever has a number takes none: what was shared out to them is another's.
            let users: Vec<&str> = waiting.iter().map(|one| one.ask.user_id.as_str()).collect();
            for assignment in assignments_held(conn, &users)? {
                found.insert(assignment.user_id.clone(), Found::Held(assignment));
            }
            waiting.retain(|one| !found.contains_key(&one.ask.user_id));
            shared = share_out(&waiting, there);
        }
        if shared.is_empty() {
            break;
        }
        give(found, assignments_claim_each(conn, &shared)?);
        let passed_over: Vec<&Ask> = waiting
            .iter()
            .map(|one| one.ask)
            .filter(|ask| shared.iter().any(|one| one.asking.user_id == ask.user_id.as_str()))
            .filter(|ask| !found.contains_key(&ask.user_id))
            .collect();
        if passed_over.is_empty() {
            break;
        }
        known(conn, found, &passed_over)?;
        if passed_over.iter().any(|ask| !found.contains_key(&ask.user_id)) {
            std::thread::sleep(LOCKED_PAUSE);
        }
    }
    Ok(())
}

/// What will do for anybody, and for how many.
fn wanted<'a>(waiting: &[&Wishing<'a>]) -> There<'a> {
    let mut wanted = There::new();
    for one in waiting {
        for (code, _) in &one.ladder.codes {
            *wanted.entry(one.in_code(*code)).or_default() += 1;
        }
    }
    wanted
}

/// Whether somebody gets nothing, or not what they wish for.
fn somebody_lacks(waiting: &[&Wishing<'_>], shared: &[AskingFor<'_>]) -> bool {
    shared.len() < waiting.len() || shared.iter().any(|one| one.rung != Match::Exact)
}

/// Who gets what: the nearest to each, whoever asked first.
fn share_out<'a>(waiting: &[&Wishing<'a>], mut there: There<'a>) -> Vec<AskingFor<'a>> {
    let (mut shared, mut left) = (Vec::new(), waiting.to_vec());
    for rung in RUNGS {
        left.retain(|one| {
            let codes = one.ladder.codes.iter().filter(|(_, of)| *of == rung);
            let mut in_codes = codes.map(|(code, _)| one.in_code(*code));
            let Some(got) = in_codes.find(|in_code| there.get(in_code).is_some_and(|count| *count > 0)) else {
                return true;
            };
            if let Some(count) = there.get_mut(&got) {
                *count -= 1;
            }
            shared.push(AskingFor { asking: one.ask.asking(), code: got.code, rung, country: got.country });
            false
        });
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(user: &str, wish: &str) -> Ask {
        Ask {
            user_id: user.parse().unwrap(),
            pool: PoolName::default_pool(),
            only_pool: false,
            wish: Some(code(wish)),
            strict: false,
            country: None,
            stock_only: false,
        }
    }

    fn code(digits: &str) -> AreaCode {
        digits.parse().unwrap()
    }

    /// `user=wish` each, and how many there are of which code: who gets which.
    fn shared(asks: &[(&str, &str)], there: &[(&str, u32)]) -> Vec<String> {
        let asks: Vec<Ask> = asks.iter().map(|(user, wish)| ask(user, wish)).collect();
        let wishing: Vec<Wishing<'_>> = asks.iter().map(|ask| Wishing::of(ask, ask.wish.unwrap())).collect();
        let waiting: Vec<&Wishing<'_>> = wishing.iter().collect();
        let pool = PoolName::default_pool();
        let there =
            there.iter().map(|(digits, count)| (InCode { pool: &pool, code: code(digits), country: None }, *count));
        let shared = share_out(&waiting, there.collect());
        shared.iter().map(|one| format!("{} {} {}", one.asking.user_id, one.code.as_str(), one.rung.as_str())).collect()
    }

    #[test]
    fn everybody_gets_the_nearest_and_nobody_takes_what_another_wished_for() {
        // 628 lies over 415; 213 is of the same state, 907 of another.
        assert_eq!(shared(&[("a", "628"), ("b", "415")], &[("415", 1)]), ["b 415 exact"]);
        assert_eq!(
            shared(&[("a", "628"), ("b", "415"), ("c", "213"), ("d", "213")], &[("415", 2), ("213", 1)]),
            ["b 415 exact", "c 213 exact", "a 415 overlay"]
        );
        assert_eq!(shared(&[("a", "415"), ("b", "415")], &[("213", 1), ("628", 1)]), ["a 628 overlay", "b 213 region"]);
        assert_eq!(shared(&[("a", "907")], &[("415", 9)]), Vec::<String>::new());
    }

    #[test]
    fn what_is_looked_for_is_counted_by_how_many_would_take_it() {
        let (one, other) = (ask("a", "415"), ask("b", "628"));
        let wishing = [&one, &other].map(|ask| Wishing::of(ask, ask.wish.unwrap()));
        let wanted = wanted(&wishing.iter().collect::<Vec<_>>());
        assert!(wanted.iter().all(|(_, count)| *count == 2), "they are of one state: {wanted:?}");
        let strict = Wishing { ask: &one, ladder: Ladder::strict(code("415")) };
        assert_eq!(super::wanted(&[&strict]).len(), 1);
    }
}
