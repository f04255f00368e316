-- Of which country and type a pool is, is said before its numbers are told.
--
-- Why: two instances that are configured differently, or two reloads in a row, told the numbers of one pool two different
-- things at once, and what was bought meanwhile was of a kind that the database did not know of. Now whoever says it last
-- counts at once: nobody else goes on telling, and nobody buys by themselves what is of another kind.

ALTER TABLE pools
    -- Whether every number was told by now whether it is apart; until then whoever starts or reloads tells all of them.
    ADD COLUMN all_told boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN pools.country IS 'What it was last said to be, with number_type; NULL = nobody said it yet';
