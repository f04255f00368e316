-- A breaker whose pauses double.
--
-- Why: where Twilio answers looks and refuses purchases, every good probe closes the breaker and the next purchase opens it
-- again, once a minute for ever. A halt that follows soon upon the one before waits longer.

-- When a good probe closed the breaker last.
ALTER TABLE buying_gate ADD COLUMN probe_closed_at timestamptz;
-- So many halts followed each other soon; each doubles the pause.
ALTER TABLE buying_gate ADD COLUMN halts_in_a_row integer NOT NULL DEFAULT 0
    CONSTRAINT buying_gate_halts_count_up CHECK (halts_in_a_row >= 0);
