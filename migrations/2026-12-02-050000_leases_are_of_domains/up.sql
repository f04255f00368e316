-- A signup reads no text of its table's checks.
--
-- In each statement that writes a table PostgreSQL reads the text of its CHECKs and of its triggers' conditions again: at one
-- connection that was a tenth of what a signup cost it. A domain's checks it reads once per session, and a trigger on columns
-- that a statement does not name it passes by before it reads anything. So what a lease may say is said by domains, and the
-- triggers that concern no signup name their columns. Every refusal stays, by the same names:
--   * leases_user_id_length, leases_source_is_known, leases_matched_is_known: the domains';
--   * leases_agree_with_numbers: when ready, pool or apart are set; leases_stay_with_their_number: when the number, what it is
--     called or its country are;
--   * leases_move_as_they_may: asks its function about a lease that is somebody's or is not ready, and about no other.
--
-- The table is written anew: a million leases take some ten seconds, in which nothing is served. A view of somebody else's
-- on its columns must be dropped first.

SET LOCAL maintenance_work_mem = '128MB';

CREATE DOMAIN lease_user AS text COLLATE "C" CONSTRAINT leases_user_id_length CHECK (char_length(VALUE) BETWEEN 1 AND 128);
CREATE DOMAIN lease_source AS text
    CONSTRAINT leases_source_is_known CHECK (VALUE IN ('pool', 'emergency', 'import', 'adopt'));
CREATE DOMAIN lease_match AS text
    CONSTRAINT leases_matched_is_known CHECK (VALUE IN ('exact', 'overlay', 'region', 'any'));

-- Replaced, not dropped: who may read it goes on reading it.
CREATE OR REPLACE VIEW assignments_ever AS
    SELECT id, number_id, user_id, source, assigned_at, released_at, waited_at, pool, matched FROM past_assignments;
DROP TRIGGER leases_agree_with_numbers ON leases;
DROP TRIGGER leases_move_as_they_may ON leases;
DROP TRIGGER leases_become_history ON leases;

ALTER TABLE leases
    DROP CONSTRAINT leases_user_id_length,
    DROP CONSTRAINT leases_source_is_known,
    DROP CONSTRAINT leases_matched_is_known,
    ALTER COLUMN user_id TYPE lease_user,
    ALTER COLUMN source TYPE lease_source,
    ALTER COLUMN matched TYPE lease_match;

CREATE OR REPLACE VIEW assignments_ever AS
    SELECT assignment_id AS id, number_id, user_id::text COLLATE "C" AS user_id, source::text AS source, assigned_at,
           NULL::timestamptz AS released_at, waited_at, pool, matched::text AS matched
      FROM leases WHERE assignment_id IS NOT NULL
    UNION ALL
    SELECT id, number_id, user_id, source, assigned_at, released_at, waited_at, pool, matched FROM past_assignments;

CREATE TRIGGER leases_agree_with_numbers BEFORE UPDATE OF ready, pool, apart ON leases FOR EACH ROW
    -- Not when the number itself tells it.
    WHEN ((NEW.ready <> OLD.ready OR NEW.pool <> OLD.pool OR NEW.apart <> OLD.apart) AND pg_trigger_depth() = 0)
    EXECUTE FUNCTION leases_agree_with_numbers();

CREATE OR REPLACE FUNCTION leases_move_as_they_may() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.user_id IS NULL AND NEW.user_id IS NOT NULL AND NOT NEW.ready AND NEW.source NOT IN ('import', 'adopt') THEN
        RAISE EXCEPTION 'a number that is not ready cannot be handed out'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'leases_are_of_ready_numbers';
    END IF;
    IF NEW.number_id <> OLD.number_id OR NEW.phone_number <> OLD.phone_number OR NEW.country <> OLD.country
       OR (OLD.user_id IS NOT NULL AND (NEW.user_id IS DISTINCT FROM OLD.user_id OR NEW.assigned_at <> OLD.assigned_at
                                        OR NEW.assignment_id <> OLD.assignment_id OR NEW.source <> OLD.source)) THEN
        RAISE EXCEPTION 'a lease stays with its number and its user until it is deleted'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'leases_move_as_they_may';
    END IF;
    RETURN NEW;
END $$;
-- The condition is all that a signup pays: the lease that it takes is nobody's, and ready.
CREATE TRIGGER leases_move_as_they_may BEFORE UPDATE OF user_id, assignment_id, assigned_at, source ON leases FOR EACH ROW
    WHEN (OLD.user_id IS NOT NULL OR NOT NEW.ready)
    EXECUTE FUNCTION leases_move_as_they_may();
CREATE TRIGGER leases_stay_with_their_number BEFORE UPDATE OF number_id, phone_number, country ON leases FOR EACH ROW
    EXECUTE FUNCTION leases_move_as_they_may();
CREATE TRIGGER leases_become_history BEFORE DELETE ON leases FOR EACH ROW
    WHEN (OLD.user_id IS NOT NULL) EXECUTE FUNCTION leases_become_history();
