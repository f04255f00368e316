-- What the default pool wants is what all want again. Numbers of other pools that carry something else are found by a comparison.
ALTER TABLE installation ADD COLUMN voice_url text, ADD COLUMN sms_url text, ADD COLUMN status_callback text,
    ADD COLUMN unconfirming boolean NOT NULL DEFAULT false;
UPDATE installation SET voice_url = p.voice_url, sms_url = p.sms_url, status_callback = p.status_callback,
       unconfirming = p.unconfirming FROM pools p WHERE p.name = 'default';
ALTER TABLE installation ALTER COLUMN voice_url SET NOT NULL, ALTER COLUMN sms_url SET NOT NULL,
    ALTER COLUMN status_callback SET NOT NULL;
COMMENT ON TABLE installation IS 'Whose numbers these are, and the webhooks they shall carry: an instance configured otherwise repairs nothing';
DROP TABLE pools;
