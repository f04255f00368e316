-- A purchase, or an operator's word, means a number to be attached whoever has it by then; whatever else is meant for a number of
-- nobody's stays undone once it is somebody's, if it would take their inbound SMS away.
ALTER TABLE attachments ADD COLUMN for_anybody boolean NOT NULL DEFAULT false;
