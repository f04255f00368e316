//! Phone numbers as people type them, made E.164.
//!
//! What stands in a file is read by [`crate::domain::phone_number`]; what is typed is taken as the dashboard's search takes it, too.
//! How to get it wrong: taking anything with digits in it for a number.

use crate::domain::{PhoneNumber, Reading, number_as_written, phone_number};

/// A number that somebody typed or pasted.
///
/// # Errors
/// A sentence that says what is missing.
pub(super) fn any_spelling(text: &str) -> Result<PhoneNumber, String> {
    if let Some(number) = number_as_written(text) {
        return Ok(number);
    }
    phone_number(text, &Reading::default()).map_err(|_| match text.trim().starts_with('+') {
        true => "is no phone number: write + and 7 to 15 digits, such as +14155550100".to_owned(),
        false => "lacks its + and country code: write it such as +14155550100".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_taken_as_the_dashboard_takes_it() {
        for text in ["(304) 574-6260", "304-574-6260", "1 304 574 6260", "+1 (304) 574.6260", "tel:+1-304-574-6260"] {
            assert_eq!(any_spelling(text).unwrap().as_str(), "+13045746260", "{text}");
        }
        assert!(any_spelling("574-6260").unwrap_err().contains("country code"));
        assert!(any_spelling("+1304").unwrap_err().contains("7 to 15 digits"));
    }
}
