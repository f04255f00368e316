//! Tells "Twilio was not asked" from everything else, by where an error happened and not by what it looks like.
//!
//! The resolver and the connector (TCP and TLS) mark their own errors; not a byte of the request has left then. The same
//! kinds of error (unreachable, reset, time-out) may come from an established connection too, where the request may
//! have arrived, so the kind proves nothing.
//! How to get it wrong: sorting by `io::ErrorKind`.

use ureq::Error;
use ureq::config::Config;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport};

/// Wraps an error from before the connection stood.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct NotConnected(Error);

/// Whether `error` comes from before the connection stood.
pub(super) fn is_not_connected(error: &Error) -> bool {
    matches!(error, Error::Other(inner) if inner.is::<NotConnected>())
}

fn mark(error: Error) -> Error {
    Error::Other(Box::new(NotConnected(error)))
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
        self.0.resolve(uri, config, timeout).map_err(mark)
    }
}

/// TCP and, for https, TLS.
#[derive(Debug, Default)]
pub(super) struct MarkingConnector(DefaultConnector);

impl Connector<()> for MarkingConnector {
    type Out = Box<dyn Transport>;

    fn connect(&self, details: &ConnectionDetails, chained: Option<()>) -> Result<Option<Self::Out>, Error> {
        self.0.connect(details, chained).map_err(mark)
    }
}
