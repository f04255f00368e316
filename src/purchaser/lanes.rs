//! A lane: those who want the same, and where is looked for them, rung by rung.
//!
//! An order has one; an emergency has one for each area code that somebody wishes for, and one for whoever wishes for
//! nothing. Invariant: only "none there" leads to the next rung. A search that failed moves nothing.
//! Whoever's search failed is laid aside until somebody looks anew.
//! How to get it wrong: climbing while a search of the rung is under way, or after one that showed only what is in flight.

use std::collections::VecDeque;

use super::markets::Rung;
use crate::domain::{AreaCode, Match, Place};

/// What those want who want the same.
#[derive(Debug)]
pub(super) struct Lane {
    /// Where they would like a number from.
    pub(super) wish: Option<AreaCode>,
    /// How many numbers more; an order's lane wants whatever there is.
    pub(super) wanted: u32,
    rungs: VecDeque<(Match, Vec<Spot>)>,
    /// A search of it failed: it is not searched any more, and keeps nobody else waiting.
    aside: bool,
}

/// A place, and what is known of its search.
#[derive(Debug)]
struct Spot {
    place: Place,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It may show something.
    Open,
    /// It is being searched.
    UnderWay,
    /// The last search showed nothing new while creates were in flight.
    Dry,
}

/// What a search of a place came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Showed {
    /// Numbers that nobody had seen.
    News,
    /// Only what is known, and may be in flight.
    Known,
    /// Nothing at all.
    Nothing,
}

impl Lane {
    /// Nothing is searched yet.
    pub(super) fn new(wish: Option<AreaCode>, wanted: u32, rungs: Vec<Rung>) -> Self {
        let open = |place| Spot { place, state: State::Open };
        let rungs = rungs.into_iter().map(|(rung, places)| (rung, places.into_iter().map(open).collect()));
        Self { wish, wanted, rungs: rungs.collect(), aside: false }
    }

    /// The rung that is searched: what lies no higher answers the wish. Whoever has nowhere left to look takes anything.
    pub(super) fn rung(&self) -> Match {
        self.rungs.front().map_or(Match::Any, |(rung, _)| *rung)
    }

    /// On which rung a number lies for those who wish; whoever wishes for nothing takes any as it is.
    pub(super) fn rung_of(&self, area_code: Option<AreaCode>) -> Match {
        self.wish.map_or(Match::Any, |wish| Match::of(wish, area_code))
    }

    /// Whether nothing more is looked for.
    pub(super) fn is_over(&self) -> bool {
        self.aside || self.rungs.is_empty()
    }

    /// A search of it failed, which says nothing of where others look.
    pub(super) fn lay_aside(&mut self) {
        self.aside = true;
    }

    /// The next place of its rung, if one is to be searched now; it is under way then.
    pub(super) fn next(&mut self) -> Option<Place> {
        let (_, spots) = self.rungs.front_mut().filter(|_| !self.aside)?;
        let next = spots.iter_mut().find(|spot| spot.state == State::Open)?;
        next.state = State::UnderWay;
        Some(next.place.clone())
    }

    /// A search of `place` came back. With nothing in flight, one without news ends its place; where there is nothing at all,
    /// nothing in flight will change that, and the last place stays open as long as something may come of it.
    pub(super) fn answered(&mut self, place: &Place, showed: Showed, in_flight: bool) {
        let is_last = self.rungs.len() == 1;
        let Some((_, spots)) = self.rungs.front_mut() else { return };
        let Some(position) = spots.iter().position(|spot| spot.place == *place) else { return };
        let is_last = is_last && spots.len() == 1;
        match showed {
            Showed::News => spots[position].state = State::Open,
            Showed::Known if in_flight => spots[position].state = State::Dry,
            Showed::Nothing if in_flight && is_last => spots[position].state = State::Dry,
            Showed::Known | Showed::Nothing => {
                spots.remove(position);
            }
        }
        if spots.is_empty() {
            self.rungs.pop_front();
        }
    }

    /// A create ended: a search may show others now.
    pub(super) fn moved(&mut self) {
        self.change(|state| if state == State::Dry { State::Open } else { state });
    }

    /// Whatever was under way was given up.
    pub(super) fn begin_anew(&mut self) {
        self.change(|_| State::Open);
    }

    fn change(&mut self, to: impl Fn(State) -> State) {
        for spot in self.rungs.iter_mut().flat_map(|(_, spots)| spots) {
            spot.state = to(spot.state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> AreaCode {
        text.parse().unwrap()
    }

    /// 415, then 628 and 341 side by side, then anywhere.
    fn lane() -> Lane {
        let overlays = vec![Place::Code(code("628")), Place::Code(code("341"))];
        Lane::new(
            Some(code("415")),
            2,
            vec![
                (Match::Exact, vec![Place::Code(code("415"))]),
                (Match::Overlay, overlays),
                (Match::Any, vec![Place::Anywhere]),
            ],
        )
    }

    /// Everything that may be searched now.
    fn searched(lane: &mut Lane) -> Vec<Place> {
        std::iter::from_fn(|| lane.next()).collect()
    }

    #[test]
    fn only_none_there_leads_to_the_next_rung_and_a_rung_is_searched_as_a_whole() {
        let mut lane = lane();
        let exact = searched(&mut lane);
        assert_eq!((exact.as_slice(), lane.rung()), ([Place::Code(code("415"))].as_slice(), Match::Exact));
        lane.answered(&exact[0], Showed::News, false);
        assert_eq!(searched(&mut lane), exact, "it may show more");
        lane.answered(&exact[0], Showed::Nothing, true);
        let overlays = searched(&mut lane);
        assert_eq!((overlays.len(), lane.rung()), (2, Match::Overlay));
        lane.answered(&overlays[0], Showed::Nothing, false);
        assert_eq!((searched(&mut lane), lane.rung()), (vec![], Match::Overlay), "the other one is under way");
        lane.answered(&overlays[1], Showed::Nothing, false);
        assert_eq!(searched(&mut lane), [Place::Anywhere]);
        assert!(!lane.is_over());
    }

    #[test]
    fn a_search_that_was_given_up_or_failed_moves_nothing() {
        let mut lane = lane();
        let exact = searched(&mut lane);
        lane.begin_anew();
        assert_eq!((searched(&mut lane), lane.rung()), (exact, Match::Exact));
    }

    #[test]
    fn a_lane_that_is_laid_aside_is_not_searched_and_climbs_no_further() {
        let mut lane = lane();
        searched(&mut lane);
        lane.lay_aside();
        lane.begin_anew();
        assert_eq!((searched(&mut lane), lane.rung(), lane.is_over()), (vec![], Match::Exact, true));
    }

    #[test]
    fn what_is_in_flight_keeps_its_place_open() {
        let mut lane = lane();
        let exact = searched(&mut lane);
        lane.answered(&exact[0], Showed::Known, true);
        assert_eq!((searched(&mut lane), lane.rung()), (vec![], Match::Exact));
        lane.moved();
        assert_eq!(searched(&mut lane), exact);
        lane.answered(&exact[0], Showed::Known, false);
        assert_eq!(lane.rung(), Match::Overlay);
    }

    #[test]
    fn the_last_place_stays_open_while_something_is_in_flight() {
        let mut lane = Lane::new(None, u32::MAX, vec![(Match::Any, vec![Place::Anywhere])]);
        assert_eq!(searched(&mut lane), [Place::Anywhere]);
        lane.answered(&Place::Anywhere, Showed::Nothing, true);
        assert!(!lane.is_over() && lane.next().is_none());
        lane.moved();
        assert_eq!(searched(&mut lane), [Place::Anywhere]);
        lane.answered(&Place::Anywhere, Showed::Nothing, false);
        assert!(lane.is_over());
    }
}
