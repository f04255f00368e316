-- Lines that an earlier version cannot read go; how each attachment stands is told by its row.
ALTER TABLE number_notes DISABLE TRIGGER number_notes_are_kept;
DELETE FROM number_notes
 WHERE note IN ('attached', 'attachment_refused', 'attachment_conflict', 'detached', 'registered', 'registration_failed', 'marked_ready');
ALTER TABLE number_notes ENABLE TRIGGER number_notes_are_kept;
ALTER TABLE number_notes
    DROP CONSTRAINT number_notes_note_is_known,
    ADD CONSTRAINT number_notes_note_is_known
        CHECK (note IN ('held', 'hold_ended', 'missing', 'turned_up', 'tag_conflict', 'retagged', 'moved'));
COMMENT ON COLUMN number_notes.detail IS
    'Why it was held; the environment whose tag it was; or of a move both pools, with a blank between.';
