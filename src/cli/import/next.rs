//! The command to give next, as a shell takes it.
//!
//! How to get it wrong: leaving out what was said beside the file. The same rows would be read otherwise.

use std::borrow::Cow;
use std::path::Path;

use crate::cli::args::ImportArgs;

/// The import of `file` with all that was said of this one.
pub(super) fn command(args: &ImportArgs, file: &Path, rejected: Option<&Path>) -> String {
    let mut words: Vec<String> =
        vec!["callbunker".to_owned(), "import".to_owned(), quoted(&file.display().to_string())];
    let mut with = |option: &str, value: String| words.extend([option.to_owned(), quoted(&value)]);
    args.columns.iter().for_each(|columns| with("--columns", columns.clone()));
    args.default_country.iter().for_each(|country| with("--default-country", country.to_string()));
    args.timezone.iter().for_each(|zone| with("--timezone", zone.to_string()));
    args.pool.iter().for_each(|pool| with("--pool", pool.to_string()));
    args.remote.url.iter().for_each(|url| with("--url", url.to_string()));
    rejected.iter().for_each(|path| with("--rejected", path.display().to_string()));
    let flags =
        [(args.as_is, "--as-is"), (args.no_users, "--no-users"), (args.configure_webhooks, "--configure-webhooks")];
    words.extend(flags.iter().filter(|(is_said, _)| *is_said).map(|(_, flag)| (*flag).to_owned()));
    words.join(" ")
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |character: char| character.is_alphanumeric() || "-_./:=+@%,".contains(character);
    let word: Cow<'_, str> = match !word.is_empty() && word.chars().all(is_plain) {
        true => word.into(),
        false => format!("'{}'", word.replace('\'', "'\\''")).into(),
    };
    word.into_owned()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::args::{Cli, Command};

    fn args(said: &[&str]) -> ImportArgs {
        let said = ["callbunker", "import"].iter().chain(said);
        let Command::Import(args) = Cli::try_parse_from(said).unwrap().command else { panic!("it is an import") };
        args
    }

    #[test]
    fn all_that_was_said_of_a_file_is_said_of_the_next_one() {
        let said = [
            "a.csv",
            "--columns",
            "phone_number=Phone Number,user_id=Kunde's",
            "--columns",
            "pool=Wo",
            "--timezone",
            "-08:00",
            "--default-country",
            "US",
            "--pool",
            "gb",
            "--as-is",
            "--configure-webhooks",
            "--rejected",
            "rest.csv",
        ];
        let first = args(&said);
        let told = command(&first, Path::new("/tmp/rest of it.csv"), None);
        assert_eq!(
            told,
            "callbunker import '/tmp/rest of it.csv' --columns 'phone_number=Phone Number,user_id=Kunde'\\''s' --columns pool=Wo \
             --default-country US --timezone -08:00 --pool gb --as-is --configure-webhooks"
        );
        let told =
            command(&args(&["a.csv", "--no-users", "--dry-run"]), Path::new("a.csv"), Some(Path::new("rest.csv")));
        assert_eq!(told, "callbunker import a.csv --rejected rest.csv --no-users");
    }
}
