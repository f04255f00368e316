ALTER TABLE numbers DROP COLUMN webhooks_failed_at, DROP COLUMN webhooks_in_vain;
