//! Which pool serves whom: a signup, an order by hand, a number that is taken in.
//!
//! Invariants: who names a pool is served by that pool or refused; a country that was given binds, a code that was only wished
//! for binds nothing; of several pools of one country `default` comes first, then the first by name.
//! How to get it wrong: refusing an area code that the plan's table does not know. New ones come several times a year, and
//! stand for no country.

use super::number::PhoneNumber;
use super::pool::{Kind, NumberType, PoolName};
use super::region::{AreaCode, CountryCode};

/// The pools in force, as far as somebody must be sent to one. Never empty: `default` is its first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalog(Vec<Entry>);

/// One pool of a [`Catalog`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: PoolName,
    /// What it holds.
    pub kind: Kind,
    /// Whether a country alone leads to it.
    pub serves_country: bool,
}

/// What a signup asks for, as far as it says where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// The pool that was named.
    pub pool: Option<PoolName>,
    /// Binds.
    pub country: Option<CountryCode>,
    /// A wish, unless `strict`.
    pub area_code: Option<AreaCode>,
    /// The user's own number: a wish for its area code, a hint at its country.
    pub near: Option<PhoneNumber>,
    /// This area code or nothing.
    pub strict: bool,
}

/// Where a signup was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SentTo {
    /// To a pool.
    Pool {
        /// Which.
        pool: PoolName,
        /// The area code that the user would like.
        wish: Option<AreaCode>,
        /// The pool was named, so a number of another one will not do.
        only_pool: bool,
    },
    /// No pool is of this country: a number of it that lies in stock will do, and none is bought.
    StockOf {
        /// Which.
        country: CountryCode,
        /// The area code that the user would like.
        wish: Option<AreaCode>,
    },
}

/// Why somebody can be sent nowhere: what they say contradicts itself, or the pools.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Astray {
    /// No pool has this name.
    #[error("there is no pool called {0}; the pools are {1}")]
    UnknownPool(PoolName, String),
    /// The pool that was named is of another country.
    #[error("{pool} is a pool of {its}, not of {asked}; leave the country out, or name another pool")]
    CountryOfAnother {
        /// The pool that was named.
        pool: PoolName,
        /// Its country.
        its: CountryCode,
        /// The country that was asked for.
        asked: CountryCode,
    },
    /// Pools are of the country, and none of them serves whoever names it alone.
    #[error("no pool serves {country} to whoever names no pool; name one: {pools}")]
    NoneServes {
        /// The country.
        country: CountryCode,
        /// Its pools.
        pools: String,
    },
    /// The area code lies in another country.
    #[error("{code} is an area code of {its}, not of {asked}; name one of the country that is asked")]
    AreaCodeOfAnother {
        /// The code.
        code: AreaCode,
        /// Its country.
        its: CountryCode,
        /// The country that is asked.
        asked: CountryCode,
    },
    /// An area code where there are none.
    #[error("{0} has no area codes; leave it out, or ask in US or CA")]
    NoAreaCodes(CountryCode),
    /// An area code that is no place's, of a pool whose numbers have places.
    #[error("{code} is no place's code (toll-free, personal or premium), and {} numbers have none of it", .of.words())]
    NoPlace {
        /// The code.
        code: AreaCode,
        /// What the pool holds.
        of: NumberType,
    },
    /// The area code of a place, of a pool whose numbers have none.
    #[error("{0} is no toll-free code, and the pool buys toll-free numbers; leave it out, or name another pool")]
    NotTollFree(AreaCode),
}

impl Astray {
    /// The field that is to blame.
    #[must_use]
    pub fn field(&self) -> &'static str {
        match self {
            Self::UnknownPool(..) => "pool",
            Self::CountryOfAnother { .. } | Self::NoneServes { .. } => "country",
            Self::AreaCodeOfAnother { .. } | Self::NoAreaCodes(_) | Self::NoPlace { .. } | Self::NotTollFree(_) => {
                "area_code"
            }
        }
    }
}

impl Catalog {
    /// The catalog of `default`, which is `first`, and the others in whatever order they come.
    #[must_use]
    pub fn new(first: Entry, others: impl IntoIterator<Item = Entry>) -> Self {
        let mut others: Vec<Entry> = others.into_iter().collect();
        others.sort_by(|one, other| one.name.cmp(&other.name));
        others.insert(0, first);
        Self(others)
    }

    /// All pools, `default` first, then by name.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter()
    }

    /// The pool of this name.
    #[must_use]
    pub fn get(&self, name: &PoolName) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.name == *name)
    }

    /// Whether there is a pool of this name.
    ///
    /// # Errors
    /// There is none; the problem names those that there are.
    pub fn known(&self, name: &PoolName) -> Result<(), Astray> {
        self.named(name, None).map(|_| ())
    }

    /// The pool that a country alone leads to.
    #[must_use]
    pub fn of_country(&self, country: CountryCode) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.serves_country && entry.kind.country == country)
    }

    /// The pool that a number without a pool is taken into.
    #[must_use]
    pub fn of_number(&self, kind: Kind) -> Option<&PoolName> {
        self.0.iter().find(|entry| entry.kind == kind).map(|entry| &entry.name)
    }

    /// Where a signup goes.
    ///
    /// # Errors
    /// The request contradicts itself or the pool that it names. What `near` says is never refused.
    pub fn send(&self, asked: &Asked) -> Result<SentTo, Astray> {
        let near = asked.near.as_ref();
        let near_code = near.and_then(|number| number.area_code());
        let wish = asked.area_code.or(near_code);
        if let (Some(country), Some(_)) = (asked.country, asked.area_code)
            && !country.has_area_codes()
        {
            return Err(Astray::NoAreaCodes(country));
        }
        if let Some(name) = &asked.pool {
            let entry = self.named(name, asked.country)?;
            refuse_of_another(asked.area_code, entry.kind.country)?;
            return Ok(SentTo::Pool { pool: entry.name.clone(), wish, only_pool: true });
        }
        if let Some(country) = asked.country {
            refuse_of_another(asked.area_code.filter(|_| asked.strict), country)?;
            return Ok(match self.of_country(country) {
                Some(entry) => SentTo::Pool { pool: entry.name.clone(), wish, only_pool: false },
                None => SentTo::StockOf { country, wish },
            });
        }
        // A North American number's country is that of its area code; libphonenumber takes what it does not know for the US.
        let near_country = || match near_code {
            Some(code) => code.country(),
            None => near.and_then(PhoneNumber::country),
        };
        let country = asked.area_code.and_then(AreaCode::country).or_else(near_country);
        let entry = country.and_then(|country| self.of_country(country)).unwrap_or(&self.0[0]);
        refuse_of_another(asked.area_code.filter(|_| asked.strict), entry.kind.country)?;
        Ok(SentTo::Pool { pool: entry.name.clone(), wish, only_pool: false })
    }

    /// The pool that an order by hand is of, and what it buys: the one named, else that of its country, else that of its area code. A country that
    /// no pool has is `default`'s, which buys there what it then keeps apart; one whose pools serve nobody who does not name them
    /// is nobody's, as for a signup.
    ///
    /// # Errors
    /// What was asked contradicts itself or the pool, or leads to none.
    pub fn of_order(
        &self,
        pool: Option<&PoolName>,
        country: Option<CountryCode>,
        area_code: Option<AreaCode>,
    ) -> Result<(PoolName, Kind), Astray> {
        if let (Some(country), Some(_)) = (country, area_code)
            && !country.has_area_codes()
        {
            return Err(Astray::NoAreaCodes(country));
        }
        let default = &self.0[0];
        let entry = match (pool, country) {
            (Some(name), _) => self.named(name, country)?,
            (None, Some(country)) => match self.of_country(country) {
                Some(entry) => entry,
                None => self.none_serves(country).map_or(Ok(default), Err)?,
            },
            (None, None) => {
                let country = area_code.and_then(AreaCode::country);
                match country.and_then(|country| self.of_country(country)) {
                    Some(entry) => entry,
                    // Its own pool would have it all the same.
                    None => {
                        let of_others = country.filter(|country| *country != default.kind.country);
                        of_others.and_then(|country| self.none_serves(country)).map_or(Ok(default), Err)?
                    }
                }
            }
        };
        // In a country of no pool, local numbers are bought.
        let kind = match country {
            Some(country) if country != entry.kind.country => Kind { country, number_type: NumberType::Local },
            _ => entry.kind,
        };
        if let Some(code) = area_code {
            refuse_of_another(area_code, kind.country)?;
            let of_places = kind.number_type != NumberType::TollFree;
            if !kind.country.has_area_codes() {
                return Err(Astray::NoAreaCodes(kind.country));
            } else if of_places && !code.is_geographic() {
                return Err(Astray::NoPlace { code, of: kind.number_type });
            } else if !of_places && !code.is_toll_free() {
                return Err(Astray::NotTollFree(code));
            }
        }
        Ok((entry.name.clone(), kind))
    }

    /// That pools are of this country, and none of them for whoever names it alone; `None` = no pool is of it.
    fn none_serves(&self, country: CountryCode) -> Option<Astray> {
        let names = self.0.iter().filter(|entry| entry.kind.country == country).map(|entry| entry.name.as_str());
        let names: Vec<&str> = names.collect();
        (!names.is_empty()).then(|| Astray::NoneServes { country, pools: names.join(", ") })
    }

    /// The pool of this name, which must be of the country, if one was asked for.
    fn named(&self, name: &PoolName, asked: Option<CountryCode>) -> Result<&Entry, Astray> {
        let Some(entry) = self.get(name) else {
            let names: Vec<&str> = self.0.iter().map(|entry| entry.name.as_str()).collect();
            return Err(Astray::UnknownPool(name.clone(), names.join(", ")));
        };
        match asked.filter(|country| *country != entry.kind.country) {
            Some(asked) => Err(Astray::CountryOfAnother { pool: name.clone(), its: entry.kind.country, asked }),
            None => Ok(entry),
        }
    }
}

/// An area code that the plan's table gives to another country.
fn refuse_of_another(code: Option<AreaCode>, asked: CountryCode) -> Result<(), Astray> {
    match code.and_then(|code| Some((code, code.country()?))) {
        Some((code, its)) if its != asked => Err(Astray::AreaCodeOfAnother { code, its, asked }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
