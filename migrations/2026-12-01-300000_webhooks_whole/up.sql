-- Webhooks whole: fallback URLs, applications and trunks are part of what a pool wants; and a tug of war has an end.
--
-- Why: a former app's fallback answers our users when we are slow, and an application or a trunk answers in place of the URLs. What
-- a pool wanted until now was that none of them is there, and that is what the defaults say: nothing that was confirmed has to
-- be confirmed again, and the pools go on serving. What differs at Twilio all the same the next comparison finds.

ALTER TABLE pools
    -- Empty = there shall be none.
    ADD COLUMN voice_fallback_url    text NOT NULL DEFAULT '',
    ADD COLUMN sms_fallback_url      text NOT NULL DEFAULT '',
    ADD COLUMN voice_application_sid text NOT NULL DEFAULT '',
    ADD COLUMN sms_application_sid   text NOT NULL DEFAULT '',
    ADD COLUMN trunk_sid             text NOT NULL DEFAULT '',
    ADD CONSTRAINT pools_take_calls_by_one CHECK (trunk_sid = '' OR voice_application_sid = '');

-- When Twilio showed other webhooks on it than it had confirmed before, while nobody had the number: the last times, within a day
-- of each other. Whoever goes on mending what somebody else goes on setting back wears both out.
ALTER TABLE numbers ADD COLUMN webhooks_set_back_at timestamptz[] NOT NULL DEFAULT '{}'
    CONSTRAINT numbers_set_back_is_kept_short CHECK (cardinality(webhooks_set_back_at) <= 3);

-- contested: somebody else set its webhooks back again and again. An operator decides.
ALTER TABLE numbers DROP CONSTRAINT numbers_quarantine_reason_is_known;
ALTER TABLE numbers ADD CONSTRAINT numbers_quarantine_reason_is_known
    CHECK (quarantine_reason IN ('released', 'unknown_item', 'tag_conflict', 'contested', 'adopting', 'leaving'));

CREATE OR REPLACE FUNCTION numbers_leave_notes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.missing_since IS NOT NULL AND NEW.missing_since IS NULL THEN
        INSERT INTO callbunker.number_notes (number_id, at, note)
        VALUES (NEW.id, OLD.missing_since, 'missing'), (NEW.id, greatest(clock_timestamp(), OLD.missing_since), 'turned_up');
    END IF;
    IF OLD.quarantine_reason IN ('unknown_item', 'tag_conflict', 'contested')
       AND NEW.quarantine_reason IS DISTINCT FROM OLD.quarantine_reason THEN
        INSERT INTO callbunker.number_notes (number_id, at, note, detail)
        VALUES (NEW.id, coalesce(OLD.held_since, clock_timestamp()), 'held', OLD.quarantine_reason),
               (NEW.id, greatest(clock_timestamp(), OLD.held_since), 'hold_ended', OLD.quarantine_reason);
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER numbers_leave_notes ON numbers;
CREATE TRIGGER numbers_leave_notes AFTER UPDATE ON numbers FOR EACH ROW
    WHEN ((OLD.missing_since IS NOT NULL AND NEW.missing_since IS NULL)
       OR (OLD.quarantine_reason IN ('unknown_item', 'tag_conflict', 'contested')
           AND NEW.quarantine_reason IS DISTINCT FROM OLD.quarantine_reason))
    EXECUTE FUNCTION numbers_leave_notes();
