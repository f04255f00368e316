-- Attachments are taken up target by target, and numbers that lack something in the order they came: a stretch of an index each,
-- however many wait. And which kind of attachment fails in a row is known, so that a halt names the key that it needs.
CREATE INDEX attachments_by_target_idx ON attachments (target, since, id) WHERE state IN ('intended', 'sent') OR leaving;
CREATE INDEX numbers_to_attach_idx ON numbers (id) WHERE attachment_status = 'pending' AND status <> 'released';
DROP INDEX numbers_attaching_idx;

ALTER TABLE pool_failures
    ADD COLUMN kind text NOT NULL DEFAULT 'messaging_service' CONSTRAINT pool_failures_kind_is_known
        CHECK (kind IN ('messaging_service', 'customer_profile', 'trust_product'));
