-- What needs a person is known on every instance and after a restart.
--
-- Why: signups that were refused left no trace but in the metrics of the instance that refused them, and that a user's number
-- carries another environment's tag stood in the report of the comparison that saw it, and nowhere else.

-- Refused signups by the minute and by the code of the answer, over all instances. Each instance adds what it refused every
-- few seconds; no signup waits for it.
CREATE TABLE signup_refusals (
    minute timestamptz NOT NULL,
    code text NOT NULL,
    count bigint NOT NULL CONSTRAINT refusals_are_counted CHECK (count > 0),
    PRIMARY KEY (minute, code)
);

-- Since when Twilio shows another environment's tag on a number that somebody has: it stays that user's until an operator
-- decides. NULL = it shows ours, or none.
ALTER TABLE numbers ADD COLUMN another_tag_since timestamptz;
CREATE INDEX numbers_another_tag_idx ON numbers (id) WHERE another_tag_since IS NOT NULL;
