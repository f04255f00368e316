//! Phone numbers as people write them, made E.164.
//!
//! How to get it wrong: guessing a country in a file. There, what has no `+` is refused: nobody reads each line again, and a
//! wrong guess names somebody else's number. What is typed is taken as the dashboard's search takes it.

use crate::domain::{PhoneNumber, number_as_written};

/// A number that somebody typed or pasted.
///
/// # Errors
/// A sentence that says what is missing.
pub(super) fn any_spelling(text: &str) -> Result<PhoneNumber, String> {
    number_as_written(text).map_or_else(|| phone_number(text), Ok)
}

/// A number of a file. Reads `+1 415-555-0100`, `+1 (415) 555.0100` and `+14155550100` alike.
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
    fn what_is_typed_is_taken_as_the_dashboard_takes_it() {
        for text in ["(304) 574-6260", "304-574-6260", "1 304 574 6260", "+1 (304) 574.6260"] {
            assert_eq!(any_spelling(text).unwrap().as_str(), "+13045746260", "{text}");
        }
        assert!(any_spelling("574-6260").unwrap_err().contains("country code"));
        assert!(any_spelling("+1304").unwrap_err().contains("7 to 15 digits"));
    }

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
