-- Alerts: which conditions are open, what was told of them, on which channel, and how far each message has come.
--
-- Why: somebody is told, once, in words that help, whatever dies meanwhile. So whatever is decided and whatever is to be told of it
-- are written in one transaction, and messages wait here until the far side took them. What guards what, below every program:
--   * one open alert for each kind and subject (alerts_one_open_per_subject), and one report a week; what is closed stays closed
--     (alerts_move_as_they_may); a transition is written once (alert_transitions_stay), words and all.
--   * one notification for each transition and channel (alert_notifications_one_per_channel), each in one message.
--   * a message goes from waiting to one end (alert_messages_move_as_they_may); it takes notifications only until its first try, and
--     one of a channel at a time does (alert_messages_one_gathers_per_channel).
-- Nothing of the old schema changes but for one index, which reads the numbers once: under a second for a million.

CREATE TABLE alerts (
    id              uuid CONSTRAINT alerts_pkey PRIMARY KEY,
    -- Lists go by it.
    number          bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT alerts_numbers_are_unique UNIQUE,
    kind            text NOT NULL CONSTRAINT alerts_kind_is_known
        CHECK (kind IN ('pool.low', 'pool.empty', 'pool.halted', 'buying.halted', 'buying.paused', 'spend.cap', 'balance.low',
                        'numbers.missing', 'numbers.conflict', 'purchases.unsettled', 'webhooks.drift', 'attachments.stuck',
                        'attachments.failed', 'events.rejected', 'bundle.expiring', 'reconcile.failing', 'usage.mismatch',
                        'pool.unconfigured', 'report.weekly')),
    -- The pool, the window or the week; empty = none of them.
    subject         text COLLATE "C" NOT NULL,
    -- No reference: one that is not configured may have no row.
    pool            text COLLATE "C",
    severity        text NOT NULL CONSTRAINT alerts_severity_is_known CHECK (severity IN ('info', 'warning', 'critical')),
    -- Of the last look while it is open, of its end afterwards.
    summary         text NOT NULL,
    detail          text NOT NULL,
    todo            text NOT NULL,
    opened_at       timestamptz NOT NULL,
    closed_at       timestamptz CONSTRAINT alerts_close_after_they_open CHECK (closed_at >= opened_at),
    transitions     integer NOT NULL DEFAULT 1 CONSTRAINT alerts_transitions_count_up CHECK (transitions > 0),
    -- alerts.repeat_hours counts from here.
    last_told_at    timestamptz NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by text,
    CONSTRAINT alerts_acknowledged_by_somebody CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL))
);
CREATE UNIQUE INDEX alerts_one_open_per_subject ON alerts (kind, subject) WHERE closed_at IS NULL;
CREATE UNIQUE INDEX alerts_one_report_per_week ON alerts (subject) WHERE kind = 'report.weekly';
CREATE INDEX alerts_closed_idx ON alerts (closed_at) WHERE closed_at IS NOT NULL;

-- How each condition stands; one without a row is quiet.
CREATE TABLE alert_conditions (
    kind     text NOT NULL,
    subject  text COLLATE "C" NOT NULL,
    phase    text NOT NULL CONSTRAINT alert_conditions_phase_is_known CHECK (phase IN ('pending', 'open', 'clearing')),
    since    timestamptz NOT NULL,
    alert_id uuid CONSTRAINT alert_conditions_have_an_alert REFERENCES alerts (id),
    CONSTRAINT alert_conditions_pkey PRIMARY KEY (kind, subject),
    CONSTRAINT alert_conditions_open_ones_have_one CHECK ((phase = 'pending') = (alert_id IS NULL))
);

-- Who judges, and when that instance last lived; when it last judged, and facts of when; when a sign of life was last asked for.
CREATE TABLE alert_round (
    only_one  boolean DEFAULT true CONSTRAINT alert_round_pkey PRIMARY KEY CONSTRAINT alert_round_is_one CHECK (only_one),
    judge     uuid,
    alive_at  timestamptz,
    judged_at timestamptz,
    facts_at  timestamptz,
    beat_at   timestamptz,
    CONSTRAINT alert_round_judges_live CHECK ((judge IS NULL) = (alive_at IS NULL))
);
INSERT INTO alert_round DEFAULT VALUES;

CREATE TABLE alert_transitions (
    alert_id uuid NOT NULL CONSTRAINT alert_transitions_are_of_an_alert REFERENCES alerts (id) ON DELETE CASCADE,
    no       integer NOT NULL CONSTRAINT alert_transitions_count_up CHECK (no > 0),
    event    text NOT NULL CONSTRAINT alert_transitions_event_is_known CHECK (event IN ('raised', 'cleared', 'reminder')),
    at       timestamptz NOT NULL,
    -- What a webhook is sent, byte for byte: jsonb would put it into another order.
    body     text NOT NULL,
    -- What the other channels are told.
    words    jsonb NOT NULL,
    CONSTRAINT alert_transitions_pkey PRIMARY KEY (alert_id, no)
);

CREATE TABLE alert_messages (
    -- That of its first notification.
    id              uuid CONSTRAINT alert_messages_pkey PRIMARY KEY,
    -- The order in which they were written.
    number          bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT alert_messages_numbers_are_unique UNIQUE,
    channel         text NOT NULL CONSTRAINT alert_messages_channel_is_known
        CHECK (channel IN ('email', 'webhook', 'slack', 'sms', 'pagerduty')),
    state           text NOT NULL DEFAULT 'waiting' CONSTRAINT alert_messages_state_is_known
        CHECK (state IN ('waiting', 'sent', 'refused', 'given_up')),
    -- It still takes notifications.
    gathers         boolean NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_at          timestamptz NOT NULL,
    tries           integer NOT NULL DEFAULT 0 CONSTRAINT alert_messages_tries_count_up CHECK (tries >= 0),
    last_tried_at   timestamptz,
    claim           uuid,
    claimed_until   timestamptz,
    -- Addresses of mail and SMS that are done with.
    taken_by        text[] NOT NULL DEFAULT '{}',
    -- The last failure was not this message's own.
    blames_far_side boolean NOT NULL DEFAULT true,
    last_status     integer,
    last_error      text,
    ended_at        timestamptz,
    CONSTRAINT alert_messages_tried_ones_are_closed CHECK (NOT gathers OR (tries = 0 AND state = 'waiting')),
    CONSTRAINT alert_messages_end_once CHECK ((state = 'waiting') = (ended_at IS NULL)),
    CONSTRAINT alert_messages_claims_end CHECK ((claim IS NULL) = (claimed_until IS NULL))
);
CREATE UNIQUE INDEX alert_messages_one_gathers_per_channel ON alert_messages (channel) WHERE gathers;
CREATE INDEX alert_messages_due_idx ON alert_messages (channel, due_at) WHERE state = 'waiting';

CREATE TABLE alert_notifications (
    -- The one that is told to whoever gets it, the same for every try.
    id         uuid CONSTRAINT alert_notifications_pkey PRIMARY KEY,
    alert_id   uuid NOT NULL,
    no         integer NOT NULL,
    channel    text NOT NULL,
    message_id uuid NOT NULL CONSTRAINT alert_notifications_are_in_a_message REFERENCES alert_messages (id),
    CONSTRAINT alert_notifications_are_of_a_transition FOREIGN KEY (alert_id, no) REFERENCES alert_transitions (alert_id, no)
        ON DELETE CASCADE,
    CONSTRAINT alert_notifications_one_per_channel UNIQUE (alert_id, no, channel)
);
CREATE INDEX alert_notifications_of_a_message_idx ON alert_notifications (message_id);

-- Each channel's last word. gone_since: it said under this fingerprint of its address that it wants none, so nothing is written for it.
CREATE TABLE alert_channels (
    channel         text CONSTRAINT alert_channels_pkey PRIMARY KEY CONSTRAINT alert_channels_channel_is_known
        CHECK (channel IN ('email', 'webhook', 'slack', 'sms', 'pagerduty')),
    fingerprint     text,
    gone_since      timestamptz,
    last_message_at timestamptz,
    last_ok_at      timestamptz,
    failing_since   timestamptz,
    last_status     integer,
    last_error      text,
    CONSTRAINT alert_channels_gone_ones_had_an_address CHECK (gone_since IS NULL OR fingerprint IS NOT NULL)
);

-- Facts that only a question at Twilio gives; the newest counts, whichever instance asked.
CREATE TABLE account_looks (
    what   text COLLATE "C" CONSTRAINT account_looks_pkey PRIMARY KEY,
    at     timestamptz NOT NULL,
    detail jsonb NOT NULL
);

-- Events with a wrong signature, by the minute, over all instances.
CREATE TABLE event_refusals (
    minute timestamptz CONSTRAINT event_refusals_pkey PRIMARY KEY,
    count  bigint NOT NULL CONSTRAINT event_refusals_count_up CHECK (count > 0)
);

CREATE INDEX numbers_drifted_idx ON numbers (id) WHERE webhook_status = 'drifted' AND status <> 'released';

CREATE FUNCTION alerts_move_as_they_may() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an alert keeps its kind, its subject and its beginning, and one that is closed stays as it is'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'alerts_move_as_they_may';
END $$;
CREATE TRIGGER alerts_move_as_they_may BEFORE UPDATE ON alerts FOR EACH ROW
    WHEN (OLD.closed_at IS NOT NULL OR (NEW.id, NEW.kind, NEW.subject, NEW.opened_at) IS DISTINCT FROM
                                       (OLD.id, OLD.kind, OLD.subject, OLD.opened_at) OR NEW.transitions < OLD.transitions)
    EXECUTE FUNCTION alerts_move_as_they_may();

CREATE FUNCTION alert_messages_move_as_they_may() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a message that has ended stays as it is, and what was tried or taken of it stays so'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'alert_messages_move_as_they_may';
END $$;
CREATE TRIGGER alert_messages_move_as_they_may BEFORE UPDATE ON alert_messages FOR EACH ROW
    WHEN (OLD.state <> 'waiting' OR NEW.tries < OLD.tries OR NOT NEW.taken_by @> OLD.taken_by OR (NEW.gathers AND NOT OLD.gathers)
       OR (NEW.id, NEW.channel, NEW.created_at) IS DISTINCT FROM (OLD.id, OLD.channel, OLD.created_at))
    EXECUTE FUNCTION alert_messages_move_as_they_may();

CREATE FUNCTION alert_transitions_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was told of an alert stays as it was told'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'alert_transitions_stay';
END $$;
CREATE TRIGGER alert_transitions_stay BEFORE UPDATE ON alert_transitions FOR EACH ROW EXECUTE FUNCTION alert_transitions_stay();
