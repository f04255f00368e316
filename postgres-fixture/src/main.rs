//! A throw-away PostgreSQL for the hand: prints its URL, and is gone after Ctrl-C.

use std::{process::ExitCode, thread};

use postgres_fixture::{Cluster, ClusterOptions};

fn main() -> ExitCode {
    match Cluster::start(ClusterOptions::default()) {
        Ok(cluster) => {
            println!("{}", cluster.url("postgres"));
            println!("{}", cluster.dir().display());
            loop {
                // A signal ends this process; the watchdog does the rest.
                thread::park();
            }
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(69)
        }
    }
}
