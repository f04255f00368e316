-- Pools: as many kinds of numbers as a business has.
--
-- Why: each number, lease, order, item, waiter, pass and sample belongs to one pool, and what was there before belongs to
-- `default`. What guards what, below every program:
--   * a lease is of its number's pool, at any time: numbers_have_a_lease makes it so and tells it when that changes, and
--     leases_agree_with_numbers refuses any other word.
--   * an item is of its order's pool: purchase_items_are_of_their_orders_pool.
--   * one user has one number over all pools, one number one user, one run buys: those constraints know no pool.
--   * how many numbers are owned is known for each pool without counting them (owned_changes).
--   * what is `apart` (of another country or type than its pool: bought, imported or moved in by an operator) is stock for
--     whoever asks for its very area code or country, and for nobody else; `apart` is told by the program, because what a pool
--     wants stands in the configuration.
-- Nothing here rewrites a table: every column comes with a constant default. It takes about ten seconds for a million numbers,
-- most of them for the checks and the indexes; nothing is served meanwhile.

SET LOCAL maintenance_work_mem = '128MB';

-- A pool that lacks something halts alone. The halt is of the keys that it was refused under: an instance whose keys are
-- others is not halted by it.
CREATE TABLE pool_halts (
    pool        text COLLATE "C" CONSTRAINT pool_halts_one_per_pool PRIMARY KEY
        CONSTRAINT pool_halts_pool_is_well_formed CHECK (pool ~ '^[a-z][a-z0-9_]{0,31}$' AND pool !~ '__|_$'),
    since       timestamptz NOT NULL DEFAULT clock_timestamp(),
    twilio_code integer,
    message     text NOT NULL,
    needs       text NOT NULL,
    fingerprint text NOT NULL
);

ALTER TABLE numbers
    ADD COLUMN pool text COLLATE "C" NOT NULL DEFAULT 'default'
        CONSTRAINT numbers_pool_is_well_formed CHECK (pool ~ '^[a-z][a-z0-9_]{0,31}$' AND pool !~ '__|_$'),
    ADD COLUMN number_type text NOT NULL DEFAULT 'local'
        CONSTRAINT numbers_number_type_is_known CHECK (number_type IN ('local', 'mobile', 'toll_free', 'national')),
    ADD COLUMN apart boolean NOT NULL DEFAULT false;
CREATE INDEX numbers_of_a_pool_idx ON numbers (pool, id);

ALTER TABLE leases
    ADD COLUMN pool text COLLATE "C" NOT NULL DEFAULT 'default',
    ADD COLUMN apart boolean NOT NULL DEFAULT false,
    -- How near the number came to what its user wished for; NULL = nothing was wished.
    ADD COLUMN matched text CONSTRAINT leases_matched_is_known CHECK (matched IN ('exact', 'overlay', 'region', 'any')),
    ADD CONSTRAINT leases_match_somebody CHECK (matched IS NULL OR user_id IS NOT NULL);
ALTER TABLE past_assignments ADD COLUMN pool text COLLATE "C" NOT NULL DEFAULT 'default', ADD COLUMN matched text;

-- A claim names its pool. What is taken leaves this index, so a signup pays nothing for it.
DROP INDEX leases_free_idx, leases_one_per_assignment;
CREATE INDEX leases_free_idx ON leases (pool, purchased_at, number_id) WHERE user_id IS NULL AND ready AND NOT apart;
-- With the pool, so that what is somebody's is counted by pool without a look at the table.
CREATE UNIQUE INDEX leases_one_per_assignment ON leases (assignment_id) INCLUDE (pool) WHERE assignment_id IS NOT NULL;

ALTER TABLE purchases
    ADD COLUMN pool text COLLATE "C" NOT NULL DEFAULT 'default'
        CONSTRAINT purchases_pool_is_well_formed CHECK (pool ~ '^[a-z][a-z0-9_]{0,31}$' AND pool !~ '__|_$'),
    ADD COLUMN number_type text NOT NULL DEFAULT 'local'
        CONSTRAINT purchases_number_type_is_known CHECK (number_type IN ('local', 'mobile', 'toll_free', 'national')),
    ADD CONSTRAINT purchases_one_per_pool_and_id UNIQUE (id, pool);
ALTER TABLE purchase_items
    ADD COLUMN pool text COLLATE "C" NOT NULL DEFAULT 'default',
    DROP CONSTRAINT purchase_items_belong_to_an_order,
    DROP CONSTRAINT purchase_items_refusal_concerns_is_known;
ALTER TABLE purchase_items
    ADD CONSTRAINT purchase_items_are_of_their_orders_pool FOREIGN KEY (purchase_id, pool) REFERENCES purchases (id, pool),
    ADD CONSTRAINT purchase_items_refusal_concerns_is_known
        CHECK (refusal_concerns IN ('number', 'order', 'account', 'moment', 'pool', 'unclear'));

ALTER TABLE passes ADD COLUMN pool text COLLATE "C" NOT NULL DEFAULT 'default';
CREATE INDEX passes_of_a_pool_idx ON passes (pool, id);

ALTER TABLE stock_samples ADD COLUMN pool text COLLATE "C" NOT NULL DEFAULT 'default', DROP CONSTRAINT stock_samples_pkey,
    ADD CONSTRAINT stock_samples_pkey PRIMARY KEY (at, pool);
ALTER TABLE signup_refusals ADD COLUMN pool text COLLATE "C" NOT NULL DEFAULT 'default', DROP CONSTRAINT signup_refusals_pkey,
    ADD CONSTRAINT signup_refusals_pkey PRIMARY KEY (minute, code, pool);

ALTER TABLE waiters
    ADD COLUMN pool text COLLATE "C" NOT NULL DEFAULT 'default',
    -- What they wish for, and whether they named the pool: then what rests for them in another one does not come back.
    ADD COLUMN area_code text,
    ADD COLUMN only_pool boolean NOT NULL DEFAULT false;

CREATE OR REPLACE VIEW assignments_ever AS
    SELECT assignment_id AS id, number_id, user_id, source, assigned_at, NULL::timestamptz AS released_at, waited_at, pool, matched
      FROM leases WHERE assignment_id IS NOT NULL
    UNION ALL
    SELECT id, number_id, user_id, source, assigned_at, released_at, waited_at, pool, matched FROM past_assignments;

-- How many are owned, pool by pool. A number that moves is one less here and one more there.
ALTER TABLE owned_changes ADD COLUMN pool text COLLATE "C" NOT NULL DEFAULT 'default';

CREATE OR REPLACE FUNCTION numbers_have_a_lease() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    come boolean;
    turn boolean;
    move boolean;
    go boolean;
    pools text[];
    owned bigint[];
    fold boolean;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT bool_or(status = 'active') INTO come FROM changed;
        SELECT array_agg(pool), array_agg(more) INTO pools, owned
          FROM (SELECT pool, count(*) AS more FROM changed WHERE status <> 'released' AND missing_since IS NULL GROUP BY pool) AS sums;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(pool), array_agg(more) INTO pools, owned
          FROM (SELECT pool, -count(*) AS more FROM before WHERE status <> 'released' AND missing_since IS NULL GROUP BY pool) AS sums;
    ELSE
        SELECT bool_or(c.status = 'active' AND l.number_id IS NULL),
               bool_or(c.status = 'active' AND l.user_id IS NULL AND l.ready <> c.ready),
               bool_or(c.status = 'active' AND (l.pool <> c.pool OR l.apart <> c.apart)),
               bool_or(c.status <> 'active' AND l.number_id IS NOT NULL)
          INTO come, turn, move, go FROM changed c LEFT JOIN callbunker.leases l ON l.number_id = c.id;
        SELECT array_agg(pool), array_agg(more) INTO pools, owned
          FROM (SELECT pool, sum(one)::bigint AS more
                  FROM (SELECT pool, 1 AS one FROM changed WHERE status <> 'released' AND missing_since IS NULL
                        UNION ALL
                        SELECT pool, -1 FROM before WHERE status <> 'released' AND missing_since IS NULL) AS ones
                 GROUP BY pool HAVING sum(one) <> 0) AS sums;
    END IF;
    IF move THEN
        -- Whoever has it keeps it, in its new pool.
        UPDATE callbunker.leases l SET pool = c.pool, apart = c.apart
          FROM changed c WHERE l.number_id = c.id AND c.status = 'active' AND (l.pool <> c.pool OR l.apart <> c.apart);
    END IF;
    IF turn THEN
        -- What is somebody's is left in peace.
        UPDATE callbunker.leases l SET ready = c.ready
          FROM changed c WHERE l.number_id = c.id AND c.status = 'active' AND l.user_id IS NULL AND l.ready <> c.ready;
    END IF;
    IF go THEN
        DELETE FROM callbunker.leases l USING changed c WHERE l.number_id = c.id AND c.status <> 'active' AND l.user_id IS NULL;
        -- Asked afterwards: a signup that was faster is waited for by then.
        IF EXISTS (SELECT FROM changed c JOIN callbunker.leases l ON l.number_id = c.id WHERE c.status <> 'active') THEN
            RAISE EXCEPTION 'a number that somebody has is active until they give it back'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'numbers_agree_with_leases';
        END IF;
    END IF;
    IF come THEN
        INSERT INTO callbunker.leases (number_id, ready, purchased_at, phone_number, country, area_code, pool, apart)
        SELECT c.id, c.ready, c.purchased_at, c.phone_number, c.country, c.area_code, c.pool, c.apart FROM changed c
          LEFT JOIN callbunker.leases l ON l.number_id = c.id WHERE c.status = 'active' AND l.number_id IS NULL;
    END IF;
    IF pools IS NOT NULL THEN
        WITH told AS (INSERT INTO callbunker.owned_changes (pool, more) SELECT * FROM unnest(pools, owned) RETURNING id)
        SELECT bool_or(id % 64 = 0) INTO fold FROM told;
        IF fold THEN
            -- Whoever folds passes by what another one folds.
            WITH gone AS (DELETE FROM callbunker.owned_changes
                           WHERE id IN (SELECT id FROM callbunker.owned_changes FOR UPDATE SKIP LOCKED) RETURNING pool, more)
            INSERT INTO callbunker.owned_changes (pool, more) SELECT pool, sum(more) FROM gone GROUP BY pool;
        END IF;
    END IF;
    RETURN NULL;
END $$;

-- Of each pool what its sum lacked is set right. All of it is returned; if one pool had too many and another too few, how wrong
-- both were.
-- Edited after it was out, for here an ordinary role came no further: only a superuser may give a function such a setting, as this
-- one had it. Whoever had applied it has the same function by 2026-12-03-300000_owned_recount_by_an_ordinary_role.
CREATE OR REPLACE FUNCTION owned_recount() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lacking bigint;
    former text := coalesce(current_setting('callbunker.owned_recount', true), '');
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'owned_recount needs read committed: it must see what came before its lock';
    END IF;
    PERFORM set_config('callbunker.owned_recount', 'on', true);
    -- Two at a time would correct it twice; it conflicts with itself, not with what changes rows.
    LOCK TABLE callbunker.owned_changes IN SHARE UPDATE EXCLUSIVE MODE;
    WITH lacks AS (SELECT pool, sum(more)::bigint AS more
                     FROM (SELECT pool, count(*) AS more FROM callbunker.numbers
                            WHERE status <> 'released' AND missing_since IS NULL GROUP BY pool
                           UNION ALL SELECT pool, -more FROM callbunker.owned_changes) AS both_sides
                    GROUP BY pool HAVING sum(more) <> 0),
         told AS (INSERT INTO callbunker.owned_changes (pool, more) SELECT pool, more FROM lacks RETURNING more)
    SELECT coalesce(nullif(sum(more), 0), sum(abs(more)), 0)::bigint INTO lacking FROM told;
    PERFORM set_config('callbunker.owned_recount', former, true);
    RETURN lacking;
END $$;

CREATE OR REPLACE FUNCTION leases_agree_with_numbers() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    n record;
BEGIN
    -- Locked, so that it cannot change before this row is there to be told.
    SELECT status, ready, purchased_at, phone_number, country, area_code, pool, apart INTO n
      FROM callbunker.numbers WHERE id = NEW.number_id FOR SHARE;
    IF n.status IS DISTINCT FROM 'active' THEN
        RAISE EXCEPTION 'only an active number has a lease'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'leases_agree_with_numbers';
    END IF;
    IF TG_OP = 'UPDATE' AND (NEW.ready <> n.ready OR NEW.pool <> n.pool OR NEW.apart <> n.apart) THEN
        RAISE EXCEPTION 'a lease is ready when its number is, and of its pool'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'leases_agree_with_numbers';
    END IF;
    IF NEW.user_id IS NOT NULL AND TG_OP = 'INSERT' THEN
        RAISE EXCEPTION 'a lease is nobody''s when it is made'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'leases_move_as_they_may';
    END IF;
    NEW.ready := n.ready;
    NEW.purchased_at := n.purchased_at;
    NEW.phone_number := n.phone_number;
    NEW.country := n.country;
    NEW.area_code := n.area_code;
    NEW.pool := n.pool;
    NEW.apart := n.apart;
    RETURN NEW;
END $$;
DROP TRIGGER leases_agree_with_numbers ON leases;
CREATE TRIGGER leases_agree_with_numbers BEFORE UPDATE ON leases FOR EACH ROW
    -- Not when the number itself tells it.
    WHEN ((NEW.ready <> OLD.ready OR NEW.pool <> OLD.pool OR NEW.apart <> OLD.apart) AND pg_trigger_depth() = 0)
    EXECUTE FUNCTION leases_agree_with_numbers();

CREATE OR REPLACE FUNCTION leases_become_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO callbunker.past_assignments (id, number_id, user_id, source, assigned_at, released_at, waited_at, pool, matched)
    VALUES (OLD.assignment_id, OLD.number_id, OLD.user_id, OLD.source, OLD.assigned_at,
            greatest(clock_timestamp(), OLD.assigned_at), OLD.waited_at, OLD.pool, OLD.matched);
    RETURN OLD;
END $$;

-- Claims are planned from here on.
ANALYZE leases;
ANALYZE numbers;
