-- Each pool says which webhooks its numbers shall carry.
--
-- Why: an app for each country, or a staging of one pool, has webhooks of its own. Until now the installation had one set for
-- all. Every pool that was ever configured has a row, also when it is configured no more: its numbers keep their users, and
-- go on carrying what they carry.
--
-- An earlier version that still runs finds no webhooks in `installation`: it goes unready and sets none.

CREATE TABLE pools (
    name            text COLLATE "C" CONSTRAINT pools_pkey PRIMARY KEY
        CONSTRAINT pools_name_is_well_formed CHECK (name ~ '^[a-z][a-z0-9_]{0,31}$' AND name !~ '__|_$'),
    -- What every number of it shall carry; an instance that is configured otherwise repairs nothing of it.
    voice_url       text NOT NULL,
    sms_url         text NOT NULL,
    status_callback text NOT NULL,
    -- Other webhooks are wanted than those that some assigned numbers were confirmed with, and these are still being told so.
    unconfirming    boolean NOT NULL DEFAULT false,
    -- By which country and type `apart` was last told of its numbers; NULL = not yet.
    country         text CONSTRAINT pools_country_is_iso_3166 CHECK (country ~ '^[A-Z]{2}$'),
    number_type     text CONSTRAINT pools_number_type_is_known CHECK (number_type IN ('local', 'mobile', 'toll_free', 'national')),
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE pools IS 'Every pool that was ever configured, and the webhooks that its numbers shall carry';
INSERT INTO pools (name, voice_url, sms_url, status_callback, unconfirming)
SELECT 'default', voice_url, sms_url, status_callback, unconfirming FROM installation;
ALTER TABLE installation DROP COLUMN voice_url, DROP COLUMN sms_url, DROP COLUMN status_callback, DROP COLUMN unconfirming;
COMMENT ON TABLE installation IS 'Whose numbers these are';
