//! What can go wrong at the database, as decisions.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::words::{Meaning, meaning};

/// A constraint of the schema that a program can meet in good faith; every other violation is a bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constraint {
    /// The user got a number at the same time from another instance.
    OneLivePerUser,
    /// The number became somebody's at the same time.
    SomebodysMeanwhile,
    /// Another live number has this E.164.
    OneLivePerNumber,
    /// Another number has this SID.
    SidIsForEver,
    /// Another order is buying this very number.
    OneOpenPurchasePerNumber,
    /// The order has no place left for another item.
    ItemsFitTheirOrder,
    /// Another order runs already: this run has lost the lock.
    OneRunningOrder,
    /// An order with this idempotency key exists.
    IdempotencyKey,
    /// The number is being given back to Twilio already.
    OneOpenRelease,
}

impl Constraint {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "leases_one_per_user" => Self::OneLivePerUser,
            "numbers_agree_with_leases" => Self::SomebodysMeanwhile,
            "leases_move_as_they_may" => Self::SomebodysMeanwhile,
            "numbers_one_live_per_number" => Self::OneLivePerNumber,
            "numbers_sid_is_for_ever" => Self::SidIsForEver,
            "purchase_items_one_open_per_number" => Self::OneOpenPurchasePerNumber,
            "purchase_items_fit_their_order" => Self::ItemsFitTheirOrder,
            "purchases_one_running" => Self::OneRunningOrder,
            "purchases_idempotency_key_is_one_order" => Self::IdempotencyKey,
            "releases_one_open_per_number" => Self::OneOpenRelease,
            _ => return None,
        })
    }
}

/// What a session says that finds its database frozen.
pub(super) const FROZEN: &str = "default_transaction_read_only is on for this database, role or server: somebody froze it, or its \
                                 disk is full; nothing is bought or assigned until it is off";

/// Why a statement did not do what it was for.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// PostgreSQL cannot be reached, or does not answer in time: try again later.
    #[error("PostgreSQL is unavailable ({0}); check DATABASE_URL and that the server runs")]
    Unavailable(String),
    /// Somebody made the database read-only for all new sessions, and is obeyed until that is taken back.
    #[error("PostgreSQL takes no writes: {FROZEN}")]
    Frozen,
    /// PostgreSQL runs but has no room to write: nothing happened, and nothing will until somebody makes room.
    #[error("PostgreSQL has no room left ({0}); free disk space on its machine")]
    NoRoom(String),
    /// Commits wait for a synchronous standby, and none is there: nothing happened, and nothing will until one is.
    #[error(
        "PostgreSQL acknowledges nothing: commits wait for a synchronous standby, and none is there; bring one back"
    )]
    NoStandby,
    /// What stands at DATABASE_URL cannot carry callbunker, and says so every time.
    #[error("{0}")]
    Unfit(String),
    /// Two writers stood in each other's way and PostgreSQL sent this one off: nothing happened, try again.
    #[error("PostgreSQL sent this writer off, because another was in the way ({0}); try again")]
    Collided(String),
    /// Somebody else was faster: look again and decide anew.
    #[error("another writer was first: {0:?}")]
    Constraint(Constraint),
    /// A stored row breaks a rule of the domain: a bug, or a hand in the database.
    #[error("the database holds a {what} that breaks a rule: {why}")]
    Corrupt {
        /// Which kind of row.
        what: &'static str,
        /// Which rule.
        why: String,
    },
    /// The statement failed: a bug, or a schema that is not ours.
    #[error("{name} failed at PostgreSQL")]
    Statement {
        /// The door's label.
        name: &'static str,
        /// What PostgreSQL said.
        #[source]
        source: DieselError,
    },
    /// The statement's code panicked.
    #[error("{0} panicked")]
    Panicked(&'static str),
}

impl DbError {
    /// Reads a violated constraint off diesel's error; other errors get the door's label in [`DbError::label`].
    #[expect(clippy::wildcard_enum_match_arm, reason = "diesel's errors are not exhaustive")]
    pub(super) fn label(name: &'static str, error: DieselError) -> Self {
        match &error {
            DieselError::DatabaseError(
                DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
                info,
            ) => Self::Unavailable(first_line(info.message())),
            // A server that was demoted while we were connected: another host may be the primary now.
            DieselError::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, info) => {
                Self::Unavailable(first_line(info.message()))
            }
            DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, info) => {
                Self::Collided(first_line(info.message()))
            }
            DieselError::BrokenTransactionManager => {
                Self::Unavailable("the connection broke inside a transaction".to_owned())
            }
            DieselError::DatabaseError(DatabaseErrorKind::Unknown, info) => match meaning(info.message()) {
                Some(Meaning::Deadlock) => Self::Collided(first_line(info.message())),
                Some(Meaning::NoRoom) => Self::NoRoom(first_line(info.message())),
                Some(Meaning::TimeLimit | Meaning::Condition) => Self::Unavailable(first_line(info.message())),
                None => Self::violated(info.constraint_name()).unwrap_or(Self::Statement { name, source: error }),
            },
            DieselError::DatabaseError(_, info) => {
                Self::violated(info.constraint_name()).unwrap_or(Self::Statement { name, source: error })
            }
            DieselError::DeserializationError(why) => Self::Corrupt { what: "row", why: first_line(&why.to_string()) },
            _ => Self::Statement { name, source: error },
        }
    }

    fn violated(constraint: Option<&str>) -> Option<Self> {
        constraint.and_then(Constraint::named).map(Self::Constraint)
    }

    pub(in crate::db) fn corrupt(what: &'static str) -> impl Fn(String) -> Self {
        move |why| Self::Corrupt { what, why }
    }

    /// Whether this violates `constraint`.
    #[must_use]
    pub fn violates(&self, constraint: Constraint) -> bool {
        matches!(self, Self::Constraint(violated) if *violated == constraint)
    }

    /// Whether trying again later may help.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Frozen | Self::NoRoom(_) | Self::NoStandby | Self::Collided(_))
    }

    /// Whether PostgreSQL refused in a way that nobody understands: a mistake of the statement, or a state of the server.
    #[must_use]
    pub(crate) fn is_riddle(&self) -> bool {
        matches!(self, Self::Statement { source: DieselError::DatabaseError(DatabaseErrorKind::Unknown, _), .. })
    }

    /// The error with its sources, on one line, for the log.
    #[must_use]
    pub fn in_full(&self) -> String {
        if let Self::Statement { source, .. } = self {
            return format!("{self}: {source}").replace('\n', " ");
        }
        self.to_string()
    }
}

/// Statements inside a transaction fail as diesel's errors; the door labels them on the way out.
impl From<DieselError> for DbError {
    fn from(error: DieselError) -> Self {
        Self::label("statement", error)
    }
}

/// A statement that waited or worked for too long on a server that is well: its session is, too.
pub(super) fn is_time_limit(message: &str) -> bool {
    meaning(message) == Some(Meaning::TimeLimit)
}

pub(super) fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labelled(kind: DatabaseErrorKind, message: &str) -> DbError {
        DbError::label("test", DieselError::DatabaseError(kind, Box::new(message.to_owned())))
    }

    #[test]
    fn writers_that_stood_in_each_others_way_may_try_again() {
        let unavailable = [
            (DatabaseErrorKind::Unknown, "deadlock detected"),
            (DatabaseErrorKind::Unknown, "Verklemmung (Deadlock) entdeckt"),
            (DatabaseErrorKind::SerializationFailure, "could not serialize access due to concurrent update"),
        ];
        for (kind, message) in unavailable {
            assert!(labelled(kind, message).is_unavailable(), "{message}");
        }
        assert!(!labelled(DatabaseErrorKind::Unknown, "relation \"numbers\" does not exist").is_unavailable());
    }
    #[test]
    fn a_state_of_the_server_is_no_mistake_of_the_statement() {
        for message in [
            "cannot access temporary or unlogged relations during recovery",
            "cannot execute UPDATE in a read-only transaction",
            "out of shared memory",
            "sorry, too many clients already",
            "terminating connection due to administrator command",
            "the database system is shutting down",
            "canceling statement due to lock timeout",
            "unrecognized configuration parameter \"callbunker.no_standby_is_there\"",
        ] {
            let error = labelled(DatabaseErrorKind::Unknown, message);
            assert!(matches!(error, DbError::Unavailable(_)), "{message}: {error:?}");
        }
        for message in [
            "could not extend file \"base/16384/16402\": No space left on device",
            "could not write to file \"pg_wal/xlogtemp.77\": No space left on device",
        ] {
            let error = labelled(DatabaseErrorKind::Unknown, message);
            assert!(matches!(error, DbError::NoRoom(_)) && error.is_unavailable(), "{message}: {error:?}");
        }
    }
}
