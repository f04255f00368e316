DROP VIEW assignments_ever;
DROP TRIGGER numbers_have_a_lease_when_they_come ON numbers;
DROP TRIGGER numbers_have_a_lease ON numbers;
DROP TRIGGER numbers_are_owned_no_more ON numbers;
DROP TRIGGER numbers_move_as_they_may ON numbers;
DROP FUNCTION numbers_have_a_lease();
DROP TABLE owned_changes;
DROP FUNCTION owned_recount();
DROP FUNCTION owned_changes_count_themselves();
DROP TRIGGER past_assignments_stay ON past_assignments;
DROP TRIGGER past_assignments_are_kept ON past_assignments;
DROP FUNCTION history_stays_as_it_is();

ALTER TABLE past_assignments RENAME TO assignments;
DROP INDEX past_assignments_of_a_user_idx, past_assignments_released_idx, past_assignments_pace_idx;
ALTER TABLE assignments RENAME CONSTRAINT past_assignments_of_a_number TO assignments_of_a_number;
ALTER TABLE assignments RENAME CONSTRAINT past_assignments_user_id_length TO assignments_user_id_length;
ALTER TABLE assignments RENAME CONSTRAINT past_assignments_source_is_known TO assignments_source_is_known;
ALTER TABLE assignments RENAME CONSTRAINT past_assignments_end_after_they_begin TO assignments_end_after_they_begin;
ALTER INDEX past_assignments_pkey RENAME TO assignments_pkey;
ALTER INDEX past_assignments_of_a_number_idx RENAME TO assignments_of_a_number_idx;
ALTER TABLE assignments ALTER COLUMN released_at DROP NOT NULL, ALTER COLUMN assigned_at SET DEFAULT clock_timestamp();
INSERT INTO assignments (id, number_id, user_id, source, assigned_at, waited_at)
SELECT assignment_id, number_id, user_id, source, assigned_at, waited_at FROM leases WHERE assignment_id IS NOT NULL;
ALTER TABLE assignments ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;
SELECT setval(pg_get_serial_sequence('assignments', 'id'), nextval('assignment_ids'), false);
DROP SEQUENCE assignment_ids;

DROP INDEX numbers_missing_idx, numbers_unmendable_idx, numbers_on_hold_idx, numbers_failed_idx;
ALTER TABLE numbers DROP COLUMN ready, DROP CONSTRAINT numbers_status_is_known;
ALTER TABLE numbers ADD COLUMN ready boolean NOT NULL GENERATED ALWAYS AS
        (status = 'available' AND webhook_status = 'configured' AND capable AND missing_since IS NULL) STORED,
    ALTER COLUMN status TYPE text USING status;
UPDATE numbers SET status = CASE WHEN EXISTS (SELECT FROM leases l WHERE l.number_id = numbers.id AND l.user_id IS NOT NULL)
                                 THEN 'assigned' ELSE 'available' END WHERE status = 'active';
ALTER TABLE numbers ADD CONSTRAINT numbers_status_is_known CHECK (status IN ('available', 'assigned', 'quarantined', 'released'));
DROP TABLE leases;
DROP FUNCTION leases_agree_with_numbers();
DROP FUNCTION leases_move_as_they_may();
DROP FUNCTION leases_become_history();
DROP FUNCTION leases_cover_the_active();

CREATE INDEX numbers_ready_idx ON numbers (purchased_at, id) WHERE ready;
CREATE INDEX numbers_ready_in_area_idx ON numbers (country, area_code, purchased_at, id) WHERE ready;
CREATE INDEX numbers_not_ready_idx ON numbers (id) WHERE status = 'available' AND NOT ready;
CREATE UNIQUE INDEX assignments_one_live_per_user ON assignments (user_id) WHERE released_at IS NULL;
CREATE UNIQUE INDEX assignments_one_live_per_number ON assignments (number_id) WHERE released_at IS NULL;
CREATE INDEX assignments_past_of_a_user_idx ON assignments (user_id, id) WHERE released_at IS NOT NULL;
CREATE INDEX assignments_released_idx ON assignments (released_at) WHERE released_at IS NOT NULL;
CREATE INDEX assignments_pace_idx ON assignments USING brin (assigned_at) WITH (pages_per_range = 32);

CREATE FUNCTION numbers_agree_with_assignments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'numbers' THEN
        IF EXISTS (SELECT 1 FROM changed c WHERE (c.status = 'assigned') <> coalesce((
                       SELECT true FROM callbunker.assignments a WHERE a.number_id = c.id AND a.released_at IS NULL), false)) THEN
            RAISE EXCEPTION 'a number is assigned exactly when it has a live assignment'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'numbers_agree_with_assignments';
        END IF;
    ELSE
        IF EXISTS (SELECT 1 FROM changed c WHERE (
                       SELECT n.status = 'assigned' FROM callbunker.numbers n WHERE n.id = c.number_id) <> coalesce((
                       SELECT true FROM callbunker.assignments a WHERE a.number_id = c.number_id AND a.released_at IS NULL), false)) THEN
            RAISE EXCEPTION 'a live assignment holds an assigned number'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'numbers_agree_with_assignments';
        END IF;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER numbers_agree_on_insert AFTER INSERT ON numbers REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION numbers_agree_with_assignments();
CREATE TRIGGER numbers_agree_on_update AFTER UPDATE ON numbers REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION numbers_agree_with_assignments();
CREATE TRIGGER assignments_agree_on_insert AFTER INSERT ON assignments REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION numbers_agree_with_assignments();
CREATE TRIGGER assignments_agree_on_update AFTER UPDATE ON assignments REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION numbers_agree_with_assignments();
CREATE TRIGGER assignments_are_kept BEFORE DELETE OR TRUNCATE ON assignments EXECUTE FUNCTION nothing_is_forgotten();
CREATE OR REPLACE FUNCTION numbers_move_as_they_may() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status = 'released' THEN
        RAISE EXCEPTION 'a number that was given back to Twilio does not return'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'numbers_released_is_final';
    END IF;
    RAISE EXCEPTION 'a number that is not ready cannot be assigned'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'numbers_ready_before_assigned';
END $$;
-- The condition is the check; the function only says what was broken.
CREATE TRIGGER numbers_move_as_they_may AFTER UPDATE ON numbers FOR EACH ROW
    WHEN ((OLD.status = 'released' AND NEW.status <> 'released')
       OR (NEW.status = 'assigned' AND ((OLD.status = 'available' AND NOT OLD.ready) OR OLD.quarantine_reason = 'leaving')))
    EXECUTE FUNCTION numbers_move_as_they_may();
