//! The migration that made leases, over data of every kind: what each row means stays, up, down and up again.
//!
//! How to get it wrong: comparing what the columns say. `assigned` and `available` are told by another table afterwards.

use std::process::{Command, Output};

use super::schema::MIGRATIONS;
use crate::world::World;

/// Where diesel writes down what was applied.
pub(crate) const VERSIONS: &str = "
    CREATE TABLE __diesel_schema_migrations (version varchar(50) PRIMARY KEY, run_on timestamp NOT NULL DEFAULT now())";
/// The migration that made leases.
pub(crate) const LEASES: &str = "20261129100000";
const POOLS: &str = "20261130100000";
const ATTACHMENTS: &str = "20261201200000";

/// A number in every place, with and without a user, webhooks and capabilities of all kinds; users who had several numbers,
/// and numbers that had several users; somebody who waited; an order with its item.
const DATA: &str = "
    INSERT INTO installation (account_sid, instance_name, voice_url, sms_url, status_callback)
    VALUES ('AC1', 'default', 'https://a/v', 'https://a/s', 'https://a/c');
    INSERT INTO purchases (id, trigger, state, requested_count, country, requested_by, expires_at, ended_at)
    VALUES ('00000000-0000-4000-8000-000000000001', 'manual', 'done', 2, 'US', 'test', now(), now());
    INSERT INTO purchase_items (id, purchase_id, phone_number, override_caps, state, attempts, first_sent_at, ended_at)
    VALUES ('00000000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-000000000001', '+14155550001', false, 'bought', 1, now(), now());
    INSERT INTO numbers (sid, phone_number, country, area_code, status, webhook_status, capable, missing_since, quarantined_until,
                         quarantine_reason, rests_for, held_since, purchased_at)
    SELECT 'PN' || lpad(to_hex(n), 32, '0'), '+1415555' || lpad(n::text, 4, '0'), CASE WHEN n % 7 = 0 THEN 'CA' ELSE 'US' END,
           CASE WHEN n % 13 = 0 THEN '800' WHEN n % 3 > 0 THEN '415' END, status, (ARRAY['configured', 'drifted', 'pending', 'failed'])[1 + n % 4], n % 5 > 0,
           CASE WHEN n % 11 = 0 THEN now() - interval '1 hour' END, CASE WHEN reason = 'released' THEN now() + interval '1 day' END,
           reason, CASE WHEN reason = 'released' AND n % 2 = 0 THEN 'resting-' || n END,
           CASE WHEN reason IN ('tag_conflict', 'unknown_item') THEN now() - interval '1 day' END, now() - n * interval '1 hour'
      FROM (SELECT n, (ARRAY['available', 'quarantined', 'released'])[1 + n % 3] AS status,
                   CASE WHEN n % 3 = 1 THEN (ARRAY['released', 'unknown_item', 'tag_conflict', 'adopting', 'leaving'])[1 + n / 3 % 5]
                        END AS reason
              FROM generate_series(1, 360) AS n) AS kinds;
    UPDATE numbers SET purchase_item_id = '00000000-0000-4000-8000-000000000002' WHERE phone_number = '+14155550001';
    INSERT INTO assignments (number_id, user_id, source, assigned_at, released_at, waited_at)
    SELECT id, 'past-' || id % 40, (ARRAY['pool', 'emergency', 'import', 'adopt'])[1 + id % 4], now() - round * interval '9 days',
           now() - round * interval '8 days', CASE WHEN id % 9 = 0 THEN '00000000-0000-4000-8000-000000000003'::uuid END
      FROM numbers, generate_series(1, 3) AS round ORDER BY round DESC, id;
    -- Of those that are ready every other one is somebody's, as an operator may give it, whatever it lacks; then one round of users
    -- who had others before.
    WITH given AS (INSERT INTO assignments (number_id, user_id, source, assigned_at, waited_at)
                   SELECT id, CASE WHEN id % 16 = 0 THEN 'past-' || id / 16 ELSE 'user-' || id END, 'adopt', now() - interval '1 hour', NULL
                     FROM numbers WHERE status = 'available' AND ready AND id % 8 = 0 RETURNING number_id)
    UPDATE numbers SET status = 'assigned' WHERE id IN (SELECT number_id FROM given);
    UPDATE numbers SET webhook_status = 'drifted' WHERE status = 'assigned' AND id % 5 = 2;
    UPDATE numbers SET missing_since = now() WHERE status = 'assigned' AND id % 5 = 3;
    INSERT INTO releases (id, number_id, requested_by, former_reason)
    SELECT gen_random_uuid(), id, 'test', 'tag_conflict' FROM numbers WHERE quarantine_reason = 'leaving';
    INSERT INTO waiters (user_id, country, instance_id, created_at, expires_at)
    VALUES ('waiting', 'CA', gen_random_uuid(), now(), now() + interval '1 hour')";

/// What every row that is kept means, in the words of the earlier schema; `status` and `assignments` are told by the schema that there is.
fn meaning(status: &str, assignments: &str, webhooks: &str) -> String {
    format!(
        "SELECT string_agg(line, chr(10) ORDER BY line COLLATE \"C\") FROM (
         SELECT concat_ws('|', 'number', id, sid, phone_number, country, area_code, {status}, webhook_status, capable,
                          missing_since, quarantined_until, quarantine_reason, rests_for, held_since, purchase_item_id, purchased_at,
                          webhooks_in_vain, webhooks_failed_at) AS line FROM numbers n
         UNION ALL SELECT concat_ws('|', 'assignment', id, number_id, user_id, source, assigned_at, released_at, waited_at)
           FROM {assignments} a
         UNION ALL SELECT 'item ' || (to_jsonb(i) - 'pool')::text FROM purchase_items i UNION ALL SELECT 'order ' || (to_jsonb(p) - '{{cancelled_at,cancelled_by,pool,number_type}}'::text[])::text FROM purchases p
         UNION ALL SELECT 'release ' || r::text FROM releases r
         UNION ALL SELECT 'installation ' || {webhooks} FROM installation i UNION ALL SELECT 'gate ' || g::text FROM buying_gate g) AS lines"
    )
}

/// What an installation says of itself, with its webhooks.
const INSTALLATION: &str = "to_jsonb(i)::text";

fn before() -> String {
    meaning("status", "assignments", INSTALLATION)
}

fn after() -> String {
    // What all numbers carry, the default pool says; of what there was no word of before, nothing is wanted.
    since_leases(
        "(to_jsonb(i) || (SELECT to_jsonb(p) - '{name,country,number_type,created_at,all_told,needs_attached,needs_registered,telling_wants}'::text[]
                                 - ARRAY(SELECT key FROM jsonb_each_text(to_jsonb(p)) WHERE value = '')
                            FROM pools p WHERE name = 'default'))::text",
    )
}

fn since_leases(webhooks: &str) -> String {
    meaning(
        "CASE WHEN status <> 'active' THEN status
              WHEN (SELECT user_id FROM leases l WHERE l.number_id = n.id) IS NULL THEN 'available' ELSE 'assigned' END",
        "assignments_ever",
        webhooks,
    )
}

/// A database as the version before left it, with data.
pub(crate) fn earlier() -> World {
    let world = World::unmigrated();
    world.as_owner(&format!("CREATE SCHEMA callbunker; {VERSIONS}"));
    for (version, up, _down) in MIGRATIONS.iter().filter(|(version, ..)| *version < LEASES) {
        world.as_owner(&format!("{up}; INSERT INTO __diesel_schema_migrations (version) VALUES ('{version}')"));
    }
    world.sql(DATA);
    world
}

fn migrate(world: &World) -> Output {
    Command::new(env!("CARGO_BIN_EXE_callbunker"))
        .arg("migrate")
        .env_clear()
        .envs(world.settings())
        .output()
        .expect("the program starts")
}

#[test]
fn every_row_means_the_same_after_the_migration_and_after_its_way_down_and_up_again() {
    let world = earlier();
    let was = world.sql(&before());
    for kind in ["|assigned|", "|available|", "|quarantined|", "|released|", "assignment|", "item ", "release "] {
        assert!(was.lines().filter(|line| line.contains(kind)).count() > 0, "{kind}");
    }
    let ids = world.count("SELECT max(id) FROM assignments");
    let done = migrate(&world);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(was, world.sql(&after()));
    for (_, _, down) in MIGRATIONS.iter().rev().filter(|(version, ..)| *version >= LEASES) {
        world.as_owner(down);
    }
    assert_eq!(was, world.sql(&before()));
    for (_, up, _) in MIGRATIONS.iter().filter(|(version, ..)| *version >= LEASES) {
        world.as_owner(up);
    }
    assert_eq!(was, world.sql(&after()));
    // A lease for each that can be somebody's, which says what its number says; and how many are owned is known.
    assert_eq!(
        world.count(
            "SELECT count(*) FROM numbers n FULL JOIN leases l ON l.number_id = n.id
              WHERE (n.status = 'active') <> (l.number_id IS NOT NULL)
                 OR (l.phone_number, l.country, l.purchased_at) <> (n.phone_number, n.country, n.purchased_at)
                 OR (l.number_id IS NOT NULL AND l.area_code IS DISTINCT FROM n.area_code)
                 OR (l.user_id IS NULL AND l.ready <> n.ready)"
        ),
        0
    );
    assert_eq!(
        world.count("SELECT sum(more) FROM owned_changes"),
        world.count("SELECT count(*) FROM numbers WHERE status <> 'released' AND missing_since IS NULL")
    );
    // Nobody waits across it: whoever did asks again.
    assert_eq!(world.count("SELECT count(*) FROM waiters"), 0);
    // Whatever there was is of the pool that there was.
    for table in ["numbers", "leases", "past_assignments", "purchases", "purchase_items", "owned_changes"] {
        assert_eq!(world.sql(&format!("SELECT DISTINCT pool FROM {table}")), "default", "{table}");
    }
    // Toll-free numbers are of no place: they are apart, and their leases say so.
    assert_eq!(world.sql("SELECT DISTINCT area_code FROM numbers WHERE apart"), "800");
    assert_eq!(world.sql("SELECT DISTINCT area_code FROM leases WHERE apart"), "800");
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE number_type = 'toll_free' AND NOT apart"), 0);
    // Nothing is wanted of any of them, and nothing holds one back.
    assert_eq!(
        world.count("SELECT count(*) FROM numbers WHERE held_back IS NOT NULL OR attachment_status <> 'attached' OR registration IS NOT NULL"),
        0
    );
    assert_eq!(
        world.count(
            "SELECT count(*) FROM numbers
              WHERE ready <> (status = 'active' AND webhook_status = 'configured' AND capable AND missing_since IS NULL)"
        ),
        0
    );
    // The next assignment comes after all that were.
    world.sql(
        "UPDATE leases SET user_id = 'new', source = 'pool', assigned_at = now(), assignment_id = nextval('assignment_ids')
          WHERE number_id = (SELECT min(number_id) FROM leases WHERE user_id IS NULL AND ready)",
    );
    assert!(world.count("SELECT assignment_id FROM leases WHERE user_id = 'new'") > ids);
}

#[test]
fn the_way_down_makes_one_pool_of_all_and_loses_nothing_else() {
    let world = earlier();
    assert!(migrate(&world).status.success());
    world.sql(
        "UPDATE numbers SET pool = 'gb', apart = id % 2 = 0 WHERE id % 4 < 2 AND status <> 'released';
         INSERT INTO purchases (id, trigger, state, requested_count, country, requested_by, expires_at, ended_at, pool, number_type)
         VALUES ('00000000-0000-4000-8000-000000000009', 'cron', 'done', 2, 'GB', 'test', now(), now(), 'gb', 'mobile');
         INSERT INTO purchase_items (id, purchase_id, phone_number, override_caps, state, ended_at, pool, twilio_code, refusal_concerns)
         SELECT gen_random_uuid(), '00000000-0000-4000-8000-000000000009', '+44715550100' || n, false, 'not_bought', now(), 'gb', 21649,
                (ARRAY['pool', 'unclear'])[n] FROM generate_series(1, 2) AS n;
         INSERT INTO passes (trigger, reason, purchased_count, pool) VALUES ('cron', 'at_capacity', 0, 'gb');
         INSERT INTO stock_samples (at, available, assigned, quarantined, unready, threshold, pool)
         SELECT '2026-01-01', 1, 1, 0, 0, 2, pool FROM unnest(ARRAY['gb', 'default']) AS pool;
         INSERT INTO signup_refusals (minute, code, count, pool)
         SELECT '2026-01-01', 'pool_empty', 2, pool FROM unnest(ARRAY['gb', 'default']) AS pool;
         INSERT INTO pool_halts (pool, message, needs, fingerprint) VALUES ('gb', 'x', 'pools.gb.bundle_sid', 'f')",
    );
    let was = world.sql(&after());
    for (_, _, down) in MIGRATIONS.iter().rev().filter(|(version, ..)| *version >= POOLS) {
        world.as_owner(down);
    }
    let earlier_words = was.replace("\"pool\"", "\"order\"").replace("\"unclear\"", "\"number\"");
    assert_eq!(
        earlier_words,
        world.sql(&since_leases(INSTALLATION)),
        "but for what a refusal concerned, which had other words"
    );
    assert_eq!(world.count("SELECT sum(count) FROM signup_refusals"), 4);
    assert_eq!(world.count("SELECT count(*) FROM stock_samples"), 1);
    assert_eq!(
        world.count("SELECT sum(more) FROM owned_changes"),
        world.count("SELECT count(*) FROM numbers WHERE status <> 'released' AND missing_since IS NULL")
    );
    for (version, up, _) in MIGRATIONS.iter().filter(|(version, ..)| *version >= POOLS) {
        world.as_owner(up);
        assert!(world.count("SELECT count(*) FROM numbers") > 0, "{version}");
    }
}

#[test]
fn the_way_down_undoes_attachments_what_is_contested_and_what_leads_elsewhere_than_to_urls() {
    let world = earlier();
    assert!(migrate(&world).status.success());
    let service = format!("MG{}", "1".repeat(32));
    world.sql(&format!(
        "UPDATE pools SET trunk_sid = 'TK{}', sms_fallback_url = 'https://a/f', needs_attached = true WHERE name = 'default';
         INSERT INTO pools (name, voice_url, sms_url, status_callback) VALUES ('plain', 'https://a/v', 'https://a/s', 'https://a/c');
         INSERT INTO pool_wants VALUES ('default', 'messaging_service', '{service}', 0);
         INSERT INTO attachments (number_id, kind, target) SELECT id, 'messaging_service', '{service}' FROM numbers WHERE status = 'active';
         INSERT INTO attachment_targets (target) VALUES ('{service}');
         UPDATE numbers SET pool = CASE WHEN id % 2 = 0 THEN 'plain' ELSE pool END WHERE status = 'active';
         UPDATE numbers SET quarantine_reason = 'contested' WHERE quarantine_reason = 'tag_conflict';
         UPDATE releases SET former_reason = 'contested' WHERE number_id % 2 = 0",
        "2".repeat(32)
    ));
    let count = |what: &str| world.count(&format!("SELECT count(*) FROM {what}"));
    let (contested, unknown) = (
        count("numbers WHERE quarantine_reason = 'contested'"),
        count("numbers WHERE quarantine_reason = 'unknown_item'"),
    );
    let (former, plain) = (
        count("releases WHERE former_reason = 'contested'"),
        count("numbers WHERE pool = 'plain' AND webhook_status = 'configured'"),
    );
    let held_back = count("numbers WHERE held_back IS NOT NULL AND capable AND missing_since IS NULL");
    let led_elsewhere =
        count("numbers WHERE pool = 'default' AND status <> 'released' AND webhook_status = 'configured'");
    for (what, seeded) in [
        ("contested", contested),
        ("former", former),
        ("plain", plain),
        ("held back", held_back),
        ("led elsewhere", led_elsewhere),
    ] {
        assert!(seeded > 0, "{what}");
    }
    let downs = || MIGRATIONS.iter().filter(|(version, ..)| *version >= ATTACHMENTS);
    for (_, _, down) in downs().rev() {
        world.as_owner(&format!("BEGIN; {down}; COMMIT"));
    }
    // Whoever is held waits for an operator still, and what was given back would be held again.
    assert_eq!(count("numbers WHERE quarantine_reason = 'unknown_item'"), unknown + contested);
    assert_eq!(count("releases WHERE former_reason = 'unknown_item'"), former);
    // Nothing is confirmed that leads to what the earlier version does not know, and everything else is as it was.
    assert_eq!(count("numbers WHERE pool = 'default' AND status <> 'released' AND webhook_status = 'configured'"), 0);
    assert_eq!(count("numbers WHERE pool = 'plain' AND webhook_status = 'configured'"), plain);
    assert_eq!(
        count(
            "numbers WHERE ready <> (status = 'active' AND webhook_status = 'configured' AND capable AND missing_since IS NULL)"
        ),
        0
    );
    assert_eq!(
        count("leases l JOIN numbers n ON n.id = l.number_id WHERE l.user_id IS NULL AND l.ready <> n.ready"),
        0
    );
    for (version, up, _) in downs() {
        world.as_owner(&format!("BEGIN; {up}; COMMIT"));
        assert!(count("numbers") > 0, "{version}");
    }
    assert_eq!(count("numbers WHERE held_back IS NOT NULL"), 0);
}

#[test]
fn rows_that_disagree_stop_the_migration_with_a_sentence_and_nothing_is_lost() {
    for disagreeing in [
        "UPDATE numbers SET status = 'assigned' WHERE id = (SELECT min(id) FROM numbers WHERE status = 'available')",
        "UPDATE numbers SET status = 'available' WHERE id = (SELECT min(id) FROM numbers WHERE status = 'assigned')",
        "UPDATE numbers SET status = 'quarantined', quarantine_reason = 'tag_conflict'
          WHERE id = (SELECT min(id) FROM numbers WHERE status = 'assigned')",
    ] {
        let world = earlier();
        world.sql(&format!("SET session_replication_role = replica; {disagreeing}"));
        let was = world.sql(&before());
        let refused = migrate(&world);
        let stderr = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success(), "{disagreeing}");
        assert!(stderr.contains("1 numbers are assigned without a live assignment, or have one"), "{stderr}");
        assert_eq!(was, world.sql(&before()), "{disagreeing}");
        // Set right, it goes through.
        world.sql(
            "SET session_replication_role = replica; UPDATE numbers n SET quarantine_reason = NULL, status = CASE WHEN EXISTS (
                 SELECT FROM assignments a WHERE a.number_id = n.id AND a.released_at IS NULL) THEN 'assigned' ELSE 'available' END
              WHERE status IN ('available', 'assigned')
                 OR EXISTS (SELECT FROM assignments a WHERE a.number_id = n.id AND a.released_at IS NULL)",
        );
        let done = migrate(&world);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

#[test]
fn an_earlier_instance_that_still_runs_finds_no_table_of_its_own_and_a_new_one_does_not_start() {
    let world = earlier();
    // What the version before looks at for its readiness.
    let look = "SELECT (SELECT count(*) FROM (SELECT FROM waiters LIMIT 1) a) + (SELECT count(*) FROM (SELECT FROM numbers LIMIT 1) b)
              + (SELECT count(*) FROM (SELECT FROM assignments LIMIT 1) c)";
    assert!(world.count(look) > 0);
    assert!(migrate(&world).status.success());
    let error = world.database.psql(&format!("SET search_path = callbunker; {look}")).expect_err("it goes unready");
    assert!(error.to_string().contains("\"assignments\" does not exist"), "{error}");
    // It knows all that this one knows but the last: so is one refused that this one does not know.
    world.sql("UPDATE __diesel_schema_migrations SET version = '20991231235959' WHERE version = '20261129100000'");
    let refused = migrate(&world);
    let stderr = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(64), "{stderr}");
    assert!(stderr.contains("newer callbunker") && stderr.contains("20991231235959"), "{stderr}");
}

#[test]
fn numbers_of_the_islands_get_the_area_code_that_they_have() {
    const AREA_CODES: &str = "20261201140000";
    let world = World::unmigrated();
    world.as_owner(&format!("CREATE SCHEMA callbunker; {VERSIONS}"));
    for (version, up, _down) in MIGRATIONS.iter().filter(|(version, ..)| *version < AREA_CODES) {
        world.as_owner(&format!("{up}; INSERT INTO __diesel_schema_migrations (version) VALUES ('{version}')"));
    }
    world.sql(
        "INSERT INTO numbers (sid, phone_number, country, area_code, status, webhook_status, capable, purchased_at)
         SELECT 'PN' || lpad(n::text, 32, '0'), number, country, code, status, 'configured', true, now()
           FROM (VALUES (1, '+17875550101', 'PR', NULL, 'active'), (2, '+19395550102', 'PR', NULL, 'released'),
                        (3, '+18765550103', 'JM', NULL, 'active'), (4, '+442071838750', 'GB', NULL, 'active'),
                        (5, '+14155550105', 'US', '415', 'active')) AS lines (n, number, country, code, status)",
    );
    let done = migrate(&world);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let told = |table: &str| {
        let codes = format!("SELECT string_agg(coalesce(area_code, 'none'), ' ' ORDER BY phone_number) FROM {table}");
        world.sql(&codes)
    };
    assert_eq!(told("numbers"), "415 787 876 939 none");
    assert_eq!(told("leases"), "415 787 876 none");
    // It stays what it is from here on.
    let refused = world.database.psql("UPDATE callbunker.numbers SET area_code = '415' WHERE country = 'PR'");
    assert!(refused.is_err(), "{refused:?}");
}
