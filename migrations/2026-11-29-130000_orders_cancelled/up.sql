-- Who ended an order before its end, and when.
--
-- Why: an order that a person regrets went on to its end. A cancelled order buys nothing more: each attempt looks at its
-- order's row, under a lock on it, before anything is sent. What is on the wire by then is settled as ever, so a running
-- order ends a moment after it was cancelled, as stopped. No CHECK says so: an instance of an earlier version that still
-- runs such an order knows no cancelling, ends it in its own words, and must be able to.

ALTER TABLE purchases
    ADD COLUMN cancelled_at timestamptz,
    ADD COLUMN cancelled_by text,
    ADD CONSTRAINT purchases_cancel_says_who CHECK ((cancelled_at IS NULL) = (cancelled_by IS NULL));
