//! Values in quotes that were meant for a shell: files for systemd, Docker and Compose keep them.
//!
//! How to get it wrong: taking them away here. What is shown would not be what was given.

/// What is wrong with a value that begins with a quote.
pub(super) const IN_QUOTES: &str = "stands in quotes";
/// And what to do.
pub(super) const WITHOUT: &str = "give it without them";

/// Whether a value begins with a quote, which none does that was meant so.
pub(super) fn is_quoted(text: &str) -> bool {
    text.trim().starts_with(['"', '\'', '`', '“', '”', '‘', '’', '«'])
}

/// What to do about a path that cannot be read; `otherwise` = where quotes are not what is wrong with it.
pub(super) fn about_path(path: &str, otherwise: &str) -> String {
    if is_quoted(path) { format!("{IN_QUOTES}: {WITHOUT}") } else { otherwise.to_owned() }
}
