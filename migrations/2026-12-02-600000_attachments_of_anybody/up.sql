-- A purchase, or an operator's word, means a number to be attached whoever has it by then; whatever else is meant for a number of
-- nobody's stays undone once it is somebody's, if it would take their inbound SMS away.
ALTER TABLE attachments ADD COLUMN for_anybody boolean NOT NULL DEFAULT false;

-- Whoever was asked for just now comes last: what fails each time keeps nothing behind it waiting. Of what leaves the same time is
-- kept, of its last try.
DROP INDEX attachments_by_target_idx;
CREATE INDEX attachments_by_target_idx ON attachments (target, coalesce(last_sent_at, since), id) WHERE state IN ('intended', 'sent') OR leaving;
