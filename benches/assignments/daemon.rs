//! The released binary as a child of this process.
//!
//! How to get it wrong: leaving its log unread. A full pipe would hold it up.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use postgres_fixture::Database;
use twilio_simulator::Simulator;

pub const ADMIN_KEY: &str = "admin-key-0123456789";
pub const SIGNUP_KEY: &str = "signup-key-0123456789";

const START_LIMIT: Duration = Duration::from_secs(60);

pub struct Daemon {
    child: Child,
    pub address: SocketAddr,
}

/// From `/proc`, in bytes.
#[derive(Clone, Copy)]
pub struct Memory {
    pub resident: u64,
    pub peak: u64,
}

impl Daemon {
    /// Starts it as it is shipped, but for `settings` (environment variables), and waits until it serves.
    pub fn start(database: &Database, twilio: &Simulator, settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_callbunker"));
        command
            .arg("serve")
            .env_clear()
            .env("DATABASE_URL", database.url())
            .env("TWILIO_ACCOUNT_SID", twilio.account_sid())
            .env("TWILIO_AUTH_TOKEN", twilio.auth_token())
            .env("ADMIN_API_KEY", ADMIN_KEY)
            .env("SIGNUP_API_KEY", SIGNUP_KEY)
            .env("PUBLIC_APP_URL", "https://app.example.com")
            .env("CALLBUNKER__TWILIO__API_BASE_URL", twilio.url())
            .env("CALLBUNKER__HTTP__LISTEN", "127.0.0.1:0")
            .env("CALLBUNKER__LOG__FORMAT", "json")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        // The thread that starts it is the one that measures, to the end.
        system_calls::end_with_this_process(&mut command);
        let mut child = command.spawn().expect("the daemon starts");
        let log = BufReader::new(child.stderr.take().expect("its stderr is a pipe"));
        let (serves, waits) = mpsc::channel();
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
                match line["msg"].as_str() {
                    Some("callbunker serves") => {
                        let _ = serves.send(line["address"].as_str().and_then(|address| address.parse().ok()));
                    }
                    // A warning explains an odd figure.
                    _ if line["level"] != "info" => eprintln!("{line}"),
                    _ => {}
                }
            }
        });
        let address = waits.recv_timeout(START_LIMIT).ok().flatten();
        let Some(address) = address else {
            let _ = child.kill();
            panic!("the daemon does not serve");
        };
        Self { child, address }
    }

    pub fn process(&self) -> u32 {
        self.child.id()
    }

    pub fn memory(&self) -> Memory {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let bytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or_default() * 1024
        };
        Memory { resident: bytes("VmRSS:"), peak: bytes("VmHWM:") }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
