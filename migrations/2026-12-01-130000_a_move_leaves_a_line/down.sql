-- Lines that an earlier version cannot read go; who moved a number stands in the audit trail for a while.
ALTER TABLE number_notes DISABLE TRIGGER number_notes_are_kept;
DELETE FROM number_notes WHERE note = 'moved';
ALTER TABLE number_notes ENABLE TRIGGER number_notes_are_kept;
ALTER TABLE number_notes
    DROP CONSTRAINT number_notes_note_is_known,
    ADD CONSTRAINT number_notes_note_is_known
        CHECK (note IN ('held', 'hold_ended', 'missing', 'turned_up', 'tag_conflict', 'retagged'));
COMMENT ON COLUMN number_notes.detail IS NULL;
