//! What arrived: mails, requests, and what was said on the way.
//!
//! Invariant: kept as it came, byte for byte; what is parsed is parsed when somebody asks.
//!
//! How to get it wrong: comparing parsed texts, where the promise is that each try has the same bytes.

use chrono::{DateTime, Utc};
use mail_parser::{HeaderValue, MessageParser};
use serde_json::Value;

/// All that arrived since the start, or since it was last forgotten; oldest first.
#[derive(Clone, Debug, Default)]
pub struct Got {
    /// Mails that came whole, one for each DATA.
    pub mails: Vec<Mail>,
    /// Requests whose body came whole, whatever they were answered.
    pub requests: Vec<Request>,
    /// Connections to the mail server.
    pub sessions: Vec<Session>,
}

/// A mail.
#[derive(Clone, Debug)]
pub struct Mail {
    /// When its last byte came.
    pub at: DateTime<Utc>,
    /// Whether its sender was told that it is taken. A mail that was cut after DATA is kept, too.
    pub is_taken: bool,
    /// Who had said who they are.
    pub user: Option<String>,
    /// The envelope's.
    pub from: String,
    /// The envelope's; those that were refused are not among them.
    pub to: Vec<String>,
    /// Headers and body, without the dots that SMTP puts before dots.
    pub raw: Vec<u8>,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// When its last byte came.
    pub at: DateTime<Utc>,
    /// `POST`
    pub method: String,
    /// With the query.
    pub path: String,
    /// Their names in lower case, in their order.
    pub headers: Vec<(String, String)>,
    /// As it came.
    pub body: Vec<u8>,
    /// What it was answered; `None`: nothing, the connection was cut or stands still.
    pub status: Option<u16>,
}

/// A connection to the mail server.
#[derive(Clone, Debug)]
pub struct Session {
    /// When it began.
    pub at: DateTime<Utc>,
    /// What the client said, but for passwords and the mail itself.
    pub said: Vec<String>,
}

impl Got {
    /// The mails that this address has, taken or cut.
    pub fn mails_to(&self, address: &str) -> Vec<&Mail> {
        self.mails.iter().filter(|mail| mail.to.iter().any(|one| one.eq_ignore_ascii_case(address))).collect()
    }

    /// The requests whose path begins so.
    pub fn requests_to(&self, path: &str) -> Vec<&Request> {
        self.requests.iter().filter(|request| request.path.starts_with(path)).collect()
    }
}

impl Mail {
    /// A header as a reader shows it (encoded words decoded), the first of that name.
    pub fn header(&self, name: &str) -> Option<String> {
        self.headers(name).into_iter().next()
    }

    /// All headers of that name, each as a reader shows it.
    pub fn headers(&self, name: &str) -> Vec<String> {
        let parser = MessageParser::new().with_mime_headers().default_header_text();
        let Some(message) = parser.parse(&self.raw) else { return Vec::new() };
        let headers = message.headers().iter().filter(|header| header.name().eq_ignore_ascii_case(name));
        headers.filter_map(|header| text_of(&header.value)).collect()
    }

    /// What is in the subject line.
    pub fn subject(&self) -> String {
        self.header("Subject").unwrap_or_default()
    }

    /// The part for whoever reads plain text, decoded.
    pub fn plain(&self) -> Option<String> {
        let message = MessageParser::default().parse(&self.raw)?;
        let part =
            message.text_body.iter().filter_map(|at| message.parts.get(*at as usize)).find(|part| part.is_text())?;
        (!part.is_text_html()).then(|| part.text_contents().map(str::to_owned)).flatten()
    }

    /// The part for whoever sees HTML, decoded.
    pub fn html(&self) -> Option<String> {
        let message = MessageParser::default().parse(&self.raw)?;
        let part = message
            .html_body
            .iter()
            .filter_map(|at| message.parts.get(*at as usize))
            .find(|part| part.is_text_html())?;
        part.text_contents().map(str::to_owned)
    }
}

fn text_of(value: &HeaderValue<'_>) -> Option<String> {
    match value {
        HeaderValue::Text(text) => Some(text.trim().to_owned()),
        HeaderValue::TextList(texts) => Some(texts.join(" ")),
        HeaderValue::Address(_)
        | HeaderValue::DateTime(_)
        | HeaderValue::ContentType(_)
        | HeaderValue::Received(_)
        | HeaderValue::Empty => None,
    }
}

impl Request {
    /// The value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(one, _)| one.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; null, if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}
