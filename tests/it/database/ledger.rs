//! Wrong states that the database itself refuses, whoever writes them.

use crate::world::World;

const ORDER: &str = "00000000-0000-4000-8000-000000000001";
const OTHER: &str = "00000000-0000-4000-8000-000000000002";
/// What a lease says beside whose the number is.
const GIVEN: &str = "source = 'pool', assigned_at = now(), assignment_id = nextval('assignment_ids')";
/// On hold.
const HELD: &str = "status = 'quarantined', quarantine_reason = 'tag_conflict'";
/// The user of the second number gives it back.
const OVER: &str = "DELETE FROM leases WHERE user_id = 'u-1';
    UPDATE numbers SET status = 'quarantined', quarantine_reason = 'released', quarantined_until = now() WHERE phone_number = '+14155550102'";

/// A database with an order of two that holds one bought item, two numbers in the pool, one of them somebody's.
fn ledger() -> World {
    let world = World::new().quiet();
    assert_eq!(world.daemon().stop(), Some(0));
    world.sql(&format!(
        "INSERT INTO purchases (id, trigger, state, requested_count, country, requested_by, run_id, started_at, expires_at, idempotency_key)
         VALUES ('{ORDER}', 'manual', 'running', 2, 'US', 'test', '{OTHER}', now(), now(), 'key');
         INSERT INTO purchase_items (id, purchase_id, phone_number, override_caps, state, attempts, first_sent_at, ended_at)
         VALUES ('{ORDER}', '{ORDER}', '+14155550101', false, 'bought', 1, now(), now());
         INSERT INTO numbers (sid, phone_number, country, status, webhook_status, capable, purchased_at, purchase_item_id) VALUES
         ('PN00000000000000000000000000000001', '+14155550101', 'US', 'active', 'configured', true, now(), '{ORDER}'),
         ('PN00000000000000000000000000000002', '+14155550102', 'US', 'active', 'configured', true, now(), NULL),
         ('PN00000000000000000000000000000003', '+14155550103', 'US', 'active', 'drifted', true, now(), NULL);
         UPDATE leases SET {GIVEN}, user_id = 'u-1' WHERE phone_number = '+14155550102'"
    ));
    world
}

/// Each statement is refused by the constraint of this name: to the owner, and to somebody who may only read and write rows.
pub(super) fn refused(world: &World, statements: &[(&str, &str)]) {
    let clerk = clerk(world);
    for (constraint, statement) in statements {
        for prelude in [String::new(), format!("SET ROLE {clerk};")] {
            let by_rights = !prelude.is_empty() && statement.starts_with("TRUNCATE");
            let constraint = if by_rights { "" } else { constraint };
            let script = format!(
                "SET search_path = callbunker; {prelude}
                 DO $do$ DECLARE violated text; BEGIN
                     BEGIN {statement}; EXCEPTION WHEN others THEN
                         GET STACKED DIAGNOSTICS violated = CONSTRAINT_NAME;
                         IF violated = '{constraint}' AND (SQLSTATE = '42501') = {by_rights} THEN RETURN; END IF;
                         RAISE EXCEPTION 'refused by %: %', violated, SQLERRM;
                     END;
                     RAISE EXCEPTION 'not refused';
                 END $do$"
            );
            if let Err(error) = world.database.psql(&script) {
                panic!("{prelude} {constraint}: {statement}\n{error}");
            }
        }
    }
}

/// A role that owns nothing and may read and write every row.
fn clerk(world: &World) -> String {
    let clerk = format!("clerk_of_{}", world.database.name().replace('-', "_"));
    world.sql(&format!(
        "DO $do$ BEGIN CREATE ROLE {clerk}; EXCEPTION WHEN duplicate_object THEN NULL; END $do$;
         GRANT USAGE ON SCHEMA callbunker TO {clerk};
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA callbunker TO {clerk}"
    ));
    clerk
}

fn item(columns: &str, values: &str) -> String {
    format!(
        "INSERT INTO purchase_items (id, purchase_id, override_caps, {columns}) VALUES (gen_random_uuid(), '{ORDER}', false, {values})"
    )
}

fn number(columns: &str, values: &str) -> String {
    format!("INSERT INTO numbers (country, capable, purchased_at, {columns}) VALUES ('US', true, now(), {values})")
}

#[test]
fn the_database_refuses_orders_that_cannot_be() {
    let world = ledger();
    let order = |columns: &str, values: &str| {
        format!(
            "INSERT INTO purchases (id, requested_by, expires_at, {columns}) VALUES (gen_random_uuid(), 'test', now(), {values})"
        )
    };
    let all = "trigger, state, requested_count, country";
    refused(
        &world,
        &[
            ("purchases_trigger_is_known", &order(all, "'whim', 'queued', 1, 'US'")),
            ("purchases_state_is_known", &order(&format!("{all}, ended_at"), "'manual', 'lost', 1, 'US', now()")),
            ("purchases_request_something", &order(all, "'manual', 'queued', 0, 'US'")),
            ("purchases_country_is_iso_3166", &order(all, "'manual', 'queued', 1, 'usa'")),
            ("purchases_area_code_is_nanp", &order(&format!("{all}, area_code"), "'manual', 'queued', 1, 'US', '115'")),
            ("purchases_run_while_running", &order(all, "'manual', 'running', 1, 'US'")),
            ("purchases_run_while_running", &format!("UPDATE purchases SET state = 'queued' WHERE id = '{ORDER}'")),
            ("purchases_pool_is_well_formed", &order(&format!("{all}, pool"), "'manual', 'queued', 1, 'US', 'g__b'")),
            (
                "purchases_number_type_is_known",
                &order(&format!("{all}, number_type"), "'manual', 'queued', 1, 'US', 'fax'"),
            ),
            (
                "purchase_items_are_of_their_orders_pool",
                &format!("UPDATE purchases SET pool = 'gb' WHERE id = '{ORDER}'"),
            ),
            ("purchases_cancel_says_who", &format!("UPDATE purchases SET cancelled_at = now() WHERE id = '{ORDER}'")),
            ("purchases_end_once", &order(all, "'manual', 'done', 1, 'US'")),
            (
                "purchases_only_operators_override",
                &order(&format!("{all}, override_caps"), "'cron', 'queued', 1, 'US', true"),
            ),
            (
                "purchases_idempotency_key_is_printable",
                &order(&format!("{all}, idempotency_key"), "'manual', 'queued', 1, 'US', ''"),
            ),
            (
                "purchases_idempotency_key_is_one_order",
                &order(&format!("{all}, idempotency_key"), "'manual', 'queued', 1, 'US', 'key'"),
            ),
            ("purchase_errors_count_up", &format!("INSERT INTO purchase_errors VALUES ('{ORDER}', 'x', NULL, 'x', 0)")),
            (
                "purchase_errors_once_per_code",
                &format!(
                    "INSERT INTO purchase_errors VALUES ('{ORDER}', 'x', NULL, 'x', 1), ('{ORDER}', 'x', NULL, 'y', 1)"
                ),
            ),
            (
                "purchase_errors_belong_to_an_order",
                &format!("INSERT INTO purchase_errors VALUES ('{OTHER}', 'x', NULL, 'x', 1)"),
            ),
            ("buying_gate_is_one_row", "INSERT INTO buying_gate (only_one) VALUES (false)"),
            ("buying_gate_pause_says_who", "UPDATE buying_gate SET paused_since = now()"),
            ("buying_gate_halt_says_why", "UPDATE buying_gate SET halted_since = now()"),
            ("installation_is_one_row", "UPDATE installation SET only_one = false"),
        ],
    );
}

#[test]
fn the_database_refuses_items_that_cannot_be() {
    let world = ledger();
    let open = "INSERT INTO purchase_items (id, purchase_id, phone_number, override_caps) VALUES";
    refused(&world, &[
        ("purchase_items_are_of_their_orders_pool", &format!("{open} ('{OTHER}', '{OTHER}', '+14155550109', false)")),
        ("purchase_items_are_of_their_orders_pool", &item("phone_number, pool", "'+14155550109', 'gb'")),
        ("purchase_items_are_of_their_orders_pool", "UPDATE purchase_items SET pool = 'gb'"),
        ("purchase_items_refusal_concerns_is_known", "UPDATE purchase_items SET refusal_concerns = 'weather'"),
        ("purchase_items_number_is_e164", &item("phone_number", "'4155550109'")),
        ("purchase_items_state_is_known", &item("phone_number, state, ended_at", "'+14155550109', 'gone', now()")),
        ("purchase_items_attempts_count_up", &item("phone_number, attempts, first_sent_at", "'+14155550109', -1, now()")),
        ("purchase_items_intent_comes_first", &item("phone_number, attempts", "'+14155550109', 1")),
        ("purchase_items_sent_was_attempted", &item("phone_number, state", "'+14155550109', 'sent'")),
        ("purchase_items_unknown_is_doubt", &item("phone_number, state, attempts, first_sent_at", "'+14155550109', 'unknown', 1, now()")),
        ("purchase_items_end_once", &item("phone_number, state", "'+14155550109', 'not_bought'")),
        ("purchase_items_one_open_per_number", &format!("{open} (gen_random_uuid(), '{ORDER}', '+14155550109', false), (gen_random_uuid(), '{ORDER}', '+14155550109', false)")),
        ("purchase_items_keep_their_number", "UPDATE purchase_items SET phone_number = '+14155550109'"),
        ("purchase_items_bought_is_final", "UPDATE purchase_items SET state = 'not_bought'"),
        // One is bought; the order was for two.
        ("purchase_items_fit_their_order", &format!("{open} (gen_random_uuid(), '{ORDER}', '+14155550108', false), (gen_random_uuid(), '{ORDER}', '+14155550109', false)")),
        ("purchase_items_fit_their_order", &format!("{open} (gen_random_uuid(), '{ORDER}', '+14155550108', false);
            UPDATE purchase_items SET state = 'not_bought', doubted = true, attempts = 1, first_sent_at = now(), ended_at = now() WHERE phone_number = '+14155550108';
            {open} (gen_random_uuid(), '{ORDER}', '+14155550109', false)")),
    ]);
    // A place that was never in doubt is free again.
    world.sql(&format!(
        "{open} ('{OTHER}', '{ORDER}', '+14155550108', false);
         UPDATE purchase_items SET state = 'taken', ended_at = now() WHERE id = '{OTHER}';
         {open} (gen_random_uuid(), '{ORDER}', '+14155550109', false)"
    ));
}

#[test]
fn the_database_refuses_numbers_and_assignments_that_cannot_be() {
    let world = ledger();
    let all = "sid, phone_number, status, webhook_status";
    let (sid, fresh) = ("'PN00000000000000000000000000000009'", "'+14155550109'");
    let given = |user: &str, phone_number: &str| {
        format!("UPDATE leases SET {GIVEN}, user_id = '{user}' WHERE phone_number = '{phone_number}'")
    };
    refused(
        &world,
        &[
            (
                "numbers_sid_is_for_ever",
                &number(all, &format!("'PN00000000000000000000000000000001', {fresh}, 'active', 'configured'")),
            ),
            ("numbers_sid_is_twilios", &number(all, &format!("'PN1', {fresh}, 'active', 'configured'"))),
            ("numbers_number_is_e164", &number(all, &format!("{sid}, '415', 'active', 'configured'"))),
            ("numbers_status_is_known", &number(all, &format!("{sid}, {fresh}, 'lent', 'configured'"))),
            ("numbers_webhook_status_is_known", &number(all, &format!("{sid}, {fresh}, 'active', 'fine'"))),
            ("numbers_area_code_is_nanp", "UPDATE numbers SET area_code = '015'"),
            ("numbers_country_is_iso_3166", "UPDATE numbers SET country = 'us'"),
            ("numbers_pool_is_well_formed", "UPDATE numbers SET pool = 'GB'"),
            ("numbers_pool_is_well_formed", "UPDATE numbers SET pool = 'gb_'"),
            ("numbers_pool_is_well_formed", "UPDATE numbers SET pool = ''"),
            ("numbers_number_type_is_known", "UPDATE numbers SET number_type = 'fax'"),
            ("numbers_one_live_per_number", &number(all, &format!("{sid}, '+14155550101', 'active', 'configured'"))),
            (
                "numbers_one_per_purchase_item",
                &format!("UPDATE numbers SET purchase_item_id = '{ORDER}' WHERE phone_number = '+14155550103'"),
            ),
            (
                "numbers_come_from_an_item",
                &format!("UPDATE numbers SET purchase_item_id = '{OTHER}' WHERE phone_number = '+14155550103'"),
            ),
            (
                "numbers_quarantine_says_why",
                "UPDATE numbers SET status = 'quarantined' WHERE phone_number = '+14155550101'",
            ),
            (
                "numbers_quarantine_reason_is_known",
                "UPDATE numbers SET status = 'quarantined', quarantine_reason = 'x' WHERE phone_number = '+14155550101'",
            ),
            (
                "numbers_rest_ends",
                "UPDATE numbers SET status = 'quarantined', quarantine_reason = 'released' WHERE phone_number = '+14155550101'",
            ),
            ("numbers_rest_for_somebody", "UPDATE numbers SET rests_for = 'u-9' WHERE phone_number = '+14155550101'"),
            (
                "numbers_one_rests_per_user_and_pool",
                "UPDATE numbers SET status = 'quarantined', quarantine_reason = 'released', quarantined_until = now(), rests_for = 'u-9' WHERE phone_number IN ('+14155550101', '+14155550103')",
            ),
            // Whose a number is, leases alone say; a number that somebody has does not go elsewhere.
            ("numbers_status_is_known", "UPDATE numbers SET status = 'assigned' WHERE phone_number = '+14155550101'"),
            ("numbers_agree_with_leases", &format!("UPDATE numbers SET {HELD} WHERE phone_number = '+14155550102'")),
            ("numbers_agree_with_leases", "UPDATE numbers SET status = 'released' WHERE phone_number = '+14155550102'"),
            // A lease agrees with its number, which has one and keeps it.
            ("leases_agree_with_numbers", "UPDATE leases SET ready = true WHERE phone_number = '+14155550103'"),
            ("leases_agree_with_numbers", "UPDATE leases SET ready = false WHERE phone_number = '+14155550101'"),
            // Of its pool, too, and as far apart from it, whether somebody has it or not.
            ("leases_agree_with_numbers", "UPDATE leases SET pool = 'gb' WHERE phone_number = '+14155550101'"),
            ("leases_agree_with_numbers", "UPDATE leases SET pool = 'gb' WHERE user_id = 'u-1'"),
            ("leases_agree_with_numbers", "UPDATE leases SET apart = true WHERE phone_number = '+14155550101'"),
            ("leases_matched_is_known", "UPDATE leases SET matched = 'near' WHERE user_id = 'u-1'"),
            ("leases_match_somebody", "UPDATE leases SET matched = 'any' WHERE phone_number = '+14155550101'"),
            (
                "leases_agree_with_numbers",
                &format!(
                    "UPDATE numbers SET {HELD} WHERE phone_number = '+14155550101';
                     INSERT INTO leases (number_id) SELECT id FROM numbers WHERE phone_number = '+14155550101'"
                ),
            ),
            (
                "leases_agree_with_numbers",
                &format!(
                    "{OVER}; INSERT INTO leases (number_id) SELECT id FROM numbers WHERE quarantine_reason = 'released'"
                ),
            ),
            (
                "leases_agree_with_numbers",
                "UPDATE numbers SET status = 'released' WHERE phone_number = '+14155550101';
                 INSERT INTO leases (number_id) SELECT id FROM numbers WHERE status = 'released'",
            ),
            (
                "numbers_agree_with_leases",
                "UPDATE numbers SET status = 'quarantined', quarantine_reason = 'leaving' WHERE phone_number = '+14155550102'",
            ),
            ("leases_one_per_number", "INSERT INTO leases (number_id) SELECT min(number_id) FROM leases"),
            ("leases_cover_the_active", "DELETE FROM leases; SET CONSTRAINTS ALL IMMEDIATE"),
            ("leases_cover_the_active", "DELETE FROM leases WHERE user_id = 'u-1'; SET CONSTRAINTS ALL IMMEDIATE"),
            // Only what is ready is handed out.
            ("leases_are_of_ready_numbers", &given("u-9", "+14155550103")),
            // One number for one user, one user for one number, and no other afterwards.
            ("leases_one_per_user", &given("u-1", "+14155550101")),
            (
                "leases_one_per_assignment",
                "UPDATE leases SET user_id = 'u-9', source = 'pool', assigned_at = now(),
                        assignment_id = (SELECT max(assignment_id) FROM leases) WHERE phone_number = '+14155550101'",
            ),
            ("leases_move_as_they_may", "UPDATE leases SET country = 'CA' WHERE phone_number = '+14155550101'"),
            ("leases_move_as_they_may", "UPDATE leases SET assignment_id = 99 WHERE user_id = 'u-1'"),
            ("leases_move_as_they_may", "UPDATE leases SET source = 'adopt' WHERE user_id = 'u-1'"),
            ("leases_move_as_they_may", &given("u-9", "+14155550102")),
            (
                "leases_move_as_they_may",
                "UPDATE leases SET user_id = NULL, assignment_id = NULL, assigned_at = NULL, source = NULL
                  WHERE user_id = 'u-1'",
            ),
            (
                "leases_move_as_they_may",
                "UPDATE leases SET assigned_at = now() - interval '1 day' WHERE user_id = 'u-1'",
            ),
            ("leases_move_as_they_may", "UPDATE leases SET number_id = number_id + 1000 WHERE user_id = 'u-1'"),
            ("leases_move_as_they_may", "UPDATE leases SET phone_number = '+14155550199' WHERE user_id = 'u-1'"),
            (
                "leases_move_as_they_may",
                "DELETE FROM leases WHERE user_id IS NULL;
                 INSERT INTO leases (number_id, user_id, assignment_id, assigned_at, source)
                 SELECT id, 'u-9', 99, now(), 'adopt' FROM numbers WHERE phone_number = '+14155550101'",
            ),
            ("leases_user_id_length", &given("", "+14155550101")),
            (
                "leases_source_is_known",
                "UPDATE leases SET user_id = 'u-9', source = 'found', assigned_at = now(), assignment_id = 99
                  WHERE phone_number = '+14155550101'",
            ),
            ("leases_say_since_when_and_why", "UPDATE leases SET user_id = 'u-9' WHERE phone_number = '+14155550101'"),
            (
                "numbers_stay_what_they_are",
                "UPDATE numbers SET phone_number = '+14155550199' WHERE phone_number = '+14155550101'",
            ),
            (
                "numbers_stay_what_they_are",
                "UPDATE numbers SET sid = 'PN00000000000000000000000000000099' WHERE phone_number = '+14155550101'",
            ),
            ("numbers_stay_what_they_are", "UPDATE numbers SET country = 'CA' WHERE phone_number = '+14155550103'"),
            ("numbers_stay_what_they_are", "UPDATE numbers SET area_code = '907' WHERE phone_number = '+14155550103'"),
            // How many are owned, the numbers alone say.
            ("owned_changes_count_themselves", "INSERT INTO owned_changes (more) VALUES (-1)"),
            ("owned_changes_count_themselves", "UPDATE owned_changes SET pool = 'gb'"),
            ("owned_changes_count_themselves", "UPDATE owned_changes SET more = 0"),
            ("owned_changes_count_themselves", "DELETE FROM owned_changes"),
            ("owned_changes_count_themselves", "TRUNCATE owned_changes"),
            // What is over stays what it was.
            ("history_stays_as_it_is", &format!("{OVER}; UPDATE past_assignments SET user_id = 'u-9'")),
            (
                "past_assignments_end_after_they_begin",
                "INSERT INTO past_assignments (id, number_id, user_id, source, assigned_at, released_at)
                 SELECT 99, min(id), 'u-9', 'pool', now(), now() - interval '1 second' FROM numbers",
            ),
            ("nothing_is_forgotten", &format!("{OVER}; DELETE FROM past_assignments")),
            ("nothing_is_forgotten", "TRUNCATE past_assignments"),
            ("nothing_is_forgotten", "TRUNCATE leases"),
            ("nothing_is_forgotten", "DELETE FROM numbers"),
            ("nothing_is_forgotten", "DELETE FROM purchases"),
            ("nothing_is_forgotten", "DELETE FROM purchase_items"),
            ("nothing_is_forgotten", "TRUNCATE numbers CASCADE"),
        ],
    );
    world.sql("UPDATE numbers SET status = 'released' WHERE phone_number = '+14155550101'");
    world.sql(&number(all, &format!("{sid}, '+14155550101', 'active', 'configured'")));
}

#[test]
fn the_database_refuses_releases_that_cannot_be() {
    let world = ledger();
    let leaving =
        "UPDATE numbers SET status = 'quarantined', quarantine_reason = 'leaving' WHERE phone_number = '+14155550101'";
    let release = |columns: &str, values: &str| {
        format!(
            "INSERT INTO releases (id, number_id, requested_by, {columns}) SELECT gen_random_uuid(), id, 'test', {values}
               FROM numbers WHERE phone_number = '+14155550101'"
        )
    };
    refused(
        &world,
        &[
            ("releases_state_is_known", &release("state, ended_at", "'lost', now()")),
            ("releases_attempts_count_up", &release("attempts", "-1")),
            ("releases_sent_was_attempted", &release("state", "'sent'")),
            ("releases_sent_was_attempted", &release("state, ended_at", "'refused', now()")),
            ("releases_end_once", &release("state, attempts", "'released', 1")),
            ("releases_end_once", &release("ended_at", "now()")),
            (
                "releases_of_a_number",
                "INSERT INTO releases (id, number_id, requested_by) VALUES (gen_random_uuid(), 999999, 'test')",
            ),
            (
                "releases_one_open_per_number",
                &format!("{}; {}", release("state", "'intended'"), release("state, attempts", "'sent', 1")),
            ),
            (
                "leases_agree_with_numbers",
                &format!(
                    "{leaving}; INSERT INTO leases (number_id) SELECT id FROM numbers WHERE phone_number = '+14155550101'"
                ),
            ),
            (
                "numbers_leaving_serves_nobody",
                &format!(
                    "{leaving}; UPDATE numbers SET status = 'active', quarantine_reason = NULL WHERE quarantine_reason = 'leaving'"
                ),
            ),
            (
                "numbers_rest_for_somebody",
                &format!("{leaving}; UPDATE numbers SET rests_for = 'u-9' WHERE quarantine_reason = 'leaving'"),
            ),
            (
                "numbers_released_is_final",
                "UPDATE numbers SET status = 'released' WHERE phone_number = '+14155550101';
                 UPDATE numbers SET status = 'active' WHERE phone_number = '+14155550101'",
            ),
            ("nothing_is_forgotten", "DELETE FROM releases"),
            ("nothing_is_forgotten", "TRUNCATE releases"),
            (
                "ignored_numbers_number_is_e164",
                "INSERT INTO ignored_numbers VALUES ('415', 'PN00000000000000000000000000000009', 'test')",
            ),
            ("ignored_numbers_sid_is_twilios", "INSERT INTO ignored_numbers VALUES ('+14155550109', 'PN1', 'test')"),
        ],
    );
    // A release that is over makes room for the next.
    world.sql(leaving);
    world.sql(&release("state, attempts, ended_at", "'refused', 1, now()"));
    world.sql(&release("state", "'intended'"));
}

#[test]
fn the_database_refuses_pools_that_cannot_be() {
    let world = ledger();
    let pool = |values: &str| {
        format!(
            "INSERT INTO pools (voice_url, sms_url, status_callback, name, country, number_type) VALUES ('v', 's', 'c', {values})"
        )
    };
    let halt = |pool: &str| {
        format!(
            "INSERT INTO pool_halts (pool, message, needs, fingerprint) VALUES ('{pool}', 'x', 'pools.gb.bundle_sid', 'f')"
        )
    };
    refused(
        &world,
        &[
            ("pools_name_is_well_formed", &pool("'Gb', NULL, NULL")),
            ("pools_name_is_well_formed", &pool("'gb_', NULL, NULL")),
            ("pools_pkey", &pool("'default', NULL, NULL")),
            ("pools_country_is_iso_3166", &pool("'gb', 'gb', NULL")),
            ("pools_number_type_is_known", &pool("'gb', 'GB', 'fax'")),
            ("pool_halts_pool_is_well_formed", &halt("Gb")),
            ("pool_halts_pool_is_well_formed", &halt(&"g".repeat(33))),
            ("pool_halts_one_per_pool_and_keys", &format!("{}; {}", halt("gb"), halt("gb"))),
            (
                "stock_samples_pkey",
                "INSERT INTO stock_samples (at, available, assigned, quarantined, unready, threshold, pool)
                 SELECT '2026-01-01', 1, 1, 0, 0, 2, pool FROM unnest(ARRAY['gb', 'default', 'gb']) AS pool",
            ),
            (
                "signup_refusals_pkey",
                "INSERT INTO signup_refusals (minute, code, count, pool)
                 SELECT '2026-01-01', 'pool_empty', 1, pool FROM unnest(ARRAY['gb', 'default', 'gb']) AS pool",
            ),
        ],
    );
}
