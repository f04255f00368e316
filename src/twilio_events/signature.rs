//! Whether Twilio sent a request: the signature over its URL, and the hash of the body that stands in that URL.
//!
//! Invariants: both must be right, because the signature covers the URL alone, and whoever overheard one could send any body with
//! it; the URL is the one that Twilio was given, not what a proxy made of it; both are compared in constant time.
//! How to get it wrong: reading the URL off the request. Its host is the sender's word.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use url::Url;

/// The query parameter that has the hash of the body.
pub(crate) const BODY_HASH: &str = "bodySHA256";
/// The header that has the signature.
pub(crate) const SIGNATURE: &str = "x-twilio-signature";

/// Whether this is Twilio's signature, made with the account's token over `url` with the hash of a body.
pub(crate) fn is_signed(url: &Url, body_hash: &str, signature: &[u8], token: &SecretString) -> bool {
    let is_hash = body_hash.len() == 64 && body_hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    let Ok(signature) = STANDARD.decode(signature) else { return false };
    if !is_hash {
        return false;
    }
    let signs = |spelled: &String| {
        // Proof: HMAC takes a key of any length.
        let mut mac =
            Hmac::<Sha1>::new_from_slice(token.expose_secret().as_bytes()).expect("a key of any length will do");
        let sign = if url.query().is_some() { '&' } else { '?' };
        mac.update(format!("{spelled}{sign}{BODY_HASH}={body_hash}").as_bytes());
        mac.verify_slice(&signature).is_ok()
    };
    // Each is tried, so that the time says nothing.
    spellings(url).iter().filter(|spelled| signs(spelled)).count() > 0
}

/// Whether the hash is that of this body.
pub(crate) fn is_body(body_hash: &str, body: &[u8]) -> bool {
    let hash: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
    hash.as_bytes().ct_eq(body_hash.to_ascii_lowercase().as_bytes()).into()
}

/// The URL as Twilio may have signed it: with the scheme's port or without, with user and password or without.
fn spellings(url: &Url) -> Vec<String> {
    let mut plain = url.clone();
    // Proof: the configuration admits http and https only, and those have users.
    let _ = plain.set_username("");
    let _ = plain.set_password(None);
    let mut spelled: Vec<String> =
        [url, &plain].into_iter().flat_map(|url| [url.to_string(), with_port(url)]).collect();
    spelled.dedup();
    spelled
}

/// The same with its scheme's own port, which a URL leaves out.
fn with_port(url: &Url) -> String {
    let text = url.as_str();
    let (Some(host), None) = (url.host_str(), url.port()) else { return text.to_owned() };
    let port = url.port_or_known_default().unwrap_or(443);
    // Behind whoever stands before it: they may be called as the host is.
    let begins = text.find("://").map_or(0, |at| at + 3);
    let authority = text.get(begins..).and_then(|rest| rest.split(['/', '?']).next()).map_or(0, str::len);
    let ends = text.get(..begins + authority).and_then(|before| before.rfind(host)).map_or(0, |at| at + host.len());
    let (before, after) = text.split_at(ends);
    format!("{before}:{port}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    fn sign(text: &str, token: &str) -> Vec<u8> {
        let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).unwrap();
        mac.update(text.as_bytes());
        STANDARD.encode(mac.finalize().into_bytes()).into_bytes()
    }

    fn token(text: &str) -> SecretString {
        text.to_owned().into()
    }

    #[test]
    fn the_signature_of_another_implementation_is_known() {
        // printf %s 'https://a.example/x?bodySHA256=e3b0…b855' | openssl dgst -sha1 -hmac 12345 -binary | base64
        let signature = b"yJADNW3khsV6u60AXxkVoBoKFr0=";
        assert!(is_signed(&url("https://a.example/x"), EMPTY, signature, &token("12345")));
        assert!(!is_signed(&url("https://a.example/x"), EMPTY, signature, &token("12346")));
        assert!(!is_signed(&url("https://a.example/y"), EMPTY, signature, &token("12345")));
    }

    #[test]
    fn the_url_may_be_spelled_with_its_port_and_without_its_user() {
        let ours = url("https://ada:p%40ss@ada.example/twilio/events?x=1");
        for spelled in [
            "https://ada:p%40ss@ada.example/twilio/events?x=1",
            "https://ada:p%40ss@ada.example:443/twilio/events?x=1",
            "https://ada.example/twilio/events?x=1",
            "https://ada.example:443/twilio/events?x=1",
        ] {
            let signature = sign(&format!("{spelled}&bodySHA256={EMPTY}"), "t");
            assert!(is_signed(&ours, EMPTY, &signature, &token("t")), "{spelled}");
        }
        for other in
            ["https://ada.example:444/twilio/events?x=1", "https://ada.example/twilio/events", "https://x.example/"]
        {
            let signature = sign(&format!("{other}&bodySHA256={EMPTY}"), "t");
            assert!(!is_signed(&ours, EMPTY, &signature, &token("t")), "{other}");
        }
        assert_eq!(with_port(&url("http://127.0.0.1:81/")), "http://127.0.0.1:81/", "a port of its own stays");
        assert_eq!(with_port(&url("https://a.example")), "https://a.example:443/");
        assert_eq!(with_port(&url("https://[::1]/x")), "https://[::1]:443/x");
    }

    #[test]
    fn what_is_no_hash_or_no_signature_is_signed_by_nobody() {
        let ours = url("https://a.example/x");
        for hash in ["", "e3b0", &EMPTY.replace('e', "g"), &format!("{EMPTY}&x=1")] {
            let signature = sign(&format!("{ours}?bodySHA256={hash}"), "t");
            assert!(!is_signed(&ours, hash, &signature, &token("t")), "{hash}");
        }
        for signature in [&b""[..], b"?", b"AAAA", "é".as_bytes()] {
            assert!(!is_signed(&ours, EMPTY, signature, &token("t")));
        }
    }

    #[test]
    fn a_body_is_the_one_whose_hash_stands_there() {
        assert!(is_body(EMPTY, b"") && is_body(&EMPTY.to_uppercase(), b""));
        assert!(!is_body(EMPTY, b" ") && !is_body("", b""));
    }
}
