-- A pool is halted for each set of keys by itself.
--
-- Why: two instances that are configured differently took the one row of a pool from each other: each halt ended the other's,
-- and each tried again what Twilio had refused.

ALTER TABLE pool_halts
    DROP CONSTRAINT pool_halts_one_per_pool,
    ADD CONSTRAINT pool_halts_one_per_pool_and_keys PRIMARY KEY (pool, fingerprint);
