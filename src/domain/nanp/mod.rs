//! What an area code of the North American numbering plan (+1) says: its country, its state or province, and which codes
//! lie over it.
//!
//! Whose code is which is told by the plan's administrator, <https://www.nanpa.com/numbering>; [`table`] is made from its
//! report, and a test holds the countries against those of libphonenumber's tables. US territories have ISO codes of their
//! own, and Twilio sells their numbers under these.
//! Invariant: a code that the table lacks has no country, no region and no overlay, and nothing is refused for that.
//! How to get it wrong: taking the table for the list of codes that are valid; new ones come several times a year. Or
//! taking overlays for an equivalence: 564 lies over 206 and over 360, which have nothing to do with each other.

mod table;

use std::fmt;

use super::market::RegionName;
use super::region::{AreaCode, CountryCode};
use table::{CODES, OVERLAYS};

/// Codes that are free to call, and no place's; 822 is kept for when the others are used up.
const TOLL_FREE: [&[u8; 3]; 8] = [b"800", b"822", b"833", b"844", b"855", b"866", b"877", b"888"];

/// Further codes that are no place's: personal (5YY), Canada's services (6YY), carriers' own (700), the government's (710),
/// premium (900). By hand, because the table holds what is a place's.
const NOWHERE: [&[u8; 3]; 43] = [
    b"500", b"521", b"522", b"523", b"524", b"525", b"526", b"527", b"528", b"529", b"532", b"533", b"535", b"538",
    b"542", b"543", b"544", b"545", b"546", b"547", b"549", b"550", b"552", b"553", b"554", b"556", b"558", b"566",
    b"569", b"577", b"578", b"588", b"589", b"600", b"622", b"633", b"644", b"655", b"677", b"688", b"700", b"710",
    b"900",
];

/// A state or province of a country that has area codes, such as `US-CA`. Some provinces share their codes, and are one
/// region: `CA-NS/PE`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Region(&'static str);

impl Region {
    /// The region of a country that this state or province is, or is a part of: `CA` of the United States is `US-CA`, `PE`
    /// of Canada is `CA-NS/PE`. `None` when the plan knows none of that name.
    #[must_use]
    pub fn of(country: CountryCode, name: RegionName) -> Option<Self> {
        let mut regions = CODES.iter().filter_map(|(_, place)| region(place));
        regions.find(|region| region.country() == country && region.names().any(|known| known == name))
    }

    /// With its country: `US-CA`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// Its country.
    #[must_use]
    pub fn country(self) -> CountryCode {
        self.0[..2].parse().expect("the table's places begin with a country")
    }

    /// Its states or provinces, as Twilio's `InRegion` takes them, one at a time.
    pub fn names(self) -> impl Iterator<Item = RegionName> {
        self.0[3..].split('/').filter_map(|name| name.parse().ok())
    }

    /// Its area codes, in order.
    pub fn area_codes(self) -> impl Iterator<Item = AreaCode> {
        CODES.iter().filter(move |(_, place)| *place == self.0).map(|(code, _)| AreaCode::of(**code))
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0, f)
    }
}

impl AreaCode {
    /// The country whose code it is; `None` for a code that is no place's, or that the table does not know yet.
    #[must_use]
    pub fn country(self) -> Option<CountryCode> {
        self.place()?[..2].parse().ok()
    }

    /// Its country, if that is another than the United States or Canada, which share the rest of the plan.
    #[must_use]
    pub fn other_country(self) -> Option<CountryCode> {
        self.country().filter(|country| !country.has_area_codes())
    }

    /// Its state or province; `None` as for [`AreaCode::country`], and in countries that are not divided.
    #[must_use]
    pub fn region(self) -> Option<Region> {
        region(self.place()?)
    }

    /// The codes that lie over it, or under it: whoever lives where this one is might as well have one of them.
    pub fn overlays(self) -> impl Iterator<Item = AreaCode> {
        let found = OVERLAYS.binary_search_by_key(&self.digits(), |(code, _)| **code);
        let others: &[&[u8; 3]] = found.map_or(&[], |position| OVERLAYS[position].1);
        others.iter().map(|code| Self::of(**code))
    }

    /// Whether its numbers have a place; toll-free, personal and premium ones have none, and are no local numbers.
    #[must_use]
    pub fn is_geographic(self) -> bool {
        !self.is_toll_free() && !NOWHERE.contains(&&self.digits())
    }

    /// Whether whoever calls it pays nothing.
    #[must_use]
    pub fn is_toll_free(self) -> bool {
        TOLL_FREE.contains(&&self.digits())
    }

    fn place(self) -> Option<&'static str> {
        let position = CODES.binary_search_by_key(&self.digits(), |(code, _)| **code).ok()?;
        Some(CODES[position].1)
    }
}

fn region(place: &'static str) -> Option<Region> {
    place.contains('-').then_some(Region(place))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn code(digits: &str) -> AreaCode {
        digits.parse().unwrap()
    }

    fn all() -> impl Iterator<Item = AreaCode> {
        CODES.iter().map(|(code, _)| AreaCode::of(**code))
    }

    #[test]
    fn an_area_code_belongs_to_its_country() {
        for (digits, country) in [("787", "PR"), ("939", "PR"), ("876", "JM"), ("671", "GU"), ("441", "BM")] {
            assert_eq!(code(digits).other_country().map(|country| country.to_string()).as_deref(), Some(country));
            assert_eq!(code(digits).country(), code(digits).other_country());
        }
        for digits in ["415", "212", "604", "683", "235"] {
            assert_eq!(code(digits).other_country(), None, "the United States', Canada's, or new");
        }
        assert_eq!((code("415").country(), code("416").country()), (Some(CountryCode::US), Some(CountryCode::CA)));
        for digits in ["800", "500", "999"] {
            assert_eq!((code(digits).country(), code(digits).region()), (None, None), "{digits}");
        }
    }

    #[test]
    fn an_area_code_has_a_state_or_a_province() {
        for (digits, region) in [("415", "US-CA"), ("202", "US-DC"), ("416", "CA-ON"), ("902", "CA-NS/PE")] {
            assert_eq!(code(digits).region().map(Region::as_str), Some(region));
        }
        assert_eq!(code("787").region(), None, "Puerto Rico is not divided");
        let alaska = code("907").region().unwrap();
        assert_eq!((alaska.country(), alaska.area_codes().collect::<Vec<_>>()), (CountryCode::US, vec![code("907")]));
        assert!(code("415").region().unwrap().area_codes().any(|other| other == code("213")));
    }

    #[test]
    fn a_region_is_found_by_the_name_of_its_country() {
        let of = |country, name: &str| Region::of(country, name.parse().unwrap()).map(Region::as_str);
        assert_eq!(of(CountryCode::US, "CA"), Some("US-CA"));
        assert_eq!((of(CountryCode::CA, "NS"), of(CountryCode::CA, "PE")), (Some("CA-NS/PE"), Some("CA-NS/PE")));
        for (country, name) in [(CountryCode::CA, "CA"), (CountryCode::US, "ON"), (CountryCode::US, "PR")] {
            assert_eq!(of(country, name), None);
        }
        let maritime = Region::of(CountryCode::CA, "PE".parse().unwrap()).unwrap();
        assert_eq!(maritime.names().map(|name| name.to_string()).collect::<Vec<_>>(), ["NS", "PE"]);
    }

    #[test]
    fn every_place_is_a_country_or_a_region_with_names() {
        for (code, place) in CODES {
            let (country, names) = place.split_once('-').unwrap_or((place, ""));
            assert!(country.parse::<CountryCode>().is_ok(), "{place}");
            let written = names.split('/').filter(|name| !name.is_empty()).count();
            let read = AreaCode::of(**code).region().map_or(0, |region| region.names().count());
            assert_eq!((read, names.is_empty()), (written, !country.parse::<CountryCode>().unwrap().has_area_codes()));
        }
    }

    #[test]
    fn overlays_are_no_equivalence() {
        let over = |digits| code(digits).overlays().map(|other| other.to_string()).collect::<Vec<_>>();
        assert_eq!((over("415"), over("628")), (vec!["628".to_owned()], vec!["415".to_owned()]));
        assert_eq!(over("564"), ["206", "360"]);
        assert_eq!((over("206"), over("360")), (vec!["564".to_owned()], vec!["564".to_owned()]));
        assert!(over("404").contains(&"470".to_owned()) && !over("404").contains(&"770".to_owned()));
        assert_eq!((over("907"), over("800"), over("999")), (vec![], vec![], vec![]));
    }

    #[test]
    fn the_table_is_sorted_and_its_overlays_are_mutual_and_within_a_region() {
        assert!(CODES.is_sorted_by(|(one, _), (next, _)| one < next));
        assert!(OVERLAYS.is_sorted_by(|(one, _), (next, _)| one < next));
        assert!(CODES.len() > 450, "{}", CODES.len());
        for one in all() {
            for other in one.overlays() {
                assert!(other != one && other.overlays().any(|back| back == one), "{one} and {other}");
                assert_eq!((one.country(), one.region()), (other.country(), other.region()), "{one} and {other}");
            }
        }
        let known: BTreeSet<AreaCode> = all().collect();
        assert!(OVERLAYS.iter().all(|(code, _)| known.contains(&AreaCode::of(**code))));
    }

    #[test]
    fn libphonenumber_says_the_same_of_every_country() {
        for code in all() {
            let country = code.country().unwrap();
            // Which subscriber numbers a country has differs; most have one of these. Codes that are newer than its tables
            // are nobody's there.
            let numbers = ["2345678", "5678901", "4701234", "3121234", "4981234", "2341234"];
            let parsed = |rest| phonenumber::parse(None, format!("+1{code}{rest}")).unwrap();
            let said = numbers.iter().filter_map(|rest| parsed(rest).country().id().map(|id| id.as_ref().to_owned()));
            let said: BTreeSet<String> = said.collect();
            let is_newer = said.is_empty() && country.has_area_codes();
            assert!(is_newer || said.contains(country.as_str()), "{code}: {said:?}");
        }
    }

    #[test]
    fn toll_free_personal_and_premium_codes_are_no_places() {
        for digits in ["800", "888", "500", "533", "600", "700", "710", "900"] {
            assert!(!code(digits).is_geographic());
        }
        for digits in ["415", "801", "510", "555", "604", "716", "901", "999"] {
            assert!(code(digits).is_geographic());
        }
        assert!(code("833").is_toll_free() && !code("900").is_toll_free() && !code("415").is_toll_free());
    }

    #[test]
    fn each_code_stands_once() {
        let mut every: Vec<&[u8; 3]> = CODES.iter().map(|(code, _)| *code).chain(NOWHERE).chain(TOLL_FREE).collect();
        let count = every.len();
        every.sort_unstable();
        every.dedup();
        assert_eq!(every.len(), count);
    }
}
