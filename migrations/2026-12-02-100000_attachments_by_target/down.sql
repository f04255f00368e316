ALTER TABLE pool_failures DROP COLUMN kind;
CREATE INDEX numbers_attaching_idx ON numbers (pool, id) WHERE attachment_status = 'pending' AND status <> 'released';
DROP INDEX attachments_by_target_idx, numbers_to_attach_idx;
