//! Which numbers to try, and for whom: what the searches of all lanes found, without those that are known, in random order.
//!
//! Every searcher of one query sees the same first rows, so whoever takes them in order meets everybody else there.
//! Invariants: a number is tried at most once per order; each lane is given as many as it wants, the nearest first, and from
//! whatever was found for others on a rung that it has reached. So a wish keeps nobody waiting, and nobody without one takes
//! what was found for a wish.
//! How to get it wrong: forgetting whose a candidate was that was not to be had. Its lane would go without.

use std::collections::{HashMap, HashSet};

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use rand::seq::SliceRandom as _;
use tokio::time::Instant;

use super::buyer::{Buyer, PoolInForce};
use super::lanes::{Lane, Showed};
use super::markets::{Rung, SIDE_BY_SIDE};
use super::run::Run;
use super::search::{Found, Search};
use super::shortfall::Shortfall;
use super::traffic::{HANG, Kind as Call};
use crate::domain::{AreaCode, Kind, Match, PhoneNumber};
use crate::twilio::Candidate;

const RUNGS: [Match; 4] = [Match::Exact, Match::Overlay, Match::Region, Match::Any];

/// The candidates of one order, or of the orders of one emergency run.
pub(super) struct Candidates {
    pub(super) kind: Kind,
    /// Whoever wishes for nothing is the first to be searched for, and the last to choose.
    lanes: Vec<Lane>,
    fresh: Vec<Candidate>,
    /// Whatever was found.
    seen: HashSet<PhoneNumber>,
    /// Which lane was given which number.
    given: HashMap<PhoneNumber, usize>,
}

/// A candidate by its position, and the lane that it is for.
type Pick = (usize, usize);

impl Candidates {
    /// Those of an order that looks rung after rung for whatever there is.
    pub(super) fn of_order(kind: Kind, rungs: Vec<Rung>) -> Self {
        Self { lanes: vec![Lane::new(None, u32::MAX, rungs)], ..Self::for_waiters(kind) }
    }

    /// Those of an emergency, which serves nobody yet.
    pub(super) fn for_waiters(kind: Kind) -> Self {
        Self { kind, lanes: Vec::new(), fresh: Vec::new(), seen: HashSet::new(), given: HashMap::new() }
    }

    /// Whom they are for from now on: so many of each wish.
    pub(super) fn serve(&mut self, pool: &PoolInForce, wishes: &[(Option<AreaCode>, u32)]) {
        for lane in &mut self.lanes {
            lane.wanted = 0;
        }
        for (wish, count) in wishes {
            match self.lanes.iter_mut().find(|lane| lane.wish == *wish) {
                Some(lane) => lane.wanted = *count,
                None => self.lanes.push(Lane::new(*wish, *count, pool.ladder(*wish))),
            }
        }
        self.lanes.sort_by_key(|lane| lane.wish.is_some());
        self.given.clear();
    }

    /// How many there are to be taken.
    pub(super) fn len(&self) -> usize {
        self.picks(usize::MAX).len()
    }

    /// Up to `most` numbers that were not tried yet.
    pub(super) fn take(&mut self, most: usize) -> Vec<Candidate> {
        let mut picks = self.picks(most);
        // From behind, so that those before stay where they are.
        picks.sort_by_key(|(position, _)| std::cmp::Reverse(*position));
        let taken = picks.into_iter().map(|(position, lane)| {
            let candidate = self.fresh.remove(position);
            let wanted = &mut self.lanes[lane].wanted;
            *wanted = if *wanted == u32::MAX { u32::MAX } else { wanted.saturating_sub(1) };
            self.given.insert(candidate.phone_number.clone(), lane);
            candidate
        });
        taken.collect()
    }

    /// A number that was taken was not to be had: its lane wants another one.
    pub(super) fn not_to_be_had(&mut self, number: &PhoneNumber) {
        if let Some(lane) = self.given.remove(number) {
            let wanted = &mut self.lanes[lane].wanted;
            *wanted = wanted.saturating_add(1);
        }
    }

    /// Whether there is nowhere left to look.
    pub(super) fn are_exhausted(&self) -> bool {
        self.len() == 0 && self.lanes.iter().all(|lane| lane.wanted == 0 || lane.is_exhausted())
    }

    /// The next search, if there is anything to search for now; it is under way then.
    pub(super) fn next_search(&mut self, pool: &PoolInForce) -> Option<Search> {
        let picks = self.picks(usize::MAX);
        let lacks = |lane: &Lane, position: usize| {
            let has = picks.iter().filter(|(_, of)| *of == position).count();
            (lane.wanted as usize) > has
        };
        self.search_where(pool, lacks)
    }

    /// The next search of a first look: of lanes that have nothing at all.
    fn next_first_search(&mut self, pool: &PoolInForce) -> Option<Search> {
        let (kind, fresh) = (self.kind, std::mem::take(&mut self.fresh));
        let lacks = |lane: &Lane, _| {
            let answers = |found: &Candidate| lane.rung_of(found.phone_number.area_code(kind.country)) <= lane.rung();
            lane.wanted > 0 && !fresh.iter().any(answers)
        };
        let search = self.search_where(pool, lacks);
        self.fresh = fresh;
        search
    }

    fn search_where(&mut self, pool: &PoolInForce, lacks: impl Fn(&Lane, usize) -> bool) -> Option<Search> {
        let kind = self.kind;
        self.lanes
            .iter_mut()
            .enumerate()
            .filter(|(position, lane)| lacks(lane, *position))
            .find_map(|(position, lane)| lane.next().map(|place| Search::new(pool, kind, place, position)))
    }

    /// Takes what a search found, while creates are in flight or not.
    pub(super) fn add(&mut self, found: Found, in_flight: bool) {
        let Found { lane, place, candidates, none_there } = found;
        let mut news: Vec<Candidate> =
            candidates.into_iter().filter(|found| self.seen.insert(found.phone_number.clone())).collect();
        let showed = match (news.is_empty(), none_there) {
            (false, _) => Showed::News,
            (true, true) => Showed::Nothing,
            (true, false) => Showed::Known,
        };
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.answered(&place, showed, in_flight);
        }
        news.shuffle(&mut rand::rng());
        self.fresh.append(&mut news);
    }

    /// A create ended: a search may show others now.
    pub(super) fn moved(&mut self) {
        self.lanes.iter_mut().for_each(Lane::moved);
    }

    /// Searches that were under way are given up.
    pub(super) fn begin_anew(&mut self) {
        self.lanes.iter_mut().for_each(Lane::begin_anew);
    }

    /// Which would be taken: rung by rung over all lanes, so that nobody's wish takes what lies nearer to another's; then for
    /// those who wish for nothing.
    fn picks(&self, most: usize) -> Vec<Pick> {
        let country = self.kind.country;
        let (mut picks, mut free) = (Vec::new(), vec![true; self.fresh.len()]);
        let mut wanted: Vec<u32> = self.lanes.iter().map(|lane| lane.wanted).collect();
        let mut pick = |lane: usize, answers: &dyn Fn(usize) -> bool| {
            for position in (0..free.len()).rev() {
                if wanted[lane] == 0 || picks.len() == most {
                    return;
                }
                if free[position] && answers(position) {
                    (free[position], wanted[lane]) = (false, wanted[lane] - 1);
                    picks.push((position, lane));
                }
            }
        };
        let (wishing, others): (Vec<_>, Vec<_>) =
            self.lanes.iter().enumerate().partition(|(_, lane)| lane.wish.is_some());
        let rungs_of = |lane: &Lane| -> Vec<Match> {
            self.fresh.iter().map(|found| lane.rung_of(found.phone_number.area_code(country))).collect()
        };
        let wishing: Vec<_> = wishing.into_iter().map(|(position, lane)| (position, lane, rungs_of(lane))).collect();
        for rung in RUNGS {
            for (lane, _, rungs) in wishing.iter().filter(|(_, lane, _)| lane.rung() >= rung) {
                pick(*lane, &|position| rungs[position] == rung);
            }
        }
        for (lane, _) in others {
            pick(lane, &|_| true);
        }
        picks
    }

    /// Searches before anything is bought, [`SIDE_BY_SIDE`] at a time, until each lane has something or nowhere left to look. Who
    /// has something waits for the others no longer than a call that moves: what is searched then is searched again beside
    /// the creates.
    pub(super) async fn look_first(&mut self, buyer: &Buyer, run: &Run, pool: &PoolInForce) -> Result<(), Shortfall> {
        let mut open = FuturesUnordered::new();
        let mut until: Option<Instant> = None;
        loop {
            while open.len() < SIDE_BY_SIDE
                && let Some(search) = self.next_first_search(pool)
            {
                let call = run.traffic.call(Call::Search, &pool.keys.pool);
                open.push(async move {
                    let found = search.run(buyer, None).await;
                    drop(call);
                    found
                });
            }
            if open.is_empty() {
                break;
            }
            tokio::select! {
                Some(found) = open.next() => self.add(found?, false),
                () = tokio::time::sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => break,
            }
            if self.len() > 0 {
                until.get_or_insert_with(|| Instant::now() + HANG);
            }
        }
        self.begin_anew();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
