-- Last use and recycling: when each number that somebody has was used last, what proves it, and which were told of and taken back.
--
-- Why: a number that nobody uses costs as much as any other. It is taken only when it is known that it was not used, after somebody was
-- told, and everything is asked again at that moment. So what is told waits here until the far side took it, byte for byte, and what was
-- decided never goes away. What guards what, below every program:
--   * one open notice for each number (recyclings_one_open_per_number); what has ended stays as it ended (recyclings_move_as_they_may).
--   * nothing is taken that nobody was told of (recyclings_are_told_before_they_are_taken).
--   * one walk of a kind at a time (sweeps_one_runs), so that no two turn the same pages.
-- New tables, and nullable columns: nothing is rewritten. Neither a touch nor a walk changes a row that a signup reads.

-- An assignment is a use: read as the later of it and this. A row without a use is there to be locked.
CREATE TABLE last_uses (
    number_id    bigint CONSTRAINT last_uses_pkey PRIMARY KEY CONSTRAINT last_uses_are_of_a_number REFERENCES numbers (id),
    last_used_at timestamptz,
    source       text CONSTRAINT last_uses_source_is_known CHECK (source IN ('touch', 'call', 'message')),
    CONSTRAINT last_uses_have_a_source CHECK ((last_used_at IS NULL) = (source IS NULL))
) WITH (fillfactor = 70);

-- The days, of UTC, on which the application told of a use at all: a day without any proves a broken job, not silence.
CREATE TABLE touch_days (
    day      date CONSTRAINT touch_days_pkey PRIMARY KEY,
    first_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Walks over the account's calls and messages. A page's uses and the way to the next are written together.
CREATE TABLE sweeps (
    id            bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT sweeps_pkey PRIMARY KEY,
    what          text NOT NULL CONSTRAINT sweeps_what_is_known CHECK (what IN ('calls', 'messages')),
    from_at       timestamptz NOT NULL,
    until_at      timestamptz NOT NULL,
    next_page     text,
    pages         integer NOT NULL DEFAULT 0,
    -- Of the window as it is walked now; one that began anew counts from there.
    unreadable    integer NOT NULL DEFAULT 0,
    anew          integer NOT NULL DEFAULT 0,
    state         text NOT NULL DEFAULT 'running' CONSTRAINT sweeps_state_is_known CHECK (state IN ('running', 'complete', 'broken')),
    started_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at      timestamptz,
    error         text,
    claimed_by    uuid,
    claimed_until timestamptz,
    CONSTRAINT sweeps_go_forward CHECK (from_at < until_at),
    CONSTRAINT sweeps_end_once CHECK ((state = 'running') = (ended_at IS NULL)),
    CONSTRAINT sweeps_claims_end CHECK ((claimed_by IS NULL) = (claimed_until IS NULL))
);
CREATE UNIQUE INDEX sweeps_one_runs ON sweeps (what) WHERE state = 'running';
CREATE INDEX sweeps_latest_idx ON sweeps (what, id);

CREATE TABLE recyclings (
    -- What the far side is told it by, the same for every try.
    id            uuid CONSTRAINT recyclings_pkey PRIMARY KEY,
    number_id     bigint NOT NULL CONSTRAINT recyclings_are_of_a_number REFERENCES numbers (id),
    assignment_id bigint NOT NULL,
    state         text NOT NULL DEFAULT 'intended' CONSTRAINT recyclings_state_is_known
        CHECK (state IN ('intended', 'noticed', 'taken', 'ended')),
    -- The last use that was known when the notice was written.
    unused_since  timestamptz NOT NULL,
    -- What is sent, byte for byte: jsonb would put it into another order.
    body          text NOT NULL,
    intended_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    tries         integer NOT NULL DEFAULT 0 CONSTRAINT recyclings_tries_count_up CHECK (tries >= 0),
    due_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    claimed_until timestamptz,
    last_error    text,
    noticed_at    timestamptz,
    take_after    timestamptz,
    ended_at      timestamptz,
    -- Whose word it was; null = recycling.mode's.
    requested_by  text,
    why           text CONSTRAINT recyclings_why_is_known
        CHECK (why IN ('used', 'touched', 'protected', 'released', 'reassigned', 'mode', 'no_data', 'told_nobody')),
    CONSTRAINT recyclings_end_once CHECK ((state IN ('taken', 'ended')) = (ended_at IS NOT NULL)),
    CONSTRAINT recyclings_ended_ones_say_why CHECK ((state = 'ended') = (why IS NOT NULL)),
    CONSTRAINT recyclings_are_told_before_they_are_taken
        CHECK ((noticed_at IS NULL) = (take_after IS NULL) AND (state NOT IN ('noticed', 'taken') OR noticed_at IS NOT NULL))
);
CREATE UNIQUE INDEX recyclings_one_open_per_number ON recyclings (number_id) WHERE state IN ('intended', 'noticed');
CREATE INDEX recyclings_due_idx ON recyclings (due_at) WHERE state = 'intended';
CREATE INDEX recyclings_take_after_idx ON recyclings (take_after) WHERE state = 'noticed';
CREATE INDEX recyclings_taken_idx ON recyclings (ended_at) WHERE state = 'taken';
CREATE INDEX recyclings_of_a_number_idx ON recyclings (number_id);

CREATE FUNCTION recyclings_move_as_they_may() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.state IN ('taken', 'ended') AND NEW IS DISTINCT FROM OLD) OR (OLD.state = 'noticed' AND NEW.state = 'intended')
       OR (OLD.state = 'intended' AND NEW.state = 'taken')
       OR (OLD.id, OLD.number_id, OLD.assignment_id, OLD.unused_since, OLD.body) IS DISTINCT FROM
          (NEW.id, NEW.number_id, NEW.assignment_id, NEW.unused_since, NEW.body) THEN
        RAISE EXCEPTION 'a notice goes from intended to noticed to taken, or ends, and its words stay'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'recyclings_move_as_they_may';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER recyclings_move_as_they_may BEFORE UPDATE ON recyclings FOR EACH ROW EXECUTE FUNCTION recyclings_move_as_they_may();
CREATE TRIGGER recyclings_are_kept BEFORE DELETE OR TRUNCATE ON recyclings EXECUTE FUNCTION nothing_is_forgotten();

-- Locked by whoever takes, so that no two count the day's room at once. gone_since: the far side said under this fingerprint of its
-- address that it wants no notices.
CREATE TABLE recycling_gate (
    only_one    boolean DEFAULT true CONSTRAINT recycling_gate_pkey PRIMARY KEY CONSTRAINT recycling_gate_is_one CHECK (only_one),
    fingerprint text,
    gone_since  timestamptz,
    CONSTRAINT recycling_gate_gone_ones_had_an_address CHECK (gone_since IS NULL OR fingerprint IS NOT NULL)
);
INSERT INTO recycling_gate DEFAULT VALUES;

-- The operator's word that a number is neither recycled nor given back to Twilio.
ALTER TABLE numbers
    ADD COLUMN protected_at timestamptz,
    ADD COLUMN protected_by text,
    ADD CONSTRAINT numbers_protected_by_somebody CHECK ((protected_at IS NULL) = (protected_by IS NULL)) NOT VALID;
ALTER TABLE numbers VALIDATE CONSTRAINT numbers_protected_by_somebody;

ALTER TABLE number_notes
    DROP CONSTRAINT number_notes_note_is_known,
    ADD CONSTRAINT number_notes_note_is_known
        CHECK (note IN ('held', 'hold_ended', 'missing', 'turned_up', 'tag_conflict', 'retagged', 'moved', 'attached', 'attachment_refused',
                        'attachment_conflict', 'detached', 'registered', 'registration_failed', 'marked_ready', 'notice', 'recycled',
                        'recycling_ended', 'protected', 'unprotected'));
COMMENT ON COLUMN number_notes.detail IS
    'Why it was held; the environment whose tag it was; of a move both pools, with a blank between; of an attachment its target and, after '
    'a blank, what Twilio said; of a registration why the carriers do not take it; of a notice until when there is time to answer; of what '
    'was recycled its last known use; of a notice that came to nothing why.';
