//! The first look of an emergency: what there is for those who wait, before anything is bought.
//!
//! How to get it wrong: waiting for everybody's search. Who has something is served while others are still looked for.

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::time::Instant;

use super::Candidates;
use crate::purchaser::buyer::{Buyer, PoolInForce};
use crate::purchaser::lanes::Lane;
use crate::purchaser::markets::SIDE_BY_SIDE;
use crate::purchaser::run::Run;
use crate::purchaser::search::Search;
use crate::purchaser::shortfall::Shortfall;
use crate::purchaser::traffic::{HANG, Kind as Call};
use crate::twilio::Candidate;

impl Candidates {
    /// The next search of a first look: of lanes that have nothing at all.
    pub(super) fn next_first_search(&mut self, pool: &PoolInForce) -> Option<Search> {
        let fresh = std::mem::take(&mut self.fresh);
        let lacks = |lane: &Lane, _| {
            let answers = |found: &Candidate| lane.rung_of(found.phone_number.area_code()) <= lane.rung();
            lane.wanted > 0 && !fresh.iter().any(answers)
        };
        let search = self.search_where(pool, lacks);
        self.fresh = fresh;
        search
    }

    /// Searches before anything is bought, [`SIDE_BY_SIDE`] at a time, until each lane has something or nowhere left to look. Who
    /// has something waits for the others no longer than a call that moves: what is searched then is searched again beside
    /// the creates. A search that fails ends it only if nobody can be served.
    pub(in crate::purchaser) async fn look_first(
        &mut self,
        buyer: &Buyer,
        run: &Run,
        pool: &PoolInForce,
    ) -> Result<(), Shortfall> {
        let mut open = FuturesUnordered::new();
        let mut until: Option<Instant> = None;
        loop {
            while open.len() < SIDE_BY_SIDE
                && let Some(search) = self.next_first_search(pool)
            {
                let call = run.traffic.call(Call::Search, &pool.keys.pool);
                open.push(search.run(buyer, None, call));
            }
            if open.is_empty() {
                break;
            }
            tokio::select! {
                Some(found) = open.next() => match found {
                    Ok(found) => self.add(found, false),
                    Err(failed) => self.failed(failed)?,
                },
                () = tokio::time::sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => break,
            }
            if self.len() > 0 {
                until.get_or_insert_with(|| Instant::now() + HANG);
            }
        }
        self.begin_anew();
        // Where somebody can be served, the others keep nobody waiting.
        self.failure().filter(|_| self.len() == 0).map_or(Ok(()), Err)
    }
}
