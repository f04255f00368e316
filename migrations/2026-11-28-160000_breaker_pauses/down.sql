ALTER TABLE buying_gate DROP COLUMN halts_in_a_row, DROP COLUMN probe_closed_at;
