UPDATE numbers SET apart = false WHERE apart;
UPDATE numbers SET number_type = 'local' WHERE number_type = 'toll_free' AND pool = 'default';
UPDATE pools SET country = NULL, number_type = NULL;
DROP INDEX leases_free_in_area_idx, leases_unready_idx, leases_apart_idx;
CREATE INDEX leases_free_in_area_idx ON leases (country, area_code, purchased_at, number_id) WHERE user_id IS NULL AND ready;
CREATE INDEX leases_unready_idx ON leases (country, number_id) WHERE user_id IS NULL AND NOT ready;

DELETE FROM waiters;
DROP INDEX waiters_oldest_first_idx;
ALTER TABLE waiters ADD COLUMN country text;
CREATE INDEX waiters_oldest_first_idx ON waiters (created_at, user_id);
