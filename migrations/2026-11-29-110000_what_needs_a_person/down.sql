DROP INDEX numbers_another_tag_idx;
ALTER TABLE numbers DROP COLUMN another_tag_since;
DROP TABLE signup_refusals;
