//! A daemon's "no", as one sentence for people at a command line.
//!
//! Invariant: the sentence says what to do with a command, not with JSON. How to get it wrong: printing a page of
//! whatever else listens at the address.

use serde_json::Value;
use ureq::http::{HeaderMap, StatusCode};

use super::ending::{CommandError, Refused};
use crate::domain::needs_told;
use crate::http::ProblemCode;

/// Who refuses, and with which code.
#[derive(Debug)]
enum Code {
    /// Something else than a callbunker answered.
    NotOurs,
    Known(ProblemCode),
    /// A code of a daemon that is newer than this command.
    Newer(String),
}

impl Code {
    fn read(text: &str) -> Self {
        match ProblemCode::spelled(text) {
            Some(code) => Self::Known(code),
            None if text.is_empty() => Self::NotOurs,
            None => Self::Newer(text.to_owned()),
        }
    }
}

/// What came instead of a document.
#[derive(Debug)]
pub(super) struct Refusal {
    url: String,
    path: String,
    status: u16,
    code: Code,
    detail: String,
    retry_after: Option<String>,
    request_id: Option<String>,
    location: Option<String>,
    purchase_id: Option<String>,
    report: Option<Value>,
    for_scripts: Option<String>,
}

impl Refusal {
    pub(super) fn new(url: &str, path: &str, status: StatusCode, headers: &HeaderMap, document: Value) -> Self {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let text = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
        Self {
            url: url.to_owned(),
            path: path.to_owned(),
            status: status.as_u16(),
            code: Code::read(&text("code")),
            detail: text("detail"),
            retry_after: header("retry-after"),
            request_id: header("x-request-id"),
            location: header("location"),
            purchase_id: document["purchase_id"].as_str().map(str::to_owned),
            report: document.get("report").filter(|report| report.is_object()).cloned(),
            for_scripts: None,
        }
    }

    /// The document as it came, for a script to read.
    pub(super) fn for_scripts(self, document: Option<String>) -> Self {
        Self { for_scripts: document, ..self }
    }

    /// The order that is placed, although the answer is a refusal.
    pub(super) fn purchase_id(&self) -> Option<&str> {
        self.purchase_id.as_deref()
    }

    /// Whether the call may have taken effect all the same: somebody on the way, or inside, failed, or spoilt an answer.
    pub(super) fn is_doubtful(&self) -> bool {
        matches!(self.status, 200..=299 | 500..) && !self.bought_nothing()
    }

    /// Whether the daemon tells of an order that it ended before it bought any.
    pub(super) fn bought_nothing(&self) -> bool {
        matches!(self.code(), Some(ProblemCode::SpendCap | ProblemCode::Locked | ProblemCode::Halted))
    }

    /// The machine code, if this command knows it.
    pub(super) fn code(&self) -> Option<ProblemCode> {
        match self.code {
            Code::Known(code) => Some(code),
            Code::NotOurs | Code::Newer(_) => None,
        }
    }

    /// How a command ends with `sentence`: a proxy without a daemon behind it is as good as no daemon, and so is a daemon
    /// that goes away or has no database. `unavailable` is none of these: it is also said when Twilio does not answer.
    pub(super) fn failure(&self, sentence: String) -> CommandError {
        match (&self.code, self.status) {
            (Code::NotOurs, 502..=504) => CommandError::Unreachable(sentence),
            (Code::NotOurs, _) => CommandError::Failed(sentence),
            (Code::Known(_) | Code::Newer(_), _) => CommandError::Refused(Box::new(Refused {
                is_unreachable: matches!(
                    self.code(),
                    Some(ProblemCode::DatabaseUnavailable | ProblemCode::ShuttingDown)
                ),
                sentence,
                document: self.for_scripts.clone(),
                report: self.report.clone(),
            })),
        }
    }

    /// Whether the same call may succeed a little later.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self.status, 429 | 500..) && !self.bought_nothing()
    }

    /// What to tell.
    pub(super) fn sentence(&self) -> String {
        match &self.code {
            Code::NotOurs => self.not_ours(),
            Code::Known(code) => self.in_commands(*code).unwrap_or_else(|| self.in_its_words(code.as_str())),
            Code::Newer(code) => self.in_its_words(code),
        }
    }

    /// What to do, where that is a command.
    #[expect(clippy::wildcard_enum_match_arm, reason = "for every other code, its detail says what to do")]
    fn in_commands(&self, code: ProblemCode) -> Option<String> {
        let Self { url, detail, .. } = self;
        Some(match code {
            ProblemCode::Unauthorized => {
                format!("the daemon at {url} does not accept this key; give one of its admin keys in ADMIN_API_KEY")
            }
            ProblemCode::Forbidden => {
                "this is a signup key; give one of the daemon's admin keys in ADMIN_API_KEY".to_owned()
            }
            ProblemCode::NotFound | ProblemCode::MethodNotAllowed if self.is_unknown_path() => {
                self.unknown_path()
            }
            ProblemCode::UnknownField => {
                format!("the daemon at {url} does not know all that this command says ({detail}); upgrade it")
            }
            ProblemCode::NotAssigned => {
                "this user has no number; `callbunker numbers --status assigned` lists who has".to_owned()
            }
            ProblemCode::SpendCap => {
                "the purchases of this hour or day are used up; wait, raise the spend caps, or repeat with --override-caps"
                    .to_owned()
            }
            ProblemCode::AreaCodeUnavailable => {
                "no number of this area code is in stock; ask without --strict, or for another area code".to_owned()
            }
            // A pool that is halted alone says itself what it needs.
            ProblemCode::Halted if needs_told(detail).is_some() => return None,
            ProblemCode::Halted => "all buying is halted because Twilio refuses this account; `callbunker status` says why: \
                                    mend it, then `callbunker resume`"
                .to_owned(),
            ProblemCode::Internal => {
                let id = self.request_id.as_deref().unwrap_or("unknown");
                format!("something went wrong inside the daemon; its log has the details under request {id}")
            }
            _ => return None,
        })
    }

    /// The daemon's own sentence.
    fn in_its_words(&self, code: &str) -> String {
        let Self { url, status, detail, .. } = self;
        if detail.is_empty() {
            format!("the daemon at {url} refused with {code} ({status})")
        } else {
            self.with_time(detail)
        }
    }

    fn with_time(&self, sentence: &str) -> String {
        let sentence = sentence.trim_end_matches('.');
        match &self.retry_after {
            Some(seconds) => format!("{}; try again in {seconds} s", without_when(sentence)),
            None => sentence.to_owned(),
        }
    }

    /// A path that no route has, as opposed to a thing that a route did not find.
    fn is_unknown_path(&self) -> bool {
        self.code() == Some(ProblemCode::MethodNotAllowed) || self.detail.starts_with("There is nothing at this path")
    }

    fn unknown_path(&self) -> String {
        let Self { url, path, .. } = self;
        // Without what --url has behind the host, there may be a daemon that knows it.
        let host = url::Url::parse(url).ok().filter(|url| url.path() != "/").map(|mut url| {
            url.set_path("");
            url.to_string()
        });
        match host {
            Some(host) => format!(
                "nothing of callbunker is at {url}/{path}; if the daemon is not below that path (http.base_path), give it as --url {}; \
                 if it is, it is older than this command, upgrade it",
                host.trim_end_matches('/')
            ),
            None => format!("the daemon at {url} does not know /{path}; it is older than this command, upgrade it"),
        }
    }

    fn not_ours(&self) -> String {
        let Self { url, status, .. } = self;
        match (&self.location, status) {
            (Some(location), 300..=399) => {
                format!("{url} answers with a redirect to {location}; give the address it stands for as --url")
            }
            (_, 502..=504) => {
                self.with_time(&format!("{url} answers {status}: no daemon behind it; look at the proxy"))
            }
            (_, 429) => self.with_time(&format!("{url} answers 429: a proxy lets no more calls through; wait")),
            (_, 400) if url.starts_with("http://") => format!(
                "what answers at {url} is not callbunker (HTTP 400); if it speaks TLS, write https:// for http:// in --url"
            ),
            _ => format!("what answers at {url} is not callbunker (HTTP {status}); give the daemon's address as --url"),
        }
    }
}

/// A sentence without its last words, where these say when to try again: in how many seconds says it better.
fn without_when(sentence: &str) -> &str {
    let again = sentence.rfind("try again").or_else(|| sentence.rfind("Try again"));
    let is_last = |from: &usize| {
        sentence.len() - from <= "try again in a minute".len() && !sentence[*from..].contains([';', ','])
    };
    again.filter(is_last).map_or(sentence, |from| sentence[..from].trim_end_matches([' ', ';', '.', ',']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Away;
    use crate::http::Problem;

    #[test]
    fn when_to_try_again_is_told_once() {
        assert_eq!(without_when("The database does not answer; try again in a moment"), "The database does not answer");
        assert_eq!(without_when("It is in the report; try again"), "It is in the report");
        assert_eq!(without_when("Try again once it is mended, or wait"), "Try again once it is mended, or wait");
        let headers = HeaderMap::from_iter([("retry-after".parse().unwrap(), "1".parse().unwrap())]);
        let document = serde_json::to_value(Problem::database_unavailable(Away::Other)).unwrap();
        let told = Refusal::new("http://d", "x", StatusCode::SERVICE_UNAVAILABLE, &headers, document).sentence();
        assert_eq!(told, "The database does not answer; try again in 1 s");
    }

    fn refusal(problem: &Problem) -> Refusal {
        let status = StatusCode::from_u16(problem.code().status().as_u16()).unwrap();
        Refusal::new(
            "http://d",
            "admin/phones/api/x",
            status,
            &HeaderMap::new(),
            serde_json::to_value(problem).unwrap(),
        )
    }

    #[test]
    fn a_path_without_a_route_asks_for_an_upgrade_and_a_thing_that_is_not_there_does_not() {
        let unknown = refusal(&Problem::no_such_path()).sentence();
        assert!(unknown.contains("does not know /admin/phones/api/x") && unknown.contains("upgrade"), "{unknown}");
        assert_eq!(refusal(&Problem::not_found("There is no such number.")).sentence(), "There is no such number");
        let below =
            Refusal { url: "https://d:8443/nowhere".to_owned(), ..refusal(&Problem::no_such_path()) }.sentence();
        assert!(below.contains("nothing of callbunker is at https://d:8443/nowhere/admin/"), "{below}");
        assert!(below.contains("give it as --url https://d:8443;"), "{below}");
    }

    #[test]
    fn every_code_has_a_sentence_of_one_line() {
        for code in ProblemCode::ALL {
            let sentence = refusal(&Problem::new(*code, "Do this or that.")).sentence();
            assert!(!sentence.is_empty() && !sentence.contains('\n') && !sentence.contains('{'), "{sentence}");
        }
    }

    #[test]
    fn no_daemon_or_no_database_is_unreachable_and_every_other_no_has_failed() {
        for code in ProblemCode::ALL {
            let failure = refusal(&Problem::new(*code, "")).failure(String::new());
            let is_away = matches!(failure, CommandError::Refused(refused) if refused.is_unreachable);
            let expected = [ProblemCode::DatabaseUnavailable, ProblemCode::ShuttingDown].contains(code);
            assert_eq!(is_away, expected, "{code:?}");
        }
    }

    #[test]
    fn something_else_at_the_address_is_named_as_such() {
        let mut headers = HeaderMap::new();
        let told = |status: u16, headers: &HeaderMap| {
            Refusal::new("http://d", "x", StatusCode::from_u16(status).unwrap(), headers, Value::Null).sentence()
        };
        assert!(told(200, &headers).contains("not callbunker (HTTP 200)"));
        assert!(told(502, &headers).contains("proxy") && told(429, &headers).contains("proxy"));
        headers.insert("location", "https://d/".parse().unwrap());
        assert!(told(301, &headers).contains("redirect to https://d/"));
    }

    #[test]
    fn what_failed_on_the_way_or_inside_may_have_taken_effect_and_what_bought_nothing_has_not() {
        for code in ProblemCode::ALL {
            let refusal = refusal(&Problem::new(*code, ""));
            let inside = [ProblemCode::Internal, ProblemCode::DatabaseUnavailable, ProblemCode::Unavailable];
            if inside.contains(code) {
                assert!(refusal.is_doubtful() && refusal.is_passing(), "{code:?}");
            }
            if [ProblemCode::SpendCap, ProblemCode::Locked, ProblemCode::Halted].contains(code) {
                assert!(!refusal.is_doubtful() && !refusal.is_passing(), "{code:?}");
            }
            assert!(refusal.is_doubtful() || refusal.status < 500 || *code == ProblemCode::Halted, "{code:?}");
        }
    }
}
