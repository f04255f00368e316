//! Asking a person before something is spent or taken away.
//!
//! Invariants: a question goes to standard error and is answered from standard input, both of which must be a terminal;
//! anything but y or yes is a no.
//! How to get it wrong: asking a script. It would wait for ever, or take an empty answer for a yes.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use super::args::Remote;
use super::ending::CommandError;
use super::tables::clean;

/// Whether somebody sits there. `--json` is what scripts ask for, also those that were started from a terminal.
pub(super) fn somebody_is_there(remote: &Remote) -> bool {
    !remote.json && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks, and gives whether the answer is a yes.
///
/// # Errors
/// When no answer can be read.
pub(super) fn agreed(question: &str) -> Result<bool, CommandError> {
    let mut err = std::io::stderr().lock();
    let lines: Vec<String> = question.lines().map(clean).collect();
    // Whoever does not see the question gives no yes.
    let _ = write!(err, "{} [y/N] ", lines.join("\n"));
    let _ = err.flush();
    let mut answer = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|error| CommandError::Failed(format!("the answer cannot be read ({error}); add --yes")))?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
