-- Comparing with Twilio, taking numbers in, and giving them back.
--
-- Why: what was adopted or imported stands in the ledger like a purchase, because its tag names a ledger item; but it was
-- not bought by us, so it uses up no spend cap. What is given back is written down before Twilio is asked, like a purchase,
-- because it cannot be undone either: a number that is leaving serves nobody, and one that left never comes back.

ALTER TABLE purchases DROP CONSTRAINT purchases_trigger_is_known;
ALTER TABLE purchases ADD CONSTRAINT purchases_trigger_is_known
    CHECK (trigger IN ('threshold', 'warm_start', 'cron', 'replenish', 'manual', 'emergency', 'adopt', 'import'));

-- Whether Twilio sold it to us, so that the spend caps count it.
ALTER TABLE purchase_items ADD COLUMN spends boolean NOT NULL DEFAULT true;
DROP INDEX purchase_items_spend_idx;
CREATE INDEX purchase_items_spend_idx ON purchase_items (intended_at) WHERE spends AND state NOT IN ('taken', 'not_bought');

-- released: its user gave it back. unknown_item: our tag, but the ledger does not know the item (an older backup was
-- restored, say). tag_conflict: another environment's tag on a number of ours. adopting: an operator takes it in, and
-- Twilio was not yet told. leaving: it is being given back to Twilio.
ALTER TABLE numbers DROP CONSTRAINT numbers_quarantine_reason_is_known;
ALTER TABLE numbers ADD CONSTRAINT numbers_quarantine_reason_is_known
    CHECK (quarantine_reason IN ('released', 'unknown_item', 'tag_conflict', 'adopting', 'leaving'));
ALTER TABLE numbers DROP CONSTRAINT numbers_rest_for_somebody;
ALTER TABLE numbers ADD CONSTRAINT numbers_rest_for_somebody
    CHECK (rests_for IS NULL OR quarantine_reason IS NOT DISTINCT FROM 'released');


-- Since when a number is held for an operator: one that is forgotten is told again and again.
ALTER TABLE numbers ADD COLUMN held_since timestamptz;
UPDATE numbers SET held_since = clock_timestamp() WHERE quarantine_reason IN ('unknown_item', 'tag_conflict');

-- What is asked by number finds the live one by its unique index, and those that left and their purchases by these.
CREATE INDEX numbers_gone_idx ON numbers (phone_number) WHERE status = 'released';
CREATE INDEX purchase_items_of_a_number_idx ON purchase_items (phone_number);

-- Numbers on their way back to Twilio: `intended → sent → released | refused`, or `withdrawn` when Twilio was never asked.
CREATE TABLE releases (
    id                uuid PRIMARY KEY,
    number_id         bigint NOT NULL CONSTRAINT releases_of_a_number REFERENCES numbers (id),
    state             text NOT NULL DEFAULT 'intended' CONSTRAINT releases_state_is_known
        CHECK (state IN ('intended', 'sent', 'released', 'refused', 'withdrawn')),
    requested_by      text NOT NULL,
    -- Where the number returns to when it does not leave: its former quarantine, or the pool.
    former_reason     text,
    former_until      timestamptz,
    attempts          integer NOT NULL DEFAULT 0 CONSTRAINT releases_attempts_count_up CHECK (attempts >= 0),
    intended_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_sent_at      timestamptz,
    ended_at          timestamptz,
    error_code        text,
    twilio_code       integer,
    error_message     text,
    twilio_request_id text,
    -- Whom it rested for.
    former_rests_for  text COLLATE "C",
    CONSTRAINT releases_sent_was_attempted CHECK (state NOT IN ('sent', 'released', 'refused') OR attempts > 0),
    CONSTRAINT releases_end_once CHECK ((state IN ('intended', 'sent')) = (ended_at IS NULL))
);
CREATE UNIQUE INDEX releases_one_open_per_number ON releases (number_id) WHERE state IN ('intended', 'sent');
CREATE INDEX releases_open_idx ON releases (intended_at) WHERE state IN ('intended', 'sent');
CREATE INDEX releases_of_a_number_idx ON releases (number_id);
CREATE TRIGGER releases_are_kept BEFORE DELETE OR TRUNCATE ON releases EXECUTE FUNCTION nothing_is_forgotten();

-- Numbers of the account that an operator does not want to hear of.
CREATE TABLE ignored_numbers (
    phone_number text PRIMARY KEY CONSTRAINT ignored_numbers_number_is_e164 CHECK (phone_number ~ '^\+[1-9][0-9]{6,14}$'),
    sid          text NOT NULL CONSTRAINT ignored_numbers_sid_is_twilios CHECK (sid ~ '^PN[0-9a-fA-F]{32}$'),
    ignored_by   text NOT NULL,
    ignored_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What each comparison with Twilio found.
CREATE TABLE reconciliations (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    trigger    text NOT NULL CONSTRAINT reconciliations_trigger_is_known CHECK (trigger IN ('start', 'cron', 'manual')),
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at   timestamptz,
    report     jsonb,
    error      text,
    CONSTRAINT reconciliations_end_with_a_result CHECK (ended_at IS NOT NULL OR (report IS NULL AND error IS NULL))
);

-- As before, and: what is leaving or has left is never assigned, and never comes back.
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
