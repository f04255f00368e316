//! A history with so many times its requests, for whoever asks what more or fewer of them would do.
//!
//! Invariant: the same history and factor give the same requests; a factor of one changes nothing.
//! How to get it wrong: moving instants. A crowd twice as large comes in the same minutes.

/// Each request so many times, each fraction of one by a draw of its own.
#[must_use]
pub fn times(asked: &[i64], factor: f64) -> Vec<i64> {
    let whole = factor.max(0.0).floor();
    let rest = factor.max(0.0) - whole;
    let mut all = Vec::with_capacity((asked.len() as f64 * factor.max(0.0)) as usize + 1);
    for (place, at) in asked.iter().enumerate() {
        let count = whole as usize + usize::from(draw(place as u64) < rest);
        all.extend(std::iter::repeat_n(*at, count));
    }
    all
}

/// Between zero and one, the same for the same place: SplitMix64.
fn draw(place: u64) -> f64 {
    let mut mixed = place.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_repeated_or_left_out() {
        let asked: Vec<i64> = (0..10_000).collect();
        assert_eq!(times(&asked, 1.0), asked);
        assert_eq!(times(&asked[..2], 3.0), [0, 0, 0, 1, 1, 1]);
        assert_eq!(times(&asked, 0.0), [0_i64; 0]);
        for factor in [0.1, 0.5, 1.7, 2.25] {
            let count = times(&asked, factor).len() as f64;
            assert!((count / 10_000.0 - factor).abs() < 0.02, "{factor}: {count}");
            assert_eq!(times(&asked, factor), times(&asked, factor));
        }
    }
}
