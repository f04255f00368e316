DROP TRIGGER numbers_agree_on_update ON numbers;
CREATE TRIGGER numbers_agree_on_update AFTER UPDATE ON numbers REFERENCING OLD TABLE AS before NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION numbers_agree_with_assignments();
CREATE OR REPLACE FUNCTION numbers_agree_with_assignments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'numbers' AND TG_OP = 'UPDATE' THEN
        IF EXISTS (SELECT 1 FROM changed n JOIN before o USING (id)
                   WHERE n.status = 'assigned'
                     AND ((o.status = 'available' AND NOT o.ready) OR o.quarantine_reason = 'leaving')) THEN
            RAISE EXCEPTION 'a number that is not ready cannot be assigned'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'numbers_ready_before_assigned';
        END IF;
        IF EXISTS (SELECT 1 FROM changed n JOIN before o USING (id) WHERE o.status = 'released' AND n.status <> 'released') THEN
            RAISE EXCEPTION 'a number that was given back to Twilio does not return'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'numbers_released_is_final';
        END IF;
    END IF;
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
DROP TRIGGER numbers_move_as_they_may ON numbers;
DROP FUNCTION numbers_move_as_they_may();
ALTER TABLE buying_gate DROP COLUMN probe_set_at;
ALTER TABLE installation DROP COLUMN unconfirming;
DROP INDEX purchase_items_spend_idx;
CREATE INDEX purchase_items_spend_idx ON purchase_items (intended_at) WHERE spends AND state NOT IN ('taken', 'not_bought');
