//! Why the database is away, as far as anybody may be told who asks.
//!
//! Invariant: nothing here names a host, a user or a database, nor quotes the server: whoever signs up may read it.
//! How to get it wrong: a guess. What says nothing that we know is `Other`, which says no more than that it is away.

/// How each sentence ends.
const AGAIN: &str = "; try again in a moment.";

/// Why the database is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Away {
    /// The name of its host cannot be resolved.
    Name,
    /// Nothing listens where it should be.
    Refused,
    /// Its certificate, or ours, does not satisfy.
    Certificate,
    /// It does not let us in: password, role, database or its list of who may.
    Login,
    /// Somebody made it read-only: `default_transaction_read_only` is on.
    Frozen,
    /// Only a standby answers.
    Standby,
    /// It takes no more connections.
    Full,
    /// It starts or stops.
    Starting,
    /// It has no room to write.
    NoRoom,
    /// Its commits wait for a synchronous standby, and none is there.
    NoStandby,
    /// Nothing answers in time.
    Silent,
    /// Nobody knows.
    #[default]
    Other,
}

impl Away {
    /// The sentence for whoever asked for something.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Name => "The database does not answer: its host's name cannot be resolved; try again in a moment.",
            Self::Refused => "The database does not answer: nothing listens at its address; try again in a moment.",
            Self::Certificate => {
                "The database does not answer: its certificate cannot be checked, or it wants another of ours; try again in a moment."
            }
            Self::Login => "The database does not answer: it refuses the login; try again in a moment.",
            Self::Frozen => {
                "The database is frozen: default_transaction_read_only is on, and nothing is bought or assigned until it is off; \
                 try again in a moment."
            }
            Self::Standby => {
                "The database does not answer: only a standby does, which takes no writes; try again in a moment."
            }
            Self::Full => "The database does not answer: it takes no more connections; try again in a moment.",
            Self::Starting => "The database does not answer: it is starting or stopping; try again in a moment.",
            Self::NoRoom => "The database takes no writes: it has no room left; try again in a moment.",
            Self::NoStandby => {
                "The database acknowledges nothing: it waits for its synchronous standby, which is away; try again in a moment."
            }
            Self::Silent => {
                "The database does not answer: nothing comes from its address in time; try again in a moment."
            }
            Self::Other => "The database does not answer; try again in a moment.",
        }
    }

    /// The same for whoever need not ask again: `then` is the end of the sentence.
    #[must_use]
    pub fn told(self, then: &str) -> String {
        let sentence = self.sentence();
        format!("{}; {then}", sentence.strip_suffix(AGAIN).unwrap_or(sentence))
    }

    /// The same as a headline, without what to do.
    #[must_use]
    pub fn summary(self) -> &'static str {
        match self {
            Self::Frozen => "The database is frozen: it takes no writes.",
            Self::NoRoom => "The database takes no writes: it has no room left.",
            Self::NoStandby => "The database acknowledges nothing: its synchronous standby is away.",
            Self::Name
            | Self::Refused
            | Self::Certificate
            | Self::Login
            | Self::Standby
            | Self::Full
            | Self::Starting
            | Self::Silent
            | Self::Other => "The database does not answer.",
        }
    }

    /// Why, as a sentence of its own; `None` where nobody knows more than the headline.
    #[must_use]
    pub fn why(self) -> Option<&'static str> {
        Some(match self {
            Self::Name => "The name of its host cannot be resolved.",
            Self::Refused => "Nothing listens at its address.",
            Self::Certificate => "Its certificate cannot be checked, or it wants another of ours.",
            Self::Login => "It refuses the login.",
            Self::Frozen => "default_transaction_read_only is on for the database, our role or the server.",
            Self::Standby => "Only a standby answers.",
            Self::Full => "It takes no more connections.",
            Self::Starting => "It is starting or stopping.",
            Self::NoRoom => "The disk of its machine is full.",
            Self::NoStandby => {
                "Its commits wait for a standby that synchronous_standby_names names, and none is there."
            }
            Self::Silent => "Nothing comes from its address in time.",
            Self::Other => return None,
        })
    }

    /// What an operator does about it.
    #[must_use]
    pub fn todo(self) -> &'static str {
        match self {
            Self::Name => {
                "Look at the host in DATABASE_URL and at this machine's resolver; everything goes on by itself."
            }
            Self::Refused => {
                "Look whether PostgreSQL runs, and at host and port in DATABASE_URL; everything goes on by itself."
            }
            Self::Certificate => {
                "Set sslrootcert in DATABASE_URL: system, or the file of the authority that its provider names, then restart."
            }
            Self::Login => {
                "Look at user, password and database in DATABASE_URL and at pg_hba.conf; everything goes on by itself."
            }
            Self::Frozen => {
                "Set default_transaction_read_only off again when the database may be written, or make room if its provider set it \
                 for a full disk; everything goes on by itself."
            }
            Self::Standby => "Promote it, or bring its primary back; everything goes on by itself.",
            Self::Full => {
                "Raise max_connections, or end what holds them: an instance takes ten; everything goes on by itself."
            }
            Self::NoRoom => "Free disk space on its machine; everything goes on by itself.",
            Self::NoStandby => {
                "Bring its standby back, or name one that is there in synchronous_standby_names; everything goes on by itself."
            }
            Self::Starting | Self::Silent | Self::Other => {
                "Look at PostgreSQL and at the way to it; everything goes on by itself once it answers."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &[Away] = &[
        Away::Name,
        Away::Refused,
        Away::Certificate,
        Away::Login,
        Away::Frozen,
        Away::Standby,
        Away::Full,
        Away::Starting,
        Away::NoRoom,
        Away::NoStandby,
        Away::Silent,
        Away::Other,
    ];

    #[test]
    fn each_sentence_ends_so_that_clients_know_when_to_ask_again_and_no_two_are_alike() {
        for (n, away) in ALL.iter().enumerate() {
            assert!(away.sentence().starts_with("The database ") && away.sentence().ends_with(AGAIN), "{away:?}");
            assert!(ALL[..n].iter().all(|other| other.sentence() != away.sentence()), "{away:?}");
            assert!(away.todo().ends_with('.') && away.summary().ends_with('.'), "{away:?}");
            assert_eq!(away.why().is_none(), *away == Away::Other);
        }
        assert_eq!(Away::Other.told("it is from before."), "The database does not answer; it is from before.");
    }
}
