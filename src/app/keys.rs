//! From the keys that the configuration gives to those that the door knows.

use crate::access::{Access, Keys, KnownKey};
use crate::config::{ApiKey, Secrets};

/// All keys that are in force with these secrets.
pub(super) fn keys_of(secrets: &Secrets) -> Keys {
    let kinds = [
        (Access::Signup, &secrets.signup_keys),
        (Access::ReadOnly, &secrets.readonly_keys),
        (Access::Admin, &secrets.admin_keys),
    ];
    Keys::of(kinds.into_iter().flat_map(|(access, keys)| {
        keys.iter().map(move |ApiKey { name, key, as_written }| KnownKey {
            access,
            name: *name,
            key,
            as_written: as_written.as_ref(),
        })
    }))
}
