-- What a refusal of Twilio's says something of: the number, the order, the account or the moment.
--
-- Why: a number that Twilio refused minutes ago is no candidate, unless the refusal was the account's. The list of the
-- codes that are stood in the program and in a statement; now only the program has it, and writes its verdict here.

ALTER TABLE purchase_items ADD COLUMN refusal_concerns text CONSTRAINT purchase_items_refusal_concerns_is_known
    CHECK (refusal_concerns IN ('number', 'order', 'account', 'moment'));
-- Only what was refused minutes ago is ever asked for; older rows say nothing.
UPDATE purchase_items SET refusal_concerns = CASE
           WHEN twilio_code = 20429 OR error_code = 'twilio_http_429' THEN 'moment'
           WHEN twilio_code IN (20003, 20005, 10001, 10002, 20008, 21404, 22300)
             OR error_code IN ('twilio_http_401', 'twilio_http_403') THEN 'account'
           ELSE 'number' END
 WHERE intended_at > clock_timestamp() - interval '1 day' AND state IN ('taken', 'not_bought')
   AND (twilio_code IS NOT NULL OR error_code LIKE 'twilio\_http\_4%');
