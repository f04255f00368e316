//! The program: starts a simulator, says where it is, and waits for a signal.
//!
//! Invariants: the one line on stdout comes when connections are accepted, and nothing else goes there; SIGTERM and SIGINT
//! end it with 0, bad usage with 64, an address that cannot be had with 1.
//!
//! How to get it wrong: printing before the port is bound; scripts read the line and connect.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tokio::signal::unix::{Signal, SignalKind, signal};
use twilio_simulator::{Simulator, SimulatorOptions};

const USAGE: u8 = 64;

/// A faithful, fault-injecting stand-in for Twilio's phone-number API, on loopback only.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen; port 0 for any
    #[arg(long, default_value = "127.0.0.1:4010")]
    listen: SocketAddr,
    /// AC and 32 hexadecimal digits; follows from the seed when left out
    #[arg(long)]
    account_sid: Option<String>,
    /// Follows from the seed when left out
    #[arg(long)]
    auth_token: Option<String>,
    /// How long every answer takes, in milliseconds
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// From which stock, SIDs and credentials follow
    #[arg(long, default_value_t = 1)]
    seed: u64,
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
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("twilio-simulator: {error}");
            if error.kind() == io::ErrorKind::InvalidInput { ExitCode::from(USAGE) } else { ExitCode::FAILURE }
        }
    }
}

fn run(arguments: Arguments) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _in_runtime = runtime.enter();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let listen = arguments.listen;
    let simulator = Simulator::start(SimulatorOptions {
        listen,
        seed: arguments.seed,
        account_sid: arguments.account_sid,
        auth_token: arguments.auth_token,
        latency: Duration::from_millis(arguments.latency_ms),
        ..SimulatorOptions::default()
    })
    .map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {listen}: {error}")))?;
    let line = serde_json::json!({
        "url": simulator.url(),
        "account_sid": simulator.account_sid(),
        "auth_token": simulator.auth_token(),
    });
    let mut stdout = io::stdout();
    writeln!(stdout, "{line}")?;
    stdout.flush()?;
    runtime.block_on(either(&mut terminate, &mut interrupt));
    Ok(())
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
