//! What a caller sent, cut to a size and freed of keys, for the audit trail.
//!
//! The same serves free text that an operator typed, wherever it will be kept and shown ([`Redactor::without_keys`]).
//! Invariant: no text that opens the door now leaves here, whatever it is made of and whatever stands around it. A mistyped
//! key cannot be known; but fields named for keys are never read by a handler, so they are not noted in the first place.
//! How to get it wrong: cutting the text into words first. A key may hold any character that words are divided by.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::keys::Keys;

const TEXT_MAX: usize = 200;
const LIST_MAX: usize = 10;
const DEPTH_MAX: usize = 4;
/// Fields that are read and kept nowhere: a caller's own phone number.
const NOT_KEPT: [&str; 1] = ["near"];
const BYTES_MAX: usize = 8 * 1024;
const REDACTED: &str = "REDACTED";

/// Writes for the trail.
pub(crate) struct Redactor(Arc<Keys>);

impl Redactor {
    /// Knows the keys that are in force now.
    pub(crate) fn new(keys: Arc<Keys>) -> Self {
        Self(keys)
    }

    /// A text without keys and control characters, at most 200 characters of it.
    pub(crate) fn text(&self, text: &str) -> String {
        self.written(text, TEXT_MAX, |next| if next.is_control() { '\u{fffd}' } else { next })
    }

    /// A text without keys, at most so many characters of it, for a line of the log.
    pub(super) fn line(&self, text: &str, most: usize) -> String {
        self.written(text, most, |next| next)
    }

    /// The whole text as it was typed, but for keys.
    pub(crate) fn without_keys(&self, text: &str) -> String {
        self.written(text, usize::MAX, |next| next)
    }

    fn written(&self, text: &str, most: usize, shown: impl Fn(char) -> char) -> String {
        let mut clean = String::with_capacity(text.len().min(4 * TEXT_MAX));
        let (mut rest, mut count) = (text, 0);
        while let Some(next) = rest.chars().next() {
            if count >= most {
                clean.push('…');
                break;
            }
            if let Some(length) = self.0.at_start(rest) {
                clean.push_str(REDACTED);
                (rest, count) = (&rest[length..], count + REDACTED.len());
            } else {
                clean.push(shown(next));
                (rest, count) = (&rest[next.len_utf8()..], count + 1);
            }
        }
        clean
    }

    /// Everything that was noted of a call.
    pub(crate) fn detail(&self, noted: Map<String, Value>) -> Value {
        let detail = self.value(Value::Object(noted), 0);
        let size = serde_json::to_vec(&detail).map_or(usize::MAX, |bytes| bytes.len());
        if size > BYTES_MAX { serde_json::json!({ "too_long": size }) } else { detail }
    }

    fn value(&self, value: Value, depth: usize) -> Value {
        match value {
            Value::String(text) => self.text(&text).into(),
            Value::Array(_) | Value::Object(_) if depth >= DEPTH_MAX => "…".into(),
            Value::Array(items) => {
                let more = items.len().saturating_sub(LIST_MAX);
                let mut short: Vec<Value> =
                    items.into_iter().take(LIST_MAX).map(|item| self.value(item, depth + 1)).collect();
                if more > 0 {
                    short.push(format!("… and {more} more").into());
                }
                short.into()
            }
            Value::Object(fields) => {
                let short =
                    fields.into_iter().filter(|(name, value)| !value.is_null() && !NOT_KEPT.contains(&name.as_str()));
                short
                    .map(|(name, value)| (self.text(&name), self.value(value, depth + 1)))
                    .collect::<Map<_, _>>()
                    .into()
            }
            plain @ (Value::Null | Value::Bool(_) | Value::Number(_)) => plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;
    use serde_json::json;

    use super::*;

    fn redactor() -> Redactor {
        Redactor::new(Arc::new(Keys::new(&[SecretString::from("admin-key-0123456789")], &[])))
    }

    #[test]
    fn keys_are_taken_out_wherever_they_stand() {
        let redactor = redactor();
        assert_eq!(redactor.text("admin-key-0123456789"), "REDACTED");
        assert_eq!(
            redactor.text("use admin-key-0123456789, or (admin-key-0123456789)."),
            "use REDACTED, or (REDACTED)."
        );
        assert_eq!(redactor.text("?api_key=admin-key-0123456789&x"), "?api_key=REDACTED&x");
        assert_eq!(redactor.text("a quiet night"), "a quiet night");
        assert_eq!(redactor.text("x-admin-key-0123456789x"), "x-REDACTEDx");
        let detail =
            json!({"reason": "was admin-key-0123456789.", "list": [{"admin-key-0123456789": 1}], "none": null});
        let Value::Object(detail) = detail else { unreachable!("it is an object") };
        assert_eq!(redactor.detail(detail), json!({"reason": "was REDACTED.", "list": [{"REDACTED": 1}]}));
    }

    #[test]
    fn what_is_kept_nowhere_is_not_kept_here() {
        let Value::Object(detail) = json!({"user_id": "u-1", "near": "+14155550100", "in": {"near": "+1"}}) else {
            return;
        };
        assert_eq!(redactor().detail(detail), json!({"user_id": "u-1", "in": {}}));
    }

    #[test]
    fn a_key_may_hold_what_words_are_divided_by() {
        for key in ["cGFzc3dvcmQgb2YgYWRtaW4=", "=?&;:admin(key)[0]{1}", "'admin \"key\", 0123'", "schlüssel=für=alle."]
        {
            let keys = Keys::new(&[SecretString::from(key), SecretString::from("cGFzc3dvcmQgb2Yg")], &[]);
            let redactor = Redactor::new(Arc::new(keys));
            assert_eq!(redactor.text(key), "REDACTED");
            for (before, after) in [("it was ", " once"), ("(", ")."), ("api_key=", "&x=1"), ("\"", "\","), ("=", "=")]
            {
                assert_eq!(
                    redactor.text(&format!("{before}{key}{after}")),
                    format!("{before}REDACTED{after}"),
                    "{key}"
                );
            }
            assert_eq!(redactor.text(&key[..key.len() - 1]).contains("REDACTED"), key.starts_with("cGFz"), "{key}");
            let late = format!("{}{key}", "x".repeat(190));
            assert_eq!(redactor.text(&late), format!("{}REDACTED", "x".repeat(190)), "{key}");
        }
    }

    #[test]
    fn what_is_long_or_deep_is_cut() {
        let redactor = redactor();
        assert_eq!(redactor.text(&"ü".repeat(500)), "ü".repeat(200) + "…");
        assert_eq!(redactor.text("a\0b\nc"), "a\u{fffd}b\u{fffd}c");
        let noted = |value: Value| Map::from_iter([("x".to_owned(), value)]);
        let numbers: Vec<u32> = (0..12).collect();
        assert_eq!(
            redactor.detail(noted(json!(numbers))),
            json!({"x": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, "… and 2 more"]})
        );
        assert_eq!(redactor.detail(noted(json!([[[[[1]]]]]))), json!({"x": [[["…"]]]}));
        let wide: Map<String, Value> = (0..100).map(|n| (n.to_string(), json!("x".repeat(200)))).collect();
        assert!(redactor.detail(wide)["too_long"].as_u64().is_some_and(|size| size > 20_000));
    }
}
