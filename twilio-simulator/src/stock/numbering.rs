//! How numbers are laid out: a pool's index becomes a number and a number an index, without storing either.
//!
//! Invariants: `number` is a bijection between `0..size` and the numbers of the area, so no number is generated twice and
//! membership is arithmetic. North American exchanges are never `N11`, `555` or below 200, as in the real plan.
//!
//! How to get it wrong: a multiplier that shares a factor with the size; then two indexes give one number.

use crate::seed::{mix, salt};

/// The numbers of one area: a calling code, an area code, and a permutation of what follows.
#[derive(Clone, Debug)]
pub(crate) struct Numbering {
    prefix: u64,
    local_space: u64,
    layout: Layout,
    size: u64,
    multiplier: u64,
    inverse: u64,
    offset: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// NXX-XXXX behind a three-digit area code.
    NorthAmerican,
    /// A fixed first digit, the others free.
    Plain { first: u64 },
}

const NORTH_AMERICAN_DIGITS: usize = 10;
const EXCHANGES: u64 = 791; // 200..=999 without the eight N11 and without 555

impl Numbering {
    /// `calling_code` and `area` are digits; behind the calling code there are `national_digits` of them.
    pub(crate) fn new(seed: u64, calling_code: &str, national_digits: usize, area: &str) -> Self {
        let prefix = format!("{calling_code}{area}").parse().expect("callers pass digits only");
        let digits = u32::try_from(national_digits.saturating_sub(area.len()).clamp(2, 15)).expect("at most 15");
        let local_space = 10_u64.pow(digits);
        let (layout, size) = if calling_code == "1" {
            (Layout::NorthAmerican, EXCHANGES * 10_000)
        } else {
            (Layout::Plain { first: 3 * (local_space / 10) }, local_space / 10)
        };
        let key = mix(seed, salt(&format!("{calling_code}-{area}")));
        let mut multiplier = key % size;
        while gcd(multiplier, size) != 1 {
            multiplier = (multiplier + 1) % size;
        }
        Self {
            prefix,
            local_space,
            layout,
            size,
            multiplier,
            inverse: inverse(multiplier, size),
            offset: mix(key, 1) % size,
        }
    }

    /// How many numbers the area can hold at most.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The number at an index below `size`, as the digits of its E.164 form.
    pub(crate) fn number(&self, index: u64) -> u64 {
        let rank = (times(self.multiplier, index, self.size) + self.offset) % self.size;
        let local = match self.layout {
            Layout::NorthAmerican => exchange(rank / 10_000) * 10_000 + rank % 10_000,
            Layout::Plain { first } => first + rank,
        };
        self.prefix * self.local_space + local
    }

    /// The index of a number, if it is one of this area.
    pub(crate) fn index(&self, number: u64) -> Option<u64> {
        if number / self.local_space != self.prefix {
            return None;
        }
        let local = number % self.local_space;
        let rank = match self.layout {
            Layout::NorthAmerican => exchange_rank(local / 10_000)? * 10_000 + local % 10_000,
            Layout::Plain { first } => local.checked_sub(first).filter(|rank| *rank < self.size)?,
        };
        Some(times(rank + self.size - self.offset, self.inverse, self.size))
    }
}

/// The digits of an E.164 number, or nothing when it is none.
pub(crate) fn parse_e164(text: &str) -> Option<u64> {
    let digits = text.strip_prefix('+')?;
    let plausible = (7..=15).contains(&digits.len()) && !digits.starts_with('0');
    if plausible && digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// Whether the plan of its country knows such numbers at all; unknown countries are believed.
pub(crate) fn possible(number: u64) -> bool {
    let digits = number.to_string();
    match digits.strip_prefix('1') {
        Some(national) => {
            let area_and_exchange = national.len() == NORTH_AMERICAN_DIGITS
                && !national.starts_with(['0', '1'])
                && !national[3..].starts_with(['0', '1']);
            area_and_exchange && &national[1..3] != "11"
        }
        None => true,
    }
}

pub(crate) fn e164(number: u64) -> String {
    format!("+{number}")
}

/// `(415) 555-0100` in North America, E.164 elsewhere: Twilio's default FriendlyName.
pub(crate) fn friendly(phone_number: &str) -> String {
    match phone_number.strip_prefix("+1") {
        Some(national) if national.len() == NORTH_AMERICAN_DIGITS && national.is_ascii() => {
            format!("({}) {}-{}", &national[..3], &national[3..6], &national[6..])
        }
        _ => phone_number.to_owned(),
    }
}

/// The exchanges in use, ascending.
const EXCHANGE_TABLE: [u64; EXCHANGES as usize] = {
    let (mut table, mut rank, mut exchange) = ([0; EXCHANGES as usize], 0, 200);
    while exchange <= 999 {
        if exchange % 100 != 11 && exchange != 555 {
            table[rank] = exchange;
            rank += 1;
        }
        exchange += 1;
    }
    table
};

fn exchange(rank: u64) -> u64 {
    EXCHANGE_TABLE[usize::try_from(rank).expect("there are 791 exchanges")]
}

fn exchange_rank(wanted: u64) -> Option<u64> {
    EXCHANGE_TABLE.binary_search(&wanted).ok().map(|rank| rank as u64)
}

fn times(left: u64, right: u64, modulus: u64) -> u64 {
    let product = u128::from(left) * u128::from(right) % u128::from(modulus);
    u64::try_from(product).expect("below the modulus")
}

fn gcd(left: u64, right: u64) -> u64 {
    if right == 0 { left } else { gcd(right, left % right) }
}

/// The inverse of a unit of the ring of integers modulo `modulus` (extended Euclid).
fn inverse(unit: u64, modulus: u64) -> u64 {
    let (mut previous, mut rest) = (i128::from(modulus), i128::from(unit));
    let (mut before, mut factor) = (0_i128, 1_i128);
    while rest != 0 {
        let quotient = previous / rest;
        (previous, rest) = (rest, previous - quotient * rest);
        (before, factor) = (factor, before - quotient * factor);
    }
    u64::try_from(before.rem_euclid(i128::from(modulus))).expect("a remainder of a u64")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn index_and_number_are_inverse() {
        for (calling_code, digits, area) in [
            ("1", 10, "415"),
            ("1", 10, "833"),
            ("44", 10, "20"),
            ("44", 10, "161"),
            ("44", 10, "7400"),
            ("49", 11, "1512"),
            ("61", 9, "412"),
        ] {
            let numbering = Numbering::new(7, calling_code, digits, area);
            let mut seen = HashSet::new();
            for index in (0..2_000).chain(numbering.size() - 2_000..numbering.size()) {
                let number = numbering.number(index);
                assert_eq!(numbering.index(number), Some(index));
                assert!(possible(number), "{number}");
                assert!(seen.insert(number));
                assert!(number.to_string().starts_with(&format!("{calling_code}{area}")));
                assert_eq!(number.to_string().len(), calling_code.len() + digits);
            }
        }
    }

    #[test]
    fn strangers_have_no_index() {
        let numbering = Numbering::new(7, "1", 10, "415");
        assert_eq!(numbering.index(16_282_000_000), None);
        assert_eq!(numbering.index(14_155_550_100), None);
        assert_eq!(numbering.index(14_159_110_100), None);
    }

    #[test]
    fn e164_is_checked() {
        assert_eq!(parse_e164("+14155550100"), Some(14_155_550_100));
        for bad in ["14155550100", "+0415555", "+1 415", "+", "+1415555010012345", "+123456"] {
            assert_eq!(parse_e164(bad), None, "{bad}");
        }
        assert!(!possible(10_155_550_100) && !possible(14_150_550_100) && possible(14_155_550_100));
        assert_eq!(friendly("+14155550100"), "(415) 555-0100");
        assert_eq!(friendly("+442012345678"), "+442012345678");
    }
}
