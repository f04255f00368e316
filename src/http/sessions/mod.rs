//! Sessions: a key is shown once, and a cookie vouches for its owner from then on.
//!
//! ```text
//! login ─ the form, its answer, the way out      cookie ─ the token and how a browser keeps it
//! csrf ─ what a session's POST must show         next ─ where to go after the login
//! unknown ─ cookies that opened nothing a moment ago
//! ```
//!
//! Invariants: a session lives in the database, so every instance knows it and a restart does not end it; only the hash of
//! its token is there; it ends after 30 minutes in which no person used it, after 12 hours, at logout, and with its key.
//! How to get it wrong: asking PostgreSQL for a cookie that cannot be one of ours.

mod cookie;
pub(super) mod csrf;
pub(super) mod login;
mod next;
mod unknown;

use futures_util::future::BoxFuture;

use super::auth::{Sessions, Wanted};
use super::context::database_unavailable;
use super::exchange::Exchange;
use super::keys::{Access, Fingerprint, Who};
use super::problem::Problem;
use crate::db::Db;
use crate::db::sessions::session_use;

use cookie::Token;
pub(super) use next::login_first;
use unknown::Unknown;

/// The sessions in the database.
pub struct DatabaseSessions {
    db: Db,
    log: slog::Logger,
    unknown: Unknown,
}

impl DatabaseSessions {
    /// Sessions of this database.
    #[must_use]
    pub fn new(db: Db, log: slog::Logger) -> Self {
        Self { db, log, unknown: Unknown::default() }
    }
}

impl Sessions for DatabaseSessions {
    fn find<'a>(&'a self, exchange: &'a Exchange, wanted: Wanted) -> BoxFuture<'a, Result<Option<Who>, Problem>> {
        Box::pin(async move {
            let Some(token) = Token::of(exchange) else { return Ok(None) };
            let hash = token.hash();
            if self.unknown.holds(&hash) {
                return Ok(None);
            }
            let (asked, by_a_person) = (hash.clone(), wanted == Wanted::ByAPerson);
            let found = self.db.run("session_use", move |conn| session_use(conn, &asked, by_a_person)).await.map_err(
                |error| {
                    slog::warn!(self.log, "a session cannot be looked up"; "error" => error.in_full());
                    if error.is_unavailable() { database_unavailable() } else { Problem::internal() }
                },
            )?;
            if found.is_none() {
                self.unknown.add(hash);
            }
            let fingerprint = found.as_deref().and_then(Fingerprint::parse);
            Ok(fingerprint.map(|fingerprint| Who { access: Access::Admin, fingerprint, by_session: true }))
        })
    }

    fn csrf_token(&self, exchange: &Exchange) -> Option<String> {
        Token::of(exchange).map(|token| token.csrf())
    }
}
