//! What to do about a connection to Twilio that never stood: the sentence that is added to what the library says.
//!
//! How to get it wrong: advice for something that was not seen. Whoever changes certificates because of a firewall loses a
//! day.

use rustls::CertificateError;
use ureq::{Error, Timeout};

use super::reach::{NotConnected, Step};
use super::way_out::WayOut;

/// What the library calls a certificate that says of itself that it is an authority's.
const SELF_SIGNED: &str = "CaUsedAsEndEntity";
const SELF_SIGNED_REMEDY: &str = "its certificate says of itself that it is an authority's (CA:TRUE), as `openssl req -x509` makes them, and a server's must not: \
     have an authority of yours sign one for that name, and give the authority's as twilio.ca_file";

/// What to do, if anything is known, about a connection to `host` that came to this.
pub(super) fn remedy(failed: &NotConnected, host: &str, way: &WayOut) -> Option<String> {
    let (step, error) = failed.first();
    if let Some(refused) = certificate_of(error) {
        return Some(about_certificate(refused, host));
    }
    if let Error::ConnectProxyFailed(reason) = error {
        return Some(about_proxy(reason, host, way));
    }
    let mut words = Vec::new();
    if step == Step::Name {
        words.push(match way.proxy_host() {
            Some(proxy) => format!("the name {proxy} of twilio.proxy_url cannot be resolved here"),
            None => format!("the name {host} cannot be resolved here"),
        });
    } else if let Some(proxy) = way.proxy_host().filter(|_| is_silence(error)) {
        words
            .push(format!("the way leads through the proxy {proxy} of twilio.proxy_url: look whether it answers here"));
    }
    if let Some(variable) = way.ignored_variable.as_ref().filter(|_| step == Step::Name || is_silence(error)) {
        words
            .push(format!("{variable} is set and not obeyed: if a proxy leads to Twilio, give it as twilio.proxy_url"));
    }
    (!words.is_empty()).then(|| words.join("; "))
}

/// Nobody there, or nobody who answers.
#[expect(clippy::wildcard_enum_match_arm, reason = "ureq adds kinds when it likes, and these are told apart")]
fn is_silence(error: &Error) -> bool {
    match error {
        Error::Timeout(Timeout::Connect | Timeout::Resolve | Timeout::Global) | Error::ConnectionFailed => true,
        Error::Io(error) => error.get_ref().is_none_or(|inner| !inner.is::<rustls::Error>()),
        _ => false,
    }
}

/// Why a certificate was refused, if one was.
#[expect(clippy::wildcard_enum_match_arm, reason = "both libraries have many kinds, and one is looked for")]
fn certificate_of(error: &Error) -> Option<&CertificateError> {
    let tls = match error {
        Error::Rustls(error) => error,
        Error::Io(error) => error.get_ref()?.downcast_ref()?,
        _ => return None,
    };
    match tls {
        rustls::Error::InvalidCertificate(refused) => Some(refused),
        _ => None,
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "whatever else is wrong with it, its authority is what can be changed here"
)]
fn about_certificate(refused: &CertificateError, host: &str) -> String {
    match refused {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. }
        | CertificateError::NotValidForName
        | CertificateError::NotValidForNameContext { .. } => {
            format!("{host} was asked for: look at the clock here, and at twilio.api_base_url")
        }
        // The library's words for one that is its own authority's.
        CertificateError::Other(other) if other.to_string().contains(SELF_SIGNED) => SELF_SIGNED_REMEDY.to_owned(),
        _ => "its certificate is by an authority that is not known here: if a proxy of yours opens TLS, give its certificate as \
              twilio.ca_file, or SSL_CERT_FILE"
            .to_owned(),
    }
}

fn about_proxy(reason: &str, host: &str, way: &WayOut) -> String {
    // The library says "proxy server responded 407/407".
    if !reason.contains(" 407") {
        return format!("look whether the proxy of twilio.proxy_url lets this machine connect to {host}");
    }
    if way.has_login() {
        "the proxy does not take the login of TWILIO_PROXY_URL".to_owned()
    } else {
        "the proxy wants a login: give TWILIO_PROXY_URL with user:password".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    const HOST: &str = "api.twilio.com";

    fn said(step: Step, error: Error, way: &WayOut) -> Option<String> {
        remedy(&NotConnected { step, error }, HOST, way)
    }

    fn through(proxy: &str) -> WayOut {
        WayOut { proxy: Some(proxy.parse().unwrap()), ..WayOut::default() }
    }

    fn beside_a_variable() -> WayOut {
        WayOut { ignored_variable: Some("HTTPS_PROXY".to_owned()), ..WayOut::default() }
    }

    fn refused() -> Error {
        Error::Io(io::ErrorKind::ConnectionRefused.into())
    }

    fn certificate(why: CertificateError) -> Error {
        Error::Io(io::Error::new(io::ErrorKind::InvalidData, rustls::Error::InvalidCertificate(why)))
    }

    #[test]
    fn each_way_of_not_getting_there_has_its_words_and_no_other() {
        let (direct, variable) = (WayOut::default(), beside_a_variable());
        let (plain, known) = (through("http://proxy.example:3128"), through("https://u:secret@proxy.example"));
        let proxy_said = |status: u16| Error::ConnectProxyFailed(format!("proxy server responded {status}/{status}"));
        for (step, error, way, expected) in [
            (
                Step::Connection,
                certificate(CertificateError::UnknownIssuer),
                &direct,
                "twilio.ca_file, or SSL_CERT_FILE",
            ),
            (
                Step::Connection,
                Error::Rustls(rustls::Error::InvalidCertificate(CertificateError::BadSignature)),
                &direct,
                "twilio.ca_file",
            ),
            (
                Step::Connection,
                certificate(CertificateError::Expired),
                &direct,
                "api.twilio.com was asked for: look at the clock",
            ),
            (Step::Connection, certificate(CertificateError::NotValidForName), &variable, "twilio.api_base_url"),
            (Step::Connection, proxy_said(407), &plain, "TWILIO_PROXY_URL with user:password"),
            (Step::Connection, proxy_said(407), &known, "does not take the login of TWILIO_PROXY_URL"),
            (Step::Connection, proxy_said(403), &plain, "lets this machine connect to api.twilio.com"),
            (Step::Name, refused(), &direct, "the name api.twilio.com cannot be resolved here"),
            (Step::Name, Error::HostNotFound, &plain, "the name proxy.example of twilio.proxy_url cannot be resolved"),
            (Step::Name, Error::HostNotFound, &variable, "HTTPS_PROXY is set and not obeyed"),
            (Step::Connection, refused(), &variable, "HTTPS_PROXY is set and not obeyed"),
            (Step::Connection, Error::Timeout(Timeout::Connect), &variable, "HTTPS_PROXY is set and not obeyed"),
            (Step::Connection, refused(), &plain, "through the proxy proxy.example"),
        ] {
            let words = said(step, error, way).unwrap();
            assert!(words.contains(expected), "{expected}: {words}");
            assert!(!words.contains("secret"), "{words}");
        }
        for (error, way) in [
            (refused(), &direct),
            (Error::Timeout(Timeout::Connect), &direct),
            (Error::Io(io::Error::new(io::ErrorKind::InvalidData, rustls::Error::DecryptError)), &variable),
        ] {
            assert_eq!(said(Step::Connection, error, way), None);
        }
    }

    #[test]
    fn a_proxy_whose_name_is_unknown_is_told_from_a_connection_that_failed() {
        let inner = NotConnected { step: Step::Name, error: Error::HostNotFound };
        let words = said(Step::Connection, Error::Other(Box::new(inner)), &through("http://proxy.example:3128"));
        assert!(words.unwrap().contains("the name proxy.example"));
    }
}
