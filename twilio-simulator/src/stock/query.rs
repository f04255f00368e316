//! What a search asks for: filters on a pool (a place, its capabilities) and on a number (`Contains`).
//!
//! Invariants: parsing refuses what Twilio refuses, and nothing else; a filter that is absent lets everything pass.
//! `Beta` defaults to true, so new numbers are shown unless a search says `Beta=false`.
//!
//! How to get it wrong: treating `Contains` as a substring. `*` stands for one digit, `%` for several, a leading `+` and a
//! trailing `$` tie it to the ends.

use crate::api::parameters::Parameters;
use crate::api::refusal::Refusal;
use crate::stock::pool::Pool;
use crate::stock::rules::AddressRequirement;

/// The filters of one search.
#[derive(Debug)]
pub(crate) struct Query {
    area_code: Option<String>,
    contains: Option<Pattern>,
    sms: Option<bool>,
    mms: Option<bool>,
    voice: Option<bool>,
    fax: Option<bool>,
    beta: bool,
    exclude_all: bool,
    exclude_local: bool,
    exclude_foreign: bool,
    region: Option<String>,
    locality: Option<String>,
    postal_code: Option<String>,
    rate_center: Option<String>,
    lata: Option<String>,
    near: Option<(f64, f64, f64)>,
}

impl Query {
    /// Reads the query string of a search in a country; area codes mean something in North America only.
    pub(crate) fn parse(parameters: &Parameters, north_american: bool) -> Result<Self, Refusal> {
        let area_code = parameters.get("AreaCode").filter(|area| north_american && !area.is_empty());
        if area_code.is_some_and(|area| area.len() != 3 || !area.bytes().all(|byte| byte.is_ascii_digit())) {
            return Err(Refusal::new(400, 21451, "Invalid area code"));
        }
        let distance = number(parameters, "Distance")?.unwrap_or(25.0);
        let near = match parameters.get("NearLatLong").filter(|_| north_american) {
            Some(text) => {
                let (latitude, longitude) = text
                    .split_once(',')
                    .and_then(|(latitude, longitude)| {
                        Some((latitude.trim().parse().ok()?, longitude.trim().parse().ok()?))
                    })
                    .ok_or_else(|| Refusal::invalid("NearLatLong"))?;
                Some((latitude, longitude, distance.min(500.0)))
            }
            None => None,
        };
        let geographic = |name: &str| parameters.get(name).filter(|_| north_american).map(str::to_uppercase);
        Ok(Self {
            area_code: area_code.map(str::to_owned),
            contains: parameters.get("Contains").map(Pattern::parse).transpose()?,
            sms: flag(parameters, "SmsEnabled")?,
            mms: flag(parameters, "MmsEnabled")?,
            voice: flag(parameters, "VoiceEnabled")?,
            fax: flag(parameters, "FaxEnabled")?,
            beta: flag(parameters, "Beta")?.unwrap_or(true),
            exclude_all: flag(parameters, "ExcludeAllAddressRequired")?.unwrap_or(false),
            exclude_local: flag(parameters, "ExcludeLocalAddressRequired")?.unwrap_or(false),
            exclude_foreign: flag(parameters, "ExcludeForeignAddressRequired")?.unwrap_or(false),
            region: geographic("InRegion"),
            locality: geographic("InLocality"),
            postal_code: geographic("InPostalCode"),
            rate_center: geographic("InRateCenter"),
            lata: geographic("InLata"),
            near,
        })
    }

    /// Narrows the search to the surroundings of a number's own area.
    pub(crate) fn near_pool(&mut self, pool: &Pool) {
        if let (Some(place), None) = (pool.place, self.near) {
            let coordinate = |text: &str| text.parse().unwrap_or(0.0);
            self.near = Some((coordinate(place.latitude), coordinate(place.longitude), 25.0));
        }
    }

    /// Whether a pool's numbers come into question; `all_need` is the address that each of them needs.
    pub(crate) fn admits(&self, pool: &Pool, all_need: AddressRequirement) -> bool {
        let capabilities = pool.capabilities;
        let same = |wanted: Option<bool>, actual: bool| wanted.is_none_or(|wanted| wanted == actual);
        let text = |wanted: &Option<String>, actual: Option<String>| match wanted {
            Some(wanted) => actual.is_some_and(|actual| actual.to_uppercase() == *wanted),
            None => true,
        };
        let place = pool.place;
        let at = |choose: fn(&super::places::Place) -> String| place.map(choose);
        self.area_code.as_deref().is_none_or(|area| area == pool.area)
            && same(self.sms, capabilities.sms)
            && same(self.mms, capabilities.mms)
            && same(self.voice, capabilities.voice)
            && same(self.fax, capabilities.fax)
            && (self.beta || !pool.beta)
            && !self.excludes(all_need)
            && text(&self.region, at(|place| place.region.to_owned()))
            && text(&self.locality, at(|place| place.locality.to_owned()))
            && text(&self.postal_code, at(|place| place.postal_code.to_owned()))
            && text(&self.rate_center, at(super::places::Place::rate_center))
            && text(&self.lata, place.and_then(|place| place.lata.map(str::to_owned)))
            && self.near.is_none_or(|near| place.is_some_and(|place| miles(near, place) <= near.2))
    }

    /// Whether numbers that need such an address are left out. What else they need no search says.
    pub(crate) fn excludes(&self, address: AddressRequirement) -> bool {
        match address {
            AddressRequirement::None => false,
            AddressRequirement::Any => self.exclude_all,
            AddressRequirement::Local => self.exclude_all || self.exclude_local,
            AddressRequirement::Foreign => self.exclude_all || self.exclude_foreign,
        }
    }

    /// Whether a number passes.
    pub(crate) fn matches(&self, number: u64) -> bool {
        self.contains.as_ref().is_none_or(|pattern| pattern.matches(&number.to_string()))
    }
}

fn flag(parameters: &Parameters, name: &str) -> Result<Option<bool>, Refusal> {
    match parameters.get(name).map(str::to_ascii_lowercase).as_deref() {
        None | Some("") => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(Refusal::invalid(name)),
    }
}

fn number(parameters: &Parameters, name: &str) -> Result<Option<f64>, Refusal> {
    parameters.get(name).map(|text| text.parse().map_err(|_| Refusal::invalid(name))).transpose()
}

/// The distance on the ground, near enough (equirectangular projection).
fn miles((latitude, longitude, _): (f64, f64, f64), place: &super::places::Place) -> f64 {
    let there: (f64, f64) = (place.latitude.parse().unwrap_or(0.0), place.longitude.parse().unwrap_or(0.0));
    let north = there.0 - latitude;
    let east = (there.1 - longitude) * latitude.to_radians().cos();
    69.0 * north.hypot(east)
}

#[derive(Debug)]
struct Pattern {
    body: Vec<u8>,
    from_start: bool,
    to_end: bool,
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let refusal = || Refusal::invalid("Contains");
        if !(2..=16).contains(&text.chars().count()) {
            return Err(refusal());
        }
        let (from_start, rest) = text.strip_prefix('+').map_or((false, text), |rest| (true, rest));
        let (to_end, rest) = rest.strip_suffix('$').map_or((false, rest), |rest| (true, rest));
        let body: Option<Vec<u8>> = rest.bytes().map(keypad).collect();
        Ok(Self { body: body.ok_or_else(refusal)?, from_start, to_end })
    }

    fn matches(&self, digits: &str) -> bool {
        let digits = digits.as_bytes();
        let last_start = if self.from_start { 0 } else { digits.len() };
        (0..=last_start).any(|start| self.matches_at(&self.body, &digits[start..]))
    }

    fn matches_at(&self, body: &[u8], digits: &[u8]) -> bool {
        match body.split_first() {
            None => !self.to_end || digits.is_empty(),
            Some((b'%', rest)) => (0..=digits.len()).any(|skip| self.matches_at(rest, &digits[skip..])),
            Some((wanted, rest)) => digits
                .split_first()
                .is_some_and(|(digit, after)| (*wanted == b'*' || wanted == digit) && self.matches_at(rest, after)),
        }
    }
}

/// A digit, a wildcard, or a letter as on a telephone's keys.
fn keypad(byte: u8) -> Option<u8> {
    Some(match byte.to_ascii_uppercase() {
        digit @ (b'0'..=b'9' | b'*' | b'%') => digit,
        b'A'..=b'C' => b'2',
        b'D'..=b'F' => b'3',
        b'G'..=b'I' => b'4',
        b'J'..=b'L' => b'5',
        b'M'..=b'O' => b'6',
        b'P'..=b'S' => b'7',
        b'T'..=b'V' => b'8',
        b'W'..=b'Z' => b'9',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, digits: &str) -> bool {
        Pattern::parse(pattern).unwrap().matches(digits)
    }

    #[test]
    fn filters_by_address_look_at_that_alone() {
        use AddressRequirement::{Any, Foreign, Local, None};
        let excluded = |filter: &str| {
            let query = Query::parse(&Parameters::parse(format!("{filter}=true").as_bytes()), true).unwrap();
            [None, Any, Local, Foreign].map(|address| query.excludes(address))
        };
        assert_eq!(excluded("ExcludeAllAddressRequired"), [false, true, true, true]);
        assert_eq!(excluded("ExcludeLocalAddressRequired"), [false, false, true, false]);
        assert_eq!(excluded("ExcludeForeignAddressRequired"), [false, false, false, true]);
    }

    #[test]
    fn contains_knows_wildcards_and_ends() {
        assert!(matches("555", "14155550100"));
        assert!(matches("+1415", "14155550100"));
        assert!(!matches("+415", "14155550100"));
        assert!(matches("0100$", "14155550100"));
        assert!(!matches("555$", "14155550100"));
        assert!(matches("415***0100", "14155550100"));
        assert!(matches("415%0", "14155550100"));
        assert!(matches("KJL", "14155550100"));
        assert!(Pattern::parse("4").is_err());
        assert!(Pattern::parse("12-34").is_err());
    }
}
