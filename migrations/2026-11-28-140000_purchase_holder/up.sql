-- Whose run it is. Several orders of one run may run at a time: those for signups that wait go on beside another one whose
-- creates hang. A run opens or starts an order only while it is the one that is named here.
CREATE TABLE purchase_holder (
    only_one       boolean PRIMARY KEY DEFAULT true CONSTRAINT purchase_holder_is_one CHECK (only_one),
    run_id         uuid,
    -- The connection that has the lock, and when its process was last seen alive.
    backend_pid    integer,
    backend_start  timestamptz,
    beat_at        timestamptz,
    -- A create that takes longer serves nobody who waits.
    hangs_after_ms integer NOT NULL DEFAULT 10000
);
INSERT INTO purchase_holder DEFAULT VALUES;

DROP INDEX purchases_one_running;
CREATE UNIQUE INDEX purchases_one_running ON purchases ((true)) WHERE state = 'running' AND trigger <> 'emergency';

-- What became of the latest creates, for their pace.
CREATE INDEX purchase_items_latest_idx ON purchase_items (intended_at);
