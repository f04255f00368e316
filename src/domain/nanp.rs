//! What an area code of the North American numbering plan (+1) says of its country, and whether it says any.
//!
//! Whose code is which is told by the plan's administrator, <https://www.nanpa.com/numbering>; a test holds the countries here
//! against those of libphonenumber's tables. Only what is neither the United States' nor Canada's is listed, so that a code
//! which is new in either of them is never refused. US territories have ISO codes of their own, and Twilio sells their
//! numbers under these.
//! How to get it wrong: listing the codes that are valid. New ones come several times a year.

use super::region::{AreaCode, CountryCode};

/// Codes of the plan's other countries and of the US territories.
const OTHERS: [(&[u8; 3], &[u8; 2]); 27] = [
    (b"242", b"BS"),
    (b"246", b"BB"),
    (b"264", b"AI"),
    (b"268", b"AG"),
    (b"284", b"VG"),
    (b"340", b"VI"),
    (b"345", b"KY"),
    (b"441", b"BM"),
    (b"473", b"GD"),
    (b"649", b"TC"),
    (b"658", b"JM"),
    (b"664", b"MS"),
    (b"670", b"MP"),
    (b"671", b"GU"),
    (b"684", b"AS"),
    (b"721", b"SX"),
    (b"758", b"LC"),
    (b"767", b"DM"),
    (b"784", b"VC"),
    (b"787", b"PR"),
    (b"809", b"DO"),
    (b"829", b"DO"),
    (b"849", b"DO"),
    (b"868", b"TT"),
    (b"869", b"KN"),
    (b"876", b"JM"),
    (b"939", b"PR"),
];

fn other_country(code: [u8; 3]) -> Option<CountryCode> {
    OTHERS.iter().find(|(known, _)| **known == code).map(|(_, letters)| CountryCode::of(**letters))
}

/// Codes that are no place's: toll-free, personal (5YY), Canada's services (6YY), carriers' own (700), the government's
/// (710), premium (900).
const NOWHERE: [&[u8; 3]; 51] = [
    b"800", b"822", b"833", b"844", b"855", b"866", b"877", b"888", b"500", b"521", b"522", b"523", b"524", b"525",
    b"526", b"527", b"528", b"529", b"532", b"533", b"535", b"538", b"542", b"543", b"544", b"545", b"546", b"547",
    b"549", b"550", b"552", b"553", b"554", b"556", b"558", b"566", b"569", b"577", b"578", b"588", b"589", b"600",
    b"622", b"633", b"644", b"655", b"677", b"688", b"700", b"710", b"900",
];

fn is_geographic(code: [u8; 3]) -> bool {
    !NOWHERE.iter().any(|known| **known == code)
}

impl AreaCode {
    /// Whether its numbers have a place; toll-free, personal and premium ones have none, and are no local numbers.
    #[must_use]
    pub fn is_geographic(self) -> bool {
        is_geographic(self.digits())
    }

    /// Its country, if that is another than the United States or Canada, which share the rest of the plan.
    #[must_use]
    pub fn other_country(self) -> Option<CountryCode> {
        other_country(self.digits())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_code_belongs_to_its_country() {
        for (code, country) in [(b"787", "PR"), (b"939", "PR"), (b"876", "JM"), (b"671", "GU"), (b"441", "BM")] {
            assert_eq!(other_country(*code).map(|country| country.as_str().to_owned()).as_deref(), Some(country));
        }
        for code in [b"415", b"212", b"604", b"683", b"235"] {
            assert_eq!(other_country(*code), None, "the United States', Canada's, or new");
        }
    }

    #[test]
    fn libphonenumber_says_the_same_of_every_country() {
        for (code, letters) in OTHERS {
            let (code, letters) = (std::str::from_utf8(code).unwrap(), std::str::from_utf8(letters).unwrap());
            // Which subscriber numbers a country has differs; most have one of these.
            let numbers = ["2345678", "5678901", "4701234", "3121234", "4981234", "2341234"];
            let said = numbers.iter().filter_map(|rest| {
                let number: crate::domain::PhoneNumber = format!("+1{code}{rest}").parse().unwrap();
                number.country().map(|country| country.as_str().to_owned())
            });
            assert!(said.into_iter().any(|country| country == letters), "{code} is {letters}");
        }
    }

    #[test]
    fn toll_free_personal_and_premium_codes_are_no_places() {
        for code in [b"800", b"888", b"500", b"533", b"600", b"700", b"710", b"900"] {
            assert!(!is_geographic(*code));
        }
        for code in [b"415", b"801", b"510", b"555", b"604", b"716", b"901", b"999"] {
            assert!(is_geographic(*code));
        }
    }

    #[test]
    fn each_code_stands_once() {
        let mut all: Vec<&[u8; 3]> = OTHERS.iter().map(|(code, _)| *code).chain(NOWHERE).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
