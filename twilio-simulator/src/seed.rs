//! Everything random, derived from one seed by counting: the same calls in the same order give the same SIDs and stock.
//!
//! Invariant: no state here; a caller's counter is the only thing that moves on.
//!
//! How to get it wrong: using one salt for two purposes, which makes two SIDs alike.

/// A well-mixed number for `(seed, salt)` (the finaliser of SplitMix64).
pub(crate) fn mix(seed: u64, salt: u64) -> u64 {
    let mut word = seed.wrapping_add(0x9E37_79B9_7F4A_7C15).wrapping_add(salt.wrapping_mul(0xD134_2543_DE82_EF95));
    for _ in 0..2 {
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^= word >> 31;
    }
    word
}

/// A number that stands for a text, to be used as a salt.
pub(crate) fn salt(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

/// 32 hexadecimal digits, the tail of a SID or a token.
pub(crate) fn hex32(seed: u64, purpose: &str, counter: u64) -> String {
    let high = mix(seed ^ salt(purpose), counter);
    let low = mix(high, counter);
    format!("{high:016x}{low:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn same_seed_same_text_and_no_repeats() {
        assert_eq!(hex32(1, "PN", 7), hex32(1, "PN", 7));
        assert_ne!(hex32(1, "PN", 7), hex32(2, "PN", 7));
        assert_ne!(hex32(1, "PN", 7), hex32(1, "RQ", 7));
        let seen: HashSet<_> = (0..10_000).map(|counter| hex32(1, "PN", counter)).collect();
        assert_eq!(seen.len(), 10_000);
    }
}
