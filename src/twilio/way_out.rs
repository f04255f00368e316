//! What lies between us and Twilio: a proxy, and whose certificates count.
//!
//! How to get it wrong: a proxy from the environment. ureq takes one by itself unless it is told not to.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use ureq::tls::{Certificate, RootCerts, TlsConfig};
use url::Url;

/// What lies between us and Twilio.
#[derive(Clone, Default)]
pub struct WayOut {
    /// `twilio.proxy_url`: asked by CONNECT for every host.
    pub proxy: Option<Url>,
    /// A variable that names a proxy, while none is configured.
    pub ignored_variable: Option<String>,
    /// Certificates in DER of all who may vouch for Twilio and for the proxy.
    pub certificates: Arc<[Cow<'static, [u8]>]>,
    /// The variables that name them all, beside what is configured; `None` = Mozilla's and this system's are among them.
    pub certificates_of: Option<&'static str>,
}

impl WayOut {
    /// As the agent takes it. The configuration takes no address that this would not.
    pub(super) fn proxy(&self) -> Option<ureq::Proxy> {
        let url = self.proxy.as_ref()?;
        Some(
            ureq::Proxy::new(url.as_str())
                .expect("the configuration has judged the proxy's address; a test compares both"),
        )
    }

    /// Whose certificates the agent believes.
    pub(super) fn tls(&self) -> TlsConfig {
        let certificates = self.certificates.iter().map(|certificate| match certificate {
            // Those in the binary are not copied.
            Cow::Borrowed(der) => Certificate::from_der(der),
            Cow::Owned(der) => Certificate::from_der(der).to_owned(),
        });
        TlsConfig::builder().root_certs(RootCerts::Specific(Arc::new(certificates.collect()))).build()
    }

    /// The proxy's host, if there is one.
    pub(super) fn proxy_host(&self) -> Option<&str> {
        self.proxy.as_ref()?.host_str()
    }

    /// Whether the proxy itself is spoken to over TLS; `None` = there is none.
    pub(super) fn proxy_is_over_tls(&self) -> Option<bool> {
        Some(self.proxy.as_ref()?.scheme() == "https")
    }

    /// Whether we have something to show a proxy that wants a login.
    pub(super) fn has_login(&self) -> bool {
        self.proxy.as_ref().is_some_and(|proxy| !proxy.username().is_empty() || proxy.password().is_some())
    }
}

impl fmt::Debug for WayOut {
    /// An address may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WayOut")
            .field("proxy", &self.proxy_host())
            .field("ignored_variable", &self.ignored_variable)
            .field("certificates", &self.certificates.len())
            .finish()
    }
}
