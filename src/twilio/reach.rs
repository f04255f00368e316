//! Tells "Twilio was not asked" from everything else, by where an error happened and not by what it looks like.
//!
//! The resolver and the connector (a proxy's CONNECT, TCP and TLS) mark their own errors; not a byte of the request has left then. The same
//! kinds of error (unreachable, reset, time-out) may come from an established connection too, where the request may
//! have arrived, so the kind proves nothing.
//! How to get it wrong: sorting by `io::ErrorKind`.

use ureq::Error;
use ureq::config::Config;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport};

/// Wraps an error from before the connection stood.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub(super) struct NotConnected {
    pub(super) step: Step,
    pub(super) error: Error,
}

/// Where it went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A name had no address.
    Name,
    /// Nothing stood to send a request over.
    Connection,
}

impl NotConnected {
    /// What was seen first, and where: a proxy's name is looked up while the connection is made.
    pub(super) fn first(&self) -> (Step, &Error) {
        match not_connected(&self.error) {
            Some(inner) => inner.first(),
            None => (self.step, &self.error),
        }
    }
}

/// Whether `error` comes from before the connection stood, and what it is then.
pub(super) fn not_connected(error: &Error) -> Option<&NotConnected> {
    if let Error::Other(inner) = error { inner.downcast_ref() } else { None }
}

fn mark(step: Step) -> impl FnOnce(Error) -> Error {
    move |error| Error::Other(Box::new(NotConnected { step, error }))
}

/// Names into addresses.
#[derive(Debug, Default)]
pub(super) struct MarkingResolver(DefaultResolver);

impl Resolver for MarkingResolver {
    fn resolve(
        &self,
        uri: &ureq::http::Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        self.0.resolve(uri, config, timeout).map_err(mark(Step::Name))
    }
}

/// Through a proxy or not: TCP and, for https, TLS.
#[derive(Debug, Default)]
pub(super) struct MarkingConnector(DefaultConnector);

impl Connector<()> for MarkingConnector {
    type Out = Box<dyn Transport>;

    fn connect(&self, details: &ConnectionDetails, chained: Option<()>) -> Result<Option<Self::Out>, Error> {
        self.0.connect(details, chained).map_err(mark(Step::Connection))
    }
}
