-- Leases: who has which number, in a table made for signups.
--
-- Why: a signup is the one thing that happens in a storm, and it wrote two wide tables with checks, triggers and a dozen
-- indexes. Now it changes one slim row, and nothing else. What guards what, below every program:
--   * a number has one user (I3): leases_one_per_number, the key. A user has one number: leases_one_per_user.
--   * only what is ready is handed out (I6): a lease knows whether its number is ready, because numbers_have_a_lease tells
--     it when that changes, and leases_agree_with_numbers refuses any other word; leases_move_as_they_may refuses a user
--     to a lease that is not ready, unless an operator gives them the number.
--   * an active number has a lease, and no other has one: numbers_have_a_lease makes and takes it away,
--     leases_agree_with_numbers refuses one for a number that rests, is held, leaves or left, and leases_cover_the_active
--     looks at the transaction's end whether one is lacking.
--   * a number that somebody has is active until they give it back: numbers_agree_with_leases. What is leaving comes back
--     through a rest only: numbers_leaving_serves_nobody.
--   * a lease never changes hands (leases_move_as_they_may), and none ends without a trace (leases_become_history); what is
--     over is never changed (history_stays_as_it_is) and never deleted (nothing_is_forgotten).
-- Whether a number is somebody's is derived: `numbers.status` says `active` of one in stock, under repair, or assigned.
--
-- What a statement changes of `numbers`, leases follow in one statement, too, by look-ups in their key: 200,000 rows at once are
-- a matter of seconds, and one row is not dearer in a pool of a million. How many numbers are owned is known without counting
-- them (owned_changes; owned_changes_count_themselves keeps hands away), so that the caps (I5) cost the same in any pool; what
-- a restore or a hand with the triggers off did to it, owned_recount sets right.
--
-- How long it takes: with a million numbers, 300,000 live and three million past assignments 21 s on two cores, and 77 s when
-- these had other work for fifteen; a start may take 180 s (systemd/callbunker.service). Nothing is served meanwhile.

SET LOCAL maintenance_work_mem = '128MB';

-- Rows that disagree, which only a hand with the triggers off can have made, are for somebody to decide about.
DO $$
DECLARE
    wrong bigint;
BEGIN
    SELECT count(*) INTO wrong FROM numbers n
     WHERE (n.status = 'assigned') <> EXISTS (SELECT FROM assignments a WHERE a.number_id = n.id AND a.released_at IS NULL);
    IF wrong > 0 THEN
        RAISE EXCEPTION '% numbers are assigned without a live assignment, or have one and are not assigned', wrong
            USING HINT = 'Compare numbers.status with assignments.released_at, set right what is wrong, and start again.';
    END IF;
END $$;

-- What is over stays where it is. Its rows keep their ids, so that lists go on where they were.
ALTER TABLE assignments RENAME TO past_assignments;
DROP TRIGGER assignments_agree_on_insert ON past_assignments;
DROP TRIGGER assignments_agree_on_update ON past_assignments;
DROP TRIGGER assignments_are_kept ON past_assignments;
DROP TRIGGER numbers_agree_on_insert ON numbers;
DROP TRIGGER numbers_agree_on_update ON numbers;
DROP TRIGGER numbers_move_as_they_may ON numbers;
DROP FUNCTION numbers_agree_with_assignments();

CREATE TABLE leases (
    number_id     bigint NOT NULL,
    -- As numbers.ready says, while it is nobody's; of one that is somebody's it says nothing.
    ready         boolean NOT NULL,
    -- Whose the number is; NULL while it is nobody's.
    user_id       text COLLATE "C" CONSTRAINT leases_user_id_length CHECK (char_length(user_id) BETWEEN 1 AND 128),
    assignment_id bigint,
    assigned_at   timestamptz,
    source        text CONSTRAINT leases_source_is_known CHECK (source IN ('pool', 'emergency', 'import', 'adopt')),
    -- The instance at whose desk the user waited: it alone calls the number new.
    waited_at     uuid,
    -- What a signup orders, filters and answers by: copied from the number, which keeps it for ever.
    purchased_at  timestamptz NOT NULL,
    phone_number  text NOT NULL,
    country       text NOT NULL,
    area_code     text,
    CONSTRAINT leases_say_since_when_and_why CHECK (num_nulls(user_id, assignment_id, assigned_at, source) IN (0, 4))
);

INSERT INTO leases (number_id, ready, user_id, assignment_id, assigned_at, source, waited_at, purchased_at, phone_number, country, area_code)
SELECT n.id, n.webhook_status = 'configured' AND n.capable AND n.missing_since IS NULL, a.user_id, a.id, a.assigned_at, a.source,
       a.waited_at, n.purchased_at, n.phone_number, n.country, n.area_code
  FROM numbers n LEFT JOIN past_assignments a ON a.number_id = n.id AND a.released_at IS NULL
 WHERE n.status IN ('available', 'assigned');
DELETE FROM past_assignments WHERE released_at IS NULL;

ALTER TABLE leases ADD CONSTRAINT leases_one_per_number PRIMARY KEY (number_id);
CREATE UNIQUE INDEX leases_one_per_user ON leases (user_id) WHERE user_id IS NOT NULL;
-- Oldest first, because Twilio takes back numbers that idle; and the same inside an area code.
CREATE INDEX leases_free_idx ON leases (purchased_at, number_id) WHERE user_id IS NULL AND ready;
CREATE INDEX leases_free_in_area_idx ON leases (country, area_code, purchased_at, number_id) WHERE user_id IS NULL AND ready;
CREATE INDEX leases_unready_idx ON leases (country, number_id) WHERE user_id IS NULL AND NOT ready;
-- Another condition than the index on users has: while nobody has a number, both would look the same to the planner. An id
-- stands once, also when the sequence was set back.
CREATE UNIQUE INDEX leases_one_per_assignment ON leases (assignment_id) WHERE assignment_id IS NOT NULL;

DROP INDEX assignments_one_live_per_user, assignments_one_live_per_number, assignments_past_of_a_user_idx,
           assignments_released_idx, assignments_pace_idx;
ALTER TABLE past_assignments ALTER COLUMN id DROP IDENTITY;
ALTER TABLE past_assignments ALTER COLUMN assigned_at DROP DEFAULT, ALTER COLUMN released_at SET NOT NULL;
ALTER TABLE past_assignments RENAME CONSTRAINT assignments_of_a_number TO past_assignments_of_a_number;
ALTER TABLE past_assignments RENAME CONSTRAINT assignments_user_id_length TO past_assignments_user_id_length;
ALTER TABLE past_assignments RENAME CONSTRAINT assignments_source_is_known TO past_assignments_source_is_known;
ALTER TABLE past_assignments RENAME CONSTRAINT assignments_end_after_they_begin TO past_assignments_end_after_they_begin;
ALTER INDEX assignments_pkey RENAME TO past_assignments_pkey;
ALTER INDEX assignments_of_a_number_idx RENAME TO past_assignments_of_a_number_idx;
CREATE INDEX past_assignments_of_a_user_idx ON past_assignments (user_id, id);
CREATE INDEX past_assignments_released_idx ON past_assignments (released_at);
CREATE INDEX past_assignments_pace_idx ON past_assignments USING brin (assigned_at) WITH (pages_per_range = 32);
CREATE SEQUENCE assignment_ids AS bigint;
-- Ids below zero tell a time, and have a number of the sequence in their last 31 bits.
SELECT setval('assignment_ids', greatest(
    (SELECT max(CASE WHEN id < 0 THEN id & 2147483647 ELSE id END) FROM past_assignments),
    (SELECT max(CASE WHEN assignment_id < 0 THEN assignment_id & 2147483647 ELSE assignment_id END) FROM leases), 0) + 1, false);

-- A role that may write the tables may give numbers away, too; whoever has no right to the schema has none to this.
GRANT USAGE ON SEQUENCE assignment_ids TO PUBLIC;

-- Everything that ever was; what goes on has no end. Not called as the table was: an older version that still runs must not
-- take it for that one, and say that it is ready.
CREATE VIEW assignments_ever AS
    SELECT assignment_id AS id, number_id, user_id, source, assigned_at, NULL::timestamptz AS released_at, waited_at
      FROM leases WHERE assignment_id IS NOT NULL
    UNION ALL
    SELECT id, number_id, user_id, source, assigned_at, released_at, waited_at FROM past_assignments;

-- `active` where it said available or assigned: one rewrite of the table for all of it.
DROP INDEX numbers_ready_idx, numbers_ready_in_area_idx, numbers_not_ready_idx;
ALTER TABLE numbers DROP COLUMN ready, DROP CONSTRAINT numbers_status_is_known;
ALTER TABLE numbers
    ALTER COLUMN status TYPE text USING CASE WHEN status IN ('available', 'assigned') THEN 'active' ELSE status END,
    ADD CONSTRAINT numbers_status_is_known CHECK (status IN ('active', 'quarantined', 'released')),
    ADD COLUMN ready boolean NOT NULL GENERATED ALWAYS AS
        (status = 'active' AND webhook_status = 'configured' AND capable AND missing_since IS NULL) STORED;
-- What is rare is counted, and found, without reading what is not.
CREATE INDEX numbers_missing_idx ON numbers (id) WHERE missing_since IS NOT NULL AND status <> 'released';
CREATE INDEX numbers_unmendable_idx ON numbers (id)
    WHERE status = 'active' AND (NOT capable OR webhook_status = 'failed' OR missing_since IS NOT NULL);
CREATE INDEX numbers_on_hold_idx ON numbers (quarantine_reason) WHERE quarantine_reason <> 'released';
CREATE INDEX numbers_failed_idx ON numbers (webhooks_failed_at) WHERE webhooks_failed_at IS NOT NULL;

-- How many numbers are owned and at Twilio is known without counting them: the caps ask in each wave of creates. One row for
-- each statement that changes it, folded into one by every 64th; signups, releases and rests change nothing of it.
CREATE TABLE owned_changes (
    id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    more bigint NOT NULL
);
INSERT INTO owned_changes (more) SELECT count(*) FROM numbers WHERE status <> 'released' AND missing_since IS NULL;

-- One statement for all rows that a statement changed. Leases are looked up one by one in their key, whatever a session
-- thought of their number when it planned this: reading all of them is what would not scale. It runs with its owner's rights:
-- whoever may write numbers need not be allowed to write what follows from them.
CREATE FUNCTION numbers_have_a_lease() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    come boolean;
    turn boolean;
    go boolean;
    owned bigint;
    change bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT bool_or(status = 'active'), count(*) FILTER (WHERE status <> 'released' AND missing_since IS NULL)
          INTO come, owned FROM changed;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT -count(*) FILTER (WHERE status <> 'released' AND missing_since IS NULL) INTO owned FROM before;
    ELSE
        SELECT bool_or(c.status = 'active' AND l.number_id IS NULL),
               bool_or(c.status = 'active' AND l.user_id IS NULL AND l.ready <> c.ready),
               bool_or(c.status <> 'active' AND l.number_id IS NOT NULL),
               count(*) FILTER (WHERE c.status <> 'released' AND c.missing_since IS NULL)
             - (SELECT count(*) FROM before WHERE status <> 'released' AND missing_since IS NULL)
          INTO come, turn, go, owned FROM changed c LEFT JOIN callbunker.leases l ON l.number_id = c.id;
    END IF;
    IF turn THEN
        -- What is somebody's is left in peace.
        UPDATE callbunker.leases l SET ready = c.ready
          FROM changed c WHERE l.number_id = c.id AND c.status = 'active' AND l.user_id IS NULL AND l.ready <> c.ready;
    END IF;
    IF go THEN
        DELETE FROM callbunker.leases l USING changed c WHERE l.number_id = c.id AND c.status <> 'active' AND l.user_id IS NULL;
        -- Asked afterwards: a signup that was faster is waited for by then.
        IF EXISTS (SELECT FROM changed c JOIN callbunker.leases l ON l.number_id = c.id WHERE c.status <> 'active') THEN
            RAISE EXCEPTION 'a number that somebody has is active until they give it back'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'numbers_agree_with_leases';
        END IF;
    END IF;
    IF come THEN
        INSERT INTO callbunker.leases (number_id, ready, purchased_at, phone_number, country, area_code)
        SELECT c.id, c.ready, c.purchased_at, c.phone_number, c.country, c.area_code FROM changed c
          LEFT JOIN callbunker.leases l ON l.number_id = c.id WHERE c.status = 'active' AND l.number_id IS NULL;
    END IF;
    IF owned <> 0 THEN
        INSERT INTO callbunker.owned_changes (more) VALUES (owned) RETURNING id INTO change;
        IF change % 64 = 0 THEN
            -- Whoever folds passes by what another one folds.
            WITH gone AS (DELETE FROM callbunker.owned_changes
                           WHERE id IN (SELECT id FROM callbunker.owned_changes FOR UPDATE SKIP LOCKED) RETURNING more)
            INSERT INTO callbunker.owned_changes (more) SELECT sum(more) FROM gone HAVING count(*) > 0;
        END IF;
    END IF;
    RETURN NULL;
END $$;
-- Nobody puts it at a table of their own, with their own rows for what changed: who fires it needs no right to it.
REVOKE EXECUTE ON FUNCTION numbers_have_a_lease() FROM PUBLIC;
CREATE TRIGGER numbers_have_a_lease_when_they_come AFTER INSERT ON numbers REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION numbers_have_a_lease();
CREATE TRIGGER numbers_have_a_lease AFTER UPDATE ON numbers REFERENCING OLD TABLE AS before NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION numbers_have_a_lease();
-- Only a hand that has switched numbers_are_kept off comes this far; the count stays right.
CREATE TRIGGER numbers_are_owned_no_more AFTER DELETE ON numbers REFERENCING OLD TABLE AS before
    FOR EACH STATEMENT EXECUTE FUNCTION numbers_have_a_lease();

CREATE FUNCTION owned_changes_count_themselves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what is owned is counted by the numbers themselves'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'owned_changes_count_themselves';
END $$;
CREATE TRIGGER owned_changes_count_themselves BEFORE INSERT OR UPDATE OR DELETE ON owned_changes FOR EACH STATEMENT
    -- Not when the numbers do it, or the recount.
    WHEN (pg_trigger_depth() = 0 AND current_setting('callbunker.owned_recount', true) IS DISTINCT FROM 'on') EXECUTE FUNCTION owned_changes_count_themselves();
CREATE TRIGGER owned_changes_are_kept BEFORE TRUNCATE ON owned_changes EXECUTE FUNCTION owned_changes_count_themselves();

-- Counts once, and sets the sum right: what it lacked is returned, 0 as it should be. Nobody waits for it: what changes
-- meanwhile stands in neither of what one statement sees, or in both, and so the difference stays what it is.
-- Edited after it was out, for here an ordinary role came no further: only a superuser may give a function such a setting, as this
-- one had it. Whoever had applied it has the same function by 2026-12-03-300000_owned_recount_by_an_ordinary_role.
CREATE FUNCTION owned_recount() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lacking bigint;
    former text := coalesce(current_setting('callbunker.owned_recount', true), '');
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'owned_recount needs read committed: it must see what came before its lock';
    END IF;
    PERFORM set_config('callbunker.owned_recount', 'on', true);
    -- Two at a time would correct it twice; it conflicts with itself, not with what changes rows.
    LOCK TABLE callbunker.owned_changes IN SHARE UPDATE EXCLUSIVE MODE;
    SELECT (SELECT count(*) FROM callbunker.numbers WHERE status <> 'released' AND missing_since IS NULL)
         - (SELECT coalesce(sum(more), 0) FROM callbunker.owned_changes) INTO lacking;
    IF lacking <> 0 THEN
        INSERT INTO callbunker.owned_changes (more) VALUES (lacking);
    END IF;
    PERFORM set_config('callbunker.owned_recount', former, true);
    RETURN lacking;
END $$;

CREATE OR REPLACE FUNCTION numbers_move_as_they_may() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status = 'released' AND NEW.status <> 'released' THEN
        RAISE EXCEPTION 'a number that was given back to Twilio does not return'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'numbers_released_is_final';
    END IF;
    IF OLD.quarantine_reason = 'leaving' AND NEW.status = 'active' THEN
        RAISE EXCEPTION 'a number that is leaving serves nobody before it has rested'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'numbers_leaving_serves_nobody';
    END IF;
    RAISE EXCEPTION 'a number keeps its SID, its E.164, its country and its area code'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'numbers_stay_what_they_are';
END $$;
-- The condition is the check; the function only says what was broken.
CREATE TRIGGER numbers_move_as_they_may AFTER UPDATE ON numbers FOR EACH ROW
    WHEN ((OLD.status = 'released' AND NEW.status <> 'released')
       OR (OLD.quarantine_reason = 'leaving' AND NEW.status = 'active')
       OR (NEW.id, NEW.sid, NEW.phone_number, NEW.country, NEW.area_code)
          IS DISTINCT FROM (OLD.id, OLD.sid, OLD.phone_number, OLD.country, OLD.area_code))
    EXECUTE FUNCTION numbers_move_as_they_may();

CREATE FUNCTION leases_agree_with_numbers() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    n record;
BEGIN
    -- Locked, so that it cannot change before this row is there to be told.
    SELECT status, ready, purchased_at, phone_number, country, area_code INTO n
      FROM callbunker.numbers WHERE id = NEW.number_id FOR SHARE;
    IF n.status IS DISTINCT FROM 'active' THEN
        RAISE EXCEPTION 'only an active number has a lease'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'leases_agree_with_numbers';
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.ready <> n.ready THEN
        RAISE EXCEPTION 'a lease is ready when its number is'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'leases_agree_with_numbers';
    END IF;
    IF NEW.user_id IS NOT NULL AND TG_OP = 'INSERT' THEN
        RAISE EXCEPTION 'a lease is nobody''s when it is made'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'leases_move_as_they_may';
    END IF;
    NEW.ready := n.ready;
    NEW.purchased_at := n.purchased_at;
    NEW.phone_number := n.phone_number;
    NEW.country := n.country;
    NEW.area_code := n.area_code;
    RETURN NEW;
END $$;
-- Not when the number itself makes it, or tells it.
CREATE TRIGGER leases_agree_when_they_come BEFORE INSERT ON leases FOR EACH ROW
    WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION leases_agree_with_numbers();
CREATE TRIGGER leases_agree_with_numbers BEFORE UPDATE ON leases FOR EACH ROW
    WHEN (NEW.ready <> OLD.ready AND pg_trigger_depth() = 0) EXECUTE FUNCTION leases_agree_with_numbers();

CREATE FUNCTION leases_move_as_they_may() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.user_id IS NULL AND NEW.number_id = OLD.number_id AND NEW.phone_number = OLD.phone_number
       AND NEW.country = OLD.country THEN
        RAISE EXCEPTION 'a number that is not ready cannot be handed out'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'leases_are_of_ready_numbers';
    END IF;
    RAISE EXCEPTION 'a lease stays with its number and its user until it is deleted'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'leases_move_as_they_may';
END $$;
-- The condition is the check, and all that a signup pays.
CREATE TRIGGER leases_move_as_they_may BEFORE UPDATE ON leases FOR EACH ROW
    WHEN (NEW.number_id <> OLD.number_id OR NEW.phone_number <> OLD.phone_number OR NEW.country <> OLD.country
       OR (OLD.user_id IS NULL AND NEW.user_id IS NOT NULL AND NOT NEW.ready AND NEW.source NOT IN ('import', 'adopt'))
       OR (OLD.user_id IS NOT NULL AND (NEW.user_id IS DISTINCT FROM OLD.user_id OR NEW.assigned_at <> OLD.assigned_at
                                      OR NEW.assignment_id <> OLD.assignment_id OR NEW.source <> OLD.source)))
    EXECUTE FUNCTION leases_move_as_they_may();

CREATE FUNCTION leases_become_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO callbunker.past_assignments (id, number_id, user_id, source, assigned_at, released_at, waited_at)
    VALUES (OLD.assignment_id, OLD.number_id, OLD.user_id, OLD.source, OLD.assigned_at,
            greatest(clock_timestamp(), OLD.assigned_at), OLD.waited_at);
    RETURN OLD;
END $$;
CREATE TRIGGER leases_become_history BEFORE DELETE ON leases FOR EACH ROW
    WHEN (OLD.user_id IS NOT NULL) EXECUTE FUNCTION leases_become_history();

CREATE FUNCTION leases_cover_the_active() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM callbunker.numbers WHERE id = OLD.number_id AND status = 'active')
       AND NOT EXISTS (SELECT FROM callbunker.leases WHERE number_id = OLD.number_id) THEN
        RAISE EXCEPTION 'an active number has a lease'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'leases_cover_the_active';
    END IF;
    RETURN NULL;
END $$;
-- Not when the number itself takes it away.
CREATE CONSTRAINT TRIGGER leases_cover_the_active AFTER DELETE ON leases
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION leases_cover_the_active();
CREATE TRIGGER leases_are_kept BEFORE TRUNCATE ON leases EXECUTE FUNCTION nothing_is_forgotten();

CREATE FUNCTION history_stays_as_it_is() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what is over is never changed'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'history_stays_as_it_is';
END $$;
CREATE TRIGGER past_assignments_stay AFTER UPDATE ON past_assignments FOR EACH ROW EXECUTE FUNCTION history_stays_as_it_is();
CREATE TRIGGER past_assignments_are_kept BEFORE DELETE OR TRUNCATE ON past_assignments EXECUTE FUNCTION nothing_is_forgotten();

-- Claims are planned from here on.
ANALYZE leases;
ANALYZE numbers;
ANALYZE past_assignments;
