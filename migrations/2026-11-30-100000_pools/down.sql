-- Every pool becomes the one that there was. Nothing is lost but which pool it was, and how near a number came to a wish.
DROP VIEW assignments_ever;
DROP TRIGGER leases_agree_with_numbers ON leases;

CREATE OR REPLACE FUNCTION numbers_have_a_lease() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    come boolean;
    turn boolean;
    go boolean;
    owned bigint;
    change bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT bool_or(status = 'active'), count(*) FILTER (WHERE status <> 'released' AND missing_since IS NULL)
          INTO come, owned FROM changed;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT -count(*) FILTER (WHERE status <> 'released' AND missing_since IS NULL) INTO owned FROM before;
    ELSE
        SELECT bool_or(c.status = 'active' AND l.number_id IS NULL),
               bool_or(c.status = 'active' AND l.user_id IS NULL AND l.ready <> c.ready),
               bool_or(c.status <> 'active' AND l.number_id IS NOT NULL),
               count(*) FILTER (WHERE c.status <> 'released' AND c.missing_since IS NULL)
             - (SELECT count(*) FROM before WHERE status <> 'released' AND missing_since IS NULL)
          INTO come, turn, go, owned FROM changed c LEFT JOIN callbunker.leases l ON l.number_id = c.id;
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
        INSERT INTO callbunker.leases (number_id, ready, purchased_at, phone_number, country, area_code)
        SELECT c.id, c.ready, c.purchased_at, c.phone_number, c.country, c.area_code FROM changed c
          LEFT JOIN callbunker.leases l ON l.number_id = c.id WHERE c.status = 'active' AND l.number_id IS NULL;
    END IF;
    IF owned <> 0 THEN
        INSERT INTO callbunker.owned_changes (more) VALUES (owned) RETURNING id INTO change;
        IF change % 64 = 0 THEN
            -- Whoever folds passes by what another one folds.
            WITH gone AS (DELETE FROM callbunker.owned_changes
                           WHERE id IN (SELECT id FROM callbunker.owned_changes FOR UPDATE SKIP LOCKED) RETURNING more)
            INSERT INTO callbunker.owned_changes (more) SELECT sum(more) FROM gone HAVING count(*) > 0;
        END IF;
    END IF;
    RETURN NULL;
END $$;

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
    SELECT (SELECT count(*) FROM callbunker.numbers WHERE status <> 'released' AND missing_since IS NULL)
         - (SELECT coalesce(sum(more), 0) FROM callbunker.owned_changes) INTO lacking;
    IF lacking <> 0 THEN
        INSERT INTO callbunker.owned_changes (more) VALUES (lacking);
    END IF;
    PERFORM set_config('callbunker.owned_recount', former, true);
    RETURN lacking;
END $$;

CREATE OR REPLACE FUNCTION leases_agree_with_numbers() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    n record;
BEGIN
    -- Locked, so that it cannot change before this row is there to be told.
    SELECT status, ready, purchased_at, phone_number, country, area_code INTO n
      FROM callbunker.numbers WHERE id = NEW.number_id FOR SHARE;
    IF n.status IS DISTINCT FROM 'active' THEN
        RAISE EXCEPTION 'only an active number has a lease'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'leases_agree_with_numbers';
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.ready <> n.ready THEN
        RAISE EXCEPTION 'a lease is ready when its number is'
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
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION leases_become_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO callbunker.past_assignments (id, number_id, user_id, source, assigned_at, released_at, waited_at)
    VALUES (OLD.assignment_id, OLD.number_id, OLD.user_id, OLD.source, OLD.assigned_at,
            greatest(clock_timestamp(), OLD.assigned_at), OLD.waited_at);
    RETURN OLD;
END $$;

ALTER TABLE owned_changes DROP COLUMN pool;
ALTER TABLE waiters DROP COLUMN pool, DROP COLUMN area_code, DROP COLUMN only_pool;

INSERT INTO signup_refusals (minute, code, count, pool)
SELECT minute, code, sum(count)::bigint, 'default' FROM signup_refusals WHERE pool <> 'default' GROUP BY minute, code
    ON CONFLICT (minute, code, pool) DO UPDATE SET count = signup_refusals.count + excluded.count;
DELETE FROM signup_refusals WHERE pool <> 'default';
ALTER TABLE signup_refusals DROP CONSTRAINT signup_refusals_pkey, DROP COLUMN pool,
    ADD CONSTRAINT signup_refusals_pkey PRIMARY KEY (minute, code);
DELETE FROM stock_samples WHERE pool <> 'default';
ALTER TABLE stock_samples DROP CONSTRAINT stock_samples_pkey, DROP COLUMN pool, ADD CONSTRAINT stock_samples_pkey PRIMARY KEY (at);

DROP INDEX passes_of_a_pool_idx;
ALTER TABLE passes DROP COLUMN pool;

UPDATE purchase_items SET refusal_concerns = 'order' WHERE refusal_concerns = 'pool';
UPDATE purchase_items SET refusal_concerns = 'number' WHERE refusal_concerns = 'unclear';
-- What these changes still owe their triggers is done before the tables change.
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE purchase_items DROP CONSTRAINT purchase_items_are_of_their_orders_pool,
    DROP CONSTRAINT purchase_items_refusal_concerns_is_known, DROP COLUMN pool;
ALTER TABLE purchase_items
    ADD CONSTRAINT purchase_items_belong_to_an_order FOREIGN KEY (purchase_id) REFERENCES purchases (id),
    ADD CONSTRAINT purchase_items_refusal_concerns_is_known CHECK (refusal_concerns IN ('number', 'order', 'account', 'moment'));
ALTER TABLE purchases DROP CONSTRAINT purchases_one_per_pool_and_id, DROP COLUMN pool, DROP COLUMN number_type;

DROP INDEX leases_free_idx, leases_one_per_assignment;
ALTER TABLE leases DROP CONSTRAINT leases_match_somebody, DROP COLUMN pool, DROP COLUMN apart, DROP COLUMN matched;
CREATE INDEX leases_free_idx ON leases (purchased_at, number_id) WHERE user_id IS NULL AND ready;
CREATE UNIQUE INDEX leases_one_per_assignment ON leases (assignment_id) WHERE assignment_id IS NOT NULL;
CREATE TRIGGER leases_agree_with_numbers BEFORE UPDATE ON leases FOR EACH ROW
    WHEN (NEW.ready <> OLD.ready AND pg_trigger_depth() = 0) EXECUTE FUNCTION leases_agree_with_numbers();
ALTER TABLE past_assignments DROP COLUMN pool, DROP COLUMN matched;
CREATE VIEW assignments_ever AS
    SELECT assignment_id AS id, number_id, user_id, source, assigned_at, NULL::timestamptz AS released_at, waited_at
      FROM leases WHERE assignment_id IS NOT NULL
    UNION ALL
    SELECT id, number_id, user_id, source, assigned_at, released_at, waited_at FROM past_assignments;

DROP INDEX numbers_of_a_pool_idx;
ALTER TABLE numbers DROP COLUMN pool, DROP COLUMN number_type, DROP COLUMN apart;
DROP TABLE pool_halts;
