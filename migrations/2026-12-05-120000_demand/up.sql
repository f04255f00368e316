-- What pools were asked for and did not have at once, and the thresholds that follow from it.
--
-- Why: a pool that never has stock would seem to need none, if only those counted who were served. So whoever waits or is refused for
-- want of stock leaves a line here, beside the assignments of those who were served; from both the past is replayed.
-- New tables, and one column without a default: nothing that is there is rewritten.

-- Who asked and found nothing ready; those who were served at once stand among the assignments.
CREATE TABLE demand (
    -- No reference: a pool may be gone.
    pool     text COLLATE "C" NOT NULL,
    -- The first eight bytes of SHA-256 of the user's id: enough to see that somebody asks again, nothing to read.
    user_key bytea NOT NULL CONSTRAINT demand_users_are_short_digests CHECK (octet_length(user_key) = 8),
    -- Five minutes: whoever asks again and again writes one line.
    slot     bigint NOT NULL,
    asked_at timestamptz NOT NULL,
    CONSTRAINT demand_pkey PRIMARY KEY (pool, user_key, slot)
);
-- Read and forgotten by the day.
CREATE INDEX demand_asked_idx ON demand USING brin (asked_at) WITH (pages_per_range = 16);

-- The threshold that foresight set for a pool; obeyed while foresight.mode is apply.
CREATE TABLE pool_thresholds (
    pool         text COLLATE "C" CONSTRAINT pool_thresholds_pkey PRIMARY KEY,
    in_force     integer NOT NULL CONSTRAINT pool_thresholds_are_counts CHECK (in_force >= 0),
    -- What was advised last.
    advised      integer NOT NULL CONSTRAINT pool_thresholds_advise_counts CHECK (advised >= 0),
    -- Since when the advice has been clearly lower, and the highest of it.
    lower_since  timestamptz,
    lower_most   integer,
    -- When it was changed last.
    changed_at   timestamptz,
    why          text NOT NULL,
    CONSTRAINT pool_thresholds_lower_is_whole CHECK ((lower_since IS NULL) = (lower_most IS NULL))
);

-- What was advised on a day, and what the day turned out to need: null until it is over.
CREATE TABLE advice_days (
    pool       text COLLATE "C" NOT NULL,
    day        date NOT NULL,
    advised    integer NOT NULL CONSTRAINT advice_days_advise_counts CHECK (advised >= 0),
    base_stock integer NOT NULL CONSTRAINT advice_days_stocks_are_counts CHECK (base_stock >= 0),
    needed     integer,
    signups    bigint,
    waited     bigint,
    CONSTRAINT advice_days_pkey PRIMARY KEY (pool, day),
    CONSTRAINT advice_days_end_whole CHECK ((needed IS NULL) = (signups IS NULL) AND (needed IS NULL) = (waited IS NULL))
);

-- What a pass did beside buying: a threshold from so many to so many, and why.
ALTER TABLE passes ADD COLUMN detail text;
