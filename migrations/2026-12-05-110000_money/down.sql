-- What was charged is forgotten; whoever counts it again begins with the numbers that are there then.
DROP TRIGGER numbers_begin_to_cost ON numbers;
DROP TRIGGER numbers_cost_no_more ON numbers;
DROP FUNCTION numbers_begin_to_cost(), numbers_cost_no_more();
DROP TABLE foreign_numbers, usage_seen, prices_seen, charge_months, charges, charge_clocks;
DROP FUNCTION charges_stay_as_they_are();
CREATE OR REPLACE FUNCTION numbers_ready_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.ready := NEW.status = 'active' AND NEW.webhook_status = 'configured' AND NEW.capable AND NEW.missing_since IS NULL
                 AND NEW.held_back IS NULL;
    RETURN NEW;
END $$;
ALTER TABLE numbers DROP COLUMN first_ready_at;
