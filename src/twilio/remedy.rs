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
    match (tls_of(error), error) {
        (Some(rustls::Error::InvalidCertificate(refused)), _) => {
            let alone = way.certificates_of.filter(|_| *refused == CertificateError::UnknownIssuer);
            return Some(alone.map_or_else(|| about_certificate(refused, host), about_variables));
        }
        (Some(rustls::Error::InvalidMessage(_)), _) => return Some(about_no_tls(host, way)),
        (_, Error::ConnectProxyFailed(reason)) => return Some(about_proxy(reason, host, way)),
        // Nothing else speaks HTTP before the connection stands.
        (_, Error::Protocol(_)) if way.proxy_is_over_tls() == Some(false) => return Some(about_no_http(way)),
        _ => {}
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

/// What went wrong with TLS, if that did.
#[expect(clippy::wildcard_enum_match_arm, reason = "ureq has many kinds, and one is looked for")]
fn tls_of(error: &Error) -> Option<&rustls::Error> {
    match error {
        Error::Rustls(error) => Some(error),
        Error::Io(error) => error.get_ref()?.downcast_ref(),
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

/// Of an unknown authority, where variables stand in place of all others: Twilio's own may be what lacks there.
fn about_variables(variables: &str) -> String {
    format!(
        "its certificate is by an authority that {variables} does not name, and no other counts while that is set: add it there, or \
         give it as twilio.ca_file, or unset {variables}"
    )
}

fn about_no_tls(host: &str, way: &WayOut) -> String {
    match way.proxy_is_over_tls() {
        Some(true) => {
            "what answers does not speak TLS: if the proxy is spoken to without it, write http:// for https:// in twilio.proxy_url; \
             what goes through it is encrypted all the same"
                .to_owned()
        }
        Some(false) => format!(
            "what the proxy of twilio.proxy_url leads to does not speak TLS: look whether it lets this machine connect to {host}, \
             and at twilio.api_base_url"
        ),
        None => format!(
            "what answers at {host} does not speak TLS: look at twilio.api_base_url, and whether a proxy or a firewall answers in \
             its place"
        ),
    }
}

fn about_no_http(way: &WayOut) -> String {
    format!(
        "what answers at {} of twilio.proxy_url is no proxy that speaks plain HTTP: if it speaks TLS, write https:// for http:// there",
        way.proxy_host().unwrap_or_default()
    )
}

fn about_proxy(reason: &str, host: &str, way: &WayOut) -> String {
    // The library says "proxy server responded 407/407", or that it did not respond.
    let (is_login, is_silent) = (reason.contains(" 407"), !reason.contains("responded"));
    if is_login && way.has_login() {
        "the proxy does not take the login of TWILIO_PROXY_URL".to_owned()
    } else if is_login {
        "the proxy wants a login: give TWILIO_PROXY_URL with user:password".to_owned()
    } else if is_silent && way.proxy_is_over_tls() == Some(false) {
        format!(
            "look whether the proxy of twilio.proxy_url lets this machine connect to {host}, and whether it speaks TLS, which \
             wants https:// there"
        )
    } else {
        format!("look whether the proxy of twilio.proxy_url lets this machine connect to {host}")
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

    fn by_variables() -> WayOut {
        WayOut { certificates_of: Some("SSL_CERT_FILE"), ..WayOut::default() }
    }

    fn no_tls() -> Error {
        let why = rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType);
        Error::Io(io::Error::new(io::ErrorKind::InvalidData, why))
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
        let (variables, silent) =
            (by_variables(), || Error::ConnectProxyFailed("proxy server did not respond".to_owned()));
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
            (Step::Connection, certificate(CertificateError::UnknownIssuer), &variables, "or unset SSL_CERT_FILE"),
            (Step::Connection, no_tls(), &direct, "at api.twilio.com does not speak TLS: look at twilio.api_base_url"),
            (Step::Connection, no_tls(), &plain, "lets this machine connect to api.twilio.com"),
            (Step::Connection, no_tls(), &known, "write http:// for https:// in twilio.proxy_url"),
            (Step::Connection, silent(), &plain, "and whether it speaks TLS, which wants https:// there"),
            (Step::Connection, silent(), &known, "lets this machine connect to api.twilio.com"),
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
