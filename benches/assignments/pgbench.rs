//! What PostgreSQL itself gives, prepared, one row for one user in one transaction: with the daemon's own tables, and with
//! what a good hand would write who promises nothing.
//!
//! How to get it wrong: stock that runs dry in the middle. The rest would measure statements that find nothing.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use postgres_fixture::{Cluster, Database};

use crate::cpu::Cpu;

/// The daemon's tables, with all that they check.
pub const OURS: Script = Script {
    search_path: "callbunker",
    text: "\\set user random(1, 9000000000000000000)
UPDATE leases SET user_id = 'pgbench-' || :user::bigint, source = 'pool', assigned_at = clock_timestamp(), \
                  assignment_id = nextval('assignment_ids') \
 WHERE number_id = (SELECT number_id FROM leases WHERE pool = 'default' AND user_id IS NULL AND ready AND NOT apart \
                     ORDER BY purchased_at, number_id LIMIT 1 FOR UPDATE SKIP LOCKED) \
RETURNING phone_number, assigned_at;
",
};

/// Two plain tables with their keys: no trigger, no check, no promise but one row for one user.
pub const PLAIN: Script = Script {
    search_path: "plain",
    text: "\\set user random(1, 9000000000000000000)
WITH taken AS (UPDATE stock SET user_id = 'pgbench-' || :user::bigint \
                WHERE id = (SELECT id FROM stock WHERE user_id IS NULL ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) \
               RETURNING id, user_id, phone_number), \
     recorded AS (INSERT INTO history (number_id, user_id) SELECT id, user_id FROM taken RETURNING number_id, assigned_at) \
SELECT phone_number, assigned_at FROM taken JOIN recorded ON number_id = id;
",
};

const PLAIN_TABLES: &str = "
CREATE SCHEMA plain;
CREATE TABLE plain.stock (id bigint PRIMARY KEY, phone_number text NOT NULL, user_id text);
CREATE INDEX stock_free_idx ON plain.stock (id) WHERE user_id IS NULL;
CREATE TABLE plain.history (number_id bigint PRIMARY KEY, user_id text NOT NULL UNIQUE,
                            assigned_at timestamptz NOT NULL DEFAULT clock_timestamp());";

/// What pgbench repeats.
pub struct Script {
    search_path: &'static str,
    text: &'static str,
}

/// What it came to.
#[derive(Clone, Copy)]
pub struct Rate {
    pub per_second: f64,
    /// PostgreSQL's CPU time for one transaction.
    pub cpu: Duration,
}

/// A database with the plain tables in it.
pub fn plain(cluster: &Cluster) -> Database {
    let database = cluster.create_database().expect("a database");
    database.psql(PLAIN_TABLES).expect("plain tables");
    database
}

/// Fills the plain tables up to `rows` free ones.
pub fn stock_plain(database: &Database, rows: u64) {
    let fill = format!(
        "INSERT INTO plain.stock (id, phone_number)
         SELECT n, '+1' || 2000000000 + n
           FROM (SELECT coalesce(max(id), 0) AS last FROM plain.stock) AS before,
                (SELECT greatest({rows} - count(*), 0) AS lacking FROM plain.stock WHERE user_id IS NULL) AS free,
                generate_series(last + 1, last + lacking) AS n;
         VACUUM ANALYZE plain.stock; VACUUM ANALYZE plain.history; CHECKPOINT;"
    );
    database.psql(&fill).expect("plain stock");
}

/// Transactions a second with `clients` clients.
pub fn assign(cluster: &Cluster, database: &Database, script: &Script, clients: usize, time: Duration) -> Rate {
    let mut pgbench = Command::new(cluster.bin_dir().join("pgbench"));
    pgbench.args(["-n", "-M", "prepared", "-f", "-", "-c", &clients.to_string(), "-j", &clients.min(2).to_string()]);
    pgbench.args(["-T", &time.as_secs().max(1).to_string(), database.url()]);
    pgbench.env("PGOPTIONS", format!("-c search_path={}", script.search_path));
    let before = Cpu::of_postgres(cluster);
    let mut child = pgbench
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("pgbench is where PostgreSQL is");
    let mut input = child.stdin.take().expect("its stdin is a pipe");
    input.write_all(script.text.as_bytes()).expect("pgbench reads its script");
    drop(input);
    let output = child.wait_with_output().expect("pgbench ends");
    let used = Cpu::of_postgres(cluster).since(before);
    let text = String::from_utf8_lossy(&output.stdout);
    let figure = |name: &str| -> Option<f64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_start().split([' ', '/']).next()?.parse().ok()
    };
    let (rate, count) = (figure("tps = "), figure("number of transactions actually processed: "));
    let (Some(per_second), Some(count)) = (rate, count) else {
        panic!("pgbench gave no rate:\n{text}\n{}", String::from_utf8_lossy(&output.stderr))
    };
    Rate { per_second, cpu: used.div_f64(count.max(1.0)) }
}

/// The sample of middle rate, and the middle of what they used.
pub fn middle(rates: &[Rate]) -> Rate {
    Rate {
        per_second: crate::load::median(rates.iter().map(|rate| rate.per_second)),
        cpu: Duration::from_secs_f64(crate::load::median(rates.iter().map(|rate| rate.cpu.as_secs_f64()))),
    }
}
