-- The way down from what a pool may want beside URLs takes the confirmations back that were given to it.
--
-- Why: an earlier version knows no fallbacks, applications and trunks. It would hand out numbers as confirmed that lead to a trunk, until
-- its next comparison. Nothing changes on the way up.
COMMENT ON COLUMN pools.trunk_sid IS 'A SIP trunk that takes calls in place of the URLs; empty = none. What a pool wants beside URLs an earlier version does not know';
