//! The whole command, with what the derived one cannot say: examples, where `--config` is read, what no shell completes.
//!
//! How to get it wrong: a command without an example; a test asks every one of them for it, and reads each as a shell does.

use std::path::PathBuf;

use clap::{Arg, Command, CommandFactory as _, ValueHint, value_parser};

use super::args::Cli;
use super::examples::EXAMPLES;

/// The commands that read a configuration file.
const READ_CONFIG: [&str; 5] = ["serve", "migrate", "check-config", "twilio check", "twilio setup-events"];

/// The arguments of this program.
pub(super) fn command() -> Command {
    let mut command = Cli::command();
    for path in READ_CONFIG {
        command = reading_config(path, command);
    }
    completed(&[], command)
}

fn reading_config(path: &str, command: Command) -> Command {
    let (name, below) = path.split_once(' ').unwrap_or((path, ""));
    command.mut_subcommand(
        name,
        |command| {
            if below.is_empty() { command.arg(config()) } else { reading_config(below, command) }
        },
    )
}

/// `--config`, where it is read.
fn config() -> Arg {
    Arg::new("config")
        .long("config")
        .short('c')
        .value_name("PATH")
        .value_parser(value_parser!(PathBuf))
        .value_hint(ValueHint::FilePath)
        .help("The configuration file [env: CALLBUNKER_CONFIG]")
}

fn completed(path: &[&str], command: Command) -> Command {
    let examples = EXAMPLES.iter().find(|(of, _)| of.split(' ').eq(path.iter().copied()));
    let command = match examples {
        Some((_, lines)) => {
            let lines: Vec<String> = lines.iter().map(|line| format!("  {line}")).collect();
            command.after_help(format!("Examples:\n{}", lines.join("\n")))
        }
        None => command,
    };
    // A name or a number is no file; a shell that proposes files for it is in the way.
    let command = command.mut_args(|arg| {
        let is_anything = arg.get_value_hint() == ValueHint::Unknown && arg.get_action().takes_values();
        if is_anything { arg.value_hint(ValueHint::Other) } else { arg }
    });
    let names: Vec<String> = command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    names.iter().fold(command, |command, name| {
        let path = [path, &[name.as_str()]].concat();
        command.mut_subcommand(name, |command| completed(&path, command))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every command that does something, by its words.
    fn commands(path: &[String], command: &Command) -> Vec<Vec<String>> {
        let below = command.get_subcommands().filter(|command| command.get_name() != "help");
        let mut all: Vec<Vec<String>> =
            below.flat_map(|command| commands(&[path, &[command.get_name().to_owned()]].concat(), command)).collect();
        if !path.is_empty() {
            all.push(path.to_vec());
        }
        all
    }

    /// The words of a line; what stands in quotes is one.
    fn as_a_shell(line: &str) -> Vec<&str> {
        let parts = line.split('"').enumerate();
        parts
            .flat_map(|(index, part)| match index % 2 {
                0 => part.split_whitespace().collect::<Vec<_>>(),
                _ => vec![part],
            })
            .collect()
    }

    #[test]
    fn every_command_has_examples_and_each_is_understood() {
        command().debug_assert();
        let all = commands(&[], &command());
        assert!(all.len() > 25, "{}", all.len());
        for path in &all {
            let name = path.join(" ");
            let (_, lines) = EXAMPLES.iter().find(|(of, _)| *of == name).unwrap_or_else(|| panic!("{name} has none"));
            assert!(lines.iter().any(|line| line.contains(&format!("callbunker {name}"))), "{name}: {lines:?}");
        }
        assert_eq!(EXAMPLES.len(), all.len(), "an example of a command that is gone");
        for line in EXAMPLES.iter().flat_map(|(_, lines)| *lines) {
            assert!(line.len() <= 78, "{line}");
            let ours = line.split(" | ").find(|part| part.starts_with("callbunker")).expect("a command of ours");
            let words = ours.split(" > ").next().unwrap_or_default();
            command().try_get_matches_from(as_a_shell(words)).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
    }

    #[test]
    fn a_configuration_file_is_shown_where_it_is_read_and_taken_everywhere() {
        for path in commands(&[], &command()) {
            let mut command = command();
            command.build();
            let mut found = &command;
            for name in &path {
                found = found.find_subcommand(name).expect("just listed");
            }
            let is_shown = found.get_arguments().any(|arg| arg.get_id() == "config" && !arg.is_hide_set());
            assert_eq!(is_shown, READ_CONFIG.contains(&path.join(" ").as_str()), "{path:?}");
        }
    }
}
