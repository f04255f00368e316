//! What PostgreSQL itself gives: one row for one user in one statement, prepared, with the daemon's writes.
//!
//! How to get it wrong: another table, without the triggers and indexes that the daemon pays for.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use postgres_fixture::{Cluster, Database};

const ASSIGN: &str = "\\set user random(1, 9000000000000000000)
WITH picked AS (SELECT id, phone_number FROM numbers WHERE ready ORDER BY purchased_at, id LIMIT 1 FOR UPDATE SKIP LOCKED), \
     moved AS (UPDATE numbers n SET status = 'assigned' FROM picked WHERE n.id = picked.id), \
     recorded AS (INSERT INTO assignments (number_id, user_id, source) \
                  SELECT id, 'pgbench-' || :user::bigint, 'pool' FROM picked RETURNING number_id, assigned_at) \
SELECT phone_number, assigned_at FROM picked JOIN recorded ON number_id = id;
";

/// Transactions a second with `clients` clients.
pub fn assign(cluster: &Cluster, database: &Database, clients: usize, time: Duration) -> f64 {
    let mut pgbench = Command::new(cluster.bin_dir().join("pgbench"));
    pgbench.args(["-n", "-M", "prepared", "-f", "-", "-c", &clients.to_string(), "-j", &clients.min(2).to_string()]);
    pgbench.args(["-T", &time.as_secs().max(1).to_string(), database.url()]);
    pgbench.env("PGOPTIONS", "-c search_path=callbunker");
    let mut child = pgbench
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("pgbench is where PostgreSQL is");
    let mut script = child.stdin.take().expect("its stdin is a pipe");
    script.write_all(ASSIGN.as_bytes()).expect("pgbench reads its script");
    drop(script);
    let output = child.wait_with_output().expect("pgbench ends");
    let text = String::from_utf8_lossy(&output.stdout);
    let rate = text.lines().find_map(|line| line.strip_prefix("tps = "));
    let rate = rate.and_then(|rest| rest.split(' ').next()).and_then(|rate| rate.parse().ok());
    rate.unwrap_or_else(|| panic!("pgbench gave no rate:\n{text}\n{}", String::from_utf8_lossy(&output.stderr)))
}
