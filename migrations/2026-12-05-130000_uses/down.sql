-- Lines that an earlier version cannot read go.
ALTER TABLE number_notes DISABLE TRIGGER number_notes_are_kept;
DELETE FROM number_notes WHERE note IN ('notice', 'recycled', 'recycling_ended', 'protected', 'unprotected');
ALTER TABLE number_notes ENABLE TRIGGER number_notes_are_kept;
ALTER TABLE number_notes
    DROP CONSTRAINT number_notes_note_is_known,
    ADD CONSTRAINT number_notes_note_is_known
        CHECK (note IN ('held', 'hold_ended', 'missing', 'turned_up', 'tag_conflict', 'retagged', 'moved', 'attached', 'attachment_refused',
                        'attachment_conflict', 'detached', 'registered', 'registration_failed', 'marked_ready'));
COMMENT ON COLUMN number_notes.detail IS
    'Why it was held; the environment whose tag it was; of a move both pools, with a blank between; of an attachment its target and, after '
    'a blank, what Twilio said; of a registration why the carriers do not take it.';
ALTER TABLE numbers DROP CONSTRAINT numbers_protected_by_somebody, DROP COLUMN protected_at, DROP COLUMN protected_by;
DROP TABLE recycling_gate, recyclings, sweeps, touch_days, last_uses;
DROP FUNCTION recyclings_move_as_they_may();
