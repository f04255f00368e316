-- A number's history says what it was attached to, what the carriers made of it, and who said that it is ready.
--
-- Why: an attachment is one row for each target, and says how it stands now; what it was before is asked for when a user cannot text.
ALTER TABLE number_notes
    DROP CONSTRAINT number_notes_note_is_known,
    ADD CONSTRAINT number_notes_note_is_known
        CHECK (note IN ('held', 'hold_ended', 'missing', 'turned_up', 'tag_conflict', 'retagged', 'moved', 'attached', 'attachment_refused',
                        'attachment_conflict', 'detached', 'registered', 'registration_failed', 'marked_ready'));
COMMENT ON COLUMN number_notes.detail IS
    'Why it was held; the environment whose tag it was; of a move both pools, with a blank between; of an attachment its target and, after '
    'a blank, what Twilio said; of a registration why the carriers do not take it.';
