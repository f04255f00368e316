DROP INDEX assignments_pace_idx;
DROP INDEX assignments_released_idx;
DROP INDEX assignments_past_of_a_user_idx;
DROP TABLE stock_samples;
