-- What was charged is forgotten; whoever counts it again begins with the numbers that are there then.
DROP TRIGGER numbers_begin_to_cost ON numbers;
DROP TRIGGER numbers_cost_no_more ON numbers;
DROP TRIGGER numbers_are_ready_first ON numbers;
DROP FUNCTION numbers_begin_to_cost(), numbers_cost_no_more(), numbers_are_ready_first();
DROP TABLE foreign_numbers, usage_seen, prices_seen, charge_months, charges, charge_clocks, first_ready;
DROP FUNCTION charges_stay_as_they_are();
