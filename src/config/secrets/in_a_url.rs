//! Keys that a URL does not carry as they are: `openssl rand -base64` makes such.
//!
//! How to get it wrong: refusing them. In a header, where keys belong, they are as good as any.

use secrecy::ExposeSecret as _;

use super::Secrets;
use super::api_key::ApiKey;

/// What ends a value in a query, or stands for something else there.
const CHANGED: [char; 5] = ['+', '&', '#', '%', ' '];

impl Secrets {
    /// What to know of keys that must be encoded in a URL, if there are any; never a key itself.
    pub(crate) fn noted_of_urls(&self) -> Option<String> {
        let holds = |keys: &[ApiKey]| keys.iter().any(|key| key.key.expose_secret().contains(CHANGED));
        let kinds = [
            ("ADMIN_API_KEY", &self.admin_keys),
            ("READONLY_API_KEY", &self.readonly_keys),
            ("SIGNUP_API_KEY", &self.signup_keys),
        ];
        let names: Vec<&str> = kinds.into_iter().filter(|(_, keys)| holds(keys)).map(|(name, _)| name).collect();
        (!names.is_empty()).then(|| {
            format!(
                "{} holds a key with + & # % or a blank: it works in a header; in a URL it must be encoded (+ as %2B, in a crontab \
                 \\% for %)",
                names.join(" and ")
            )
        })
    }
}
