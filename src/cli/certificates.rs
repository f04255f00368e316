//! Whose certificates a command believes that calls the daemon over https, and what to do about one that it does not.
//!
//! How to get it wrong: Mozilla's authorities alone. The daemon stands behind a company's own proxy.

use std::sync::Arc;

use ureq::tls::{Certificate, RootCerts, TlsConfig};
use url::Url;

use super::ending::CommandError;
use crate::config::{Sources, authorities};

/// Who may vouch for the daemon at `base`: whoever may for everything else that is called. Over plain http nobody shows a
/// certificate, and none is read.
///
/// # Errors
/// A variable names certificates that are not there.
pub(super) fn tls_of(base: &Url, sources: &Sources) -> Result<TlsConfig, CommandError> {
    if base.scheme() != "https" {
        return Ok(TlsConfig::default());
    }
    let all = authorities(sources)?;
    let all = all.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
    Ok(TlsConfig::builder().root_certs(RootCerts::Specific(Arc::new(all))).build())
}

/// What to do about a certificate that was refused with these words.
pub(super) fn about_certificate(refused: &str) -> &'static str {
    if refused.contains("CaUsedAsEndEntity") {
        "it says of itself that it is an authority's (CA:TRUE), as `openssl req -x509` makes them: give the proxy there one of an \
         authority that is known here"
    } else if refused.contains("UnknownIssuer") {
        "if it is by an authority of yours, give that one's certificate in SSL_CERT_FILE; otherwise look at the proxy there"
    } else {
        "look at the proxy there"
    }
}
