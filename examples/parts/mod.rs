//! What `demo` and `run` share: [`place`] (addresses and the program beside them), [`database`] (PostgreSQL in a folder),
//! [`daemon`] (the child), [`api`] (what it is asked), [`watch`] (what happens until the end), [`signals`], [`private`]
//! (files that hold keys), [`screen`] (what both say).
//!
//! Invariants: nothing that either of them starts outlives it; whatever ends one early is a sentence that says what to do.
//! How to get it wrong: a part that only one of them needs. It belongs beside that one's `main.rs`.

pub mod api;
pub mod daemon;
pub mod database;
pub mod place;
pub mod private;
pub mod screen;
pub mod signals;
pub mod watch;

use std::process::ExitCode;

/// Why it ends early, as a sentence that says what to do; `None` = somebody asked it to stop.
pub type Ended = Option<String>;

/// The end of the program `name`.
pub fn exit(name: &str, outcome: Result<(), Ended>) -> ExitCode {
    match outcome {
        Ok(()) | Err(None) => ExitCode::SUCCESS,
        Err(Some(why)) => {
            eprintln!("{name}: {why}");
            ExitCode::FAILURE
        }
    }
}
