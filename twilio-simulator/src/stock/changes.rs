//! What a test changes of the stock: how many numbers there are, what they can do, and single ones.
//!
//! Invariants: an area code that is new is opened, in its country only; what was said of the numbers that are gone stays.
//!
//! How to get it wrong: opening an area code that another country of the same calling code has.

use super::Stock;
use super::kind::NumberKind;
use super::places::{self, COUNTRIES};
use super::pool::Capabilities;

impl Stock {
    /// Sets how many numbers an area code has for sale, opening the area if it is new.
    pub(crate) fn set_count(&mut self, code: &str, area: &str, count: u64) -> Result<(), String> {
        let position = self.open(code, area)?;
        self.set_count_at(position, count);
        Ok(())
    }

    /// Sets how many numbers each area code of a country and type has for sale.
    pub(crate) fn set_count_of(&mut self, code: &str, kind: Option<NumberKind>, count: u64) -> Result<(), String> {
        for kind in places::kinds_of(code, kind)? {
            for position in self.order.get(&kind).cloned().unwrap_or_default() {
                self.set_count_at(position, count);
            }
        }
        Ok(())
    }

    fn set_count_at(&mut self, position: usize, count: u64) {
        if self.marks.ghosts().is_empty() {
            self.pools[position].set_count(count, &self.gone);
        } else {
            let gone = self.gone.union(self.marks.ghosts()).copied().collect();
            self.pools[position].set_count(count, &gone);
        }
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
        Ok(self.add(code, country.kinds[0], area, None, 0))
    }
}
