//! What went wrong, in one line: the sentences of the ledger are long, name Twilio's request, and come again and again.
//!
//! Invariant: nothing is lost. The whole sentence is folded behind its line, and of many alike the newest is kept.
//! How to get it wrong: joining what differs. Only what is the same but for the name of Twilio's request is one.

/// Where Twilio explains a code of its.
const TWILIO_CODES: &str = "https://www.twilio.com/docs/api/errors/";
/// Letters of a line.
const SHORT_MAX: usize = 72;

/// One thing that went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) short: String,
    pub(crate) full: String,
    /// Twilio's page of its code, and the code.
    pub(crate) page: Option<(String, u32)>,
}

impl Trouble {
    pub(crate) fn new(full: &str) -> Self {
        Self { short: shortened(full), full: full.to_owned(), page: code(full).map(|code| (twilio_page(code), code)) }
    }

    /// Whether something is behind the line.
    pub(crate) fn is_folded(&self) -> bool {
        self.short != self.full || self.page.is_some()
    }
}

/// Twilio's own page of a code.
pub(crate) fn twilio_page(code: u32) -> String {
    format!("{TWILIO_CODES}{code}")
}

/// Twilio's code in a sentence of ours: `401/20003`, `twilio_20003`, `(20003)`.
pub(crate) fn code(text: &str) -> Option<u32> {
    let numbers = text.split(|letter: char| !letter.is_ascii_digit()).filter(|digits| digits.len() == 5);
    let mut codes =
        numbers.filter(|digits| ["/", "twilio_", "("].iter().any(|before| text.contains(&format!("{before}{digits}"))));
    codes.next()?.parse().ok()
}

/// The sentence without the name of Twilio's request, which no two have in common.
pub(crate) fn alike(text: &str) -> String {
    let Some(at) = text.find("Twilio's request ") else { return text.to_owned() };
    let (before, after) = text.split_at(at);
    let rest = after.trim_start_matches("Twilio's request ");
    let rest = rest.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_');
    let opened = before.ends_with('(');
    let before = before.trim_end_matches(['(', ' ', ',']);
    format!("{before}{}", if opened { rest.trim_start_matches(')') } else { rest })
}

/// What stands between `begin` and the next of `ends`.
fn between<'t>(text: &'t str, begin: &str, ends: &[char]) -> Option<&'t str> {
    let rest = text.split(begin).nth(1)?;
    Some(rest.split(|letter| ends.contains(&letter)).next().unwrap_or(rest))
}

fn shortened(full: &str) -> String {
    let text = alike(full);
    let status = between(&text, "status ", &['/', ':', ')', ' ', ',']);
    let line = if text.starts_with("Twilio gave no proper answer to a search") {
        status.map(|status| format!("Twilio {status} on search"))
    } else if text.starts_with("the outcome at Twilio is unknown") {
        status.map(|status| format!("Twilio {status}, purchase unconfirmed"))
    } else if let Some(refused) = text.strip_prefix("Twilio refused with ") {
        let (name, message) = refused.split_once(": ").unwrap_or((refused, ""));
        let name = name.rsplit('/').next().unwrap_or(name);
        Some(format!("Twilio {name}: {message}").trim_end_matches(": ").to_owned())
    } else {
        None
    };
    cut(&line.unwrap_or_else(|| text.split("; ").next().unwrap_or_default().to_owned()))
}

fn cut(line: &str) -> String {
    if line.chars().count() <= SHORT_MAX {
        return line.to_owned();
    }
    let kept: String = line.chars().take(SHORT_MAX - 1).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short(full: &str) -> String {
        Trouble::new(full).short
    }

    #[test]
    fn a_line_says_who_and_what_and_the_rest_is_folded() {
        let search =
            "Twilio gave no proper answer to a search (status 503/20503: busy, Twilio's request RQ12); try again later";
        assert_eq!(short(search), "Twilio 503 on search");
        assert_eq!(
            short("Twilio refused with 401/20003: Authenticate (Twilio's request RQ1)"),
            "Twilio 20003: Authenticate"
        );
        assert_eq!(short("the outcome at Twilio is unknown: status 500"), "Twilio 500, purchase unconfirmed");
        assert_eq!(short("gb: no stock of mobile numbers in GB; try another"), "gb: no stock of mobile numbers in GB");
        assert!(short(&"long ".repeat(40)).ends_with('…'));
        let trouble = Trouble::new(search);
        assert_eq!((trouble.full.as_str(), trouble.is_folded()), (search, true));
        assert!(!Trouble::new("stopped").is_folded());
    }

    #[test]
    fn a_code_of_twilios_leads_to_its_page_and_nothing_else_does() {
        let page = |text| Trouble::new(text).page.map(|(page, _)| page);
        let at = |code| Some(format!("https://www.twilio.com/docs/api/errors/{code}"));
        assert_eq!(page("Twilio refused with 400/21422: no"), at("21422"));
        assert_eq!(page("Twilio refused (twilio_20003); the error has its words"), at("20003"));
        assert_eq!(page("the account may not (20005)"), at("20005"));
        for other in ["status 503", "12345 numbers", "+14155550100", "twilio_http_401"] {
            assert_eq!(page(other), None, "{other}");
        }
    }

    #[test]
    fn what_differs_in_the_request_only_is_alike() {
        let search = |id: &str| format!("no answer to a search (status 503, Twilio's request {id}); try again later");
        assert_eq!(alike(&search("RQ1")), alike(&search("RQ2")));
        assert_eq!(alike(&search("RQ1")), "no answer to a search (status 503); try again later");
        assert_eq!(alike("refused: no (Twilio's request RQ1)"), "refused: no");
        assert_eq!(alike("refused: no"), "refused: no");
    }
}
