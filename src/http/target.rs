//! Reading request targets: path patterns, percent escapes, query pairs, and the form that may be logged.
//!
//! Invariants: a pattern matches a whole path or not at all (no trailing slash, no empty segment); a parameter is decoded
//! after the path was split, so `%2F` stays inside its segment; a logged target holds neither a key, nor a whole phone
//! number, nor what somebody typed into the search.
//! How to get it wrong: decoding before splitting, or logging `request.uri()`.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use http::Uri;
use percent_encoding::percent_decode_str;

use super::options::LineText;
use crate::domain::PhoneNumber;

/// The query parameter that carries a key.
pub(crate) const KEY_PARAMETER: &str = "api_key";
/// The query parameter that carries what people type into the search: the audit trail tells it, the log does not.
const WORDS_PARAMETER: &str = "q";

/// So much of a target is looked at for the log; far less is shown.
const READ_MAX: usize = 4096;

/// The decoded path parameters of one request, by name. Empty for most routes, and then without an allocation.
pub(crate) type Params = Vec<(&'static str, String)>;

/// A path such as `/signup/api/assignments/{user_id}`.
pub(crate) struct Pattern {
    text: &'static str,
    has_parameters: bool,
}

impl Pattern {
    /// # Panics
    /// When the pattern does not begin with `/`: a mistake in the route table, found at start.
    pub(crate) fn new(text: &'static str) -> Self {
        assert!(text.starts_with('/'), "the pattern {text:?} must begin with /");
        Self { text, has_parameters: text.contains('{') }
    }

    pub(crate) fn as_str(&self) -> &'static str {
        self.text
    }

    /// The parameters when the path is this pattern's. An escape that is not UTF-8 names nothing, so it matches nothing.
    pub(crate) fn matches(&self, path: &str) -> Option<Params> {
        if !self.has_parameters {
            return (path == self.text).then(Params::new);
        }
        let mut params = Params::new();
        let mut segments = path.split('/');
        for expected in self.text.split('/') {
            let segment = segments.next()?;
            match parameter_name(expected) {
                None if segment == expected => {}
                Some(name) if !segment.is_empty() => {
                    params.push((name, percent_decode_str(segment).decode_utf8().ok()?.into_owned()));
                }
                _ => return None,
            }
        }
        segments.next().is_none().then_some(params)
    }
}

fn parameter_name(segment: &'static str) -> Option<&'static str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// The first value of a query parameter, decoded.
pub(crate) fn query_value<'u>(uri: &'u Uri, name: &str) -> Option<Cow<'u, str>> {
    let query = uri.query()?;
    form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value)
}

/// The same as it stands there, not decoded.
pub(crate) fn raw_query_value<'u>(uri: &'u Uri, name: &str) -> Option<&'u str> {
    let is_it = |pair: &&str| form_urlencoded::parse(pair.as_bytes()).next().is_some_and(|(key, _)| key == name);
    let pair = uri.query()?.split('&').find(is_it)?;
    Some(pair.split_once('=').map_or("", |(_, value)| value))
}

/// The target as a log line may show it: the value of `api_key` is replaced, however its name was spelled.
#[must_use]
pub fn loggable_uri(uri: &Uri) -> String {
    LoggableUri { uri, line: &LineText::default() }.to_string()
}

/// The same as this says, written only when somebody reads it.
pub(super) struct LoggableUri<'u> {
    pub(super) uri: &'u Uri,
    pub(super) line: &'u LineText,
}

impl fmt::Display for LoggableUri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut target = String::new();
        self.write(&mut target)?;
        f.write_str(&self.line.of(&target))
    }
}

impl LoggableUri<'_> {
    fn write(&self, f: &mut String) -> fmt::Result {
        self.write_path(f)?;
        let Some(query) = self.uri.query() else { return Ok(()) };
        for (index, pair) in query.split('&').enumerate() {
            if f.len() > READ_MAX {
                break;
            }
            f.write_str(if index == 0 { "?" } else { "&" })?;
            let name = pair.split('=').next().unwrap_or_default();
            let name = percent_decode_str(name).decode_utf8_lossy();
            if name.eq_ignore_ascii_case(KEY_PARAMETER) {
                f.write_str("api_key=REDACTED")?;
            } else if name == "back" || name == "next" {
                // A page of ours with its own query.
                write!(f, "{name}=…")?;
            } else if let Some(number) = number_in(pair) {
                write!(f, "{}=…{}", pair.split('=').next().unwrap_or_default(), number.last_four())?;
            } else if name == WORDS_PARAMETER {
                f.write_str("q=…")?;
            } else {
                f.write_str(self.piece(pair))?;
            }
        }
        Ok(())
    }

    /// Of a phone number in the path only the last four digits are shown.
    fn write_path(&self, f: &mut String) -> fmt::Result {
        for (index, segment) in self.uri.path().split('/').enumerate() {
            if f.len() > READ_MAX {
                break;
            }
            if index > 0 {
                f.write_str("/")?;
            }
            // Most segments are words: they are not even decoded.
            let may_be = segment.starts_with(['+', '%']);
            let decoded = may_be.then(|| percent_decode_str(segment).decode_utf8_lossy());
            match decoded.and_then(|text| text.parse::<PhoneNumber>().ok()) {
                Some(number) => write!(f, "…{}", number.last_four())?,
                None => f.write_str(self.piece(segment))?,
            }
        }
        Ok(())
    }

    /// A part of the target, unless an encoded key is in it; one that is not encoded is found in the whole.
    fn piece<'t>(&self, part: &'t str) -> &'t str {
        let has_key = || {
            let decoded = percent_decode_str(part).decode_utf8_lossy();
            self.line.takes_out_of(&decoded) || self.line.takes_out_of(&decoded.replace('+', " "))
        };
        if part.contains('%') && has_key() { "REDACTED" } else { part }
    }
}

/// A text that a client sent as a line of the log shows it, written only when somebody reads it.
pub(super) struct LineOf<'t> {
    pub(super) line: &'t LineText,
    pub(super) text: &'t str,
}

impl fmt::Display for LineOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line.of(self.text))
    }
}

/// The phone number that a query pair gives, with or without its plus, which forms turn into a blank.
fn number_in(pair: &str) -> Option<PhoneNumber> {
    let (_, value) = form_urlencoded::parse(pair.as_bytes()).next()?;
    let digits = value.trim().trim_start_matches('+');
    let is_one = digits.len() >= 10 && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_one.then(|| format!("+{digits}").parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_without_parameters_matches_itself_only() {
        let pattern = Pattern::new("/a/b");
        assert!(pattern.matches("/a/b").is_some());
        for other in ["/a/b/", "/a", "/a//b", "//a/b", "/A/b", "", "*"] {
            assert!(pattern.matches(other).is_none(), "{other}");
        }
    }

    #[test]
    fn parameters_are_decoded_inside_their_segment() {
        let pattern = Pattern::new("/u/{user_id}/x");
        let of = |path: &str| pattern.matches(path).map(|params| params[0].1.clone());
        assert_eq!(of("/u/a%2Fb%3Fc%20d/x").unwrap(), "a/b?c d");
        assert_eq!(of("/u/%E7%94%A8+1/x").unwrap(), "用+1");
        assert_eq!(of("/u/100%/x").unwrap(), "100%");
        for other in ["/u//x", "/u/a/x/", "/u/a/b/x", "/u/a", "/u/%FF/x"] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn a_logged_target_holds_no_key() {
        let shown = |text: &str| loggable_uri(&text.parse().unwrap());
        assert_eq!(shown("/a?api_key=secret&limit=3"), "/a?api_key=REDACTED&limit=3");
        assert_eq!(shown("/a?x=1&api%5Fkey=secret"), "/a?x=1&api_key=REDACTED");
        assert_eq!(shown("/a?API_KEY=secret&api_key"), "/a?api_key=REDACTED&api_key=REDACTED");
        assert_eq!(shown("http://host/a?b"), "/a?b");
        assert_eq!(shown("/a?q=whatever+I+typed&limit=3"), "/a?q=…&limit=3");
        assert_eq!(shown("/a?phone_number=%2B14155550123&q=4155550123"), "/a?phone_number=…0123&q=…0123");
        assert_eq!(shown("/a?after=+14155550123&cursor=123456789"), "/a?after=…0123&cursor=123456789");
    }

    #[test]
    fn a_logged_path_shows_the_last_four_digits_of_a_number() {
        let shown = |text: &str| loggable_uri(&text.parse().unwrap());
        assert_eq!(shown("/numbers/+14155550123/adopt?x=+1"), "/numbers/…0123/adopt?x=+1");
        assert_eq!(shown("/numbers/%2B14155550123"), "/numbers/…0123");
        assert_eq!(shown("/numbers/%31/+1/%FF/"), "/numbers/%31/+1/%FF/");
        assert_eq!(shown("/"), "/");
    }

    #[test]
    fn a_logged_target_is_short_and_holds_no_key_wherever_it_stands() {
        let key = "a/key+of=our&own";
        let line = LineText::new(move |text, most| LineText::cut(&text.replace(key, "REDACTED"), most));
        let shown = |text: &str| LoggableUri { uri: &text.parse().unwrap(), line: &line }.to_string();
        assert_eq!(shown(&format!("/x/{key}/y?z=1")), "/x/REDACTED/y?z=1");
        assert_eq!(shown(&format!("/x?reason={key}")), "/x?reason=REDACTED");
        assert_eq!(shown("/x?y=1&reason=a%2Fkey%2Bof%3Dour%26own"), "/x?y=1&REDACTED");
        assert_eq!(shown("/x/%61%2Fkey%2Bof%3Dour%26own/y"), "/x/REDACTED/y");
        for long in [format!("/{}", "a".repeat(30_000)), format!("/?{}", "b&".repeat(15_000)), "/c".repeat(15_000)] {
            let shown = shown(&long);
            assert_eq!((shown.chars().count(), shown.ends_with('…')), (501, true), "{shown}");
            assert!(long.starts_with(shown.trim_end_matches('…')), "{shown}");
        }
    }

    #[test]
    fn query_values_are_decoded_and_the_first_one_counts() {
        let uri: Uri = "/a?user=%E7%94%A8+x&user=2&empty".parse().unwrap();
        assert_eq!(query_value(&uri, "user").unwrap(), "用 x");
        assert_eq!(query_value(&uri, "empty").unwrap(), "");
        assert_eq!(query_value(&uri, "none"), None);
        let raw = |name| raw_query_value(&uri, name);
        assert_eq!((raw("user"), raw("empty"), raw("none")), (Some("%E7%94%A8+x"), Some(""), None));
        let uri: Uri = "/a?&api%5Fkey=b+c%2B=d".parse().unwrap();
        assert_eq!(raw_query_value(&uri, "api_key"), Some("b+c%2B=d"));
    }
}
