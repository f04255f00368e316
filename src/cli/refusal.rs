//! A daemon's "no", as one sentence for people at a command line.
//!
//! Invariant: the sentence says what to do with a command, not with JSON. How to get it wrong: printing a page of
//! whatever else listens at the address.

use serde_json::Value;
use ureq::http::{HeaderMap, StatusCode};

use super::ending::{Failure, Refused};

/// What came instead of a document.
#[derive(Debug)]
pub(super) struct Refusal {
    url: String,
    path: String,
    status: u16,
    code: String,
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
            code: text("code"),
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
        ["spend_cap", "locked", "halted"].contains(&self.code())
    }

    /// The machine code; empty when something else than a callbunker answered.
    pub(super) fn code(&self) -> &str {
        &self.code
    }

    /// How a command ends with `sentence`: a proxy without a daemon behind it is as good as no daemon, and so is a daemon
    /// that goes away or has no database. `unavailable` is none of these: it is also said when Twilio does not answer.
    pub(super) fn failure(&self, sentence: String) -> Failure {
        match (self.code.as_str(), self.status) {
            ("", 502..=504) => Failure::Unreachable(sentence),
            ("", _) => Failure::Failed(sentence),
            (code, _) => Failure::Refused(Box::new(Refused {
                is_unreachable: ["database_unavailable", "shutting_down"].contains(&code),
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
        let Self { url, status, detail, .. } = self;
        match self.code.as_str() {
            "" => self.not_ours(),
            "unauthorized" => {
                format!("the daemon at {url} does not accept this key; give one of its admin keys in ADMIN_API_KEY")
            }
            "forbidden" => "this is a signup key; give one of the daemon's admin keys in ADMIN_API_KEY".to_owned(),
            "not_found" | "method_not_allowed" if self.is_unknown_path() => {
                format!("the daemon at {url} does not know /{}; it is older than this command, upgrade it", self.path)
            }
            "unknown_field" => {
                format!("the daemon at {url} does not know all that this command says ({detail}); upgrade it")
            }
            "not_assigned" => {
                "this user has no number; `callbunker numbers --status assigned` lists who has".to_owned()
            }
            "spend_cap" => "the purchases of this hour or day are used up; wait, raise the spend caps, or repeat with \
                            --override-caps"
                .to_owned(),
            "halted" => "all buying is halted because Twilio refuses this account; `callbunker status` says why: mend \
                         it, then `callbunker resume`"
                .to_owned(),
            "internal" => {
                let id = self.request_id.as_deref().unwrap_or("unknown");
                format!("something went wrong inside the daemon; its log has the details under request {id}")
            }
            code if detail.is_empty() => format!("the daemon at {url} refused with {code} ({status})"),
            _ => self.with_time(detail),
        }
    }

    fn with_time(&self, sentence: &str) -> String {
        let sentence = sentence.trim_end_matches('.');
        match &self.retry_after {
            Some(seconds) => format!("{sentence}; try again in {seconds} s"),
            None => sentence.to_owned(),
        }
    }

    /// A path that no route has, as opposed to a thing that a route did not find.
    fn is_unknown_path(&self) -> bool {
        self.code == "method_not_allowed" || self.detail.starts_with("There is nothing at this path")
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
            _ => format!("what answers at {url} is not callbunker (HTTP {status}); give the daemon's address as --url"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Problem, ProblemCode};

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
            let is_away = matches!(failure, Failure::Refused(refused) if refused.is_unreachable);
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
            assert!(refusal.is_doubtful() || refusal.status < 500 || refusal.code == "halted", "{code:?}");
        }
    }
}
