ALTER TABLE purchases DROP COLUMN cancelled_at, DROP COLUMN cancelled_by;
