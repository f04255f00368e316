//! Who may come in, and what the audit trail says of it.
//!
//! ```text
//! guard ─ where a key or a session stands in a request, and who passes ─┬─ keys, who, sessions (token, unknown), csrf
//!                                                                       └─ limits ─ how many wrong keys, how many orders
//! trail ─ a call on its way into the audit trail ─┬─ redact ─ without keys, cut to a size
//!                                                 └─ refusal_sampler ─ of strangers' calls, a sample
//! endings ─ who came with what ends now may not go on
//! ```
//!
//! Architecture invariant: nothing here knows what a request does once it has passed.
//! How to get it wrong: a second place that looks for keys. The audit trail would not know who it was.

mod csrf;
mod endings;
mod guard;
mod keys;
mod limits;
mod presented_key;
mod redact;
mod refusal_sampler;
mod sessions;
mod token;
mod trail;
mod unknown;
mod who;

pub(crate) use csrf::check_origin;
pub(crate) use endings::{Ended, long_enough};
pub use guard::{Guard, Session, Sessions, Wanted};
pub(crate) use guard::{Shown, TokenIn};
pub use keys::Keys;
pub(crate) use keys::KnownKey;
pub use limits::{AuthFailure, FailureLimit, WrongKeys};
pub(crate) use redact::Redactor;
pub use sessions::DatabaseSessions;
pub(crate) use token::{Token, forget};
pub(crate) use trail::{AuditEntry, Audited, BY_SESSION, KEY_HASH, Notes};
pub use who::{Access, Fingerprint, Who};
pub(crate) use who::{Person, key_in, says_session};
