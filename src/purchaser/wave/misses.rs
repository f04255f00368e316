//! Candidates that were not to be had, and when an order stops looking for others.
//!
//! Invariant: an order ends after so many misses, with Twilio's last word if it said any.
//! How to get it wrong: counting "taken" as a reason of Twilio's. It is the everyday answer to whoever was slower.

use std::collections::BTreeMap;

use crate::purchaser::shortfall::Shortfall;
use crate::twilio::TwilioError;

/// Candidates in an order that may turn out not to be had, beyond the order's own size.
const SPARE: u32 = 30;
/// Different numbers that were refused with the same code, without a purchase between.
const REFUSED_ALIKE_MAX: u32 = 4;

/// The misses of one order.
pub(super) struct Misses {
    left: u32,
    last: Option<TwilioError>,
    alike: BTreeMap<String, u32>,
}

impl Misses {
    pub(super) fn new(remaining: u32) -> Self {
        Self { left: remaining + SPARE, last: None, alike: BTreeMap::new() }
    }

    /// One was bought: what was refused before concerned its numbers.
    pub(super) fn bought(&mut self) {
        self.alike.clear();
    }

    /// Twilio refused a number; why the order should end, if it should. One code about several numbers in a row concerns no
    /// number: the order ends with Twilio's word.
    pub(super) fn refused(&mut self, failure: Option<TwilioError>) -> Option<Shortfall> {
        let alike = failure.clone().filter(|failure| self.is_one_too_many(failure)).map(Shortfall::Twilio);
        self.last = failure.or(self.last.take());
        alike.or(self.known())
    }

    /// Somebody has the number, as our own ledger says; why the order should end, if it should.
    pub(super) fn known(&mut self) -> Option<Shortfall> {
        self.left = self.left.saturating_sub(1);
        (self.left == 0).then(|| self.last.clone().map_or(Shortfall::NoStock, Shortfall::Twilio))
    }

    fn is_one_too_many(&mut self, failure: &TwilioError) -> bool {
        if failure.is_taken() {
            return false;
        }
        let count = self.alike.entry(failure.error_code()).or_default();
        *count += 1;
        *count >= REFUSED_ALIKE_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twilio::{About, Refusal};

    /// Twilio's "not available".
    const TAKEN: i32 = 21422;

    fn refusal(code: i32) -> TwilioError {
        let message = "no".to_owned();
        let (retry_after, request_id, about) = (None, None, About::Number);
        TwilioError::Refused(Refusal { status: 400, code: Some(code), message, retry_after, request_id, about })
    }

    #[test]
    fn one_code_about_several_numbers_ends_an_order_and_a_purchase_between_forgives() {
        let mut misses = Misses::new(1);
        for _several in 0..3 {
            assert!(misses.refused(Some(refusal(29_999))).is_none());
            assert!(misses.refused(Some(refusal(TAKEN))).is_none());
        }
        misses.bought();
        for _several in 0..3 {
            assert!(misses.refused(Some(refusal(29_999))).is_none());
        }
        assert!(misses.refused(Some(refusal(29_998))).is_none(), "another code");
        assert!(matches!(misses.refused(Some(refusal(29_999))), Some(Shortfall::Twilio(_))));
    }

    #[test]
    fn an_order_ends_after_so_many_misses_with_twilios_last_word_if_there_is_one() {
        let mut silent = Misses::new(1);
        assert!((0..30).all(|_| silent.known().is_none()));
        assert!(matches!(silent.known(), Some(Shortfall::NoStock)));
        let mut told = Misses::new(1);
        assert!(told.refused(Some(refusal(TAKEN))).is_none());
        assert!((0..29).all(|_| told.known().is_none()));
        assert!(matches!(told.refused(None), Some(Shortfall::Twilio(_))));
    }
}
