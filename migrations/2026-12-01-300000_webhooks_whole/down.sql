DROP TRIGGER numbers_leave_notes ON numbers;
-- What was contested waits for an operator under the nearest reason that is left.
UPDATE numbers SET quarantine_reason = 'unknown_item' WHERE quarantine_reason = 'contested';
UPDATE releases SET former_reason = 'unknown_item' WHERE former_reason = 'contested';
CREATE OR REPLACE FUNCTION numbers_leave_notes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.missing_since IS NOT NULL AND NEW.missing_since IS NULL THEN
        INSERT INTO callbunker.number_notes (number_id, at, note)
        VALUES (NEW.id, OLD.missing_since, 'missing'), (NEW.id, greatest(clock_timestamp(), OLD.missing_since), 'turned_up');
    END IF;
    IF OLD.quarantine_reason IN ('unknown_item', 'tag_conflict') AND NEW.quarantine_reason IS DISTINCT FROM OLD.quarantine_reason THEN
        INSERT INTO callbunker.number_notes (number_id, at, note, detail)
        VALUES (NEW.id, coalesce(OLD.held_since, clock_timestamp()), 'held', OLD.quarantine_reason),
               (NEW.id, greatest(clock_timestamp(), OLD.held_since), 'hold_ended', OLD.quarantine_reason);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER numbers_leave_notes AFTER UPDATE ON numbers FOR EACH ROW
    WHEN ((OLD.missing_since IS NOT NULL AND NEW.missing_since IS NULL)
       OR (OLD.quarantine_reason IN ('unknown_item', 'tag_conflict') AND NEW.quarantine_reason IS DISTINCT FROM OLD.quarantine_reason))
    EXECUTE FUNCTION numbers_leave_notes();
ALTER TABLE numbers DROP CONSTRAINT numbers_quarantine_reason_is_known;
ALTER TABLE numbers ADD CONSTRAINT numbers_quarantine_reason_is_known
    CHECK (quarantine_reason IN ('released', 'unknown_item', 'tag_conflict', 'adopting', 'leaving'));
ALTER TABLE numbers DROP COLUMN webhooks_set_back_at;
ALTER TABLE pools DROP CONSTRAINT pools_take_calls_by_one,
    DROP COLUMN voice_fallback_url, DROP COLUMN sms_fallback_url, DROP COLUMN voice_application_sid,
    DROP COLUMN sms_application_sid, DROP COLUMN trunk_sid;
