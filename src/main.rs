//! The `callbunker` program: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(feature = "failpoints")]
    callbunker::failpoints::listen();
    callbunker::cli::run()
}
