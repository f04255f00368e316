//! Everything that is for sale: the pools of all countries, and which numbers are gone.
//!
//! Invariants: a number that is gone (owned, released, taken by somebody else) is never for sale again before a reset; the
//! same query gives the same rows in the same order as long as nothing is taken. Memory grows with what is gone, not with
//! what is for sale.
//!
//! How to get it wrong: handing out a number without `take`; two buyers would both get it.

mod changes;
pub(crate) mod kind;
pub(crate) mod marks;
pub(crate) mod numbering;
pub(crate) mod places;
pub(crate) mod pool;
pub(crate) mod query;
pub(crate) mod rules;

use std::collections::{BTreeMap, HashMap, HashSet};

use kind::NumberKind;
use marks::{Bent, Marks};
use numbering::Numbering;
use places::{Country, PLACELESS, PLACES};
use pool::Pool;
use query::Query;
use rules::{AddressRequirement, Rules};

use crate::seed::{mix, salt};

/// How many numbers one search looks at before it gives up finding more.
const EXAMINED_MAX: u64 = 200_000;

#[derive(Debug)]
pub(crate) struct Stock {
    seed: u64,
    pools: Vec<Pool>,
    /// Calling code and area code, to the pool.
    by_area: HashMap<(&'static str, String), usize>,
    /// The pools of a country and kind in the order in which searches walk them.
    order: BTreeMap<(&'static str, NumberKind), Vec<usize>>,
    gone: HashSet<u64>,
    pub(crate) marks: Marks,
    pub(crate) rules: Rules,
}

impl Stock {
    pub(crate) fn new(seed: u64, per_area_code: u64) -> Self {
        let mut stock = Self {
            seed,
            pools: Vec::new(),
            by_area: HashMap::new(),
            order: BTreeMap::new(),
            gone: HashSet::new(),
            marks: Marks::default(),
            rules: Rules::new(),
        };
        for (code, place, areas) in PLACES {
            for area in areas.split_whitespace() {
                stock.add(code, NumberKind::Local, area, Some(place), per_area_code);
            }
        }
        for (code, kind, areas) in PLACELESS {
            for area in areas.split_whitespace() {
                stock.add(code, *kind, area, None, per_area_code);
            }
        }
        stock
    }

    fn add(
        &mut self,
        code: &str,
        kind: NumberKind,
        area: &str,
        place: Option<&'static places::Place>,
        limit: u64,
    ) -> usize {
        let country = places::country(code).expect("only listed countries are added");
        let numbering = Numbering::new(self.seed, country.calling_code, country.national_digits, area);
        let position = self.pools.len();
        self.pools.push(Pool::new(country, kind, area, place, numbering, limit));
        self.by_area.insert((country.calling_code, area.to_owned()), position);
        let order = self.order.entry((country.code, kind)).or_default();
        order.push(position);
        let (pools, seed) = (&self.pools, self.seed);
        order.sort_by_key(|position| mix(seed, salt(&pools[*position].area)));
        position
    }

    /// The pool that a number belongs to.
    pub(crate) fn pool_of(&self, number: u64) -> Option<&Pool> {
        self.position_of(number).map(|position| &self.pools[position])
    }

    fn position_of(&self, number: u64) -> Option<usize> {
        let digits = number.to_string();
        let calling_code = places::calling(number)?.calling_code;
        let national = digits.strip_prefix(calling_code)?;
        let mut areas = (2..=4).rev().filter_map(|length| national.get(..length));
        areas.find_map(|area| self.by_area.get(&(calling_code, area.to_owned())).copied())
    }

    /// The country a number belongs to, also when its area code is not stocked.
    pub(crate) fn country_of(&self, number: u64) -> Option<&'static Country> {
        match self.pool_of(number) {
            Some(pool) => places::country(pool.country),
            None => places::calling(number),
        }
    }

    /// Which address a buyer of this number of the pool must show.
    pub(crate) fn address_of(&self, number: u64, pool: &Pool) -> AddressRequirement {
        let bound = if self.marks.bound(number) { AddressRequirement::Any } else { AddressRequirement::None };
        self.rules.of(pool.country, pool.kind).address_of(number).or(bound)
    }

    pub(crate) fn available(&self, number: u64) -> bool {
        !self.gone.contains(&number)
            && !self.marks.ghost(number)
            && self.pool_of(number).is_some_and(|pool| pool.offers(number))
    }

    /// Takes a number off the market, whether it was for sale or not.
    pub(crate) fn take(&mut self, number: u64) {
        self.gone.insert(number);
        if let Some(position) = self.position_of(number) {
            self.pools[position].pass_gone(&self.gone);
        }
    }

    /// The first number for sale in a North American area code.
    pub(crate) fn first_in_area(&self, area: &str) -> Option<u64> {
        let position = *self.by_area.get(&("1", area.to_owned()))?;
        self.pools[position].free(&self.gone).find(|number| !self.marks.ghost(*number))
    }

    /// The rows of a search, one pool after the other in turn.
    pub(crate) fn search(
        &self,
        country: &Country,
        kind: NumberKind,
        query: &Query,
        bent: Bent,
        rows_max: usize,
    ) -> Vec<(u64, &Pool)> {
        let positions = self.order.get(&(country.code, kind)).map_or(&[][..], Vec::as_slice);
        let passes = |number, pool: &Pool| {
            query.matches(number)
                && (bent.ghosts || !self.marks.ghost(number))
                && (bent.addresses || !query.excludes(self.address_of(number, pool)))
        };
        let all_need = self.rules.of(country.code, kind).address_of_all();
        let pools = positions.iter().map(|position| &self.pools[*position]);
        let mut walks: Vec<_> =
            pools.filter(|pool| query.admits(pool, all_need)).map(|pool| (pool, pool.free(&self.gone))).collect();
        let (mut rows, mut examined) = (Vec::new(), 0);
        while !walks.is_empty() && rows.len() < rows_max && examined < EXAMINED_MAX {
            walks.retain_mut(|(pool, free)| {
                if rows.len() >= rows_max {
                    return true;
                }
                let found = free.find(|number| {
                    examined += 1;
                    passes(*number, pool) || examined >= EXAMINED_MAX
                });
                match found {
                    Some(number) if passes(number, pool) => rows.push((number, *pool)),
                    Some(_) => {}
                    None => return false,
                }
                true
            });
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::parameters::Parameters;

    fn query(encoded: &[u8]) -> Query {
        Query::parse(&Parameters::parse(encoded), true).unwrap()
    }

    fn rows(stock: &Stock, query: &Query) -> Vec<u64> {
        let us = places::country("US").unwrap();
        stock.search(us, NumberKind::Local, query, Bent::default(), 30).into_iter().map(|(number, _)| number).collect()
    }

    #[test]
    fn searching_reserves_nothing_and_taking_removes() {
        let mut stock = Stock::new(1, 2_000);
        let query = query(b"AreaCode=415");
        let first = rows(&stock, &query);
        assert_eq!(first.len(), 30);
        assert_eq!(first, rows(&stock, &query));
        stock.take(first[0]);
        assert!(!stock.available(first[0]) && stock.available(first[1]));
        assert_eq!(first[1..], rows(&stock, &query)[..29]);
        assert_ne!(first, rows(&Stock::new(2, 2_000), &query));
    }

    #[test]
    fn stock_can_be_set_and_runs_out() {
        let mut stock = Stock::new(1, 2_000);
        let query = query(b"AreaCode=415");
        stock.take(rows(&stock, &query)[0]);
        stock.set_count("US", "415", 3).unwrap();
        assert_eq!(rows(&stock, &query).len(), 3);
        while let Some(number) = stock.first_in_area("415") {
            stock.take(number);
        }
        assert!(rows(&stock, &query).is_empty());
        stock.offer(14_155_550_100).unwrap();
        assert_eq!(rows(&stock, &query), [14_155_550_100]);
        assert!(stock.set_count("US", "416", 1).is_err(), "416 is Toronto's");
        assert!(stock.set_count("XX", "416", 1).is_err());
    }

    #[test]
    fn there_is_plenty_without_an_area_code() {
        let stock = Stock::new(1, 2_000);
        let rows = rows(&stock, &query(b""));
        assert_eq!(rows.len(), 30);
        assert!(stock.pools.len() * 2_000 > 100_000);
    }
}
