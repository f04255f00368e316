-- What is half told is told anew.
UPDATE pools SET country = NULL, number_type = NULL WHERE NOT all_told;
ALTER TABLE pools DROP COLUMN all_told;
COMMENT ON COLUMN pools.country IS NULL;
