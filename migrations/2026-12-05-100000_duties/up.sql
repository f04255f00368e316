-- What one instance does for all of them, once in a while: who is at it, and when it was last done.
--
-- Why: each instance has the same loops, and a price is asked for, a charge written or a walk made once, not once per instance. Whoever
-- is at it holds a claim that runs out by itself, so an instance that dies delays a duty and never ends it. No duty does harm when two
-- instances are at it for a moment. A new table: nothing of the old schema is touched.

CREATE TABLE duties (
    name          text COLLATE "C" CONSTRAINT duties_pkey PRIMARY KEY,
    -- The instance that is at it, until when.
    claimed_by    uuid,
    claimed_until timestamptz,
    done_at       timestamptz,
    -- What came of it when it was last done.
    detail        text,
    CONSTRAINT duties_claims_end CHECK ((claimed_by IS NULL) = (claimed_until IS NULL))
);
