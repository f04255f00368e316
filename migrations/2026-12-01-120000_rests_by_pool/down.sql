-- Of several that rest for somebody the one that rests longest stays theirs.
UPDATE numbers n SET rests_for = NULL FROM numbers other
 WHERE other.rests_for = n.rests_for AND (other.quarantined_until, other.id) > (n.quarantined_until, n.id);
DROP INDEX numbers_one_rests_per_user_and_pool;
CREATE UNIQUE INDEX numbers_one_rests_per_user ON numbers (rests_for) WHERE rests_for IS NOT NULL;
