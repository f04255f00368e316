ALTER TABLE attachments DROP COLUMN for_anybody;
