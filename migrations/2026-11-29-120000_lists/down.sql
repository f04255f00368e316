DROP TRIGGER numbers_leave_notes ON numbers;
DROP FUNCTION numbers_leave_notes();
DROP TABLE number_notes;
DROP INDEX numbers_end_idx, numbers_beginning_idx;
DROP FUNCTION assignment_id_of(timestamptz);
