-- A number's history says who moved it into another pool.
--
-- Why: the pool of a number decides who gets it, where its calls go and what it costs; the audit trail forgets after a while.
ALTER TABLE number_notes
    DROP CONSTRAINT number_notes_note_is_known,
    ADD CONSTRAINT number_notes_note_is_known
        CHECK (note IN ('held', 'hold_ended', 'missing', 'turned_up', 'tag_conflict', 'retagged', 'moved'));
COMMENT ON COLUMN number_notes.detail IS
    'Why it was held; the environment whose tag it was; or of a move both pools, with a blank between.';
