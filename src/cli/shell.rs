//! What a shell and `man` want to know of the commands.

use clap::CommandFactory as _;

use super::args::Cli;
use super::ending::{CommandError, Ending, say};

pub(super) fn completions(shell: clap_complete::Shell) -> Ending {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "callbunker", &mut script);
    say(&String::from_utf8_lossy(&script))
}

/// The page of the program, or of one of its commands.
pub(super) fn man(name: Option<&str>) -> Ending {
    let mut program = Cli::command();
    program.build();
    let command = match name {
        None => program,
        Some(name) => {
            let found = program.get_subcommands().find(|command| command.get_name() == name).cloned();
            let unknown =
                || CommandError::Usage(format!("there is no command {name:?}; `callbunker --help` lists them"));
            found.ok_or_else(unknown)?
        }
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut page)
        .map_err(|error| CommandError::Failed(format!("the manual page cannot be written: {error}")))?;
    say(&String::from_utf8_lossy(&page))
}
