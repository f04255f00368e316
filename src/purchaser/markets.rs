//! Where an order looks: place after place, the narrowest first; and the ladder of a wish, as places that Twilio sells from.
//!
//! Invariants: a pool's own area codes, region and digits count for orders of what the pool holds and for no others; nor are
//! its papers shown for others. What the pool wants now counts, not what it wanted when the order began. A wish leads nowhere
//! that the pool may not buy.
//! How to get it wrong: one search for everything. Twilio shows about thirty rows of it, and none of the place wished for.

use super::buyer::PoolInForce;
use crate::domain::{AreaCode, Capability, Kind, Ladder, Market, Match, NumberType, Papers, Place, Region};

/// Places that are searched side by side, and how near they come to what was wished for.
pub(super) type Rung = (Match, Vec<Place>);

/// What a pool wants of the numbers of an order: when a reload changes it, what was found is of no use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SearchWishes {
    market: Market,
    area_codes: Vec<AreaCode>,
}

impl SearchWishes {
    /// What each number must be able to do.
    pub(super) fn capabilities(&self) -> &[Capability] {
        &self.market.capabilities
    }
}

/// Places that are searched at a time for those who wait.
pub(super) const SIDE_BY_SIDE: usize = 8;

impl PoolInForce {
    /// Where an order of `kind` looks: its own area code, or the pool's in turn, then wherever the pool may buy, if the
    /// order may, too.
    pub(super) fn places(&self, kind: Kind, area_code: Option<AreaCode>, fallback: bool) -> Vec<Rung> {
        let mut places: Vec<Place> = match area_code {
            Some(area_code) => vec![Place::Code(area_code)],
            None if kind == self.kind => self.area_codes.iter().copied().map(Place::Code).collect(),
            None => Vec::new(),
        };
        if area_code.is_none() || fallback {
            places.push(self.widest(kind));
        }
        places.into_iter().map(|place| (Match::Any, vec![place])).collect()
    }

    /// Where an emergency looks: for whoever wishes for an area code from there to its overlays, its state and wherever the
    /// pool buys; for whoever wishes for nothing in the pool's own area codes first.
    pub(super) fn ladder(&self, wish: Option<AreaCode>) -> Vec<Rung> {
        let mut rungs: Vec<Rung> = match wish {
            Some(wish) => self.near(wish),
            None => {
                let codes = self.area_codes.chunks(SIDE_BY_SIDE);
                codes.map(|codes| (Match::Any, codes.iter().copied().map(Place::Code).collect())).collect()
            }
        };
        rungs.push((Match::Any, vec![self.widest(self.kind)]));
        rungs.retain(|(_, places)| !places.is_empty());
        rungs
    }

    /// The rungs of a wish that are nearer than any, as far as the pool may buy there.
    fn near(&self, wish: AreaCode) -> Vec<Rung> {
        let codes = Ladder::of(wish, Some(self.kind.country)).codes;
        let on = |rung: Match| codes.iter().filter(move |(code, of)| *of == rung && self.may_buy_in(*code));
        let places = |rung: Match| on(rung).map(|(code, _)| Place::Code(*code)).collect::<Vec<Place>>();
        // Of a whole state one search is enough, and the pool's own state is wherever it buys.
        let is_local = self.place == Place::Anywhere && self.kind.number_type == NumberType::Local;
        let region = wish.region().filter(|region| is_local && region.country() == self.kind.country);
        let regions = region.into_iter().flat_map(Region::names).map(Place::Region).collect();
        vec![(Match::Exact, places(Match::Exact)), (Match::Overlay, places(Match::Overlay)), (Match::Region, regions)]
    }

    /// Whether numbers of this area code may be what the pool holds: of its type, and of its state if it has one. Within a
    /// town nobody searches by area code.
    fn may_buy_in(&self, area_code: AreaCode) -> bool {
        let is_of_the_type = match self.kind.number_type {
            NumberType::Local => area_code.is_geographic(),
            NumberType::TollFree => area_code.is_toll_free(),
            NumberType::Mobile | NumberType::National => false,
        };
        let is_there = match &self.place {
            Place::Anywhere => true,
            // A province that shares its codes with another one would get the other one's numbers.
            Place::Region(name) => area_code.region().is_some_and(|region| region.names().eq([*name])),
            Place::Code(_) | Place::Locality { .. } => false,
        };
        self.kind.country.has_area_codes() && is_of_the_type && is_there
    }

    /// All that decides which numbers an order of `kind` looks for.
    pub(super) fn wishes(&self, kind: Kind) -> SearchWishes {
        let area_codes = if kind == self.kind { self.area_codes.clone() } else { Vec::new() };
        SearchWishes { market: self.market(kind, self.widest(kind)), area_codes }
    }

    /// The widest place where numbers of `kind` are looked for.
    fn widest(&self, kind: Kind) -> Place {
        if kind == self.kind { self.place.clone() } else { Place::Anywhere }
    }

    /// What is asked of Twilio at `place`.
    pub(super) fn market(&self, kind: Kind, place: Place) -> Market {
        let is_own = kind == self.kind;
        Market {
            kind,
            place,
            contains: self.contains.clone().filter(|_| is_own),
            capabilities: self.capabilities.clone(),
            shows_address: self.papers_for(kind).address.is_some(),
        }
    }

    /// What is shown when a number of `kind` is bought. A bundle is of one country and type.
    pub(super) fn papers_for(&self, kind: Kind) -> Papers {
        if kind == self.kind { self.papers.clone() } else { Papers::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::pool_halts::Keys;
    use crate::domain::CountryCode;

    const US: Kind = Kind { country: CountryCode::US, number_type: NumberType::Local };
    const CA: Kind = Kind { country: CountryCode::CA, number_type: NumberType::Local };

    fn code(text: &str) -> AreaCode {
        text.parse().unwrap()
    }

    fn pool() -> PoolInForce {
        PoolInForce {
            keys: Keys::default(),
            kind: US,
            area_codes: vec![code("415"), code("628")],
            place: Place::Locality { locality: "Novato".to_owned(), region: None },
            contains: Some("555*".parse().unwrap()),
            capabilities: vec![Capability::Voice],
            papers: Papers {
                address: Some("AD0123456789abcdef0123456789abcdef".parse().unwrap()),
                ..Papers::default()
            },
        }
    }

    #[test]
    fn an_order_looks_from_the_narrowest_place_to_the_widest_that_it_may() {
        let (pool, widest) = (pool(), pool().place);
        let told = |kind, area_code, fallback| {
            let rungs = pool.places(kind, area_code, fallback).into_iter();
            rungs.flat_map(|(_, places)| places).collect::<Vec<Place>>()
        };
        let codes = [Place::Code(code("415")), Place::Code(code("628"))];
        assert_eq!(told(US, None, true), [codes[0].clone(), codes[1].clone(), widest.clone()]);
        assert_eq!(
            told(US, None, false),
            [codes[0].clone(), codes[1].clone(), widest.clone()],
            "nothing is wished for"
        );
        assert_eq!(told(US, Some(code("212")), true), [Place::Code(code("212")), widest]);
        assert_eq!(told(US, Some(code("212")), false), [Place::Code(code("212"))]);
        assert_eq!(told(CA, None, true), [Place::Anywhere], "the pool's own places are no other country's");
    }

    /// What a pool of the United States that buys at `place` looks through for a wish.
    fn climbs(kind: Kind, place: Place, wish: &str) -> Vec<Rung> {
        let pool = PoolInForce { kind, place, ..pool() };
        let rungs = pool.ladder(Some(code(wish)));
        let (last, nearer) = rungs.split_last().unwrap();
        assert_eq!(*last, (Match::Any, vec![pool.widest(kind)]));
        nearer.to_vec()
    }

    #[test]
    fn a_wish_climbs_from_its_area_code_over_its_overlays_to_its_state() {
        let codes = |codes: &[&str]| codes.iter().map(|text| Place::Code(code(text))).collect::<Vec<Place>>();
        let region = |name: &str| Place::Region(name.parse().unwrap());
        let found = climbs(US, Place::Anywhere, "415");
        let expected =
            [(Match::Exact, codes(&["415"])), (Match::Overlay, codes(&["628"])), (Match::Region, vec![region("CA")])];
        assert_eq!(found, expected);
        let shared = climbs(CA, Place::Anywhere, "902");
        assert_eq!(shared.last().unwrap(), &(Match::Region, vec![region("NS"), region("PE")]), "both that share it");
        assert_eq!(climbs(US, Place::Anywhere, "999"), [(Match::Exact, codes(&["999"]))], "a new one has no place");
    }

    #[test]
    fn a_wish_leads_nowhere_that_the_pool_may_not_buy() {
        let toll_free = Kind { number_type: NumberType::TollFree, ..US };
        let gb = Kind { country: "GB".parse().unwrap(), number_type: NumberType::Local };
        let within = |name: &str| Place::Region(name.parse().unwrap());
        let town = Place::Locality { locality: "Novato".to_owned(), region: None };
        for (kind, place, wish) in [
            (US, Place::Anywhere, "800"),
            (US, Place::Anywhere, "416"),
            (toll_free, Place::Anywhere, "415"),
            (gb, Place::Anywhere, "415"),
            (US, within("NY"), "415"),
            (CA, within("NS"), "902"),
            (US, town, "415"),
        ] {
            assert_eq!(climbs(kind, place.clone(), wish), [], "{kind:?} {place:?} {wish}");
        }
        let exact = vec![(Match::Exact, vec![Place::Code(code("800"))])];
        assert_eq!(climbs(toll_free, Place::Anywhere, "800"), exact);
        let rungs = climbs(US, within("CA"), "415").into_iter().map(|(rung, _)| rung).collect::<Vec<Match>>();
        assert_eq!(rungs, [Match::Exact, Match::Overlay], "its state is wherever the pool buys");
    }

    #[test]
    fn whoever_wishes_for_nothing_gets_what_the_pool_would_rather_have() {
        let codes = vec![Place::Code(code("415")), Place::Code(code("628"))];
        assert_eq!(pool().ladder(None), [(Match::Any, codes), (Match::Any, vec![pool().place])]);
    }

    #[test]
    fn what_the_pool_wants_and_shows_counts_for_its_own_kind_only() {
        let own = pool().market(US, Place::Anywhere);
        assert!(own.shows_address && own.contains.is_some());
        let other = pool().market(CA, Place::Anywhere);
        assert_eq!((other.shows_address, other.contains, other.capabilities), (false, None, own.capabilities));
        assert_eq!(pool().papers_for(CA), Papers::default());
    }
}
