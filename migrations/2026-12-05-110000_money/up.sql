-- Money: when each number costs, what it cost, and what Twilio says of it.
--
-- Why: an operator wants to know what the numbers cost and why, and whether that is what Twilio bills. What guards what:
--   * one charge for each number and anniversary (charges_once_per_anniversary), whichever instance writes it and however often;
--     only an amount that nobody knew changes afterwards (charges_stay_as_they_are).
--   * each number has a clock from the moment that it comes (numbers_begin_to_cost), which knows when it left (numbers_cost_no_more).
-- Clocks stand beside `numbers`: a change of a number fires the triggers of leases, and twelve a year for each are not worth that.
-- No table is rewritten; clocks of a million numbers are filled in about ten seconds, which nobody waits for.

-- When a number could first serve somebody. A table of its own: only whoever makes a number ready writes it, once, and nobody who keeps
-- the books waits for them.
CREATE TABLE first_ready (
    number_id bigint CONSTRAINT first_ready_pkey PRIMARY KEY CONSTRAINT first_ready_is_of_a_number REFERENCES numbers (id),
    at        timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE FUNCTION numbers_are_ready_first() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO callbunker.first_ready (number_id) VALUES (NEW.id) ON CONFLICT (number_id) DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER numbers_are_ready_first AFTER UPDATE ON numbers FOR EACH ROW WHEN (NEW.ready AND NOT OLD.ready)
    EXECUTE FUNCTION numbers_are_ready_first();

CREATE TABLE charge_clocks (
    number_id bigint CONSTRAINT charge_clocks_pkey PRIMARY KEY
        CONSTRAINT charge_clocks_are_of_a_number REFERENCES numbers (id),
    -- The day of Twilio's date_created, in UTC: every anniversary follows from it.
    bought_on date NOT NULL,
    -- What was charged before is not ours: it was adopted or imported on this day.
    ours_from date NOT NULL,
    -- The next charge; NULL = it costs no more.
    next_on   date,
    -- When it left the account; NULL = it did not, or nobody knows when.
    left_at   timestamptz
);
CREATE INDEX charge_clocks_due_idx ON charge_clocks (next_on) WHERE next_on IS NOT NULL;
CREATE INDEX charge_clocks_taken_in_idx ON charge_clocks (ours_from) WHERE ours_from > bought_on;

CREATE TABLE charges (
    number_id    bigint NOT NULL CONSTRAINT charges_are_of_a_number REFERENCES numbers (id),
    charged_on   date NOT NULL,
    what         text NOT NULL CONSTRAINT charges_what_is_known CHECK (what IN ('purchase', 'renewal')),
    -- As they were on that day.
    pool         text COLLATE "C" NOT NULL,
    country      text NOT NULL,
    number_type  text NOT NULL,
    -- NULL = nobody knows yet.
    amount       numeric(14, 5),
    currency     text,
    price_source text CONSTRAINT charges_price_source_is_known CHECK (price_source IN ('seen', 'today')),
    CONSTRAINT charges_once_per_anniversary PRIMARY KEY (number_id, charged_on),
    CONSTRAINT charges_say_where_a_price_is_from CHECK ((amount IS NULL) = (currency IS NULL) AND (amount IS NULL) = (price_source IS NULL))
);
CREATE INDEX charges_by_day_idx ON charges (charged_on, number_id);
CREATE INDEX charges_unpriced_idx ON charges (charged_on) WHERE amount IS NULL;

CREATE FUNCTION charges_stay_as_they_are() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a charge stays as it is' USING ERRCODE = 'check_violation', CONSTRAINT = 'charges_stay_as_they_are';
END $$;
CREATE TRIGGER charges_stay_as_they_are BEFORE UPDATE ON charges FOR EACH ROW
    WHEN (OLD.amount IS NOT NULL
       OR (NEW.number_id, NEW.charged_on, NEW.what, NEW.pool, NEW.country, NEW.number_type)
          IS DISTINCT FROM (OLD.number_id, OLD.charged_on, OLD.what, OLD.pool, OLD.country, OLD.number_type))
    EXECUTE FUNCTION charges_stay_as_they_are();

-- What charges are folded into when they are old.
CREATE TABLE charge_months (
    month       date NOT NULL CONSTRAINT charge_months_begin_on_the_first CHECK (extract(day FROM month) = 1),
    pool        text COLLATE "C" NOT NULL,
    country     text NOT NULL,
    number_type text NOT NULL,
    -- Empty = the amounts were never known.
    currency    text NOT NULL,
    purchases   bigint NOT NULL,
    renewals    bigint NOT NULL,
    amount      numeric(20, 5),
    CONSTRAINT charge_months_pkey PRIMARY KEY (month, pool, country, number_type, currency),
    CONSTRAINT charge_months_know_what_they_can CHECK ((amount IS NULL) = (currency = ''))
);

CREATE TABLE prices_seen (
    country     text NOT NULL,
    number_type text NOT NULL,
    day         date NOT NULL,
    monthly     numeric(14, 5) NOT NULL,
    currency    text NOT NULL,
    CONSTRAINT prices_seen_pkey PRIMARY KEY (country, number_type, day)
);

-- Twilio's word on a month, as it last said it.
CREATE TABLE usage_seen (
    month    date NOT NULL CONSTRAINT usage_seen_begins_on_the_first CHECK (extract(day FROM month) = 1),
    category text NOT NULL,
    count    bigint NOT NULL,
    price    numeric(20, 5) NOT NULL,
    currency text NOT NULL,
    -- Until when Twilio had counted.
    as_of    timestamptz NOT NULL,
    asked_at timestamptz NOT NULL,
    CONSTRAINT usage_seen_pkey PRIMARY KEY (month, category)
);

-- What the account has beside ours, as comparisons that came to their end saw it.
CREATE TABLE foreign_numbers (
    sid           text CONSTRAINT foreign_numbers_pkey PRIMARY KEY,
    phone_number  text NOT NULL,
    country       text NOT NULL,
    number_type   text,
    date_created  timestamptz NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at  timestamptz NOT NULL,
    gone_at       timestamptz
);

CREATE FUNCTION numbers_begin_to_cost() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO callbunker.charge_clocks (number_id, bought_on, ours_from, next_on)
    SELECT c.id, d.bought_on,
           CASE WHEN coalesce(i.spends, false) THEN d.bought_on
                ELSE greatest(d.bought_on, (clock_timestamp() AT TIME ZONE 'UTC')::date) END,
           d.bought_on
      FROM changed c CROSS JOIN LATERAL (SELECT (c.purchased_at AT TIME ZONE 'UTC')::date AS bought_on) d
      LEFT JOIN callbunker.purchase_items i ON i.id = c.purchase_item_id;
    INSERT INTO callbunker.first_ready (number_id) SELECT id FROM changed WHERE ready ON CONFLICT (number_id) DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER numbers_begin_to_cost AFTER INSERT ON numbers REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION numbers_begin_to_cost();

CREATE FUNCTION numbers_cost_no_more() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE callbunker.charge_clocks SET left_at = clock_timestamp() WHERE number_id = NEW.id AND left_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER numbers_cost_no_more AFTER UPDATE ON numbers FOR EACH ROW
    WHEN (NEW.status = 'released' AND OLD.status <> 'released')
    EXECUTE FUNCTION numbers_cost_no_more();

-- Those that were there before. Of one that left, its release says when; if none does, it costs no more.
INSERT INTO charge_clocks (number_id, bought_on, ours_from, next_on, left_at)
SELECT n.id, d.bought_on,
       CASE WHEN coalesce(i.spends, false) THEN d.bought_on
            ELSE greatest(d.bought_on, (clock_timestamp() AT TIME ZONE 'UTC')::date) END,
       CASE WHEN n.status <> 'released' OR r.left_at IS NOT NULL THEN d.bought_on END, r.left_at
  FROM numbers n CROSS JOIN LATERAL (SELECT (n.purchased_at AT TIME ZONE 'UTC')::date AS bought_on) d
  LEFT JOIN purchase_items i ON i.id = n.purchase_item_id
  LEFT JOIN (SELECT number_id, max(ended_at) AS left_at FROM releases WHERE state = 'released' GROUP BY number_id) r
         ON r.number_id = n.id AND n.status = 'released';
