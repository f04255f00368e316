//! From the area code that was wished for to any: which codes come next, and on which rung a number was found.
//!
//! Invariants: a code stands on one rung only, the lowest that it fits, so that no row is picked twice by a statement that
//! walks the ladder; a country that binds keeps every code of another country off it.
//! How to get it wrong: climbing when a search failed. Only "none there" leads to the next rung, never an error.

use super::number::stored_enum;
use super::region::{AreaCode, CountryCode};

/// The rung of the ladder on which a number was found; whoever wished for nothing has none.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Match {
    /// The area code itself.
    Exact,
    /// A code that lies over it.
    Overlay,
    /// The same state or province.
    Region,
    /// Whatever the pool has.
    Any,
}

stored_enum!(Match { Exact = "exact", Overlay = "overlay", Region = "region", Any = "any" });

/// The area codes that answer a wish, nearest first. Above its last rung is anything that the pool has, which is no code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder {
    /// Each code once, with its rung; rungs only rise.
    pub codes: Vec<(AreaCode, Match)>,
}

impl Ladder {
    /// The ladder from this code; where a country binds, without the codes of others. A code of no place, or one that the
    /// table does not know, is a rung by itself.
    #[must_use]
    pub fn of(wish: AreaCode, bound: Option<CountryCode>) -> Self {
        let overlays: Vec<AreaCode> = wish.overlays().collect();
        let region = wish.region().into_iter().flat_map(super::nanp::Region::area_codes);
        let rest = region.filter(|code| *code != wish && !overlays.contains(code)).map(|code| (code, Match::Region));
        let near = overlays.iter().map(|code| (*code, Match::Overlay));
        let is_bound_elsewhere =
            |code: AreaCode| code.country().is_some_and(|country| bound.is_some_and(|bound| bound != country));
        let all = std::iter::once((wish, Match::Exact)).chain(near).chain(rest);
        Self { codes: all.filter(|(code, _)| !is_bound_elsewhere(*code)).collect() }
    }

    /// The ladder of whoever wants this code or nothing.
    #[must_use]
    pub fn strict(wish: AreaCode) -> Self {
        Self { codes: vec![(wish, Match::Exact)] }
    }
}

impl Match {
    /// How well a number with this area code answers a wish; for whoever was given one without a ladder.
    #[must_use]
    pub fn of(wish: AreaCode, given: Option<AreaCode>) -> Self {
        match given {
            Some(given) if given == wish => Self::Exact,
            Some(given) if wish.overlays().any(|other| other == given) => Self::Overlay,
            Some(given) if wish.region().is_some() && wish.region() == given.region() => Self::Region,
            Some(_) | None => Self::Any,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn code(digits: &str) -> AreaCode {
        digits.parse().unwrap()
    }

    fn rung(ladder: &Ladder, rung: Match) -> Vec<String> {
        ladder.codes.iter().filter(|(_, of)| *of == rung).map(|(code, _)| code.to_string()).collect()
    }

    #[test]
    fn a_wish_climbs_over_overlays_to_its_state() {
        let ladder = Ladder::of(code("415"), None);
        assert_eq!(ladder.codes[..2], [(code("415"), Match::Exact), (code("628"), Match::Overlay)]);
        let region = rung(&ladder, Match::Region);
        assert!(region.contains(&"213".to_owned()) && !region.contains(&"628".to_owned()), "{region:?}");
        assert!(!ladder.codes.iter().any(|(other, _)| *other == code("907")), "Alaska is another state");
        assert_eq!(Ladder::strict(code("415")).codes, [(code("415"), Match::Exact)]);
    }

    #[test]
    fn a_code_of_no_place_and_one_that_is_new_stand_alone() {
        for digits in ["800", "900", "999"] {
            assert_eq!(Ladder::of(code(digits), Some(CountryCode::US)).codes, [(code(digits), Match::Exact)]);
        }
        let ladder = Ladder::of(code("787"), None);
        assert_eq!(ladder.codes, [(code("787"), Match::Exact), (code("939"), Match::Overlay)], "not divided");
    }

    #[test]
    fn a_country_that_binds_keeps_the_codes_of_others_off() {
        assert_eq!(Ladder::of(code("416"), Some(CountryCode::US)).codes, []);
        assert_eq!(Ladder::of(code("416"), Some(CountryCode::CA)), Ladder::of(code("416"), None));
    }

    #[test]
    fn what_was_given_tells_its_rung() {
        for (given, rung) in
            [("415", Match::Exact), ("628", Match::Overlay), ("213", Match::Region), ("907", Match::Any)]
        {
            assert_eq!(Match::of(code("415"), Some(code(given))), rung);
        }
        assert_eq!(Match::of(code("415"), None), Match::Any);
        assert_eq!(Match::of(code("800"), Some(code("888"))), Match::Any, "no place is no shared place");
        assert_eq!(Match::of(code("787"), Some(code("809"))), Match::Any, "nor is another country");
    }

    proptest! {
        #[test]
        fn each_code_stands_once_and_rungs_only_rise(digits in 200u32..1000, bound in 0usize..3) {
            let wish = code(&digits.to_string());
            let bound = [None, Some(CountryCode::US), Some(CountryCode::CA)][bound];
            let ladder = Ladder::of(wish, bound);
            let distinct: BTreeSet<AreaCode> = ladder.codes.iter().map(|(code, _)| *code).collect();
            prop_assert_eq!(distinct.len(), ladder.codes.len());
            prop_assert!(ladder.codes.is_sorted_by_key(|(_, rung)| *rung));
            for (code, rung) in ladder.codes {
                prop_assert_eq!(Match::of(wish, Some(code)), rung, "{} for {}", code, wish);
            }
        }
    }
}
