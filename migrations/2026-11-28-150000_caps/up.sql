-- Caps that hold in doubt, and pools of hundreds of thousands.
--
-- Why: an item that was ever in doubt may have been paid for, however it ended, so the spend caps count it for their whole
-- window. And what is checked of a number that changes looks at that number alone: comparing what a statement changed
-- with what was there before, both without an index, took minutes for tens of thousands of rows.

DROP INDEX purchase_items_spend_idx;
CREATE INDEX purchase_items_spend_idx ON purchase_items (intended_at)
    WHERE spends AND (doubted OR state NOT IN ('taken', 'not_bought'));

-- Other webhooks are wanted than those that some assigned numbers were confirmed with, and these are still being told so.
ALTER TABLE installation ADD COLUMN unconfirming boolean NOT NULL DEFAULT false;

-- When next_probe_at was decided: a clock that shows less has stepped back, and the probe is due.
ALTER TABLE buying_gate ADD COLUMN probe_set_at timestamptz;

CREATE FUNCTION numbers_move_as_they_may() RETURNS trigger LANGUAGE plpgsql AS $$
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

DROP TRIGGER numbers_agree_on_update ON numbers;
CREATE TRIGGER numbers_agree_on_update AFTER UPDATE ON numbers REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION numbers_agree_with_assignments();
CREATE OR REPLACE FUNCTION numbers_agree_with_assignments() RETURNS trigger LANGUAGE plpgsql AS $$
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
