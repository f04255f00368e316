-- How stock went, one row a minute over all instances, for the dashboard's chart and for whoever asks what happened.
--
-- Why a table: a chart made from what one process remembers is empty after a restart and different on each instance.
-- Rows older than 30 days are pruned by whoever writes the next one. The minute is the key, so two instances that look at
-- the same moment write one row.

CREATE TABLE stock_samples (
    at          timestamptz PRIMARY KEY CONSTRAINT stock_samples_are_whole_minutes CHECK (date_trunc('minute', at, 'UTC') = at),
    available   integer NOT NULL CONSTRAINT stock_samples_available_counts CHECK (available >= 0),
    assigned    integer NOT NULL CONSTRAINT stock_samples_assigned_counts CHECK (assigned >= 0),
    quarantined integer NOT NULL CONSTRAINT stock_samples_quarantined_counts CHECK (quarantined >= 0),
    unready     integer NOT NULL CONSTRAINT stock_samples_unready_counts CHECK (unready >= 0),
    threshold   integer NOT NULL CONSTRAINT stock_samples_threshold_counts CHECK (threshold >= 0)
);

-- Who had what, for the search and for live views: written when a number is given back, never when one is handed out.
CREATE INDEX assignments_past_of_a_user_idx ON assignments (user_id, id) WHERE released_at IS NOT NULL;
CREATE INDEX assignments_released_idx ON assignments (released_at) WHERE released_at IS NOT NULL;
-- The pace of the last days. BRIN, because rows come in the order of time and a signup must pay nothing for it.
CREATE INDEX assignments_pace_idx ON assignments USING brin (assigned_at) WITH (pages_per_range = 32);
