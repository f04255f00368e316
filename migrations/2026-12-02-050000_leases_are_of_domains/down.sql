SET LOCAL maintenance_work_mem = '128MB';

CREATE OR REPLACE VIEW assignments_ever AS
    SELECT id, number_id, user_id, source, assigned_at, released_at, waited_at, pool, matched FROM past_assignments;
DROP TRIGGER leases_agree_with_numbers ON leases;
DROP TRIGGER leases_move_as_they_may ON leases;
DROP TRIGGER leases_stay_with_their_number ON leases;
DROP TRIGGER leases_become_history ON leases;

ALTER TABLE leases
    ALTER COLUMN user_id TYPE text COLLATE "C",
    ALTER COLUMN source TYPE text,
    ALTER COLUMN matched TYPE text,
    ADD CONSTRAINT leases_user_id_length CHECK (char_length(user_id) BETWEEN 1 AND 128),
    ADD CONSTRAINT leases_source_is_known CHECK (source IN ('pool', 'emergency', 'import', 'adopt')),
    ADD CONSTRAINT leases_matched_is_known CHECK (matched IN ('exact', 'overlay', 'region', 'any'));
DROP DOMAIN lease_user;
DROP DOMAIN lease_source;
DROP DOMAIN lease_match;

CREATE OR REPLACE VIEW assignments_ever AS
    SELECT assignment_id AS id, number_id, user_id, source, assigned_at, NULL::timestamptz AS released_at, waited_at, pool, matched
      FROM leases WHERE assignment_id IS NOT NULL
    UNION ALL
    SELECT id, number_id, user_id, source, assigned_at, released_at, waited_at, pool, matched FROM past_assignments;

CREATE TRIGGER leases_agree_with_numbers BEFORE UPDATE ON leases FOR EACH ROW
    -- Not when the number itself tells it.
    WHEN ((NEW.ready <> OLD.ready OR NEW.pool <> OLD.pool OR NEW.apart <> OLD.apart) AND pg_trigger_depth() = 0)
    EXECUTE FUNCTION leases_agree_with_numbers();

CREATE OR REPLACE FUNCTION leases_move_as_they_may() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER leases_become_history BEFORE DELETE ON leases FOR EACH ROW
    WHEN (OLD.user_id IS NOT NULL) EXECUTE FUNCTION leases_become_history();
