//! The searches of Twilio's stock, and what they find: numbers that are for sale now, not reserved.
//!
//! Invariants: a row that could not be bought for the market is no candidate; one that cannot be read is counted, and hides
//! no other.
//! How to get it wrong: trusting the query. Twilio ignores parameters that it does not know, and filters what it likes.

use serde::Deserialize;
use serde_json::Value;

use super::capabilities::Capabilities;
use super::lenient;
use crate::domain::{Capability, Kind, Market, NumberType, PhoneNumber, Place};

/// A number that a search found. It is not reserved: somebody else may buy it before us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The number.
    pub phone_number: PhoneNumber,
    /// Its row says that a buyer needs no address for it, and keeps not silent about it.
    pub says_none: bool,
}

/// What a search found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// What could be bought for the market.
    pub candidates: Vec<Candidate>,
    /// Rows that cannot be read.
    pub odd: u32,
}

#[derive(Deserialize)]
pub(super) struct SearchAnswer {
    available_phone_numbers: Vec<Value>,
}

#[derive(Deserialize)]
struct SearchRow {
    phone_number: PhoneNumber,
    #[serde(default)]
    capabilities: Capabilities,
    /// Which address a buyer must show: `none`, `any`, `local`, `foreign`.
    #[serde(default, deserialize_with = "lenient::text")]
    address_requirements: String,
}

/// Twilio's name of the stock that numbers of this type are searched in.
pub(super) fn stock_of(number_type: NumberType) -> &'static str {
    match number_type {
        NumberType::Local => "Local.json",
        NumberType::Mobile => "Mobile.json",
        NumberType::TollFree => "TollFree.json",
        NumberType::National => "National.json",
    }
}

/// What a search of `market` asks for, by Twilio's names.
pub(super) fn query_of(market: &Market) -> Vec<(&'static str, &str)> {
    let mut query = Vec::new();
    match &market.place {
        Place::Anywhere => {}
        Place::Code(area_code) => query.push(("AreaCode", area_code.as_str())),
        Place::Region(region) => query.push(("InRegion", region.as_str())),
        Place::Locality { locality, region } => {
            query.push(("InLocality", locality));
            query.extend(region.iter().map(|region| ("InRegion", region.as_str())));
        }
    }
    query.extend(market.contains.iter().map(|digits| ("Contains", digits.as_str())));
    query.extend(market.capabilities.iter().map(|capability| (parameter(*capability), "true")));
    if !market.shows_address {
        // The rows are looked at all the same.
        query.push(("ExcludeAllAddressRequired", "true"));
    }
    query.extend([("Beta", "false"), ("PageSize", "100")]);
    query
}

fn parameter(capability: Capability) -> &'static str {
    match capability {
        Capability::Voice => "VoiceEnabled",
        Capability::Sms => "SmsEnabled",
        Capability::Mms => "MmsEnabled",
        Capability::Fax => "FaxEnabled",
    }
}

impl SearchRow {
    /// Whether it could be bought for `market`.
    fn suits(&self, market: &Market) -> bool {
        market.capabilities.iter().all(|capability| self.capabilities.has(*capability))
            && (market.shows_address || self.needs_no_address())
            && self.is_of(market.kind)
    }

    /// Whether it can be bought without an address.
    fn needs_no_address(&self) -> bool {
        self.address_requirements.is_empty() || self.says_none()
    }

    fn says_none(&self) -> bool {
        self.address_requirements.eq_ignore_ascii_case("none")
    }

    /// Whether its area code, if it has one, is such a number's.
    fn is_of(&self, kind: Kind) -> bool {
        let Some(area_code) = self.phone_number.area_code() else { return true };
        match kind.number_type {
            NumberType::Local => area_code.is_geographic(),
            NumberType::TollFree => area_code.is_toll_free(),
            NumberType::Mobile | NumberType::National => true,
        }
    }
}

impl SearchAnswer {
    /// The rows that could be bought for `market`, and how many cannot be read.
    pub(super) fn found(self, market: &Market) -> Found {
        let mut found = Found::default();
        for row in self.available_phone_numbers {
            match serde_json::from_value::<SearchRow>(row) {
                Ok(row) if row.suits(market) => {
                    let says_none = row.says_none();
                    found.candidates.push(Candidate { phone_number: row.phone_number, says_none });
                }
                Ok(_other) => {}
                Err(_unreadable) => found.odd += 1,
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::CountryCode;

    fn market(number_type: NumberType) -> Market {
        Market {
            kind: Kind { country: CountryCode::US, number_type },
            place: Place::Anywhere,
            contains: None,
            capabilities: vec![Capability::Voice, Capability::Sms],
            shows_address: false,
        }
    }

    fn found_in(market: &Market, rows: &str) -> (Vec<String>, u32) {
        let answer: SearchAnswer =
            serde_json::from_str(&format!(r#"{{"available_phone_numbers":{rows},"uri":"/x"}}"#)).unwrap();
        let Found { candidates, odd } = answer.found(market);
        (candidates.into_iter().map(|candidate| candidate.phone_number.to_string()).collect(), odd)
    }

    fn found(rows: &str) -> Vec<String> {
        found_in(&market(NumberType::Local), rows).0
    }

    #[test]
    fn both_spellings_of_capabilities_are_read_and_numbers_without_them_are_no_candidates() {
        let rows = r#"[
            {"phone_number":"+14155550101","capabilities":{"voice":true,"SMS":true,"MMS":false}},
            {"phone_number":"+14155550102","capabilities":{"voice":true,"sms":true,"mms":true,"fax":false}},
            {"phone_number":"+14155550103","capabilities":{"voice":true,"SMS":false}},
            {"phone_number":"none","capabilities":{"voice":true,"SMS":true}}]"#;
        assert_eq!(found(rows), ["+14155550101", "+14155550102"]);
    }

    #[test]
    fn one_odd_row_hides_no_other_and_one_that_cannot_be_read_is_counted() {
        for (odd, is_unreadable) in [
            (r#"null"#, true),
            (r#"7"#, true),
            (r#"{}"#, true),
            (r#"{"phone_number":null,"capabilities":{"voice":true,"SMS":true}}"#, true),
            (r#"{"phone_number":14155550101,"capabilities":{"voice":true,"SMS":true}}"#, true),
            (r#"{"phone_number":"+14155550109","capabilities":{"voice":null,"SMS":true}}"#, false),
            (r#"{"phone_number":"+14155550109","capabilities":null}"#, false),
        ] {
            let good =
                r#"{"phone_number":"+14155550101","capabilities":{"voice":true,"SMS":true,"MMS":null},"beta":null}"#;
            let rows = format!("[{odd},{good}]");
            let (candidates, counted) = found_in(&market(NumberType::Local), &rows);
            assert_eq!((candidates, counted), (vec!["+14155550101".to_owned()], u32::from(is_unreadable)), "{odd}");
        }
    }

    fn row(number: &str, address: &str) -> String {
        format!(r#"{{"phone_number":"{number}","address_requirements":{address},"capabilities":["voice","sms"]}}"#)
    }

    #[test]
    fn what_needs_an_address_or_has_no_place_is_no_candidate() {
        let rows = [
            row("+14155550101", r#""none""#),
            row("+14155550102", r#""any""#),
            row("+14155550103", r#""local""#),
            row("+14155550104", "null"),
            row("+18885550105", r#""none""#),
        ];
        let rows = format!("[{}]", rows.join(","));
        assert_eq!(found(&rows), ["+14155550101", "+14155550104"]);
        assert_eq!(found_in(&market(NumberType::TollFree), &rows).0, ["+18885550105"], "a toll-free one has no place");
        let shown = Market { shows_address: true, ..market(NumberType::Local) };
        let all = ["+14155550101", "+14155550102", "+14155550103", "+14155550104"];
        assert_eq!(found_in(&shown, &rows).0, all, "whoever shows an address may buy what wants one");
    }

    #[test]
    fn a_market_is_asked_for_by_twilios_names() {
        let place = |place| Market { place, ..market(NumberType::Local) };
        let query = |market: &Market| {
            let query: Vec<String> = query_of(market).iter().map(|(name, value)| format!("{name}={value}")).collect();
            query.join(" ")
        };
        let rest = "VoiceEnabled=true SmsEnabled=true ExcludeAllAddressRequired=true Beta=false PageSize=100";
        let region = "CA".parse().unwrap();
        for (asked, expected) in [
            (place(Place::Anywhere), rest.to_owned()),
            (place(Place::Code("415".parse().unwrap())), format!("AreaCode=415 {rest}")),
            (place(Place::Region(region)), format!("InRegion=CA {rest}")),
            (
                place(Place::Locality { locality: "Novato".to_owned(), region: Some(region) }),
                format!("InLocality=Novato InRegion=CA {rest}"),
            ),
            (
                Market { contains: Some("555*".parse().unwrap()), ..place(Place::Anywhere) },
                format!("Contains=555* {rest}"),
            ),
        ] {
            assert_eq!(query(&asked), expected);
        }
        let shown = Market { shows_address: true, ..place(Place::Anywhere) };
        assert_eq!(query(&shown), "VoiceEnabled=true SmsEnabled=true Beta=false PageSize=100");
        for number_type in NumberType::ALL {
            let searched = stock_of(*number_type).trim_end_matches(".json");
            assert_eq!(searched.to_lowercase(), number_type.as_str().replace('_', ""), "facts of the paths");
        }
    }
}
