-- Numbers whose webhooks cannot be set end, instead of counting as stock for ever; and not many at once.
--
-- Why: an update that Twilio accepts and ignores, or a look that cannot be read, is no refusal, but says after some times
-- as much as one. And what Twilio refuses of number after number is hardly the numbers' fault: whoever gives one up counts
-- how many were given up lately.

-- So many times in a row Twilio answered about the number without a failure, and other than it was told, or not to be read.
ALTER TABLE numbers ADD COLUMN webhooks_in_vain integer NOT NULL DEFAULT 0
    CONSTRAINT numbers_vain_attempts_count_up CHECK (webhooks_in_vain >= 0);
-- When webhook_status became 'failed'; NULL where an operator said that it is so.
ALTER TABLE numbers ADD COLUMN webhooks_failed_at timestamptz;
