//! Which numbers to try, and for whom: what the searches of all lanes found, without those that are known, in random order.
//!
//! Every searcher of one query sees the same first rows, so whoever takes them in order meets everybody else there.
//! Invariants: a number is tried at most once per order; each lane is given as many as it wants, the nearest first, and from
//! whatever was found for others on a rung that it has reached. So a wish keeps nobody waiting, and nobody without one takes
//! what was found for a wish.
//! What a reload makes the pool want otherwise is searched anew, and whoever's search failed is laid aside: the others are served.
//! How to get it wrong: forgetting whose a candidate was that was not to be had. Its lane would go without.

mod first_look;

use std::collections::{HashMap, HashSet};

use rand::seq::SliceRandom as _;

use super::buyer::PoolInForce;
use super::lanes::{Lane, Showed};
use super::markets::{Rung, SearchWishes};
use super::search::{Asked, Failed, Found, Search};
use super::shortfall::Shortfall;
use crate::domain::{AreaCode, Capability, Kind, Match, PhoneNumber};
use crate::twilio::Candidate;

const RUNGS: [Match; 4] = [Match::Exact, Match::Overlay, Match::Region, Match::Any];

/// The candidates of one order, or of the orders of one emergency run.
pub(super) struct Candidates {
    pub(super) kind: Kind,
    /// What the pool wants of them.
    wishes: SearchWishes,
    /// So often that changed.
    changes: u32,
    /// What an order wishes for; `None` = those who wait do, each lane for itself.
    of_order: Option<Near>,
    /// Whoever wishes for nothing is the first to be searched for, and the last to choose.
    lanes: Vec<Lane>,
    fresh: Vec<Candidate>,
    /// Whatever was found.
    seen: HashSet<PhoneNumber>,
    /// Whatever was taken.
    tried: HashSet<PhoneNumber>,
    /// Why the first lane was laid aside.
    failure: Option<Shortfall>,
    /// Which lane was given which number.
    given: HashMap<PhoneNumber, usize>,
}

/// Where an order looks: in an area code, and whether another one will do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Near {
    pub(super) area_code: Option<AreaCode>,
    pub(super) fallback: bool,
}

/// A candidate by its position, and the lane that it is for.
type Pick = (usize, usize);

impl Candidates {
    /// Those of an order that looks rung after rung for whatever there is.
    pub(super) fn of_order(pool: &PoolInForce, kind: Kind, near: Near) -> Self {
        let mut candidates = Self { kind, wishes: pool.wishes(kind), of_order: Some(near), ..Self::for_waiters(pool) };
        candidates.lanes = vec![Lane::new(None, u32::MAX, candidates.rungs(pool, None))];
        candidates
    }

    /// Those of an emergency, which serves nobody yet.
    pub(super) fn for_waiters(pool: &PoolInForce) -> Self {
        Self {
            kind: pool.kind,
            wishes: pool.wishes(pool.kind),
            changes: 0,
            of_order: None,
            lanes: Vec::new(),
            fresh: Vec::new(),
            seen: HashSet::new(),
            tried: HashSet::new(),
            failure: None,
            given: HashMap::new(),
        }
    }

    /// Where is looked for a lane.
    fn rungs(&self, pool: &PoolInForce, wish: Option<AreaCode>) -> Vec<Rung> {
        match self.of_order {
            Some(near) => pool.places(self.kind, near.area_code, near.fallback),
            None => pool.ladder(wish),
        }
    }

    /// Takes over what the pool wants by now. If that is something else than it was, what was found counts no more.
    pub(super) fn heed(&mut self, pool: &PoolInForce) {
        let wishes = pool.wishes(self.kind);
        if wishes == self.wishes {
            return;
        }
        (self.wishes, self.changes) = (wishes, self.changes + 1);
        self.fresh.clear();
        self.seen.clone_from(&self.tried);
        self.failure = None;
        for position in 0..self.lanes.len() {
            let Lane { wish, wanted, .. } = self.lanes[position];
            self.lanes[position] = Lane::new(wish, wanted, self.rungs(pool, wish));
        }
    }

    /// So often what the pool wants has changed.
    pub(super) fn changes(&self) -> u32 {
        self.changes
    }

    /// What each of them can do, as its search was told.
    pub(super) fn capabilities(&self) -> &[Capability] {
        self.wishes.capabilities()
    }

    /// Whom they are for from now on: so many of each wish, at the pool as [`Self::heed`] was told of it.
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
            self.tried.insert(candidate.phone_number.clone());
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
        self.len() == 0 && self.lanes.iter().all(|lane| lane.wanted == 0 || lane.is_over())
    }

    /// Why somebody is not looked for any more; `None` = everybody was.
    pub(super) fn failure(&self) -> Option<Shortfall> {
        self.failure.clone()
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

    fn search_where(&mut self, pool: &PoolInForce, lacks: impl Fn(&Lane, usize) -> bool) -> Option<Search> {
        let (kind, changes) = (self.kind, self.changes);
        self.lanes
            .iter_mut()
            .enumerate()
            .filter(|(position, lane)| lacks(lane, *position))
            .find_map(|(lane, of)| of.next().map(|place| Search::new(pool, kind, place, Asked { lane, changes })))
    }

    /// Takes what a search found, while creates are in flight or not.
    pub(super) fn add(&mut self, found: Found, in_flight: bool) {
        let Found { asked, place, candidates, none_there } = found;
        if asked.changes != self.changes {
            return;
        }
        let mut news: Vec<Candidate> =
            candidates.into_iter().filter(|found| self.seen.insert(found.phone_number.clone())).collect();
        let showed = match (news.is_empty(), none_there) {
            (false, _) => Showed::News,
            (true, true) => Showed::Nothing,
            (true, false) => Showed::Known,
        };
        if let Some(lane) = self.lanes.get_mut(asked.lane) {
            lane.answered(&place, showed, in_flight);
        }
        news.shuffle(&mut rand::rng());
        self.fresh.append(&mut news);
    }

    /// A search failed. Where that says something of all others, too, it is told; else whoever it was for is laid aside.
    pub(super) fn failed(&mut self, failed: Failed) -> Result<(), Shortfall> {
        let Failed { asked, shortfall } = failed;
        if !matches!(shortfall, Shortfall::Twilio(_)) {
            return Err(shortfall);
        }
        if asked.changes == self.changes {
            if let Some(lane) = self.lanes.get_mut(asked.lane) {
                lane.lay_aside();
            }
            self.failure.get_or_insert(shortfall);
        }
        Ok(())
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
            self.fresh.iter().map(|found| lane.rung_of(found.phone_number.area_code())).collect()
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
}

#[cfg(test)]
mod tests;
