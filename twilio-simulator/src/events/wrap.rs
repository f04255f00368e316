//! What goes over the wire to a sink: the URL with the body's hash, and the signature over that URL.
//!
//! Invariants: the signed URL is the destination as it was given, with `bodySHA256` behind whatever query it had; the
//! signature covers no body, hence the hash.
//!
//! How to get it wrong: signing where the event goes in truth. Receivers know the URL that they gave.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// The destination with the hash of a body.
pub(super) fn hashed_url(destination: &str, body: &[u8]) -> String {
    let mut digits = String::with_capacity(64);
    for byte in Sha256::digest(body) {
        // Writing to a text never fails.
        let _ = write!(digits, "{byte:02x}");
    }
    let (url, fragment) = destination.split_once('#').map_or((destination, None), |(url, rest)| (url, Some(rest)));
    let sign = if url.contains('?') { '&' } else { '?' };
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    format!("{url}{sign}bodySHA256={digits}{fragment}")
}

/// `X-Twilio-Signature` of a URL without parameters.
pub(super) fn signature(auth_token: &str, url: &str) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(auth_token.as_bytes()).expect("a key of any length will do");
    mac.update(url.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_carries_the_hash_and_the_signature_is_twilios() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hashed_url("https://a.example/x", b""), format!("https://a.example/x?bodySHA256={empty}"));
        assert_eq!(hashed_url("https://a.example/x?y=1", b""), format!("https://a.example/x?y=1&bodySHA256={empty}"));
        // By `openssl dgst -sha1 -hmac 12345`.
        assert_eq!(signature("12345", "https://a.example/x"), "YvHFDexh+EP8cKckEWSk3NgtyiQ=");
    }
}
