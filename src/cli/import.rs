//! `callbunker import`: the earlier service's numbers and users, a chunk at a time.
//!
//! Invariant: nothing is sent before the whole file was read; rows that are refused let nothing be sent, unless `--rejected` takes them.
//! How to get it wrong: asking for a key, or the daemon, before the file is judged.

mod next;
mod printed;
mod sending;
mod sum;

use std::path::Path;

use super::args::ImportArgs;
use super::client::Client;
use super::ending::{CommandError, Ending, both, warn};
use super::follow::bar;
use super::moving_in::told::{About, Outcome};
use super::moving_in::{ReadFile, read};
use crate::domain::grouped;
use printed::print;
use sending::Sending;

pub(super) fn import(client: impl Fn() -> Result<Client, CommandError>, args: &ImportArgs) -> Ending {
    let reading = bar(0, "reading the file");
    let file = read(args, &reading);
    reading.finish_and_clear();
    let file = file.map_err(CommandError::Usage)?;
    let about = About::of(&file);
    if file.refused > 0 && args.rejected.is_none() {
        return nothing_sent(file, &about, args);
    }
    let mut sending = Sending::new(file);
    let broken = if sending.rows() > 0 { sending.send_all(&client()?, args) } else { None };
    sending.end(broken, &about, args)
}

/// Rows are refused, and nobody said where to write them.
fn nothing_sent(file: ReadFile, about: &About, args: &ImportArgs) -> Ending {
    let good = file.rows.saturating_sub(file.refused);
    let refused = file.refused;
    let outcome = Outcome::of_file(file.faults, file.notes);
    let printed = print(&outcome, about, args, false);
    let rows =
        if refused == 1 { "1 row is refused".to_owned() } else { format!("{} rows are refused", grouped(refused)) };
    let them = if refused == 1 { "it" } else { "them" };
    let others = match good {
        0 => format!("mend {them} in the file"),
        good => {
            let others = if good == 1 { "one moves".to_owned() } else { format!("{} move", grouped(good)) };
            // Not over the file that is mended just now.
            let is_rest = args.file.file_name().is_some_and(|name| name == "rest.csv");
            let rest = Path::new(if is_rest { "rest-2.csv" } else { "rest.csv" });
            format!(
                "mend {them} in the file, or give --rejected FILE: then the other {others} in, and what is refused is written there:\n  {}",
                next::command(args, &args.file, Some(rest))
            )
        }
    };
    warn(&format!("callbunker: {rows}, and nothing was sent; {others}"));
    both(printed, Err(CommandError::AlreadyTold))
}
