//! Which price a charge has, what is not known, idle numbers, and old charges.

use serde_json::{Value, json};
use twilio_simulator::{ExtraUsage, Fault, FaultKind, NumberKind, On, UsageOrder};

use super::{cost, dated, on_one_day};
use crate::world::comparing::stocked;
use crate::world::daemon::Daemon;
use crate::world::{World, eventually};

#[test]
fn a_charge_has_the_price_seen_before_its_day_and_what_is_not_known_is_no_sum() {
    on_one_day(priced);
}

fn priced() {
    let (mut world, daemon, numbers) = stocked(4);
    // Nobody tells a price: charges are there, amounts are not.
    world.twilio.fault(Fault::new(On::Pricing, FaultKind::Error503).forever());
    let unknown = cost(&daemon, "");
    assert_eq!((&unknown["spent"], &unknown["pools"][0]["purchases"]), (&Value::Null, &json!(4)), "{unknown}");
    assert!(unknown["why"].to_string().contains("4 amounts are not known yet"), "{unknown}");
    assert_eq!((&unknown["complete"], &unknown["usage"]["difference"]), (&json!(false), &Value::Null), "{unknown}");
    world.twilio.clear_faults();
    assert_eq!(daemon.stop(), Some(0));
    let day = |back: &str| {
        world.sql(&format!("SELECT ((clock_timestamp() AT TIME ZONE 'UTC')::date - interval '{back}')::date"))
    };
    // Two kinds of days: before a price was seen, and after; the price rises today.
    let (before, seen, after) = (day("70 days"), day("50 days"), day("20 days"));
    dated(&world, &numbers[0], &before);
    dated(&world, &numbers[1], &after);
    world.sql(&format!("INSERT INTO prices_seen VALUES ('US', 'local', '{seen}', 1.00, 'USD')"));
    world.twilio.set_price("US", NumberKind::Local, "1.30");
    // Of what Twilio counted all is written, or nothing: half of it would differ from the books.
    world.sql(
        "DELETE FROM usage_seen;
         CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
         CREATE TRIGGER refuse BEFORE INSERT ON usage_seen FOR EACH ROW WHEN (NEW.category = 'phonenumbers-setups') EXECUTE FUNCTION refuse()",
    );
    let daemon = world.daemon();
    let half = cost(&daemon, "");
    assert_eq!((&half["usage"], world.count("SELECT count(*) FROM usage_seen")), (&Value::Null, 0), "{half}");
    world.sql("DROP TRIGGER refuse ON usage_seen; DROP FUNCTION refuse()");
    let of = |number: &str| {
        world.sql(&format!(
            "SELECT string_agg(round(amount, 2) || ' ' || price_source, ',' ORDER BY charged_on) FROM charges c
               JOIN numbers n ON n.id = c.number_id WHERE n.phone_number = '{number}'"
        ))
    };
    // The last price of all for what was charged before any was seen, and the one that was seen for the rest.
    let first: Vec<String> = of(&numbers[0]).split(',').map(str::to_owned).collect();
    assert_eq!(first[0].split(' ').nth(1), Some("today"), "{first:?}");
    assert!(first[1..].iter().all(|charge| charge == "1.00 seen") && first.len() > 1, "{first:?}");
    assert_eq!(of(&numbers[1]), "1.00 seen");
    // Idle: nobody has any, so the month costs its share for each; whoever has one takes that away.
    let idle = cost(&daemon, "");
    assert_eq!((&idle["pools"][0]["numbers"], &idle["pools"][0]["idle"]), (&json!(4), &json!(4)), "{idle}");
    daemon.assign("u-1").ok();
    let held = cost(&daemon, "");
    assert_eq!((&held["pools"][0]["idle"], held["cost_per_signup"].is_string()), (&json!(3), true), "{held}");
    let ahead = held["next_30_days"].as_array().expect("days").iter();
    assert!(ahead.map(|day| day["count"].as_u64().unwrap_or_default()).sum::<u64>() >= 2, "{held}");
    assert_eq!(held["savings"].as_array().map(Vec::len), Some(0), "a batch may lie ready: {held}");
    what_was_advised_is_kept(&mut world, daemon);
    let daemon = world.daemon();
    a_charge_that_nothing_explains_is_a_mismatch(&world, &daemon, &seen);
    old_charges_are_sums(&world, daemon);
}

/// Beyond the threshold in force and a batch numbers could go back, unless the past asks for more.
fn what_was_advised_is_kept(world: &mut World, daemon: Daemon) {
    let spare = |daemon: &Daemon| cost(daemon, "")["savings"].as_array().map(Vec::len);
    assert_eq!(daemon.stop(), Some(0));
    // Nothing is advised but what the test says.
    world.change("foresight.mode", "off");
    world.change("pool.replenishment_batch_size", 1);
    world.sql("DELETE FROM advice_days");
    let daemon = world.daemon();
    assert_eq!(spare(&daemon), Some(2), "three are ready, and a batch is one");
    let advised = |day: &str, stock: u32| {
        world.sql(&format!(
            "INSERT INTO advice_days (pool, day, advised, base_stock) VALUES ('default', (now() AT TIME ZONE 'UTC')::date - {day}, 0, {stock})"
        ))
    };
    advised("8", 2);
    assert_eq!(spare(&daemon), Some(2), "that is too old");
    advised("1", 1);
    assert_eq!(spare(&daemon), Some(1));
    advised("0", 2);
    assert_eq!(spare(&daemon), Some(0));
    assert_eq!(daemon.stop(), Some(0));
    world.change("pool.replenishment_batch_size", 10);
}

/// In a month in which the books were kept.
fn a_charge_that_nothing_explains_is_a_mismatch(world: &World, daemon: &Daemon, seen: &str) {
    let last =
        world.sql("SELECT (date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') - interval '10 days')::date");
    let extra = ExtraUsage {
        day: last.parse().expect("a day"),
        category: "phonenumbers-local".to_owned(),
        count: 3,
        price: "9.00".to_owned(),
    };
    world.twilio.usage(UsageOrder { extra: Some(extra), ..UsageOrder::default() });
    let look = || {
        cost(daemon, &format!("?month={}", &last[..7]));
        world.sql("SELECT (detail->>'mismatch') || ' ' || (detail->>'count') FROM account_looks WHERE what = 'usage'")
    };
    let is_kept = *seen <= *format!("{}-01", &last[..7]);
    assert_eq!(look(), format!("{is_kept} 3"), "books were kept since {seen}");
    world.sql(
        "INSERT INTO prices_seen SELECT 'GB', 'mobile', (clock_timestamp() - interval '100 days')::date, 1, 'GBP'",
    );
    assert_eq!(look(), "true 3");
}

fn old_charges_are_sums(world: &World, daemon: Daemon) {
    // A second currency: no sum, and each pool's stays.
    world.sql(
        "INSERT INTO charges SELECT id, (clock_timestamp() AT TIME ZONE 'UTC')::date - 1000, 'renewal', 'default', 'US', 'local', 2, 'EUR', 'seen'
           FROM numbers WHERE phone_number LIKE '+%' LIMIT 1",
    );
    world.sql(
        "INSERT INTO charges SELECT id, (clock_timestamp() AT TIME ZONE 'UTC')::date - 1001, 'renewal', 'default', 'US', 'local', 3, 'USD', 'seen'
           FROM numbers WHERE phone_number LIKE '+%' LIMIT 1",
    );
    let month = world.sql("SELECT to_char((clock_timestamp() AT TIME ZONE 'UTC')::date - 1000, 'YYYY-MM')");
    let is_one_month =
        month == world.sql("SELECT to_char((clock_timestamp() AT TIME ZONE 'UTC')::date - 1001, 'YYYY-MM')");
    let sums = |daemon: &Daemon| {
        let cost = cost(daemon, &format!("?month={month}&pool=default"));
        (cost["spent"].clone(), cost["pools"][0]["renewals"].clone(), cost["why"].to_string())
    };
    let unfolded = sums(&daemon);
    if is_one_month {
        assert_eq!((&unfolded.0, unfolded.2.contains("several currencies")), (&Value::Null, true), "{unfolded:?}");
    }
    // What is that old becomes a sum, and is told as before.
    assert_eq!(daemon.stop(), Some(0));
    world.sql("DELETE FROM duties");
    let daemon = world.daemon();
    eventually("old charges are sums", || {
        world.count("SELECT count(*) FROM duties WHERE name = 'fold' AND done_at IS NOT NULL") == 1
    });
    assert_eq!(
        world.count("SELECT count(*) FROM charges WHERE charged_on < clock_timestamp() - interval '900 days'"),
        0
    );
    assert_eq!(sums(&daemon), unfolded);
    let refused = world.database.psql("UPDATE callbunker.charges SET amount = 7 WHERE amount IS NOT NULL");
    assert!(refused.is_err_and(|why| why.to_string().contains("a charge stays as it is")));
}
