-- The latest halt of each pool stays.
DELETE FROM pool_halts h USING pool_halts later
 WHERE later.pool = h.pool AND (later.since, later.fingerprint) > (h.since, h.fingerprint);
ALTER TABLE pool_halts
    DROP CONSTRAINT pool_halts_one_per_pool_and_keys,
    ADD CONSTRAINT pool_halts_one_per_pool PRIMARY KEY (pool);
