//! How many numbers are owned: whoever writes them, the count follows, and what went past the triggers is set right.

use serde_json::json;

use crate::world::World;
use crate::world::comparing::reconcile;

const SUM: &str = "SELECT sum(more) FROM owned_changes";
const OWNED: &str = "SELECT count(*) FROM numbers WHERE status <> 'released' AND missing_since IS NULL";
const WRONG: &str = "how many numbers are owned was wrong";

fn filled(count: u32) -> World {
    let world = World::new().quiet();
    assert_eq!(world.daemon().stop(), Some(0));
    world.sql(&format!(
        "INSERT INTO numbers (sid, phone_number, country, area_code, status, webhook_status, capable, purchased_at)
         SELECT 'PN' || lpad(to_hex(n), 32, '0'), '+1907' || (2000000 + n), 'US', '907', 'active', 'configured', true, now()
           FROM generate_series(1, {count}) AS n"
    ));
    world
}

/// Past the triggers.
fn past(world: &World, statement: &str) {
    world.sql(&format!("SET session_replication_role = replica; {statement}"));
}

#[test]
fn a_count_that_is_wrong_is_set_right_at_start_and_before_a_comparison_and_told() {
    let world = filled(10);
    past(
        &world,
        "UPDATE numbers SET status = 'quarantined', quarantine_reason = 'tag_conflict', ready = false;
                  DELETE FROM leases; UPDATE owned_changes SET more = more + 5 WHERE more <> 0",
    );
    assert_eq!(world.count(SUM), 15);
    let daemon = world.daemon();
    assert_eq!(world.count(SUM), 10);
    let told = |lacking: i64| {
        let lines = daemon.log_lines();
        let wrong = |line: &&serde_json::Value| line["msg"].as_str().is_some_and(|text| text.starts_with(WRONG));
        lines.iter().filter(wrong).filter(|line| line["lacking"] == json!(lacking)).count()
    };
    assert_eq!(told(-5), 1, "{}", daemon.log_text());
    past(&world, "DELETE FROM owned_changes");
    reconcile(&daemon);
    assert_eq!(world.count(SUM), world.count(OWNED));
    assert_eq!(told(10), 1, "{}", daemon.log_text());
    reconcile(&daemon);
    assert_eq!(daemon.log_text().matches(WRONG).count(), 2, "{}", daemon.log_text());
}

#[test]
fn whoever_writes_numbers_needs_no_right_to_what_follows_from_them() {
    let world = filled(300);
    let server = format!("server_of_{}", world.database.name().replace('-', "_"));
    world.sql(&format!(
        "DO $do$ BEGIN CREATE ROLE {server}; EXCEPTION WHEN duplicate_object THEN NULL; END $do$;
         GRANT USAGE ON SCHEMA callbunker TO {server};
         GRANT SELECT, INSERT, UPDATE ON numbers TO {server};
         GRANT SELECT ON leases, owned_changes TO {server}"
    ));
    // What it calls as the triggers call theirs is not theirs.
    world.sql(&format!(
        "SET ROLE {server};
         CREATE TEMP TABLE changed (LIKE numbers); CREATE TEMP TABLE before (LIKE numbers);
         CREATE TEMP TABLE leases (LIKE callbunker.leases); CREATE TEMP TABLE owned_changes (more bigint);
         DO $do$ DECLARE one bigint; BEGIN
             FOR one IN SELECT id FROM numbers ORDER BY id LOOP
                 UPDATE numbers SET missing_since = now() WHERE id = one AND id % 2 = 0;
                 UPDATE numbers SET webhook_status = 'drifted' WHERE id = one AND id % 3 = 0;
                 UPDATE numbers SET status = 'quarantined', quarantine_reason = 'tag_conflict' WHERE id = one AND id % 5 = 0;
             END LOOP; END $do$;
         INSERT INTO numbers (sid, phone_number, country, status, webhook_status, capable, purchased_at)
         VALUES ('PN00000000000000000000000000000999', '+14155550101', 'US', 'active', 'configured', true, now())"
    ));
    assert_eq!((world.count(SUM), world.count(OWNED)), (151, 151));
    assert!(world.count("SELECT count(*) FROM owned_changes") < 200, "they are folded");
    assert_eq!(
        world.count(
            "SELECT count(*) FROM numbers n FULL JOIN leases l ON l.number_id = n.id
              WHERE (n.status = 'active') <> (l.number_id IS NOT NULL) OR l.ready <> n.ready"
        ),
        0
    );
    for statement in ["INSERT INTO owned_changes (more) VALUES (1)", "DELETE FROM owned_changes"] {
        let script = format!("SET search_path = callbunker; SET ROLE {server}; {statement}");
        let error = world.database.psql(&script).expect_err("it may only read").to_string();
        assert!(error.contains("permission denied"), "{error}");
    }
    // Nor are the triggers' functions theirs, to be put at a table of their own with whatever rows they like.
    let forged = format!(
        "SET ROLE {server}; CREATE TEMP TABLE forged (LIKE callbunker.numbers);
         CREATE TRIGGER forged AFTER INSERT ON forged REFERENCING NEW TABLE AS changed
            FOR EACH STATEMENT EXECUTE FUNCTION callbunker.numbers_have_a_lease()"
    );
    let error = world.database.psql(&forged).expect_err("it is not theirs").to_string();
    assert!(error.contains("permission denied"), "{error}");
    past(&world, "UPDATE owned_changes SET more = more + 1 WHERE id = (SELECT min(id) FROM owned_changes)");
    assert_eq!(world.sql(&format!("SET ROLE {server}; SELECT owned_recount()")), "-1");
}

#[test]
fn each_pool_is_counted_and_what_moves_is_counted_where_it_is() {
    let world = filled(100);
    let sums = || {
        world.sql("SELECT pool || ' ' || sum(more) FROM owned_changes GROUP BY pool HAVING sum(more) <> 0 ORDER BY 1")
    };
    assert_eq!(sums(), "default 100");
    world.sql("UPDATE numbers SET pool = CASE WHEN id % 2 = 0 THEN 'gb' ELSE 'ca' END WHERE id % 5 = 0");
    assert_eq!(sums(), "ca 10\ndefault 80\ngb 10");
    // A statement changes several pools at once, and what is missing is owned by none of them.
    world.sql("UPDATE numbers SET missing_since = now() WHERE id <= 10");
    world.sql("UPDATE numbers SET pool = 'ca', missing_since = NULL WHERE pool = 'gb'");
    assert_eq!(sums(), "ca 19\ndefault 72");
    for _ in 0..40 {
        world.sql("UPDATE numbers SET pool = CASE pool WHEN 'ca' THEN 'gb' ELSE 'ca' END WHERE pool <> 'default'");
    }
    assert_eq!(sums(), "ca 19\ndefault 72");
    assert!(world.count("SELECT count(*) FROM owned_changes") < 80, "they are folded, pool by pool");
    // As many too many in one pool as too few in another are an error all the same.
    past(&world, "INSERT INTO owned_changes (pool, more) VALUES ('ca', 3), ('default', -3)");
    assert_eq!(world.count("SELECT owned_recount()"), 6);
    assert_eq!(world.count("SELECT owned_recount()"), 0);
    assert_eq!(sums(), "ca 19\ndefault 72");
}

#[test]
fn a_hand_that_deletes_numbers_is_counted() {
    let world = filled(10);
    world.sql(
        "UPDATE numbers SET missing_since = now() WHERE phone_number = '+19072000001';
         ALTER TABLE numbers DISABLE TRIGGER numbers_are_kept;
         DELETE FROM first_ready WHERE number_id IN (SELECT id FROM numbers WHERE phone_number <= '+19072000003');
         DELETE FROM charge_clocks WHERE number_id IN (SELECT id FROM numbers WHERE phone_number <= '+19072000003');
         DELETE FROM numbers WHERE phone_number IN ('+19072000001', '+19072000002', '+19072000003');
         ALTER TABLE numbers ENABLE TRIGGER numbers_are_kept",
    );
    assert_eq!((world.count(SUM), world.count(OWNED)), (7, 7));
}

#[test]
fn a_recount_beside_many_changes_corrects_what_was_wrong_and_once() {
    let world = filled(300);
    past(&world, "UPDATE owned_changes SET more = more + 1000 WHERE id = (SELECT min(id) FROM owned_changes)");
    std::thread::scope(|scope| {
        for part in 0..3 {
            let world = &world;
            scope.spawn(move || {
                world.sql(&format!(
                    "DO $do$ DECLARE one bigint; BEGIN
                         FOR one IN SELECT id FROM numbers WHERE id % 3 = {part} ORDER BY id LOOP
                             UPDATE numbers SET missing_since = now() WHERE id = one;
                             COMMIT;
                         END LOOP; END $do$"
                ))
            });
        }
        let recounts: Vec<_> = (0..2)
            .map(|_| {
                let world = &world;
                scope.spawn(move || (0..20).map(|_| world.count("SELECT owned_recount()")).sum::<i64>())
            })
            .collect();
        let corrected: i64 = recounts.into_iter().map(|recount| recount.join().expect("it counts")).sum();
        assert_eq!(corrected, -1000);
    });
    assert_eq!((world.count(SUM), world.count(OWNED)), (0, 0));
}
