-- The recount asks for no right that only a superuser has.
--
-- Why: as it was first made, it had the setting by which its trigger knows it as an attribute of the function, and PostgreSQL lets
-- nobody but a superuser make such a function. Now it sets it for as long as it writes. What it does is the same.

-- Of each pool what its sum lacked is set right. All of it is returned; if one pool had too many and another too few, how wrong
-- both were.
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
