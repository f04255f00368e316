-- Every number of the North American plan has its area code.
--
-- Why: only those of the United States and Canada had one; a number of Puerto Rico (787, 939) or of the islands was of no area
-- code in documents and lists, and a signup that wished for its very code was told that it got any.
--
-- A number keeps its area code; what lacked one, gets it this once.
ALTER TABLE numbers DISABLE TRIGGER numbers_move_as_they_may;
UPDATE numbers SET area_code = substr(phone_number, 3, 3)
 WHERE area_code IS NULL AND country NOT IN ('US', 'CA') AND phone_number ~ '^\+1[2-9][0-9]{9}$';
ALTER TABLE numbers ENABLE TRIGGER numbers_move_as_they_may;
UPDATE leases SET area_code = substr(phone_number, 3, 3)
 WHERE area_code IS NULL AND country NOT IN ('US', 'CA') AND phone_number ~ '^\+1[2-9][0-9]{9}$';
