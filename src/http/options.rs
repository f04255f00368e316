//! What the server needs to know, and what all of its connections share.
//!
//! How to get it wrong: a limit that is read while connections are open. They keep what they began with, until a restart.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Empty;
use ipnet::IpNet;
use slog::Logger;
use tokio_util::sync::CancellationToken;
use tower_service::Service;

use super::lanes::Lanes;
use super::place::Place;
use super::response::Response;
use super::undeclared::Undeclared;
use crate::telemetry::Telemetry;

/// What slow clients, or too many, may cost.
#[derive(Debug, Clone)]
pub struct ServerLimits {
    /// For a whole request header, from the moment when one is expected: also how long an idle connection is kept.
    pub header_timeout: Duration,
    /// For a whole body, and for a client to take in a piece of an answer.
    pub body_timeout: Duration,
    /// Open connections.
    pub connections_max: usize,
    /// From `stop` to the end of every connection.
    pub drain_timeout: Duration,
}

/// How a text that a client sent stands in a line of the log. Whoever knows the keys hands in how they are taken out.
#[derive(Clone)]
pub struct LineText(Arc<ShowText>);

/// Gets a text, and the most characters that may be shown of it.
type ShowText = dyn Fn(&str, usize) -> String + Send + Sync;

/// What is shown of one text.
const LINE_MAX: usize = 500;

impl LineText {
    /// `shown` gets the text and the most characters that may be shown of it.
    pub fn new(shown: impl Fn(&str, usize) -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(shown))
    }

    /// The text as a line may show it.
    pub(super) fn of(&self, text: &str) -> String {
        (self.0)(text, LINE_MAX)
    }

    /// Whether something of it may not be shown.
    pub(super) fn takes_out_of(&self, text: &str) -> bool {
        self.of(text) != Self::cut(text, LINE_MAX)
    }

    pub(super) fn cut(text: &str, most: usize) -> String {
        match text.char_indices().nth(most) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text.to_owned(),
        }
    }
}

/// The text as it is, cut.
impl Default for LineText {
    fn default() -> Self {
        Self::new(Self::cut)
    }
}

impl fmt::Debug for LineText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LineText")
    }
}

/// What the server needs to know.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Limits.
    pub limits: ServerLimits,
    /// The threads that serve.
    pub lanes: Lanes,
    /// Below which path all of it is.
    pub place: Arc<Place>,
    /// Networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How what clients send is logged.
    pub line_text: LineText,
    /// Where requests are counted.
    pub telemetry: Telemetry,
    /// Where the lines go.
    pub log: Logger,
}

/// What all connections share.
pub(crate) struct Shared<S> {
    pub(crate) service: S,
    pub(crate) options: ServerOptions,
    pub(crate) stop: Arc<CancellationToken>,
    pub(super) undeclared: Undeclared,
}

/// What can be served: `warp::service(router(…))`.
pub trait HttpService:
    Service<
        http::Request<Empty<Bytes>>,
        Response = Response,
        Error = Infallible,
        Future: Future<Output = Result<Response, Infallible>> + Send,
    > + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> HttpService for S where
    S: Service<
            http::Request<Empty<Bytes>>,
            Response = Response,
            Error = Infallible,
            Future: Future<Output = Result<Response, Infallible>> + Send,
        > + Clone
        + Send
        + Sync
        + 'static
{
}
