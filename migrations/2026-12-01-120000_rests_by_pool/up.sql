-- In each pool one number may rest for the same user.
--
-- Why: who gave back a number of one pool, and later one of another, and asks for the first pool by name, got a fresh number
-- while their own was still at rest.

DROP INDEX numbers_one_rests_per_user;
CREATE UNIQUE INDEX numbers_one_rests_per_user_and_pool ON numbers (rests_for, pool) WHERE rests_for IS NOT NULL;
