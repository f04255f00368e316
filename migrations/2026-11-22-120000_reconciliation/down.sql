-- Only while nothing was adopted, imported or given back: the first schema has no words for that.
DROP TABLE reconciliations, ignored_numbers, releases;
DROP INDEX numbers_gone_idx, purchase_items_of_a_number_idx;
ALTER TABLE numbers DROP COLUMN held_since;
ALTER TABLE numbers DROP CONSTRAINT numbers_rest_for_somebody;
ALTER TABLE numbers ADD CONSTRAINT numbers_rest_for_somebody CHECK (rests_for IS NULL OR status = 'quarantined');
ALTER TABLE numbers DROP CONSTRAINT numbers_quarantine_reason_is_known;
ALTER TABLE numbers ADD CONSTRAINT numbers_quarantine_reason_is_known
    CHECK (quarantine_reason IN ('released', 'unknown_item', 'tag_conflict'));
DROP INDEX purchase_items_spend_idx;
ALTER TABLE purchase_items DROP COLUMN spends;
CREATE INDEX purchase_items_spend_idx ON purchase_items (intended_at) WHERE state NOT IN ('taken', 'not_bought');
ALTER TABLE purchases DROP CONSTRAINT purchases_trigger_is_known;
ALTER TABLE purchases ADD CONSTRAINT purchases_trigger_is_known
    CHECK (trigger IN ('threshold', 'warm_start', 'cron', 'replenish', 'manual', 'emergency'));

CREATE OR REPLACE FUNCTION numbers_agree_with_assignments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'numbers' AND TG_OP = 'UPDATE' THEN
        IF EXISTS (SELECT 1 FROM changed n JOIN before o USING (id)
                   WHERE n.status = 'assigned' AND o.status = 'available' AND NOT o.ready) THEN
            RAISE EXCEPTION 'a number that is not ready cannot be assigned'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'numbers_ready_before_assigned';
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
