//! Everything that is for sale: the pools of all countries, and which numbers are gone.
//!
//! Invariants: a number that is gone (owned, released, taken by somebody else) is never for sale again before a reset; the
//! same query gives the same rows in the same order as long as nothing is taken. Memory grows with what is gone, not with
//! what is for sale.
//!
//! How to get it wrong: handing out a number without `take`; two buyers would both get it.

pub(crate) mod marks;
pub(crate) mod numbering;
pub(crate) mod places;
pub(crate) mod pool;
pub(crate) mod query;

use std::collections::{BTreeMap, HashMap, HashSet};

use marks::{Bent, Marks};
use numbering::Numbering;
use places::{COUNTRIES, Country, NumberKind, PLACELESS, PLACES};
use pool::{Capabilities, Pool};
use query::Query;

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
        let numbering = Numbering::new(self.seed, country.calling_code, area);
        let position = self.pools.len();
        self.pools.push(Pool::new(country.code, kind, area, place, numbering, limit));
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
        let codes = if digits.starts_with('1') { "1" } else { "44" };
        let national = digits.strip_prefix(codes)?;
        (2..=4).rev().filter_map(|length| national.get(..length)).find_map(|area| {
            let calling_code = COUNTRIES.iter().find(|country| country.calling_code == codes)?.calling_code;
            self.by_area.get(&(calling_code, area.to_owned())).copied()
        })
    }

    /// The country a number belongs to, also when its area code is not stocked.
    pub(crate) fn country_of(&self, number: u64) -> Option<&'static Country> {
        match self.pool_of(number) {
            Some(pool) => places::country(pool.country),
            None => COUNTRIES.iter().find(|country| number.to_string().starts_with(country.calling_code)),
        }
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
        regulated: bool,
        bent: Bent,
        rows_max: usize,
    ) -> Vec<(u64, &Pool)> {
        let positions = self.order.get(&(country.code, kind)).map_or(&[][..], Vec::as_slice);
        let passes = |number| query.matches(number) && self.marks.shown(number, query, bent);
        let pools = positions.iter().map(|position| &self.pools[*position]);
        let mut walks: Vec<_> =
            pools.filter(|pool| query.admits(pool, regulated)).map(|pool| (pool, pool.free(&self.gone))).collect();
        let (mut rows, mut examined) = (Vec::new(), 0);
        while !walks.is_empty() && rows.len() < rows_max && examined < EXAMINED_MAX {
            walks.retain_mut(|(pool, free)| {
                if rows.len() >= rows_max {
                    return true;
                }
                let found = free.find(|number| {
                    examined += 1;
                    passes(*number) || examined >= EXAMINED_MAX
                });
                match found {
                    Some(number) if passes(number) => rows.push((number, *pool)),
                    Some(_) => {}
                    None => return false,
                }
                true
            });
        }
        rows
    }

    /// Sets how many numbers an area code has for sale, opening the area if it is new.
    pub(crate) fn set_count(&mut self, code: &str, area: &str, count: u64) -> Result<(), String> {
        let position = self.open(code, area)?;
        if self.marks.ghosts().is_empty() {
            self.pools[position].set_count(count, &self.gone);
        } else {
            let gone = self.gone.union(self.marks.ghosts()).copied().collect();
            self.pools[position].set_count(count, &gone);
        }
        Ok(())
    }

    pub(crate) fn set_traits(
        &mut self,
        code: &str,
        area: &str,
        capabilities: Option<Capabilities>,
        beta: Option<bool>,
    ) -> Result<(), String> {
        let position = self.open(code, area)?;
        let pool = &mut self.pools[position];
        pool.capabilities = capabilities.unwrap_or(pool.capabilities);
        pool.beta = beta.unwrap_or(pool.beta);
        Ok(())
    }

    /// Puts one given number up for sale.
    pub(crate) fn offer(&mut self, number: u64) -> Result<(), String> {
        if self.position_of(number).is_none() {
            let digits = number.to_string();
            let Some(area) = digits.strip_prefix('1').and_then(|national| national.get(..3)) else {
                return Err("the number's area code is not stocked".into());
            };
            self.open("US", area)?;
        }
        let position = self.position_of(number).expect("opened just now at the latest");
        self.gone.remove(&number);
        self.marks.forget(number);
        self.pools[position].offer(number);
        Ok(())
    }

    fn open(&mut self, code: &str, area: &str) -> Result<usize, String> {
        let known: Vec<_> = COUNTRIES.iter().map(|country| country.code).collect();
        let country = places::country(code).ok_or_else(|| format!("country is one of {}", known.join(", ")))?;
        if let Some(position) = self.by_area.get(&(country.calling_code, area.to_owned())) {
            let actual = self.pools[*position].country;
            return if actual == code { Ok(*position) } else { Err(format!("area code {area} belongs to {actual}")) };
        }
        let length = if country.calling_code == "1" { 3..=3 } else { 2..=4 };
        let digits = area.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || !length.contains(&area.len()) || area.starts_with('0') {
            return Err(format!("{area:?} is not an area code of {code}"));
        }
        if country.calling_code == "1" && area.starts_with('1') {
            return Err(format!("{area:?} is not an area code of {code}"));
        }
        Ok(self.add(code, NumberKind::Local, area, None, 0))
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
        stock
            .search(us, NumberKind::Local, query, false, Bent::default(), 30)
            .into_iter()
            .map(|(number, _)| number)
            .collect()
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
