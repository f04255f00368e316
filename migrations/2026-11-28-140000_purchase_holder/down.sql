DROP INDEX purchase_items_latest_idx;
UPDATE purchases SET state = 'interrupted', run_id = NULL, ended_at = clock_timestamp() WHERE state = 'running';
DROP INDEX purchases_one_running;
CREATE UNIQUE INDEX purchases_one_running ON purchases ((true)) WHERE state = 'running';
DROP TABLE purchase_holder;
