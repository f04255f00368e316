//! A value without what stands around it.
//!
//! How to get it wrong: using it for a user id, which is never changed.

use unicode_general_category::{GeneralCategory, get_general_category};

fn is_format(character: char) -> bool {
    !character.is_ascii() && get_general_category(character) == GeneralCategory::Format
}

/// The text without what spreadsheets and clipboards put around a value: white space, characters that nobody sees, the apostrophe
/// that makes a text of it, `="…"`.
pub(super) fn bare(text: &str) -> String {
    let seen: String = text.chars().filter(|character| !is_format(*character)).collect();
    let text = seen.trim();
    let text = text.strip_prefix('\'').unwrap_or(text).trim();
    protected(text).map_or_else(|| text.to_owned(), |inner| inner.trim().to_owned())
}

/// What stands in `="…"`, as spreadsheets write a text that shall stay one.
pub(super) fn protected(text: &str) -> Option<String> {
    let inner = text.trim().strip_prefix("=\"")?.strip_suffix('"')?;
    Some(inner.replace("\"\"", "\""))
}

/// Splits `1.25` or `1,25` into the digits of both sides.
pub(super) fn decimal(text: &str) -> Option<(&str, &str)> {
    let (whole, part) = text.split_once(['.', ','])?;
    (are_digits(whole) && are_digits(part)).then_some((whole, part))
}

/// Whether it is digits, and at least one.
pub(super) fn are_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
