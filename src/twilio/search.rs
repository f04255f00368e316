//! What a search found: numbers that are for sale now, not reserved.
//!
//! Invariant: a row that cannot be read, or that could not be bought for the pool, is no candidate, and hides no other.
//! How to get it wrong: trusting the query. Twilio ignores parameters that it does not know, and filters what it likes.

use serde::Deserialize;
use serde_json::Value;

use super::capabilities::Capabilities;
use super::lenient;
use crate::domain::{AreaCode, Capability, CountryCode, PhoneNumber};

/// A number that a search found. It is not reserved: somebody else may buy it before us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The number.
    pub phone_number: PhoneNumber,
    /// Its country.
    pub country: CountryCode,
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

impl SearchRow {
    /// Whether it can be bought without an address, which we have none of to show.
    fn needs_no_address(&self) -> bool {
        self.address_requirements.is_empty() || self.address_requirements.eq_ignore_ascii_case("none")
    }
}

impl SearchAnswer {
    /// The rows that can do what is wanted and that we could buy as local numbers.
    pub(super) fn candidates(self, country: CountryCode, wanted: &[Capability]) -> Vec<Candidate> {
        self.available_phone_numbers
            .into_iter()
            .filter_map(|row| serde_json::from_value::<SearchRow>(row).ok())
            .filter(|row| wanted.iter().all(|capability| row.capabilities.has(*capability)))
            .filter(SearchRow::needs_no_address)
            .filter(|row| row.phone_number.area_code(country).is_none_or(AreaCode::is_geographic))
            .map(|row| Candidate { phone_number: row.phone_number, country })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(rows: &str) -> Vec<String> {
        let answer: SearchAnswer =
            serde_json::from_str(&format!(r#"{{"available_phone_numbers":{rows},"uri":"/x"}}"#)).unwrap();
        let found = answer.candidates(CountryCode::US, &[Capability::Voice, Capability::Sms]);
        found.into_iter().map(|candidate| candidate.phone_number.to_string()).collect()
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
    fn one_odd_row_hides_no_other() {
        for odd in [
            r#"null"#,
            r#"7"#,
            r#"{}"#,
            r#"{"phone_number":null,"capabilities":{"voice":true,"SMS":true}}"#,
            r#"{"phone_number":14155550101,"capabilities":{"voice":true,"SMS":true}}"#,
            r#"{"phone_number":"+14155550109","capabilities":{"voice":null,"SMS":true}}"#,
            r#"{"phone_number":"+14155550109","capabilities":null}"#,
        ] {
            let good =
                r#"{"phone_number":"+14155550101","capabilities":{"voice":true,"SMS":true,"MMS":null},"beta":null}"#;
            assert_eq!(found(&format!("[{odd},{good}]")), ["+14155550101"], "{odd}");
        }
    }

    #[test]
    fn what_needs_an_address_or_has_no_place_is_no_candidate() {
        let row = |number: &str, address: &str| {
            format!(r#"{{"phone_number":"{number}","address_requirements":{address},"capabilities":["voice","sms"]}}"#)
        };
        let rows = [
            row("+14155550101", r#""none""#),
            row("+14155550102", r#""any""#),
            row("+14155550103", r#""local""#),
            row("+14155550104", "null"),
            row("+18885550105", r#""none""#),
        ];
        assert_eq!(found(&format!("[{}]", rows.join(","))), ["+14155550101", "+14155550104"]);
    }
}
