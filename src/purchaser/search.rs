//! One search of Twilio's stock, and what it found: without what the ledger knows.
//!
//! Invariant: "none there" is an answer, whether Twilio tells it as no rows or as an error; every other error is one.
//! How to get it wrong: calling a search empty that showed only what is known. It may show others once these are bought.

use std::collections::HashSet;

use uuid::Uuid;

use super::buyer::{Buyer, PoolInForce};
use super::pool_breaker::halt_pool;
use super::shortfall::Shortfall;
use super::traffic::OpenCall;
use crate::db::pool_halts::Keys;
use crate::db::purchases::items::items_known_numbers;
use crate::domain::{Kind, Market, PhoneNumber, Place, PoolKey};
use crate::twilio::{BackOff, Candidate, TwilioError, Verdict};

/// A search to run, perhaps beside creates.
#[derive(Debug, Clone)]
pub(super) struct Search {
    market: Market,
    /// Of which pool, under which keys.
    keys: Keys,
    /// Whether it is for what the pool holds.
    is_of_the_pool: bool,
    /// For whom.
    asked: Asked,
}

/// Which lane asks, and which of the pool's wishes it asks by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked {
    /// The lane.
    pub(super) lane: usize,
    /// So often the pool's wishes had changed.
    pub(super) changes: u32,
}

/// A search that found out nothing.
#[derive(Debug)]
pub(super) struct Failed {
    /// The lane that it was for.
    pub(super) asked: Asked,
    /// What that means for whoever wanted it.
    pub(super) shortfall: Shortfall,
}

/// What a search found.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// The lane that it was for.
    pub(super) asked: Asked,
    /// Where it looked.
    pub(super) place: Place,
    /// Numbers that the ledger does not know.
    pub(super) candidates: Vec<Candidate>,
    /// Whether there is nothing at all, known or not.
    pub(super) none_there: bool,
}

impl Search {
    /// A search at `place` for a lane that wants numbers of `kind`.
    pub(super) fn new(pool: &PoolInForce, kind: Kind, place: Place, asked: Asked) -> Self {
        Self { market: pool.market(kind, place), keys: pool.keys.clone(), is_of_the_pool: kind == pool.kind, asked }
    }

    /// Where it looks.
    #[cfg(test)]
    pub(super) fn place(&self) -> &Place {
        &self.market.place
    }

    /// For which lane.
    #[cfg(test)]
    pub(super) fn asked(&self) -> Asked {
        self.asked
    }

    /// Asks Twilio, and leaves out what the ledger knows. `call` is what others see of it until it is answered.
    pub(super) async fn run(self, buyer: &Buyer, order_id: Option<Uuid>, call: OpenCall) -> Result<Found, Failed> {
        let asked = self.asked;
        self.find(buyer, order_id, &call).await.map_err(|shortfall| Failed { asked, shortfall })
    }

    async fn find(self, buyer: &Buyer, order_id: Option<Uuid>, call: &OpenCall) -> Result<Found, Shortfall> {
        let found = self.ask(buyer, call).await?;
        fail::fail_point!("search_answered");
        let none_there = found.is_empty();
        let asked: Vec<PhoneNumber> = found.iter().map(|found| found.phone_number.clone()).collect();
        let known = buyer
            .db
            .run_patiently("items_known_numbers", move |conn| {
                let numbers: Vec<&str> = asked.iter().map(PhoneNumber::as_str).collect();
                items_known_numbers(conn, order_id, &numbers)
            })
            .await?;
        let known: HashSet<String> = known.into_iter().collect();
        let candidates = found.into_iter().filter(|found| !known.contains(found.phone_number.as_str())).collect();
        Ok(Found { asked: self.asked, place: self.market.place, candidates, none_there })
    }

    async fn ask(&self, buyer: &Buyer, call: &OpenCall) -> Result<Vec<Candidate>, Shortfall> {
        let (kind, pool) = (self.market.kind, &self.keys.pool);
        let search = || async {
            call.moves();
            let answer = buyer.twilio.search(&self.market).await;
            call.moves();
            answer
        };
        match BackOff::PACE.repeat("a search", &buyer.log, &buyer.stopping, search).await {
            Ok(found) => {
                if found.odd > 0 {
                    buyer.telemetry.rows_unreadable(pool, found.odd);
                    slog::warn!(buyer.log, "rows of a search could not be read and are no candidates"; "rows" => found.odd,
                        "pool" => pool.as_str(), "country" => kind.country.as_str(), "number_type" => kind.number_type.as_str());
                }
                Ok(found.candidates)
            }
            // An area code without numbers may be told as an error: the next place may have some.
            Err(TwilioError::Refused(refusal)) if refusal.has_none_there() => Ok(Vec::new()),
            Err(failure) => {
                slog::warn!(buyer.log, "a search failed"; "pool" => pool.as_str(), "country" => kind.country.as_str(),
                    "number_type" => kind.number_type.as_str(), "area_code" => area_code(&self.market), "cause" => failure.for_log(),
                    "twilio_code" => failure.twilio_code(), "request_id" => failure.request_id());
                Err(self.shortfall(buyer, failure).await)
            }
        }
    }

    /// What a search that failed means for whoever wanted it. That Twilio sells no such numbers is the pool's fault, if they are
    /// what it holds.
    async fn shortfall(&self, buyer: &Buyer, failure: TwilioError) -> Shortfall {
        if buyer.halt_on(&failure).await {
            return Shortfall::Halted(failure);
        }
        let is_none_such = matches!(&failure, TwilioError::Refused(refusal)
            if refusal.verdict() == Verdict::HaltPool(PoolKey::NumberType));
        if is_none_such && self.is_of_the_pool {
            // Where Twilio does not say, the type is the likelier cause.
            let sells = buyer.twilio.sells_in(self.market.kind.country).await.unwrap_or(true);
            let key = if sells { PoolKey::NumberType } else { PoolKey::Country };
            let needs = halt_pool(buyer, &self.keys, key, &failure).await;
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
