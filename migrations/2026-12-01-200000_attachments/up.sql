-- Attachments: what a number belongs to at Twilio beside its webhooks, and what its pool wants of that.
--
-- Why: a number whose user cannot text is no stock. A US number must be in a messaging service whose campaign is approved, and
-- the carriers must know it; others must be of a customer profile and its trust products. What guards what, below every program:
--   * an attachment is a ledger like a purchase: `intended → sent → attached`, or refused, in conflict or left
--     (attachments_move_as_they_may); one row for each target, never deleted (nothing_is_forgotten), and a number is in one
--     messaging service (attachments_one_service_per_number).
--   * what a pool wants are rows (pool_wants), so that the database can tell what a number lacks: attachment_status says how its
--     attachments stand against them, held_back what keeps it from being handed out. Both follow from the facts, whoever writes:
--     attachments_tell_their_numbers when an attachment changes, numbers_know_what_they_lack when a number comes, moves, or
--     Twilio says how the carriers have it. `held_back = NULL` asks for the facts; any other word takes a number out of stock
--     until somebody asks: that is how stock is taken back before its pool wants more.
--   * only what is ready is handed out (I6): ready follows from all dimensions (numbers_ready_follows), the check
--     numbers_ready_says_what_is_so is the last line, and leases hang on it as before.
--   * what Twilio said last stands in registration, by Twilio's own clock (registrations_go_forward); an operator's word stands
--     beside it, so that the order in which both arrive changes nothing.
-- Whoever changes attachments or a registration locks the pool's row first, then the number's: as all others do. What changes
-- what a pool wants holds the pool's row; without that two attachments that settle at once would each miss the other.
--
-- Nothing here rewrites a table: columns come with a constant default, and `ready` is no longer generated, but stays as it is.
-- With a million numbers it takes about five seconds on two cores, for the checks and the indexes; nothing is served meanwhile.
-- A pool that wants none of this is as it was.

SET LOCAL maintenance_work_mem = '128MB';

CREATE TABLE attachments (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number_id        bigint NOT NULL CONSTRAINT attachments_are_of_a_number REFERENCES numbers (id),
    kind             text NOT NULL CONSTRAINT attachments_kind_is_known
        CHECK (kind IN ('messaging_service', 'customer_profile', 'trust_product')),
    -- The messaging service, the profile or the product.
    target           text COLLATE "C" NOT NULL CONSTRAINT attachments_target_fits_its_kind
        CHECK (target ~ CASE kind WHEN 'messaging_service' THEN '^MG[0-9a-fA-F]{32}$' ELSE '^BU[0-9a-fA-F]{32}$' END),
    state            text NOT NULL DEFAULT 'intended' CONSTRAINT attachments_state_is_known
        CHECK (state IN ('intended', 'sent', 'attached', 'refused', 'conflict', 'left')),
    -- Since when it is in that state.
    since            timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempts         integer NOT NULL DEFAULT 0 CONSTRAINT attachments_attempts_count_up CHECK (attempts >= 0),
    last_sent_at     timestamptz,
    -- An attempt had no clear answer: it is looked up before it is repeated.
    doubted          boolean NOT NULL DEFAULT false,
    -- Twilio's name for the assignment of a profile or a product, which its end needs.
    assignment_sid   text CONSTRAINT attachments_assignment_is_twilios CHECK (assignment_sid ~ '^RA[0-9a-fA-F]{32}$'),
    -- Why it is refused, in conflict or in doubt, and whether another target may take the number all the same.
    twilio_code      integer,
    message          text,
    request_id       text,
    refusal_concerns text CONSTRAINT attachments_refusal_concerns_is_known CHECK (refusal_concerns IN ('number', 'target')),
    -- Its number has left for ever, and Twilio may not have been told.
    leaving          boolean NOT NULL DEFAULT false,
    CONSTRAINT attachments_one_per_target UNIQUE (number_id, kind, target),
    CONSTRAINT attachments_sent_was_attempted CHECK (state <> 'sent' OR (attempts > 0 AND last_sent_at IS NOT NULL)),
    CONSTRAINT attachments_refused_says_why
        CHECK ((state IN ('refused', 'conflict')) = (refusal_concerns IS NOT NULL) AND (refusal_concerns IS NULL OR message IS NOT NULL)),
    CONSTRAINT attachments_leave_from_where_they_were CHECK (NOT leaving OR state IN ('sent', 'attached'))
);
CREATE UNIQUE INDEX attachments_one_service_per_number ON attachments (number_id)
    WHERE kind = 'messaging_service' AND state IN ('intended', 'sent', 'attached');
CREATE INDEX attachments_open_idx ON attachments (since, id) WHERE state IN ('intended', 'sent') OR leaving;
CREATE INDEX attachments_failed_idx ON attachments (since, id) WHERE state IN ('refused', 'conflict');
CREATE INDEX attachments_of_a_target_idx ON attachments (kind, target) WHERE state = 'attached';
CREATE TRIGGER attachments_are_kept BEFORE DELETE OR TRUNCATE ON attachments EXECUTE FUNCTION nothing_is_forgotten();

-- What was last seen of a messaging service, a profile or a product: of the account, not of one pool.
CREATE TABLE attachment_targets (
    target             text COLLATE "C" CONSTRAINT attachment_targets_pkey PRIMARY KEY
        CONSTRAINT attachment_targets_are_twilios CHECK (target ~ '^(MG|BU)[0-9a-fA-F]{32}$'),
    -- Since when Twilio takes no more numbers into it, and since when it does not know it.
    full_since         timestamptz,
    unknown_since      timestamptz,
    -- Whether SMS that comes in goes to the number's own webhook; NULL = nobody has looked.
    inbound_on_number  boolean,
    looked_at          timestamptz,
    twilio_code        integer,
    message            text,
    CONSTRAINT attachment_targets_say_why CHECK ((full_since IS NULL AND unknown_since IS NULL) OR message IS NOT NULL)
);

CREATE TABLE pool_wants (
    pool   text COLLATE "C" NOT NULL CONSTRAINT pool_wants_are_of_a_pool REFERENCES pools (name),
    kind   text NOT NULL CONSTRAINT pool_wants_kind_is_known
        CHECK (kind IN ('messaging_service', 'customer_profile', 'trust_product')),
    target text COLLATE "C" NOT NULL CONSTRAINT pool_wants_target_fits_its_kind
        CHECK (target ~ CASE kind WHEN 'messaging_service' THEN '^MG[0-9a-fA-F]{32}$' ELSE '^BU[0-9a-fA-F]{32}$' END),
    -- Services are tried in this order; of all others each is wanted.
    rank   integer NOT NULL CONSTRAINT pool_wants_rank_counts_up CHECK (rank >= 0),
    CONSTRAINT pool_wants_pkey PRIMARY KEY (pool, kind, target),
    CONSTRAINT pool_wants_one_per_rank UNIQUE (pool, kind, rank)
);
CREATE UNIQUE INDEX pool_wants_one_profile ON pool_wants (pool) WHERE kind = 'customer_profile';

ALTER TABLE pools
    -- Whether its numbers are handed out only with their attachments, and only when the carriers know them.
    ADD COLUMN needs_attached   boolean NOT NULL DEFAULT false,
    ADD COLUMN needs_registered boolean NOT NULL DEFAULT false,
    -- Its numbers are still being told what it wants.
    ADD COLUMN telling_wants    boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT pools_registered_are_attached CHECK (needs_attached OR NOT needs_registered);

-- Failures in a row, without a success between, and under which keys of the pool: as many as one batch halt it.
CREATE TABLE pool_failures (
    pool        text COLLATE "C" CONSTRAINT pool_failures_pkey PRIMARY KEY
        CONSTRAINT pool_failures_are_of_a_pool REFERENCES pools (name),
    fingerprint text NOT NULL,
    in_a_row    integer NOT NULL CONSTRAINT pool_failures_count_up CHECK (in_a_row >= 0),
    since       timestamptz NOT NULL DEFAULT clock_timestamp(),
    message     text NOT NULL
);

ALTER TABLE numbers
    ADD COLUMN attachment_status text NOT NULL DEFAULT 'attached'
        CONSTRAINT numbers_attachment_status_is_known CHECK (attachment_status IN ('attached', 'pending', 'failed')),
    -- What Twilio said last of how the carriers have it, when that was so by its own clock, and why. NULL with a time: nothing
    -- said until then counts any more.
    ADD COLUMN registration text
        CONSTRAINT numbers_registration_is_known CHECK (registration IN ('pending', 'registered', 'failed', 'unregistered')),
    ADD COLUMN registration_at timestamptz,
    ADD COLUMN registration_reason text,
    -- An operator's word that the carriers know it, which stands until Twilio says later that they do not.
    ADD COLUMN marked_ready_at timestamptz,
    ADD COLUMN marked_ready_by text,
    -- What keeps it from being handed out, beside webhooks, capabilities and place; NULL = nothing.
    ADD COLUMN held_back text
        CONSTRAINT numbers_held_back_is_known CHECK (held_back IN ('attaching', 'registering', 'unattachable', 'registration_failed')),
    ADD CONSTRAINT numbers_registration_has_a_time CHECK (registration IS NULL OR registration_at IS NOT NULL),
    ADD CONSTRAINT numbers_mark_says_whose CHECK ((marked_ready_at IS NULL) = (marked_ready_by IS NULL)),
    ALTER COLUMN ready DROP EXPRESSION,
    ALTER COLUMN ready SET DEFAULT false,
    ADD CONSTRAINT numbers_ready_says_what_is_so
        CHECK (ready = (status = 'active' AND webhook_status = 'configured' AND capable AND missing_since IS NULL AND held_back IS NULL));

-- What waits to be attached is found, and what nothing mends is counted, without reading what is as it should be.
CREATE INDEX numbers_attaching_idx ON numbers (pool, id) WHERE attachment_status = 'pending' AND status <> 'released';
CREATE INDEX numbers_held_back_idx ON numbers (held_back, id) WHERE held_back IS NOT NULL AND status <> 'released';
DROP INDEX numbers_unmendable_idx;
CREATE INDEX numbers_unmendable_idx ON numbers (id)
    WHERE status = 'active' AND (NOT capable OR webhook_status = 'failed' OR missing_since IS NOT NULL
                                 OR held_back IN ('unattachable', 'registration_failed'));

CREATE FUNCTION attachments_move_as_they_may() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.number_id, NEW.kind, NEW.target) IS DISTINCT FROM (OLD.number_id, OLD.kind, OLD.target) THEN
        RAISE EXCEPTION 'an attachment keeps its number, its kind and its target'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'attachments_stay_what_they_are';
    END IF;
    RAISE EXCEPTION 'an attachment does not go from % to %', OLD.state, NEW.state
        USING ERRCODE = 'check_violation', CONSTRAINT = 'attachments_move_as_they_may';
END $$;
-- The condition is the check; the function only says what was broken. What is attached ends by leaving only, and Twilio is asked
-- again only for what is intended or was sent.
CREATE TRIGGER attachments_move_as_they_may BEFORE UPDATE ON attachments FOR EACH ROW
    WHEN ((NEW.number_id, NEW.kind, NEW.target) IS DISTINCT FROM (OLD.number_id, OLD.kind, OLD.target)
       OR (OLD.state <> NEW.state AND NEW.state <> ALL (CASE OLD.state
               WHEN 'intended' THEN ARRAY['sent', 'attached', 'refused', 'left']
               WHEN 'sent' THEN ARRAY['attached', 'refused', 'conflict', 'left']
               WHEN 'attached' THEN ARRAY['left']
               ELSE ARRAY['intended', 'attached', 'left'] END)))
    EXECUTE FUNCTION attachments_move_as_they_may();

-- How a number's attachments stand against what a pool wants. It reads anew in each statement, so that whoever waited for a row's
-- lock sees what came before it; the words are those of `domain::attachment`.
CREATE FUNCTION attachment_status_of(which bigint, of_pool text) RETURNS text LANGUAGE plpgsql VOLATILE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    worst integer;
BEGIN
    IF NOT EXISTS (SELECT FROM callbunker.pool_wants WHERE pool = of_pool) THEN
        RETURN 'attached';
    END IF;
    WITH w AS (SELECT kind, target FROM callbunker.pool_wants WHERE pool = of_pool),
         a AS (SELECT kind, target, state, refusal_concerns, w.target IS NOT NULL AS wanted
                 FROM callbunker.attachments LEFT JOIN w USING (kind, target) WHERE number_id = which),
         s AS (SELECT bool_or(state = 'attached' AND wanted) AS there, bool_or(state = 'attached') AS elsewhere,
                      bool_or(state IN ('intended', 'sent')) AS open,
                      bool_or(state = 'conflict' OR (state = 'refused' AND refusal_concerns = 'number')) AS failed
                 FROM a WHERE kind = 'messaging_service'),
         parts AS (
             -- One of the services will do. A number never changes its service by our hand: one that is in another is stuck.
             SELECT CASE WHEN there THEN 0 WHEN elsewhere THEN 2 WHEN open THEN 1 WHEN failed THEN 2 ELSE 1 END AS lack
               FROM s WHERE EXISTS (SELECT FROM w WHERE kind = 'messaging_service')
             UNION ALL
             SELECT CASE WHEN state = 'attached' THEN 0
                         WHEN state = 'conflict' OR (state = 'refused' AND refusal_concerns = 'number') THEN 2 ELSE 1 END
               FROM w LEFT JOIN a USING (kind, target) WHERE w.kind <> 'messaging_service')
    SELECT max(lack) INTO worst FROM parts;
    RETURN CASE worst WHEN 0 THEN 'attached' WHEN 1 THEN 'pending' ELSE 'failed' END;
END $$;
REVOKE EXECUTE ON FUNCTION attachment_status_of(bigint, text) FROM PUBLIC;

CREATE FUNCTION numbers_know_what_they_lack() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wants record;
BEGIN
    -- Taken back from stock by name, before its pool wants more.
    IF TG_OP = 'UPDATE' THEN
        IF NEW.held_back IS NOT NULL AND NEW.held_back IS DISTINCT FROM OLD.held_back
           AND (NEW.pool, NEW.attachment_status, NEW.registration, NEW.registration_at, NEW.marked_ready_at)
               IS NOT DISTINCT FROM (OLD.pool, OLD.attachment_status, OLD.registration, OLD.registration_at, OLD.marked_ready_at) THEN
            RETURN NEW;
        END IF;
    END IF;
    -- It cannot change its mind before this number is there to be told.
    SELECT needs_attached, needs_registered INTO wants FROM callbunker.pools WHERE name = NEW.pool FOR SHARE;
    NEW.attachment_status := callbunker.attachment_status_of(NEW.id, NEW.pool);
    NEW.held_back := CASE
        WHEN NOT coalesce(wants.needs_attached, false) THEN NULL
        WHEN NEW.attachment_status = 'pending' THEN 'attaching'
        WHEN NEW.attachment_status = 'failed' THEN 'unattachable'
        WHEN NOT wants.needs_registered OR NEW.registration IS NOT DISTINCT FROM 'registered' THEN NULL
        -- Only what Twilio says later undoes an operator's word, and only if it is that the carriers do not know it.
        WHEN NEW.marked_ready_at IS NOT NULL
             AND NOT coalesce(NEW.registration IN ('failed', 'unregistered') AND NEW.registration_at > NEW.marked_ready_at, false) THEN NULL
        WHEN NEW.registration IN ('failed', 'unregistered') THEN 'registration_failed'
        ELSE 'registering' END;
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION numbers_know_what_they_lack() FROM PUBLIC;
-- Triggers of one kind go by their names: this one before the next.
CREATE TRIGGER numbers_know_what_they_lack BEFORE INSERT OR UPDATE OF pool, attachment_status, registration, registration_at, marked_ready_at, held_back
    ON numbers FOR EACH ROW EXECUTE FUNCTION numbers_know_what_they_lack();

-- An event never undoes a later one, whoever writes it; at the same instant the better word wins. What was said of a membership that
-- is over is put aside by NULL, with the time until which nothing counts any more.
CREATE FUNCTION registrations_go_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what Twilio said later about the carriers stays'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'registrations_go_forward';
END $$;
CREATE TRIGGER registrations_go_forward BEFORE UPDATE OF registration, registration_at ON numbers FOR EACH ROW
    WHEN (NEW.registration_at < OLD.registration_at OR (NEW.registration_at IS NULL AND OLD.registration_at IS NOT NULL)
       OR (NEW.registration_at = OLD.registration_at AND NEW.registration IS NOT NULL AND NEW.registration IS DISTINCT FROM OLD.registration
           AND coalesce(array_position(ARRAY['failed', 'unregistered', 'pending', 'registered'], NEW.registration)
                        < array_position(ARRAY['failed', 'unregistered', 'pending', 'registered'], OLD.registration), true)))
    EXECUTE FUNCTION registrations_go_forward();

CREATE FUNCTION numbers_ready_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.ready := NEW.status = 'active' AND NEW.webhook_status = 'configured' AND NEW.capable AND NEW.missing_since IS NULL
                 AND NEW.held_back IS NULL;
    RETURN NEW;
END $$;
-- The condition keeps all other changes free of it.
CREATE TRIGGER numbers_ready_follows BEFORE INSERT OR UPDATE ON numbers FOR EACH ROW
    WHEN (NEW.ready IS DISTINCT FROM (NEW.status = 'active' AND NEW.webhook_status = 'configured' AND NEW.capable
                                      AND NEW.missing_since IS NULL AND NEW.held_back IS NULL))
    EXECUTE FUNCTION numbers_ready_follows();

-- Once for all rows that a statement changed. Numbers are locked first, and read afterwards: whoever settled another attachment of
-- one of them a moment ago is seen then.
CREATE FUNCTION attachments_tell_their_numbers() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    told bigint[];
BEGIN
    SELECT array_agg(DISTINCT number_id) INTO told FROM changed;
    IF told IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM FROM callbunker.pools WHERE name IN (SELECT pool FROM callbunker.numbers WHERE id = ANY (told)) ORDER BY name FOR SHARE;
    PERFORM FROM callbunker.numbers WHERE id = ANY (told) ORDER BY id FOR NO KEY UPDATE;
    UPDATE callbunker.numbers n SET held_back = NULL
     WHERE id = ANY (told) AND attachment_status <> callbunker.attachment_status_of(n.id, n.pool);
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION attachments_tell_their_numbers() FROM PUBLIC;
CREATE TRIGGER attachments_tell_their_numbers_when_they_come AFTER INSERT ON attachments REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION attachments_tell_their_numbers();
CREATE TRIGGER attachments_tell_their_numbers AFTER UPDATE ON attachments REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION attachments_tell_their_numbers();

ANALYZE numbers;
