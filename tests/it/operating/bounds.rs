//! What is looked at for a while only is forgotten when it is older than that, and not before: `docs/scale.md` says what for how long.
//!
//! How to get it wrong: rows that somebody else deletes, too. Each of these goes by what an instance does every day.

use crate::world::{World, eventually};

/// A table; what tells its rows apart; an insert of a row that is so many days old; and for how many days it is kept.
type Bound = (&'static str, &'static str, &'static str, u32);

const BOUNDS: [Bound; 8] = [
    (
        "stock_samples",
        "at",
        "(at, available, assigned, quarantined, unready, threshold, pool) VALUES (date_trunc('minute', now() - '{} days'::interval), 1, 1, 1, 1, 1, 'default')",
        30,
    ),
    (
        "signup_refusals",
        "minute",
        "(minute, code, pool, count) VALUES (date_trunc('minute', now() - '{} days'::interval), 'pool_empty', 'default', 1)",
        30,
    ),
    (
        "demand",
        "asked_at",
        "(pool, user_key, slot, asked_at) VALUES ('default', '\\x0123456789abcdef', {}, now() - '{} days'::interval)",
        35,
    ),
    ("advice_days", "day", "(pool, day, advised, base_stock) VALUES ('default', now()::date - {}, 1, 1)", 400),
    ("touch_days", "day", "(day, first_at) VALUES (now()::date - {}, now() - '{} days'::interval)", 400),
    (
        "sweeps",
        "until_at",
        "(what, from_at, until_at, state, started_at, ended_at)
         VALUES ('calls', now() - '{} days'::interval - interval '1 hour', now() - '{} days'::interval, 'complete', now(), now())",
        400,
    ),
    (
        "event_refusals",
        "minute",
        "(minute, count) VALUES (date_trunc('minute', now() - '{} days'::interval) - interval '1 hour', 1)",
        1,
    ),
    (
        "foreign_numbers",
        "gone_at",
        "(sid, phone_number, country, date_created, first_seen_at, last_seen_at, gone_at)
         VALUES ('PN' || lpad('{}', 32, '0'), '+15005550006', 'US', now(), now(), now(), now() - '{} days'::interval)",
        // 25 months.
        760,
    ),
];

#[test]
fn what_has_a_bound_goes_when_it_is_older_and_not_before() {
    // Nothing is sold, so a signup is refused, and noted.
    let world = World::new().quiet().set("recycling.by_touch", true);
    for (table, _, row, kept) in BOUNDS {
        for days in [kept + 2, kept - 1] {
            world.sql(&format!("INSERT INTO {table} {}", row.replace("{}", &days.to_string())));
        }
    }
    // So many, however old: the oldest of 1,100 passes, all but 200 comparisons.
    world.sql(
        "INSERT INTO passes (at, trigger, reason, purchased_count, pool)
         SELECT now() - interval '91 days', 'scheduled', 'sufficient_numbers', 0, 'default' FROM generate_series(1, 1100);
         INSERT INTO reconciliations (trigger, started_at, ended_at, report)
         SELECT 'cron', now() - interval '9 days', now() - interval '9 days', '{}' FROM generate_series(1, 210)",
    );
    let daemon = world.daemon();
    daemon.post_empty("/admin/phones/api/pause").ok();
    assert_eq!(daemon.assign("u-1").status, 503);
    daemon.post_empty("/admin/phones/api/replenish");
    daemon.post_empty("/admin/phones/api/reconcile");
    for (table, at, _, kept) in BOUNDS {
        let older = format!("SELECT count(*) FROM {table} WHERE {at} < now() - interval '{} days'", kept + 1);
        eventually(&format!("{table} forgets"), || world.count(&older) == 0);
        let within = format!(
            "SELECT count(*) FROM {table} WHERE {at} BETWEEN now() - interval '{kept} days' AND now() - interval '{} days'",
            kept.saturating_sub(2)
        );
        assert_eq!(world.count(&within), 1, "{table} keeps what is younger");
    }
    eventually("passes are forgotten", || world.count("SELECT count(*) FROM passes") < 1100);
    assert!(world.count("SELECT count(*) FROM passes") >= 1000);
    eventually("comparisons are forgotten", || world.count("SELECT count(*) FROM reconciliations") <= 201);
    assert!(world.count("SELECT count(*) FROM reconciliations") >= 200);
}
