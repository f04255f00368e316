-- Lists and searches for people, and what became of a number between its ends.
--
-- Why: "the last assignments" is a question about when, and an import brings assignments of long ago; people look for the
-- last four digits of a number, or for how it begins; and a hold, a number that was gone and came back, or another
-- environment's tag left no trace once it was over.

-- Assignments are listed by their ids, which a signup's index has anyway: signups come in the order of time. One that began
-- before callbunker knew of it gets an id below zero that tells when that was: seconds, then a number of its own.
CREATE FUNCTION assignment_id_of(since timestamptz) RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT CASE WHEN since < clock_timestamp() - interval '1 minute'
                THEN ((extract(epoch FROM greatest(since, timestamptz '1940-01-01Z'))::bigint - extract(epoch FROM timestamptz '2000-01-01Z')::bigint) << 31)
                     + (nextval('callbunker.assignment_ids') & 2147483647) - 4611686018427387904
                ELSE nextval('callbunker.assignment_ids') END
$$;

-- A number never changes its digits, and numbers come seldom.
CREATE INDEX numbers_beginning_idx ON numbers (phone_number text_pattern_ops);
CREATE INDEX numbers_end_idx ON numbers (reverse(phone_number) text_pattern_ops);

-- What stands in no other table: a hold and a loss are columns of the number while they last, and a line here when they
-- are over; a tag is only ever seen at Twilio.
CREATE TABLE number_notes (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number_id bigint NOT NULL CONSTRAINT number_notes_are_about_a_number REFERENCES numbers (id),
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    note      text NOT NULL CONSTRAINT number_notes_note_is_known
        CHECK (note IN ('held', 'hold_ended', 'missing', 'turned_up', 'tag_conflict', 'retagged')),
    -- Why it was held, or the environment whose tag it was.
    detail    text,
    -- Whose word it was, if it was anybody's.
    noted_by  text
);
CREATE INDEX number_notes_of_a_number_idx ON number_notes (number_id, id);
CREATE TRIGGER number_notes_are_kept BEFORE DELETE OR TRUNCATE ON number_notes EXECUTE FUNCTION nothing_is_forgotten();

-- With its owner's rights: whoever may write numbers need not be allowed to write what follows from them.
CREATE FUNCTION numbers_leave_notes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.missing_since IS NOT NULL AND NEW.missing_since IS NULL THEN
        INSERT INTO callbunker.number_notes (number_id, at, note)
        VALUES (NEW.id, OLD.missing_since, 'missing'), (NEW.id, greatest(clock_timestamp(), OLD.missing_since), 'turned_up');
    END IF;
    IF OLD.quarantine_reason IN ('unknown_item', 'tag_conflict') AND NEW.quarantine_reason IS DISTINCT FROM OLD.quarantine_reason THEN
        INSERT INTO callbunker.number_notes (number_id, at, note, detail)
        VALUES (NEW.id, coalesce(OLD.held_since, clock_timestamp()), 'held', OLD.quarantine_reason),
               (NEW.id, greatest(clock_timestamp(), OLD.held_since), 'hold_ended', OLD.quarantine_reason);
    END IF;
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION numbers_leave_notes() FROM PUBLIC;
-- The condition keeps all other changes free of it.
CREATE TRIGGER numbers_leave_notes AFTER UPDATE ON numbers FOR EACH ROW
    WHEN ((OLD.missing_since IS NOT NULL AND NEW.missing_since IS NULL)
       OR (OLD.quarantine_reason IN ('unknown_item', 'tag_conflict') AND NEW.quarantine_reason IS DISTINCT FROM OLD.quarantine_reason))
    EXECUTE FUNCTION numbers_leave_notes();
