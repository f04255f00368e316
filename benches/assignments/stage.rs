//! A database, a Twilio and a daemon between them.
//!
//! How to get it wrong: measuring right after a fill. The statistics must be fresh and the disk at rest.

use std::time::Duration;

use postgres_fixture::{Cluster, Database};
use twilio_simulator::{Simulator, SimulatorOptions};

use crate::daemon::Daemon;

pub struct Stage {
    // The daemon goes first, then what it talks to.
    pub daemon: Daemon,
    pub twilio: Simulator,
    pub database: Database,
}

impl Stage {
    /// With an empty pool that nobody fills unasked, and Twilio answering after `latency`.
    pub fn new(cluster: &Cluster, latency: Duration) -> Self {
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
        let daemon = Daemon::start(&database, &twilio, &settings);
        Self { daemon, twilio, database }
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

    /// Puts numbers in stock until `rows` are ready, without a purchase, and lets the disk come to rest.
    pub fn stock(&self, rows: u64) {
        self.sql(&format!(
            "INSERT INTO numbers (sid, phone_number, country, area_code, status, webhook_status, capable, purchased_at)
             SELECT 'PN' || lpad(to_hex(n), 32, '0'), '+1' || spread, 'US', left(spread, 3), 'active', 'configured',
                    true, now() + make_interval(secs => n / 1e6)
               FROM (SELECT coalesce(max(id), 0) AS last FROM numbers) AS before,
                    (SELECT greatest({rows} - count(*), 0) AS lacking FROM leases WHERE user_id IS NULL AND ready) AS stock,
                    generate_series(last + 1, last + lacking) AS n,
                    LATERAL (SELECT (2000000000 + n * 7919 % 8000000000)::text AS spread) AS digits;
             VACUUM ANALYZE numbers; VACUUM ANALYZE leases; CHECKPOINT;"
        ));
    }
}
