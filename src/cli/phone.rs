//! Phone numbers as people write them, made E.164.
//!
//! How to get it wrong: guessing a country. What has no `+` is refused, because a wrong guess names somebody else's number.

use crate::domain::PhoneNumber;

/// Reads `+1 415-555-0100`, `+1 (415) 555.0100` and `+14155550100` alike.
///
/// # Errors
/// A sentence that says what is missing.
pub(super) fn phone_number(text: &str) -> Result<PhoneNumber, String> {
    let plain: String = text
        .chars()
        .filter(|character| !character.is_whitespace() && !['-', '.', '(', ')'].contains(character))
        .collect();
    plain.parse().map_err(|_| match plain.starts_with('+') {
        true => "is no phone number: write + and 7 to 15 digits, such as +14155550100".to_owned(),
        false => "lacks its + and country code: write it such as +14155550100".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_left_out_and_nothing_is_guessed() {
        for text in ["+14155550100", "+1 415-555-0100", " +1 (415) 555.0100 ", "+1\u{a0}415 555 0100"] {
            assert_eq!(phone_number(text).unwrap().as_str(), "+14155550100", "{text}");
        }
        assert!(phone_number("415-555-0100").unwrap_err().contains("country code"));
        assert!(phone_number("").unwrap_err().contains("country code"));
        for text in ["+1 415 555 01OO", "+1", "+0123456789", "+1415555010012345", "++14155550100", "+1/4155550100"] {
            assert!(phone_number(text).unwrap_err().contains("7 to 15 digits"), "{text}");
        }
    }
}
