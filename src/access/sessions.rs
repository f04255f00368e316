//! Sessions: a key is shown once, and a cookie vouches for its owner from then on.
//!
//! Invariants: a session lives in the database, so every instance knows it and a restart does not end it; only the hash of
//! its token is there; it ends after 30 minutes in which no person used it, after 12 hours, at logout, and with its key.
//! How to get it wrong: asking PostgreSQL for a cookie that no key in force has sealed. Strangers would ask it, uncounted.

use futures_util::future::BoxFuture;

use super::guard::{Session, Sessions, Wanted};
use super::keys::Keys;
use super::token::{Carried, Token};
use super::unknown::Unknown;
use super::who::Who;
use crate::db::Db;
use crate::db::sessions::session_use;
use crate::http::{Exchange, Problem};

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
    fn find<'a>(
        &'a self,
        exchange: &'a Exchange,
        keys: &'a Keys,
        wanted: Wanted,
    ) -> BoxFuture<'a, Result<Session, Problem>> {
        Box::pin(async move {
            let (token, fingerprint) = match Token::of(exchange, keys) {
                Carried::Nothing => return Ok(Session::None),
                Carried::MadeUp => return Ok(Session::MadeUp),
                Carried::Sealed(token, fingerprint) => (token, fingerprint),
            };
            let hash = token.hash();
            if self.unknown.holds(&hash) {
                return Ok(Session::None);
            }
            let (asked, by_a_person) = (hash.clone(), wanted == Wanted::ByAPerson);
            let found = self.db.run("session_use", move |conn| session_use(conn, &asked, by_a_person)).await.map_err(
                |error| {
                    slog::warn!(self.log, "a session cannot be looked up"; "error" => error.in_full());
                    match error.is_unavailable() {
                        true => Problem::database_unavailable(self.db.why_away(&error)),
                        false => Problem::internal(),
                    }
                },
            )?;
            if found.is_none() {
                self.unknown.add(hash);
            }
            // Whatever a row says, a session is worth the key that sealed its token.
            let is_its = found.is_some_and(|opened_with| opened_with == fingerprint.as_str());
            let who = keys.who_may_log_in(fingerprint).filter(|_| is_its);
            Ok(who.map_or(Session::None, |who| Session::Of(Who { by_session: true, ..who })))
        })
    }

    fn csrf_token(&self, exchange: &Exchange, keys: &Keys) -> Option<String> {
        Token::sealed_of(exchange, keys).map(|token| token.csrf())
    }
}
