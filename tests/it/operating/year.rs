//! A year of operation beside its first day: what is looked at all day reads no more rows and blocks for all that has happened.
//!
//! Only in `make torture`. The year is written as SQL (`year.sql`); the clock is asked for nothing. What PostgreSQL read is what its
//! statistics say, which sessions tell at the latest ten seconds after they were last used.
//! How to get it wrong: a first day without a past. A list of twenty lines has twenty on the first evening, too.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::thread::sleep;
use std::time::{Duration, Instant};

use twilio_simulator::ForeignNumber;

use crate::torture::is_long;
use crate::world::daemon::{Daemon, Reply};
use crate::world::{ORIGIN, World};

/// So often each is asked for, so that what goes on by itself meanwhile is little beside it.
const TIMES: u32 = 60;
const SESSIONS_TELL: Duration = Duration::from_secs(11);
/// What goes on by itself, a call: judging, samples, beats.
const BY_ITSELF: i64 = 60;

/// What is looked at or done again and again, with its name.
type Act = (&'static str, fn(&Daemon, u32) -> Reply);
const ACTS: [Act; 12] = [
    ("status", |daemon, _| daemon.get("/admin/phones/api/status")),
    ("dashboard", |daemon, _| daemon.get("/admin/phones/dashboard")),
    ("chart", |daemon, _| daemon.get("/admin/phones/dashboard/chart?hours=24")),
    ("attention", |daemon, _| daemon.get("/admin/phones/api/attention")),
    ("a pass", |daemon, _| daemon.post_empty("/admin/phones/cron/auto-replenish")),
    ("a signup", |daemon, n| daemon.assign(&format!("new-{n}"))),
    ("its release", |daemon, n| daemon.release(&format!("new-{n}"))),
    ("history of a number", |daemon, _| daemon.get("/admin/phones/api/numbers/+19072000001")),
    ("search for a user", |daemon, n| daemon.get(&format!("/admin/phones/dashboard/search?q=user-{}", n + 10))),
    ("lists, first page", |daemon, n| {
        const LISTS: [&str; 6] = ["numbers", "assignments", "purchases", "passes", "audit", "alerts"];
        daemon.get(&format!("/admin/phones/api/{}?limit=50", LISTS[n as usize % LISTS.len()]))
    }),
    ("metrics", |daemon, _| daemon.get("/metrics")),
    ("advice", |daemon, _| daemon.get("/admin/phones/api/advice")),
];

/// These show what the last days or the month came to, so they read more when there were so many days, and no more than that after a year.
const SHOW_A_MONTH: [&str; 3] = ["dashboard", "chart", "advice"];

/// What was read of each table: rows, in an index or one after the other, and blocks of 8 KiB.
type Read = BTreeMap<String, (i64, i64)>;

fn read(world: &World) -> Read {
    let lines = world.sql(
        "SELECT t.relname, coalesce(seq_tup_read, 0) + coalesce((SELECT sum(idx_tup_read) FROM pg_stat_user_indexes i WHERE i.relid = t.relid), 0),
                heap_blks_hit + heap_blks_read + coalesce(idx_blks_hit + idx_blks_read, 0) + coalesce(toast_blks_hit + toast_blks_read, 0)
           FROM pg_stat_user_tables t JOIN pg_statio_user_tables b USING (relid) WHERE t.schemaname = 'callbunker'",
    );
    let line = |line: &str| {
        let columns: Vec<&str> = line.split('|').collect();
        (columns[0].to_owned(), (columns[1].parse().expect("rows"), columns[2].parse().expect("blocks")))
    };
    lines.lines().map(line).collect()
}

/// What one call of an act read.
struct Cost {
    rows: i64,
    blocks: i64,
    ms: f64,
    /// Bytes of WAL, of all that goes on in the cluster.
    wal: i64,
    /// The tables that most of it is of.
    most: String,
}

fn cost(world: &World, daemon: &Daemon, (name, act): Act) -> Cost {
    const WAL: &str = "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint";
    let (before, wal) = (read(world), world.count(WAL));
    let begin = Instant::now();
    for n in 0..TIMES {
        let reply = act(daemon, n);
        assert!(reply.status < 400, "{name}: {reply:?}");
    }
    let ms = begin.elapsed().as_secs_f64() * 1000.0 / f64::from(TIMES);
    let wal = (world.count(WAL) - wal) / i64::from(TIMES);
    sleep(SESSIONS_TELL);
    let after = read(world);
    let each = |was: i64, is: i64| (is - was) / i64::from(TIMES);
    let mut tables: Vec<(i64, i64, &String)> = after
        .iter()
        .map(|(table, (rows, blocks))| {
            let (rows_before, blocks_before) = before.get(table).copied().unwrap_or_default();
            (each(rows_before, *rows), each(blocks_before, *blocks), table)
        })
        .collect();
    tables.sort_by_key(|(rows, blocks, _)| std::cmp::Reverse(*rows.max(blocks)));
    let mut most = String::new();
    for (rows, blocks, table) in tables.iter().take(4).filter(|(rows, blocks, _)| rows.max(blocks) > &0) {
        let _ = write!(most, " {table} {rows}/{blocks}");
    }
    let (rows, blocks) = (tables.iter().map(|line| line.0).sum(), tables.iter().map(|line| line.1).sum());
    Cost { rows, blocks, ms, wal, most }
}

/// A world after so many days, with a daemon that has begun.
fn after(days: u32) -> (World, Daemon) {
    let world = World::new().quiet().set("pool.owned_max", 100_000).set("pool.available_max", 5000);
    // It says how long the trail is kept, and which pools there are.
    assert_eq!(world.daemon().stop(), Some(0));
    let year =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/operating/year.sql")).expect("year.sql");
    for section in year.split("\n----\n") {
        // As superuser, without triggers but where numbers come: they make leases and what is owned.
        let role = if section.contains("INSERT INTO numbers") { "origin" } else { "replica" };
        world.sql(&format!("SET session_replication_role = {role}; {}", section.replace(":days", &days.to_string())));
    }
    world.sql("UPDATE installation SET created_at = now() - interval '400 days'");
    world.sql("VACUUM ANALYZE");
    for n in 1..=20_000_u32 {
        let number = ForeignNumber::new(format!("+1907{}", 2_000_000 + n)).sid(format!("PN{n:032x}"));
        let number = number.friendly_name(format!("callbunker:default:00000000-0000-4000-b000-{n:012x}"));
        let at = |path: &str| format!("{ORIGIN}/twilio/{path}");
        world.twilio.own(number.voice_url(at("voice")).sms_url(at("sms")).status_callback(at("status")));
    }
    let daemon = world.daemon();
    sleep(SESSIONS_TELL);
    (world, daemon)
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{} {:.1} ms, {} bytes of WAL;{}", self.rows, self.blocks, self.ms, self.wal, self.most)
    }
}

fn size(world: &World) -> String {
    world.sql("SELECT pg_size_pretty(pg_database_size(current_database()))")
}

fn sizes(world: &World) -> String {
    world.sql(
        "SELECT relname || ': ' || n_live_tup || ' rows, ' || pg_size_pretty(pg_total_relation_size(relid)) FROM pg_stat_user_tables
          WHERE schemaname = 'callbunker' AND pg_total_relation_size(relid) > 1000000 ORDER BY pg_total_relation_size(relid) DESC",
    )
}

#[test]
fn after_a_year_nothing_that_is_looked_at_all_day_reads_more_than_twice_as_much() {
    if !is_long() {
        return;
    }
    let [first, month, year] = [1, 31, 365].map(|days| {
        let (world, daemon) = after(days);
        println!("after {days} days: {}\n{}", size(&world), sizes(&world));
        ACTS.map(|act| cost(&world, &daemon, act))
    });
    let mut dear = Vec::new();
    println!(
        "what one reads, rows/blocks: on the first day, after a month, after a year; the tables that most of it is of"
    );
    for (((name, _), first), (month, year)) in ACTS.iter().zip(&first).zip(month.iter().zip(&year)) {
        println!("{name}: {first} | {month} | {year}");
        let before = if SHOW_A_MONTH.contains(name) { month } else { first };
        if year.rows > 2 * before.rows + BY_ITSELF || year.blocks > 2 * before.blocks + BY_ITSELF {
            dear.push(*name);
        }
    }
    assert!(dear.is_empty(), "dearer than twice what they were: {dear:?}");
}
