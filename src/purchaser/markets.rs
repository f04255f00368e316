//! Where an order looks: place after place, the narrowest first.
//!
//! Invariants: a pool's own area codes, region and digits count for orders of what the pool holds and for no others; nor are
//! its papers shown for others. What the pool wants now counts, not what it wanted when the order began.
//! How to get it wrong: one search for everything. Twilio shows about thirty rows of it, and none of the place wished for.

use std::collections::VecDeque;

use super::buyer::PoolInForce;
use crate::domain::{AreaCode, Kind, Market, Papers, Place};

/// Where to look, in turn.
pub(super) type Places = VecDeque<Place>;

impl PoolInForce {
    /// Where an order of `kind` looks: its own area code, or the pool's in turn, then wherever the pool may buy, if the
    /// order may, too.
    pub(super) fn places(&self, kind: Kind, area_code: Option<AreaCode>, fallback: bool) -> Places {
        let mut places: Places = match area_code {
            Some(area_code) => Places::from([Place::Code(area_code)]),
            None if kind == self.kind => self.area_codes.iter().copied().map(Place::Code).collect(),
            None => Places::new(),
        };
        if area_code.is_none() || fallback {
            places.push_back(self.widest(kind));
        }
        places
    }

    /// The widest place where numbers of `kind` are looked for.
    pub(super) fn widest(&self, kind: Kind) -> Place {
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
    use crate::domain::{Capability, CountryCode, NumberType};

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
        let told = |kind, area_code, fallback| Vec::from(pool.places(kind, area_code, fallback));
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

    #[test]
    fn what_the_pool_wants_and_shows_counts_for_its_own_kind_only() {
        let own = pool().market(US, Place::Anywhere);
        assert!(own.shows_address && own.contains.is_some());
        let other = pool().market(CA, Place::Anywhere);
        assert_eq!((other.shows_address, other.contains, other.capabilities), (false, None, own.capabilities));
        assert_eq!(pool().papers_for(CA), Papers::default());
    }
}
