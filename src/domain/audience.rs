//! Who a number is for.

use std::fmt;
use std::str::FromStr;

use unicode_general_category::{GeneralCategory, get_general_category};

use super::region::text_value;

/// The signup service's name for one of its users: 1 to 128 Unicode scalar values, compared byte for byte.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(String);

/// The text cannot name a user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 128 characters, none of them a control, format or line-separator character")]
pub struct InvalidUserId;

impl UserId {
    /// The most Unicode scalar values a user id may have.
    pub const CHARACTERS_MAX: usize = 128;

    /// The id as the signup service sent it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_allowed(character: char) -> bool {
    !matches!(
        get_general_category(character),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    )
}

impl FromStr for UserId {
    type Err = InvalidUserId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let length = text.chars().take(Self::CHARACTERS_MAX + 1).count();
        let well_formed = (1..=Self::CHARACTERS_MAX).contains(&length) && text.chars().all(is_allowed);
        if well_formed { Ok(Self(text.to_owned())) } else { Err(InvalidUserId) }
    }
}

text_value!(UserId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_id_is_any_visible_text_of_128_characters() {
        for good in ["u-1", " ", "Ünïcødé 用户 👩", "a/b?c=d%20", &"é".repeat(128)] {
            assert_eq!(good.parse::<UserId>().unwrap().as_str(), good);
        }
    }

    #[test]
    fn control_format_and_separator_characters_are_refused() {
        for bad in ["", "a\0", "a\n", "\u{7f}", "\u{200b}", "\u{202e}", "\u{2028}", "\u{2029}", &"é".repeat(129)] {
            assert_eq!(bad.parse::<UserId>(), Err(InvalidUserId), "{bad:?}");
        }
    }

    #[test]
    fn ids_compare_byte_for_byte() {
        assert_ne!("é".parse::<UserId>().unwrap(), "e\u{301}".parse::<UserId>().unwrap());
        assert_ne!("U".parse::<UserId>().unwrap(), "u".parse::<UserId>().unwrap());
    }
}
