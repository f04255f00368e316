//! Text that somebody else wrote: what of it is kept, and what of it steers a terminal.
//!
//! Invariants: what [`cleaned`] returns fits into any row, page and line: no NUL, which PostgreSQL refuses, no control
//! character, and at most [`FOREIGN_CHARACTERS_MAX`] characters.
//! How to get it wrong: cleaning where it is shown. What was written down uncleaned is shown by the next page, and a row
//! with a NUL is never written at all; it is cleaned where it comes in.

use unicode_general_category::{GeneralCategory, get_general_category};

/// So much of a foreign text is kept; the rest becomes one `…`.
pub const FOREIGN_CHARACTERS_MAX: usize = 500;

/// A foreign text as it may be kept: each control character as U+FFFD, and not too long.
#[must_use]
pub fn cleaned(text: &str) -> String {
    let is_short = text.char_indices().nth(FOREIGN_CHARACTERS_MAX).is_none();
    let kept = if is_short { FOREIGN_CHARACTERS_MAX } else { FOREIGN_CHARACTERS_MAX - 1 };
    let kept = text.chars().take(kept);
    let clean = kept.map(|character| if character.is_control() { char::REPLACEMENT_CHARACTER } else { character });
    clean.chain((!is_short).then_some('…')).collect()
}

/// Whether a character is none that is seen: it ends a line, turns the direction of writing, or speaks to a terminal.
#[must_use]
pub fn steers(character: char) -> bool {
    !character.is_ascii_graphic()
        && matches!(
            get_general_category(character),
            GeneralCategory::Control
                | GeneralCategory::Format
                | GeneralCategory::LineSeparator
                | GeneralCategory::ParagraphSeparator
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_text_is_kept_without_controls_and_in_part() {
        assert_eq!(cleaned("plain + ünïcödé 用"), "plain + ünïcödé 用");
        assert_eq!(
            cleaned("a\0b\r\nc\u{1b}[31m\u{9b}\u{7f}"),
            "a\u{fffd}b\u{fffd}\u{fffd}c\u{fffd}[31m\u{fffd}\u{fffd}"
        );
        let fits = "ü".repeat(FOREIGN_CHARACTERS_MAX);
        assert_eq!(cleaned(&fits), fits);
        let long = cleaned(&"ü".repeat(15_000_000));
        assert_eq!(long.chars().count(), FOREIGN_CHARACTERS_MAX);
        assert!(long.ends_with("ü…"));
    }

    #[test]
    fn what_is_not_seen_steers() {
        for character in
            ['\0', '\n', '\r', '\u{1b}', '\u{85}', '\u{ad}', '\u{200b}', '\u{2028}', '\u{2029}', '\u{202e}', '\u{feff}']
        {
            assert!(steers(character), "{character:?}");
        }
        for character in ['a', ' ', '~', 'ü', '用', '\u{a0}', '\u{fffd}', '…'] {
            assert!(!steers(character), "{character:?}");
        }
    }
}
