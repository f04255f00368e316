//! A throw-away PostgreSQL for the hand: prints its URL, and is gone after Ctrl-C. With `version` as its argument it only says which
//! PostgreSQL that is, by the server's own word.

use std::{env, process::ExitCode, thread};

use postgres_fixture::{Cluster, ClusterOptions, FixtureError};

fn main() -> ExitCode {
    let asked = env::args().nth(1);
    let said = Cluster::start(ClusterOptions::default()).and_then(|cluster| match asked.as_deref() {
        Some("version") => told(&cluster),
        _ => {
            println!("{}", cluster.url("postgres"));
            println!("{}", cluster.dir().display());
            loop {
                // A signal ends this process; the watchdog does the rest.
                thread::park();
            }
        }
    });
    match said {
        Ok(version) => {
            println!("PostgreSQL {version}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(69)
        }
    }
}

fn told(cluster: &Cluster) -> Result<String, FixtureError> {
    cluster.psql("postgres", "SHOW server_version")
}
