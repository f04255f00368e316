-- Nothing holds a number back any more but its webhooks, its capabilities and its place. What is attached at Twilio stays so; what
-- was known of it is gone. `ready` becomes a generated column again, which rewrites the table.
DROP TRIGGER numbers_know_what_they_lack ON numbers;
DROP TRIGGER numbers_ready_follows ON numbers;
DROP TRIGGER registrations_go_forward ON numbers;
DROP FUNCTION numbers_know_what_they_lack(), numbers_ready_follows(), registrations_go_forward();
-- Leases hear of what was held back, while there is somebody to tell them.
UPDATE numbers SET held_back = NULL, ready = status = 'active' AND webhook_status = 'configured' AND capable AND missing_since IS NULL
 WHERE held_back IS NOT NULL;
SET CONSTRAINTS ALL IMMEDIATE;

DROP TABLE attachments, attachment_targets, pool_wants, pool_failures;
DROP FUNCTION attachments_move_as_they_may(), attachments_tell_their_numbers(), attachment_status_of(bigint, text);
ALTER TABLE pools DROP COLUMN needs_attached, DROP COLUMN needs_registered, DROP COLUMN telling_wants;

DROP INDEX numbers_attaching_idx, numbers_held_back_idx, numbers_unmendable_idx;
ALTER TABLE numbers
    DROP COLUMN ready, DROP COLUMN attachment_status, DROP COLUMN registration, DROP COLUMN registration_at,
    DROP COLUMN registration_reason, DROP COLUMN marked_ready_at, DROP COLUMN marked_ready_by, DROP COLUMN held_back,
    ADD COLUMN ready boolean NOT NULL GENERATED ALWAYS AS
        (status = 'active' AND webhook_status = 'configured' AND capable AND missing_since IS NULL) STORED;
CREATE INDEX numbers_unmendable_idx ON numbers (id)
    WHERE status = 'active' AND (NOT capable OR webhook_status = 'failed' OR missing_since IS NOT NULL);
