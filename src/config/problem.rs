//! What is wrong with a configuration, told all at once.
//!
//! Invariant: a problem names its key, where the value came from, what is wrong and what to do; it never holds the
//! value of a secret. How to get it wrong: formatting a library's error into `what`; some quote the input.

use std::fmt;
use std::path::PathBuf;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it; the built-in default stands.
    Default,
    /// The TOML file.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
    /// A file that an environment variable `NAME_FILE` names.
    SecretFile(PathBuf),
    /// A file under `$CREDENTIALS_DIRECTORY`.
    Credential(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("not set anywhere"),
            Self::File(path) => write!(f, "in {}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::SecretFile(path) => write!(f, "secret file {}", path.display()),
            Self::Credential(path) => write!(f, "credential file {}", path.display()),
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The TOML key or the variable.
    pub key: String,
    /// Where its value came from.
    pub origin: Origin,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl Problem {
    pub(super) fn new(
        key: impl Into<String>,
        origin: Origin,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { key: key.into(), origin, what: what.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}) {}; {}", self.key, self.origin, self.what, self.remedy)
    }
}

/// Everything that is wrong; never empty when it is returned as an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("the configuration has 1 problem:")?,
            count => write!(f, "the configuration has {count} problems:")?,
        }
        self.0.iter().try_for_each(|problem| write!(f, "\n  - {problem}"))
    }
}

impl std::error::Error for Problems {}

impl Problems {
    /// `value` when nothing is wrong.
    pub(super) fn or<T>(problems: Vec<Problem>, value: T) -> Result<T, Self> {
        if problems.is_empty() { Ok(value) } else { Err(Self(problems)) }
    }
}

/// How alike two names must be for one to be meant by the other: 1 is equal, 0 has nothing in common.
const LIKENESS_MIN: f64 = 0.86;

/// The candidate most like what was written, if one is like enough to be meant.
pub(super) fn did_you_mean<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written = written.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&written, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|(one, _), (two, _)| one.total_cmp(two))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_candidate_is_suggested_and_a_far_one_is_not() {
        let keys = ["threshold_low", "total_min", "country"];
        assert_eq!(did_you_mean("treshold_low", keys), Some("threshold_low"));
        assert_eq!(did_you_mean("TOTAL_MIN", keys), Some("total_min"));
        assert_eq!(did_you_mean("webhooks", keys), None);
    }

    #[test]
    fn all_problems_are_shown_each_with_key_origin_fault_and_remedy() {
        let problem = |key: &str| Problem::new(key, Origin::File("/etc/c.toml".into()), "is odd", "make it even");
        assert_eq!(
            Problems(vec![problem("a.b"), problem("c.d")]).to_string(),
            "the configuration has 2 problems:\n  - a.b (in /etc/c.toml) is odd; make it even\n  - c.d (in \
             /etc/c.toml) is odd; make it even"
        );
    }
}
