//! Slack: one text to an incoming webhook.
//!
//! How to get it wrong: sending `<` as it is. Slack would read a link, or call everybody who is there.

use secrecy::SecretString;
use serde_json::json;

use super::http::{Ask, ask};
use super::parcel::Parcel;
use super::reply::Reply;
use crate::config::Trusted;

/// The longest text that is shown whole.
const CHARACTERS_MAX: usize = 3000;

/// Sends one text.
pub(in crate::alerts) async fn by_slack(url: &SecretString, trusted: Trusted, parcel: &Parcel) -> Reply {
    ask(trusted, Ask::post(url, json!({"text": text(parcel)}).to_string())).await
}

fn text(parcel: &Parcel) -> String {
    let paragraphs: Vec<String> = parcel.paragraphs().iter().map(|lines| lines.plain()).collect();
    let subject = parcel.subject();
    let text = match paragraphs.as_slice() {
        // The subject has said what happened.
        [one] if subject.contains(one.lines().next().unwrap_or_default()) => {
            let rest = one.lines().skip(1).collect::<Vec<_>>().join("\n");
            format!("{subject}\n{rest}")
        }
        several => format!("{subject}\n{}", several.join("\n\n")),
    };
    cut(&escaped(&text))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn cut(text: &str) -> String {
    if text.chars().count() <= CHARACTERS_MAX {
        return text.to_owned();
    }
    let kept: String = text.chars().take(CHARACTERS_MAX - 1).collect();
    // Not within an escape.
    let end = kept.rfind('&').filter(|at| !kept[*at..].contains(';')).unwrap_or(kept.len());
    format!("{}…", &kept[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_escaped_and_cut_between_escapes() {
        assert_eq!(escaped("<!channel> a & b"), "&lt;!channel&gt; a &amp; b");
        assert_eq!(cut("short"), "short");
        for before in CHARACTERS_MAX - 6..=CHARACTERS_MAX {
            let text = cut(&escaped(&format!("{}<{}", "x".repeat(before), "y".repeat(20))));
            assert!(text.chars().count() <= CHARACTERS_MAX && text.ends_with('…'), "{before}");
            let escape = text.find('&').map(|at| &text[at..]);
            assert!(escape.is_none_or(|escape| escape.starts_with("&lt;")), "{before}: {escape:?}");
        }
    }
}
