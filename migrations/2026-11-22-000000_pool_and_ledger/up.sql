-- The pool and its purchase ledger.
--
-- Why: every mistake costs money or a signup, so wrong states are made impossible here, below every program:
--   * a number has one live user and a user one live number (I3): two partial unique indexes;
--   * a number is `assigned` exactly when it has a live assignment, and becomes so only when it was ready (I6):
--     numbers_agree_with_assignments, checked once per statement, so that a batch of signups pays for it once;
--   * an order never holds more items than it was asked for (I2), a purchase never comes undone:
--     purchase_items_keep_the_ledger;
--   * nothing that cost money is ever deleted (I1): nothing_is_forgotten.
-- Every constraint has a name; src/db/error.rs maps each name that a program can meet to one decision.
-- All tables lie in the schema `callbunker` (the connection's search_path), so that the earlier service can keep its
-- own in the same database: advisory locks are per database, and both take the same one during a move.

CREATE TABLE installation (
    only_one        boolean PRIMARY KEY DEFAULT true CONSTRAINT installation_is_one_row CHECK (only_one),
    account_sid     text NOT NULL,
    instance_name   text NOT NULL,
    voice_url       text NOT NULL,
    sms_url         text NOT NULL,
    status_callback text NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE installation IS 'Whose numbers these are, and the webhooks they shall carry: an instance configured otherwise repairs nothing';

-- Pause and breaker. The row is also what every intent locks, so that caps are counted by one transaction at a time.
CREATE TABLE buying_gate (
    only_one        boolean PRIMARY KEY DEFAULT true CONSTRAINT buying_gate_is_one_row CHECK (only_one),
    paused_since    timestamptz,
    paused_by       text,
    paused_reason   text,
    halted_since    timestamptz,
    halt_code       integer,
    halt_message    text,
    halt_by_probe   boolean NOT NULL DEFAULT false,
    next_probe_at   timestamptz,
    CONSTRAINT buying_gate_pause_says_who CHECK ((paused_since IS NULL) = (paused_by IS NULL)),
    CONSTRAINT buying_gate_halt_says_why CHECK ((halted_since IS NULL) = (halt_message IS NULL))
);
INSERT INTO buying_gate DEFAULT VALUES;

CREATE TABLE purchases (
    id                uuid PRIMARY KEY,
    trigger           text NOT NULL CONSTRAINT purchases_trigger_is_known
        CHECK (trigger IN ('threshold', 'warm_start', 'cron', 'replenish', 'manual', 'emergency')),
    state             text NOT NULL CONSTRAINT purchases_state_is_known
        CHECK (state IN ('queued', 'running', 'done', 'stopped', 'interrupted', 'halted')),
    requested_count   integer NOT NULL CONSTRAINT purchases_request_something CHECK (requested_count BETWEEN 1 AND 100000),
    country           text NOT NULL CONSTRAINT purchases_country_is_iso_3166 CHECK (country ~ '^[A-Z]{2}$'),
    area_code         text CONSTRAINT purchases_area_code_is_nanp CHECK (area_code ~ '^[2-9][0-9]{2}$'),
    fallback          boolean NOT NULL DEFAULT false,
    override_caps     boolean NOT NULL DEFAULT false,
    requested_by      text NOT NULL,
    run_id            uuid,
    idempotency_key   text CONSTRAINT purchases_idempotency_key_is_printable CHECK (idempotency_key ~ '^[ -~]{1,255}$'),
    created_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at        timestamptz NOT NULL,
    started_at        timestamptz,
    ended_at          timestamptz,
    CONSTRAINT purchases_run_while_running CHECK ((state = 'running') = (run_id IS NOT NULL)),
    CONSTRAINT purchases_end_once CHECK ((state IN ('queued', 'running')) = (ended_at IS NULL)),
    CONSTRAINT purchases_only_operators_override CHECK (NOT override_caps OR trigger = 'manual')
);
CREATE UNIQUE INDEX purchases_idempotency_key_is_one_order ON purchases (idempotency_key) WHERE idempotency_key IS NOT NULL;
-- One run at a time, whatever became of the lock.
CREATE UNIQUE INDEX purchases_one_running ON purchases ((true)) WHERE state = 'running';
CREATE INDEX purchases_open_idx ON purchases (created_at) WHERE state IN ('queued', 'running');
CREATE INDEX purchases_newest_idx ON purchases (created_at DESC, id DESC);

CREATE TABLE purchase_items (
    id                uuid PRIMARY KEY,
    purchase_id       uuid NOT NULL CONSTRAINT purchase_items_belong_to_an_order REFERENCES purchases (id),
    phone_number      text NOT NULL CONSTRAINT purchase_items_number_is_e164 CHECK (phone_number ~ '^\+[1-9][0-9]{6,14}$'),
    state             text NOT NULL DEFAULT 'intended' CONSTRAINT purchase_items_state_is_known
        CHECK (state IN ('intended', 'sent', 'bought', 'taken', 'not_bought', 'unknown')),
    override_caps     boolean NOT NULL,
    attempts          integer NOT NULL DEFAULT 0 CONSTRAINT purchase_items_attempts_count_up CHECK (attempts >= 0),
    doubted           boolean NOT NULL DEFAULT false,
    intended_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    first_sent_at     timestamptz,
    last_sent_at      timestamptz,
    negative_lookups  integer NOT NULL DEFAULT 0,
    last_lookup_at    timestamptz,
    ended_at          timestamptz,
    error_code        text,
    twilio_code       integer,
    error_message     text,
    twilio_request_id text,
    CONSTRAINT purchase_items_intent_comes_first CHECK ((attempts = 0) = (first_sent_at IS NULL)),
    CONSTRAINT purchase_items_sent_was_attempted CHECK (state NOT IN ('sent', 'unknown', 'bought') OR attempts > 0),
    CONSTRAINT purchase_items_unknown_is_doubt CHECK (state <> 'unknown' OR doubted),
    CONSTRAINT purchase_items_end_once CHECK ((state IN ('intended', 'sent', 'unknown')) = (ended_at IS NULL))
);
-- One open purchase per number, whoever runs it.
CREATE UNIQUE INDEX purchase_items_one_open_per_number ON purchase_items (phone_number)
    WHERE state IN ('intended', 'sent', 'unknown');
CREATE INDEX purchase_items_of_an_order_idx ON purchase_items (purchase_id);
CREATE INDEX purchase_items_open_idx ON purchase_items (intended_at) WHERE state IN ('intended', 'sent', 'unknown');
-- The sliding windows of the spend caps.
CREATE INDEX purchase_items_spend_idx ON purchase_items (intended_at) WHERE state NOT IN ('taken', 'not_bought');

-- What went wrong with an order as a whole; what went wrong with an item stands on the item.
CREATE TABLE purchase_errors (
    purchase_id uuid NOT NULL CONSTRAINT purchase_errors_belong_to_an_order REFERENCES purchases (id),
    code        text NOT NULL,
    twilio_code integer,
    message     text NOT NULL,
    count       integer NOT NULL CONSTRAINT purchase_errors_count_up CHECK (count > 0),
    CONSTRAINT purchase_errors_once_per_code PRIMARY KEY (purchase_id, code)
);

CREATE TABLE numbers (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sid               text NOT NULL CONSTRAINT numbers_sid_is_for_ever UNIQUE
                                    CONSTRAINT numbers_sid_is_twilios CHECK (sid ~ '^PN[0-9a-fA-F]{32}$'),
    phone_number      text NOT NULL CONSTRAINT numbers_number_is_e164 CHECK (phone_number ~ '^\+[1-9][0-9]{6,14}$'),
    country           text NOT NULL CONSTRAINT numbers_country_is_iso_3166 CHECK (country ~ '^[A-Z]{2}$'),
    area_code         text CONSTRAINT numbers_area_code_is_nanp CHECK (area_code ~ '^[2-9][0-9]{2}$'),
    status            text NOT NULL CONSTRAINT numbers_status_is_known
        CHECK (status IN ('available', 'assigned', 'quarantined', 'released')),
    webhook_status    text NOT NULL CONSTRAINT numbers_webhook_status_is_known
        CHECK (webhook_status IN ('configured', 'drifted', 'pending', 'failed')),
    capable           boolean NOT NULL,
    missing_since     timestamptz,
    quarantined_until timestamptz,
    quarantine_reason text CONSTRAINT numbers_quarantine_reason_is_known
        CHECK (quarantine_reason IN ('released', 'unknown_item', 'tag_conflict')),
    rests_for         text COLLATE "C",
    purchase_item_id  uuid CONSTRAINT numbers_one_per_purchase_item UNIQUE
                           CONSTRAINT numbers_come_from_an_item REFERENCES purchase_items (id),
    purchased_at      timestamptz NOT NULL,
    -- I6: nothing else is ever assigned.
    ready             boolean NOT NULL GENERATED ALWAYS AS
        (status = 'available' AND webhook_status = 'configured' AND capable AND missing_since IS NULL) STORED,
    CONSTRAINT numbers_quarantine_says_why CHECK ((status = 'quarantined') = (quarantine_reason IS NOT NULL)),
    CONSTRAINT numbers_rest_ends CHECK (quarantine_reason IS DISTINCT FROM 'released' OR quarantined_until IS NOT NULL),
    CONSTRAINT numbers_rest_for_somebody CHECK (rests_for IS NULL OR status = 'quarantined')
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX numbers_one_live_per_number ON numbers (phone_number) WHERE status <> 'released';
-- Oldest first, because Twilio takes back numbers that idle; and the same inside an area code.
CREATE INDEX numbers_ready_idx ON numbers (purchased_at, id) WHERE ready;
CREATE INDEX numbers_ready_in_area_idx ON numbers (country, area_code, purchased_at, id) WHERE ready;
CREATE UNIQUE INDEX numbers_one_rests_per_user ON numbers (rests_for) WHERE rests_for IS NOT NULL;
CREATE INDEX numbers_resting_idx ON numbers (quarantined_until) WHERE status = 'quarantined';
CREATE INDEX numbers_not_ready_idx ON numbers (id) WHERE status = 'available' AND NOT ready;

CREATE TABLE assignments (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number_id   bigint NOT NULL CONSTRAINT assignments_of_a_number REFERENCES numbers (id),
    user_id     text COLLATE "C" NOT NULL CONSTRAINT assignments_user_id_length CHECK (char_length(user_id) BETWEEN 1 AND 128),
    source      text NOT NULL CONSTRAINT assignments_source_is_known CHECK (source IN ('pool', 'emergency', 'import', 'adopt')),
    assigned_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    released_at timestamptz CONSTRAINT assignments_end_after_they_begin CHECK (released_at >= assigned_at)
);
CREATE UNIQUE INDEX assignments_one_live_per_user ON assignments (user_id) WHERE released_at IS NULL;
CREATE UNIQUE INDEX assignments_one_live_per_number ON assignments (number_id) WHERE released_at IS NULL;
CREATE INDEX assignments_of_a_number_idx ON assignments (number_id, id);

-- Signups that wait for a number, on any instance. Unlogged: after a crash of PostgreSQL nobody waits any more.
CREATE UNLOGGED TABLE waiters (
    user_id     text COLLATE "C" PRIMARY KEY,
    country     text,
    instance_id uuid NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at  timestamptz NOT NULL
);
CREATE INDEX waiters_oldest_first_idx ON waiters (created_at, user_id);

-- What each pass of the monitor did and why: "why did nothing happen?"
CREATE TABLE passes (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at              timestamptz NOT NULL DEFAULT clock_timestamp(),
    trigger         text NOT NULL,
    reason          text NOT NULL,
    purchased_count integer NOT NULL,
    error           text
);

-- Look-ups in sub-selects instead of joins: a session plans these once, perhaps while nobody has a number yet, and a join
-- planned then reads all assignments at each signup once there are many.
CREATE FUNCTION numbers_agree_with_assignments() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER numbers_agree_on_insert AFTER INSERT ON numbers REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION numbers_agree_with_assignments();
CREATE TRIGGER numbers_agree_on_update AFTER UPDATE ON numbers REFERENCING OLD TABLE AS before NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION numbers_agree_with_assignments();
CREATE TRIGGER assignments_agree_on_insert AFTER INSERT ON assignments REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION numbers_agree_with_assignments();
CREATE TRIGGER assignments_agree_on_update AFTER UPDATE ON assignments REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION numbers_agree_with_assignments();

CREATE FUNCTION nothing_is_forgotten() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are kept for ever', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'nothing_is_forgotten';
END $$;
CREATE TRIGGER numbers_are_kept BEFORE DELETE OR TRUNCATE ON numbers EXECUTE FUNCTION nothing_is_forgotten();
CREATE TRIGGER assignments_are_kept BEFORE DELETE OR TRUNCATE ON assignments EXECUTE FUNCTION nothing_is_forgotten();
CREATE TRIGGER purchases_are_kept BEFORE DELETE OR TRUNCATE ON purchases EXECUTE FUNCTION nothing_is_forgotten();
CREATE TRIGGER purchase_items_are_kept BEFORE DELETE OR TRUNCATE ON purchase_items EXECUTE FUNCTION nothing_is_forgotten();

CREATE FUNCTION purchase_items_keep_the_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    requested integer;
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.id, NEW.purchase_id, NEW.phone_number) IS DISTINCT FROM (OLD.id, OLD.purchase_id, OLD.phone_number) THEN
        RAISE EXCEPTION 'an item keeps its order and its number'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'purchase_items_keep_their_number';
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.state = 'bought' AND NEW.state <> 'bought' THEN
        RAISE EXCEPTION 'a purchase cannot come undone'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'purchase_items_bought_is_final';
    END IF;
    -- An item that held a place already takes no other: there is nothing to count, and no order to lock.
    IF TG_OP = 'UPDATE' AND (OLD.state IN ('intended', 'sent', 'bought', 'unknown') OR (OLD.state = 'not_bought' AND OLD.doubted)) THEN
        RETURN NULL;
    END IF;
    -- An item whose outcome was ever in doubt keeps its place for ever: it may turn up later.
    SELECT requested_count INTO requested FROM callbunker.purchases WHERE id = NEW.purchase_id FOR UPDATE;
    IF (SELECT count(*) FROM callbunker.purchase_items WHERE purchase_id = NEW.purchase_id
          AND (state IN ('intended', 'sent', 'bought', 'unknown') OR (state = 'not_bought' AND doubted))) > requested THEN
        RAISE EXCEPTION 'an order cannot hold more items than it requested'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'purchase_items_fit_their_order';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER purchase_items_keep_the_ledger AFTER INSERT OR UPDATE ON purchase_items
    FOR EACH ROW EXECUTE FUNCTION purchase_items_keep_the_ledger();
