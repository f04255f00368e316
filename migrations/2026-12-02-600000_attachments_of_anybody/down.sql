DROP INDEX attachments_by_target_idx;
CREATE INDEX attachments_by_target_idx ON attachments (target, since, id) WHERE state IN ('intended', 'sent') OR leaving;
ALTER TABLE attachments DROP COLUMN for_anybody;
