//! Where one secret is looked for: `NAME`, then the file that `NAME_FILE` names, then the systemd credential of the
//! lower-case name. Empty counts as missing; one line end at the end is not part of a secret, and blanks or quotes around
//! one are refused: whoever typed them meant the shell to take them away.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::config::problem::{Origin, Problem};
use crate::config::quotes::{IN_QUOTES, about_path, is_quoted};
use crate::config::sources::{Sources, read_text};
use crate::domain::steers;

/// A secret and where it was found.
pub(super) struct Secret {
    pub name: String,
    pub text: SecretString,
    pub origin: Origin,
}

/// Finds secrets and remembers what is wrong with them.
pub(super) struct Vault<'a> {
    pub sources: &'a Sources,
    pub problems: &'a mut Vec<Problem>,
}

impl Vault<'_> {
    /// A secret that may not; `example` says what it looks like.
    pub(super) fn required(&mut self, name: &str, example: &str) -> Option<Secret> {
        let found = self.find(name).ok()?;
        if found.is_none() {
            self.refuse_missing(name, "is missing", &format!("give {example}"));
        }
        found
    }

    /// Refuses a secret that was found.
    pub(super) fn refuse(&mut self, secret: &Secret, what: impl Into<String>, remedy: impl Into<String>) {
        self.problems.push(Problem::new(&secret.name, secret.origin.clone(), what, remedy));
    }

    /// Says that a secret is missing, and where it may be given.
    pub(super) fn refuse_missing(&mut self, name: &str, what: &str, give: &str) {
        let file = name.to_ascii_lowercase();
        let remedy =
            format!("{give}, in the environment or in a file ({name}_FILE=path, or systemd credential {file})");
        self.problems.push(Problem::new(name, Origin::Default, what, remedy));
    }

    /// A secret that may be missing; `Err(())` when it is there but wrong, which is a problem already.
    pub(super) fn find(&mut self, name: &str) -> Result<Option<Secret>, ()> {
        let file_variable = format!("{name}_FILE");
        let direct = self.sources.variable(name);
        let file = self.sources.variable(&file_variable);
        if direct.is_some() && file.is_some() {
            let what = format!("and {file_variable} are both set");
            let origin = Origin::Environment(name.to_owned());
            self.problems.push(Problem::new(name, origin, what, "unset one of them"));
            return Err(());
        }
        if let Some(text) = direct {
            let text = text.to_owned();
            return self.accept(name, &text, Origin::Environment(name.to_owned()));
        }
        if let Some(path) = file {
            let path = PathBuf::from(path);
            let text = self.read(name, &path, Origin::SecretFile(path.clone()))?;
            return self.accept(name, &text, Origin::SecretFile(path));
        }
        let Some(folder) = self.sources.variable("CREDENTIALS_DIRECTORY") else { return Ok(None) };
        let path = Path::new(folder).join(name.to_ascii_lowercase());
        if matches!(path.try_exists(), Ok(false)) {
            return Ok(None);
        }
        let text = self.read(name, &path, Origin::Credential(path.clone()))?;
        self.accept(name, &text, Origin::Credential(path))
    }

    fn read(&mut self, name: &str, path: &Path, origin: Origin) -> Result<String, ()> {
        read_text(path).map_err(|error| {
            let what = format!("cannot be read: {error}");
            let remedy = about_path(&path.to_string_lossy(), "check the path and its permissions");
            self.problems.push(Problem::new(name, origin, what, remedy));
        })
    }

    fn accept(&mut self, name: &str, text: &str, origin: Origin) -> Result<Option<Secret>, ()> {
        let line = text.strip_suffix('\n').unwrap_or(text);
        let text = line.strip_suffix('\r').unwrap_or(line);
        if text.trim().is_empty() {
            return Ok(None);
        }
        if let Some((what, remedy)) = fault_of(text) {
            self.problems.push(Problem::new(name, origin, what, remedy));
            return Err(());
        }
        Ok(Some(Secret { name: name.to_owned(), text: SecretString::from(text), origin }))
    }
}

/// What no secret looks like, and what to do about it. Lists are looked at one by one: `"a","b"` is in quotes, too.
fn fault_of(text: &str) -> Option<(&'static str, &'static str)> {
    let is_odd = |character: char| steers(character) || character == char::REPLACEMENT_CHARACTER;
    if text.contains(is_odd) {
        Some(("holds a control character or one that is not seen, or is not UTF-8", "give it as one line of text"))
    // A list's elements are trimmed.
    } else if text.trim() != text && !text.contains(',') {
        Some(("has blanks around it", "take them away"))
    } else if text.split(',').any(is_quoted) {
        Some((IN_QUOTES, "give it without them; files and credentials are taken as they are"))
    } else {
        None
    }
}
