//! The signature of a webhook, after Standard Webhooks: over its id, its time and its body.
//!
//! How to get it wrong: signing a document that is written anew for the signature. Its bytes would not be those that are sent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

/// How a secret is told from others.
const PREFIX: &str = "whsec_";

/// One signature for each secret, with blanks between; the configuration takes no secret that cannot be read.
pub(super) fn signatures(secrets: &[SecretString], id: &str, timestamp: i64, body: &str) -> String {
    let signed = format!("{id}.{timestamp}.{body}");
    let one = |secret: &SecretString| {
        let encoded = secret.expose_secret().trim_start_matches(PREFIX);
        let key = STANDARD.decode(encoded).ok()?;
        // Proof: HMAC takes a key of any length.
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key of any length will do");
        mac.update(signed.as_bytes());
        Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    };
    secrets.iter().filter_map(one).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The specification's own example.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn the_signature_is_that_of_the_published_example_and_what_others_verify() {
        let (id, at, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signatures(&[SECRET.into()], id, at, body), expected);

        let other = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
        let (now, both) = (chrono::Utc::now().timestamp(), [SecretString::from(other), SecretString::from(SECRET)]);
        let signed = signatures(&both, id, now, body);
        let mut headers = http::HeaderMap::new();
        for (name, value) in
            [("webhook-id", id), ("webhook-timestamp", &now.to_string()), ("webhook-signature", &signed)]
        {
            headers.insert(name, value.parse().unwrap());
        }
        for secret in [SECRET, other] {
            let judge = standardwebhooks::Webhook::new(secret).unwrap();
            judge.verify(body.as_bytes(), &headers).unwrap_or_else(|why| panic!("{secret}: {why}"));
            assert!(judge.verify(b"{}", &headers).is_err());
        }
    }
}
