//! Which numbers to try: searches in turn, without those that are known, in random order.
//!
//! Every searcher of one query sees the same first rows, so whoever takes them in order meets everybody else there.
//! Invariant: a number is tried at most once per order. How to get it wrong: calling a search dry that only showed
//! numbers which are in flight; it may show others once these are bought.

use std::collections::HashSet;

use rand::seq::SliceRandom as _;
use uuid::Uuid;

use super::buyer::{Buyer, PoolInForce};
use super::markets::Places;
use super::pool_breaker::halt_pool;
use super::shortfall::Shortfall;
use crate::db::purchases::items::items_known_numbers;
use crate::domain::{Kind, Market, PhoneNumber, Place, PoolKey, PoolName};
use crate::twilio::{BackOff, Candidate, TwilioError, Verdict};

/// The candidates of one order, or of the orders of one emergency run.
pub(super) struct Candidates {
    pub(super) kind: Kind,
    places: Places,
    fresh: Vec<Candidate>,
    tried: HashSet<PhoneNumber>,
    /// The last search showed nothing new while creates were in flight.
    dry: bool,
}

/// A search to run beside the creates.
#[derive(Debug, Clone)]
pub(super) struct Search {
    pool: PoolName,
    market: Market,
}

impl Candidates {
    pub(super) fn new(kind: Kind, places: Places) -> Self {
        Self { kind, places, fresh: Vec::new(), tried: HashSet::new(), dry: false }
    }

    pub(super) fn len(&self) -> usize {
        self.fresh.len()
    }

    /// Up to `most` numbers that were not tried yet.
    pub(super) fn take(&mut self, most: usize) -> Vec<Candidate> {
        self.fresh.split_off(self.fresh.len().saturating_sub(most))
    }

    /// Whether there is nowhere left to look.
    pub(super) fn are_exhausted(&self) -> bool {
        self.places.is_empty() && self.fresh.is_empty()
    }

    /// The next search, if there is anything to search for now.
    pub(super) fn next_search(&self, pool: &PoolInForce) -> Option<Search> {
        let place = self.places.front().filter(|_| !self.dry)?;
        Some(Search { pool: pool.keys.pool.clone(), market: pool.market(self.kind, place.clone()) })
    }

    /// Takes what a search found. With nothing in flight, a search without news ends its place.
    pub(super) fn add(&mut self, found: Vec<Candidate>, in_flight: bool) {
        let mut news: Vec<Candidate> =
            found.into_iter().filter(|found| self.tried.insert(found.phone_number.clone())).collect();
        if news.is_empty() {
            if in_flight {
                self.dry = true;
            } else {
                self.places.pop_front();
            }
        }
        news.shuffle(&mut rand::rng());
        self.fresh.append(&mut news);
    }

    /// A create ended: a search may show others now.
    pub(super) fn moved(&mut self) {
        self.dry = false;
    }
}

impl Search {
    /// Asks Twilio, and leaves out what the ledger knows.
    pub(super) async fn run(self, buyer: &Buyer, order_id: Option<Uuid>) -> Result<Vec<Candidate>, Shortfall> {
        let found = self.ask(buyer).await?;
        fail::fail_point!("search_answered");
        let asked: Vec<PhoneNumber> = found.iter().map(|found| found.phone_number.clone()).collect();
        let known = buyer
            .db
            .run_patiently("items_known_numbers", move |conn| {
                let numbers: Vec<&str> = asked.iter().map(PhoneNumber::as_str).collect();
                items_known_numbers(conn, order_id, &numbers)
            })
            .await?;
        let known: HashSet<String> = known.into_iter().collect();
        Ok(found.into_iter().filter(|found| !known.contains(found.phone_number.as_str())).collect())
    }

    async fn ask(&self, buyer: &Buyer) -> Result<Vec<Candidate>, Shortfall> {
        let Self { pool, market } = self;
        let kind = market.kind;
        let search = || buyer.twilio.search(market);
        match BackOff::PACE.repeat("a search", &buyer.log, &buyer.stopping, search).await {
            Ok(found) => {
                if found.odd > 0 {
                    buyer.telemetry.rows_unreadable(pool, found.odd);
                    slog::warn!(buyer.log, "rows of a search could not be read and are no candidates"; "rows" => found.odd, "pool" => pool.as_str(),
                        "country" => kind.country.as_str(), "number_type" => kind.number_type.as_str());
                }
                Ok(found.candidates)
            }
            // An area code without numbers may be told as an error: the next place may have some.
            Err(TwilioError::Refused(refusal)) if refusal.has_none_there() => Ok(Vec::new()),
            Err(failure) => {
                slog::warn!(buyer.log, "a search failed"; "country" => kind.country.as_str(),
                    "number_type" => kind.number_type.as_str(), "area_code" => area_code(market), "cause" => failure.for_log(),
                    "twilio_code" => failure.twilio_code(), "request_id" => failure.request_id());
                Err(self.shortfall(buyer, failure).await)
            }
        }
    }
}

impl Search {
    /// What a search that failed means for whoever wanted it. That Twilio sells no such numbers is the pool's fault, if they are
    /// what it holds.
    async fn shortfall(&self, buyer: &Buyer, failure: TwilioError) -> Shortfall {
        if buyer.halt_on(&failure).await {
            return Shortfall::Halted(failure);
        }
        let Some(pool) = buyer.pool(&self.pool) else { return Shortfall::Unconfigured };
        let is_none_such = matches!(&failure, TwilioError::Refused(refusal)
            if refusal.verdict() == Verdict::HaltPool(PoolKey::NumberType));
        if is_none_such && self.market.kind == pool.kind {
            let needs = halt_pool(buyer, &pool.keys, PoolKey::NumberType, &failure).await;
            return Shortfall::of_pool(needs, &failure);
        }
        Shortfall::Twilio(failure)
    }
}

/// The area code that is searched, if one is.
fn area_code(market: &Market) -> Option<&str> {
    match &market.place {
        Place::Code(area_code) => Some(area_code.as_str()),
        Place::Anywhere | Place::Region(_) | Place::Locality { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::pool_halts::Keys;
    use crate::domain::{CountryCode, NumberType, Papers};

    const US: Kind = Kind { country: CountryCode::US, number_type: NumberType::Local };

    fn pool() -> PoolInForce {
        PoolInForce {
            keys: Keys::default(),
            kind: US,
            area_codes: Vec::new(),
            place: Place::Anywhere,
            contains: None,
            capabilities: Vec::new(),
            papers: Papers::default(),
        }
    }

    fn numbers(texts: &[&str]) -> Vec<Candidate> {
        texts.iter().map(|text| Candidate { phone_number: text.parse().unwrap(), says_none: true }).collect()
    }

    #[test]
    fn a_number_is_tried_once_and_an_empty_place_gives_way_to_the_next() {
        let mut candidates = Candidates::new(US, Places::from([Place::Code("415".parse().unwrap()), Place::Anywhere]));
        candidates.add(numbers(&["+14155550101", "+14155550102"]), false);
        assert_eq!(candidates.take(5).len(), 2);
        candidates.add(numbers(&["+14155550101"]), false);
        assert_eq!(candidates.next_search(&pool()).unwrap().market.place, Place::Anywhere);
        candidates.add(Vec::new(), false);
        assert!(candidates.are_exhausted());
    }

    #[test]
    fn a_search_that_shows_only_what_is_in_flight_is_repeated_after_a_create_ended() {
        let mut candidates = Candidates::new(US, Places::from([Place::Anywhere]));
        candidates.add(numbers(&["+14155550101"]), false);
        candidates.take(1);
        candidates.add(numbers(&["+14155550101"]), true);
        assert!(candidates.next_search(&pool()).is_none() && !candidates.are_exhausted());
        candidates.moved();
        assert!(candidates.next_search(&pool()).is_some());
    }
}
