//! A database, a Twilio and a daemon between them.
//!
//! How to get it wrong: measuring right after a fill. The statistics must be fresh and the disk at rest.

use std::time::Duration;

use postgres_fixture::{Cluster, Database};
use twilio_simulator::{Simulator, SimulatorOptions};

use crate::daemon::Daemon;

/// What was filled in is in the books already: writing the charges of a hundred thousand numbers that move in at once takes
/// PostgreSQL half a minute, beside whatever is measured, and no signup waits for it.
const BOOKED: &str = "UPDATE charge_clocks SET next_on = current_date + 28 WHERE next_on <= current_date;
    VACUUM ANALYZE charge_clocks;";

pub struct Stage {
    // The daemon goes first, then what it talks to.
    pub daemon: Daemon,
    pub twilio: Simulator,
    pub database: Database,
    /// The names of its pools, if there are several.
    pub pools: Vec<String>,
}

impl Stage {
    /// With an empty pool that nobody fills unasked, and Twilio answering after `latency`.
    pub fn new(cluster: &Cluster, latency: Duration) -> Self {
        Self::with_pools(cluster, latency, 1)
    }

    /// With so many of them.
    pub fn with_pools(cluster: &Cluster, latency: Duration, count: usize) -> Self {
        Self::with(cluster, latency, count, &[])
    }

    /// The same with settings (environment variables) besides.
    pub fn with(cluster: &Cluster, latency: Duration, count: usize, more: &[(&str, &str)]) -> Self {
        let database = cluster.create_database().expect("a database");
        let options = SimulatorOptions { latency, ..SimulatorOptions::default() };
        let twilio = Simulator::start(options).expect("a simulator");
        let settings = [
            ("CALLBUNKER__POOL__THRESHOLD_LOW", "0"),
            ("CALLBUNKER__POOL__TOTAL_MIN", "0"),
            ("CALLBUNKER__SPEND__PURCHASES_PER_HOUR_MAX", "1000"),
            ("CALLBUNKER__SPEND__PURCHASES_PER_DAY_MAX", "1000"),
            ("CALLBUNKER__PURCHASE__EMERGENCY_WAIT_MS", "60000"),
        ];
        let others: Vec<String> = (1..count).map(|number| format!("p{number}")).collect();
        // All of one country: a signup names its pool.
        let of_others: Vec<(String, &str)> = others
            .iter()
            .map(|name| (format!("CALLBUNKER__POOLS__{}__COUNTRY", name.to_uppercase()), "US"))
            .chain(
                others.iter().map(|name| (format!("CALLBUNKER__POOLS__{}__THRESHOLD_LOW", name.to_uppercase()), "0")),
            )
            .collect();
        let settings: Vec<(&str, &str)> = settings
            .into_iter()
            .chain(of_others.iter().map(|(name, value)| (name.as_str(), *value)))
            .chain(more.iter().copied())
            .collect();
        let daemon = Daemon::start(&database, &twilio, &settings);
        let pools = if others.is_empty() { others } else { [vec!["default".to_owned()], others].concat() };
        Self { daemon, twilio, database, pools }
    }

    pub fn sql(&self, statement: &str) -> String {
        self.database.psql(&format!("SET search_path = callbunker; {statement}")).expect("the statement runs")
    }

    /// Puts `rows` numbers there that are somebody's.
    pub fn assigned(&self, rows: u64) {
        if rows == 0 {
            return;
        }
        self.stock(rows);
        self.sql(
            "UPDATE leases SET user_id = 'before-' || number_id, source = 'pool', assigned_at = clock_timestamp(),
                    assignment_id = nextval('assignment_ids') WHERE user_id IS NULL;
             VACUUM ANALYZE leases; CHECKPOINT;",
        );
    }

    /// Puts numbers in stock until `rows` are ready, without a purchase, and lets the disk come to rest. Several pools have the
    /// same part of them each.
    pub fn stock(&self, rows: u64) {
        let alone = ["default".to_owned()];
        let pools = if self.pools.is_empty() { &alone } else { self.pools.as_slice() };
        let each = rows.div_ceil(pools.len() as u64);
        let fills: String = pools.iter().map(|pool| Self::fill(pool, each)).collect();
        self.sql(&format!("{fills} {BOOKED} VACUUM ANALYZE numbers; VACUUM ANALYZE leases; CHECKPOINT;"));
    }

    fn fill(pool: &str, rows: u64) -> String {
        format!(
            "INSERT INTO numbers (sid, phone_number, country, area_code, status, webhook_status, capable, purchased_at, pool)
             SELECT 'PN' || lpad(to_hex(n), 32, '0'), '+1' || spread, 'US', left(spread, 3), 'active', 'configured',
                    true, now() + make_interval(secs => n / 1e6), '{pool}'
               FROM (SELECT coalesce(max(id), 0) AS last FROM numbers) AS before,
                    (SELECT greatest({rows} - count(*), 0) AS lacking FROM leases
                      WHERE pool = '{pool}' AND user_id IS NULL AND ready) AS stock,
                    generate_series(last + 1, last + lacking) AS n,
                    LATERAL (SELECT (2000000000 + n * 7919 % 8000000000)::text AS spread) AS digits;"
        )
    }
}
