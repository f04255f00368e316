//! Phone numbers as people write and paste them.
//!
//! How to get it wrong: asking people for E.164, or taking anything with digits in it for a number: a user may be called
//! `u-4155550100`.

use super::number::PhoneNumber;

/// The number that somebody may mean: E.164, or a North American one however it is written.
///
/// Ten digits without a plus are one of the North American plan; more are a number whose plus was lost.
#[must_use]
pub fn number_as_written(text: &str) -> Option<PhoneNumber> {
    let bare: String =
        text.trim().chars().filter(|c| !" ()-.\u{a0}\u{2010}\u{2011}\u{2012}\u{2013}".contains(*c)).collect();
    let digits = bare.strip_prefix('+').unwrap_or(&bare);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match digits.len() {
        _ if bare.starts_with('+') => bare.parse().ok(),
        10 => format!("+1{digits}").parse().ok(),
        11.. => format!("+{digits}").parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_known_however_people_write_it() {
        for text in [
            "+14155550100",
            "4155550100",
            "(415) 555-0100",
            "1 415 555 0100",
            "+1 415.555.0100",
            " 415\u{2011}555 0100 ",
        ] {
            assert_eq!(number_as_written(text).unwrap().as_str(), "+14155550100", "{text}");
        }
        assert_eq!(number_as_written("49 30 12345678").unwrap().as_str(), "+493012345678");
        for other in ["u-4155550100", "12345", "555-0100", "", "+", "user 1"] {
            assert!(number_as_written(other).is_none(), "{other}");
        }
    }
}
