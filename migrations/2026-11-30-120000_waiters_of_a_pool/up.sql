-- Who waits, waits at a pool; and what is apart from its pool serves only whoever asks for it.
--
-- Why: a country is a pool's by now. Whoever asks for one that no pool has is served by what lies in stock of it, or hears at
-- once that nothing is bought there: nobody waits for a country any more.
--
-- Nobody waits across an upgrade for longer than a moment: they ask again.
DELETE FROM waiters;
DROP INDEX waiters_oldest_first_idx;
ALTER TABLE waiters DROP COLUMN country;
CREATE INDEX waiters_oldest_first_idx ON waiters (pool, created_at, user_id);

-- Inside a pool, by area code and by whatever a repair looks for. What is taken leaves these, so a signup pays for none.
DROP INDEX leases_free_in_area_idx, leases_unready_idx;
CREATE INDEX leases_free_in_area_idx ON leases (pool, area_code, purchased_at, number_id) WHERE user_id IS NULL AND ready;
CREATE INDEX leases_unready_idx ON leases (pool, number_id) WHERE user_id IS NULL AND NOT ready;
-- Of a country that no pool has.
CREATE INDEX leases_apart_idx ON leases (pool, country, purchased_at, number_id) WHERE user_id IS NULL AND apart;

-- Numbers without a place were sold and taken in as local ones. Those in stock serve whoever asks for their very code. What is
-- of another country than its pool, the program tells as soon as it starts.
UPDATE numbers SET number_type = 'toll_free', apart = true
 WHERE country IN ('US', 'CA') AND area_code IN ('800', '822', '833', '844', '855', '866', '877', '888') AND status <> 'released';

ANALYZE leases;
