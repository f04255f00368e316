//! What a shell and `man` want to know of the commands.

use clap::Command;

use super::command::command;
use super::ending::{CommandError, Ending, say};

pub(super) fn completions(shell: clap_complete::Shell) -> Ending {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "callbunker", &mut script);
    say(&String::from_utf8_lossy(&script))
}

/// The page of the program, or of one of its commands: `["numbers", "show"]`, also written as one word.
pub(super) fn man(words: &[String]) -> Ending {
    let mut program = command();
    program.build();
    let mut found: &Command = &program;
    for name in words.iter().flat_map(|word| word.split_whitespace()) {
        found = found.find_subcommand(name).ok_or_else(|| {
            let of = found.get_bin_name().unwrap_or("callbunker");
            CommandError::Usage(format!("there is no command {name:?}; `{of} --help` lists them"))
        })?;
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(found.clone())
        .render(&mut page)
        .map_err(|error| CommandError::Failed(format!("the manual page cannot be written: {error}")))?;
    say(&String::from_utf8_lossy(&page))
}
