//! The program: starts both servers, says where they are, and waits for a signal.
//!
//! Invariants: the one line on stdout comes when connections are accepted, and nothing else goes there; SIGTERM and SIGINT
//! end it with 0, bad usage with 64, an address that cannot be had with 1.
//!
//! How to get it wrong: printing before the ports are bound; scripts read the line and connect.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use far_side::{FarSide, FarSideOptions};
use tokio::signal::unix::{SignalKind, signal};

const USAGE: u8 = 64;

/// A mail server and an HTTP sink that keep what they get and send nothing on, on loopback only.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Where the mail server listens; port 0 for any
    #[arg(long, default_value = "127.0.0.1:2525")]
    smtp: SocketAddr,
    /// Where webhooks are taken and the page for people is; port 0 for any
    #[arg(long, default_value = "127.0.0.1:4011")]
    http: SocketAddr,
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Nothing can be said where stderr is closed.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS };
        }
    };
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("far-side: {error}");
            if error.kind() == io::ErrorKind::InvalidInput { ExitCode::from(USAGE) } else { ExitCode::FAILURE }
        }
    }
}

fn run(arguments: &Arguments) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _in_runtime = runtime.enter();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let far = FarSide::start(FarSideOptions { smtp: arguments.smtp, http: arguments.http, login: None })?;
    let mut stdout = io::stdout();
    writeln!(stdout, "{}", serde_json::json!({"url": far.url(), "smtp_url": far.smtp_url()}))?;
    stdout.flush()?;
    runtime.block_on(async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    });
    Ok(())
}
