//! Who on the waitlist will not be served by what is there or on its way: what an emergency must buy, and where.

use std::collections::BTreeMap;

use super::region::CountryCode;

/// Numbers that signups on the waitlist lack: in one country, or anywhere (`None`).
pub type Unserved = BTreeMap<Option<CountryCode>, u32>;

/// Sets `waiting` (by the country they insist on) against `coming` (assignable or on its way, by country). Whoever
/// insists on a country is served from it first; what is left over serves those who take any.
#[must_use]
pub fn unserved(waiting: &Unserved, coming: &BTreeMap<CountryCode, u32>) -> Unserved {
    let mut left = coming.clone();
    let mut needs = Unserved::new();
    for (country, count) in waiting.iter().filter_map(|(country, count)| Some(((*country)?, *count))) {
        let there = left.entry(country).or_default();
        let served = count.min(*there);
        *there -= served;
        needs.insert(Some(country), count - served);
    }
    let anywhere = waiting.get(&None).copied().unwrap_or_default();
    needs.insert(None, anywhere.saturating_sub(left.values().sum()));
    needs.retain(|_, count| *count > 0);
    needs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(pairs: &[(Option<&str>, u32)]) -> Unserved {
        pairs.iter().map(|(country, count)| (country.map(|text| text.parse().unwrap()), *count)).collect()
    }

    fn coming(pairs: &[(&str, u32)]) -> BTreeMap<CountryCode, u32> {
        pairs.iter().map(|(country, count)| (country.parse().unwrap(), *count)).collect()
    }

    #[test]
    fn whoever_takes_any_country_is_served_by_what_those_who_insist_leave_over() {
        let waiting = needs(&[(None, 3), (Some("CA"), 2)]);
        assert_eq!(unserved(&waiting, &coming(&[])), waiting);
        assert_eq!(unserved(&waiting, &coming(&[("CA", 3), ("US", 1)])), needs(&[(None, 1)]));
        assert_eq!(unserved(&waiting, &coming(&[("US", 9)])), needs(&[(Some("CA"), 2)]));
        assert_eq!(unserved(&waiting, &coming(&[("US", 1), ("CA", 4)])), needs(&[]));
    }
}
