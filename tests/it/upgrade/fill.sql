-- Rows of the kinds that a random round does not come to, or not with every throw of the dice.

-- An order that waits, one that was cancelled, items that are intended, sent and in doubt; whoever starts on it sees to them.
INSERT INTO purchases (id, trigger, state, requested_count, country, requested_by, expires_at, idempotency_key)
VALUES ('00000000-0000-4000-8000-00000000f001', 'manual', 'queued', 2, 'US', 'dana', now() + interval '1 minute', 'asked-for-once');
INSERT INTO purchases (id, trigger, state, requested_count, country, requested_by, expires_at, ended_at, cancelled_at, cancelled_by)
VALUES ('00000000-0000-4000-8000-00000000f002', 'manual', 'stopped', 9, 'US', 'dana', now(), now(), now(), 'dana');
INSERT INTO purchase_items (id, purchase_id, phone_number, override_caps, state, ended_at, error_code, twilio_code, error_message)
VALUES ('00000000-0000-4000-8000-00000000f011', '00000000-0000-4000-8000-00000000f002', '+12125550199', false, 'not_bought', now(),
        'number_needs_address', 21631, 'needs an address'),
       ('00000000-0000-4000-8000-00000000f012', '00000000-0000-4000-8000-00000000f002', '+12125550198', false, 'taken', now(),
        'taken', 21422, 'not available');
INSERT INTO purchase_items (id, purchase_id, phone_number, override_caps, state, attempts, doubted, first_sent_at, last_sent_at)
VALUES ('00000000-0000-4000-8000-00000000f013', '00000000-0000-4000-8000-00000000f001', '+12125550197', false, 'unknown', 1, true, now(), now());
INSERT INTO purchase_errors (purchase_id, code, twilio_code, message, count)
VALUES ('00000000-0000-4000-8000-00000000f002', 'number_needs_address', 21631, 'needs an address', 1) ON CONFLICT DO NOTHING;

-- Numbers in every other place: at rest for their user, held, not ready, gone at Twilio, given back, protected.
INSERT INTO numbers (sid, phone_number, country, area_code, status, webhook_status, capable, purchased_at, quarantine_reason,
                     quarantined_until, rests_for, held_since, missing_since, protected_at, protected_by)
SELECT 'PN' || lpad(to_hex(61440 + n), 32, '0'), '+1907555' || lpad(n::text, 4, '0'), 'US', '907', status, webhooks, n <> 6, now() - n * interval '40 days',
       reason, CASE WHEN reason = 'released' THEN now() + interval '20 days' END, CASE WHEN reason = 'released' THEN 'rests-' || n END,
       CASE WHEN reason IN ('tag_conflict', 'unknown_item', 'contested') THEN now() - interval '3 days' END, CASE WHEN n = 7 THEN now() END,
       CASE WHEN n = 8 THEN now() END, CASE WHEN n = 8 THEN 'dana' END
  FROM (VALUES (1, 'active', 'configured', NULL), (2, 'quarantined', 'configured', 'released'), (3, 'quarantined', 'configured', 'tag_conflict'),
               (4, 'quarantined', 'pending', 'unknown_item'), (5, 'active', 'drifted', NULL), (6, 'active', 'configured', NULL),
               (7, 'active', 'configured', NULL), (8, 'active', 'configured', NULL), (9, 'active', 'failed', NULL),
               (10, 'quarantined', 'configured', 'contested'), (11, 'released', 'configured', NULL), (12, 'active', 'configured', NULL)
       ) AS places (n, status, webhooks, reason);
UPDATE leases SET user_id = 'had-before', source = 'pool', assigned_at = now() - interval '9 days', assignment_id = nextval('assignment_ids')
 WHERE phone_number = '+19075550012';
BEGIN;
DELETE FROM leases WHERE phone_number = '+19075550012';
UPDATE numbers SET status = 'quarantined', quarantine_reason = 'released', quarantined_until = now() + interval '20 days', rests_for = 'had-before'
 WHERE phone_number = '+19075550012';
COMMIT;
UPDATE leases SET user_id = 'a-user', source = 'pool', assigned_at = now(), assignment_id = nextval('assignment_ids'), matched = 'exact'
 WHERE phone_number = '+19075550008';
INSERT INTO releases (id, number_id, state, requested_by, attempts, ended_at, twilio_request_id)
SELECT gen_random_uuid(), id, 'released', 'dana', 1, now(), 'RQ1' FROM numbers WHERE phone_number = '+19075550011';
INSERT INTO number_notes (number_id, note, detail, noted_by)
SELECT id, 'protected', NULL, 'dana' FROM numbers WHERE phone_number = '+19075550008';
INSERT INTO ignored_numbers (phone_number, sid, ignored_by) VALUES ('+19075550099', 'PN' || repeat('e', 32), 'dana') ON CONFLICT DO NOTHING;

-- What pools want, and what became of it.
INSERT INTO pools (name, voice_url, sms_url, status_callback, country, number_type)
VALUES ('former', 'https://a/v', 'https://a/s', 'https://a/c', 'US', 'local') ON CONFLICT DO NOTHING;
INSERT INTO pool_wants (pool, kind, target, rank) VALUES ('former', 'messaging_service', 'MG' || repeat('f', 32), 0) ON CONFLICT DO NOTHING;
INSERT INTO attachment_targets (target) VALUES ('MG' || repeat('f', 32)) ON CONFLICT DO NOTHING;
INSERT INTO attachments (number_id, kind, target)
SELECT id, 'messaging_service', 'MG' || repeat('f', 32) FROM numbers WHERE phone_number = '+19075550010';
INSERT INTO pool_failures (pool, fingerprint, in_a_row, since, message, kind)
VALUES ('former', 'f', 2, now(), 'needs a bundle', 'messaging_service') ON CONFLICT DO NOTHING;
INSERT INTO pool_halts (pool, message, needs, fingerprint) VALUES ('former', 'no bundle', 'pools.former.bundle_sid', 'f') ON CONFLICT DO NOTHING;

-- What passes.
INSERT INTO waiters (user_id, instance_id, expires_at, pool) VALUES ('waits', gen_random_uuid(), now() + interval '1 minute', 'former');
INSERT INTO stock_samples (at, available, assigned, quarantined, unready, threshold, pool)
VALUES (date_trunc('minute', now(), 'UTC') - interval '1 day', 1, 2, 3, 4, 5, 'default') ON CONFLICT DO NOTHING;
INSERT INTO signup_refusals (minute, code, count, pool)
VALUES (date_trunc('minute', now(), 'UTC') - interval '1 day', 'pool_empty', 3, 'default') ON CONFLICT DO NOTHING;
INSERT INTO sessions (token_hash, key_fingerprint, address, expires_at) VALUES (repeat('a', 64), repeat('b', 12), '127.0.0.1', now() + interval '1 day');
INSERT INTO event_refusals (minute, count) VALUES (date_trunc('minute', now()), 2) ON CONFLICT DO NOTHING;
INSERT INTO demand (pool, user_key, slot, asked_at) VALUES ('default', '\x0102030405060708', 1, now()) ON CONFLICT DO NOTHING;
INSERT INTO pool_thresholds (pool, in_force, advised, why) VALUES ('default', 5, 5, 'first advice') ON CONFLICT DO NOTHING;
INSERT INTO advice_days (pool, day, advised, base_stock) VALUES ('default', current_date - 1, 5, 7) ON CONFLICT DO NOTHING;
INSERT INTO account_looks (what, at, detail) VALUES ('balance', now(), '{}') ON CONFLICT DO NOTHING;
INSERT INTO duties (name, done_at) VALUES ('prices', now()) ON CONFLICT DO NOTHING;

-- Alerts, and what was sent.
INSERT INTO alerts (id, kind, subject, severity, summary, detail, todo, opened_at, last_told_at)
VALUES ('00000000-0000-4000-8000-00000000a001', 'balance.low', 'of the fill', 'warning', 'low', 'it is low', 'pay', now(), now());
INSERT INTO alert_conditions (kind, subject, phase, since, alert_id)
VALUES ('balance.low', 'of the fill', 'open', now(), '00000000-0000-4000-8000-00000000a001');
INSERT INTO alert_transitions (alert_id, no, event, at, body, words)
VALUES ('00000000-0000-4000-8000-00000000a001', 1, 'raised', now(), '{}', '{}');
INSERT INTO alert_messages (id, channel, gathers, due_at) VALUES ('00000000-0000-4000-8000-00000000a002', 'slack', false, now());
INSERT INTO alert_notifications (id, alert_id, no, channel, message_id)
VALUES ('00000000-0000-4000-8000-00000000a002', '00000000-0000-4000-8000-00000000a001', 1, 'slack', '00000000-0000-4000-8000-00000000a002');
INSERT INTO alert_channels (channel, last_ok_at) VALUES ('slack', now()) ON CONFLICT DO NOTHING;

-- Money, use and recycling.
INSERT INTO charges (number_id, charged_on, what, pool, country, number_type, amount, currency, price_source)
SELECT id, current_date - 30, 'renewal', pool, country, number_type, 1.15, 'USD', 'seen' FROM numbers WHERE phone_number = '+19075550008';
INSERT INTO charge_months (month, pool, country, number_type, currency, purchases, renewals, amount)
VALUES ('2024-01-01', 'default', 'US', 'local', 'USD', 1, 2, 3.45);
INSERT INTO prices_seen (country, number_type, day, monthly, currency) VALUES ('US', 'local', current_date - 1, 1.15, 'USD') ON CONFLICT DO NOTHING;
INSERT INTO usage_seen (month, category, count, price, currency, as_of, asked_at)
VALUES (date_trunc('month', current_date)::date, 'phonenumbers', 1, 1.15, 'USD', now(), now()) ON CONFLICT DO NOTHING;
INSERT INTO foreign_numbers (sid, phone_number, country, date_created, first_seen_at, last_seen_at)
VALUES ('PN' || repeat('d', 32), '+19075550098', 'US', now(), now(), now()) ON CONFLICT DO NOTHING;
INSERT INTO last_uses (number_id, last_used_at, source)
SELECT id, now(), 'touch' FROM numbers WHERE phone_number = '+19075550008' ON CONFLICT DO NOTHING;
INSERT INTO touch_days (day) VALUES (current_date - 1) ON CONFLICT DO NOTHING;
INSERT INTO sweeps (what, from_at, until_at, state, ended_at) VALUES ('calls', now() - interval '1 day', now(), 'complete', now());
INSERT INTO recyclings (id, number_id, assignment_id, state, unused_since, body, noticed_at, take_after, ended_at)
SELECT gen_random_uuid(), number_id, assignment_id, 'noticed', now() - interval '99 days', '{}', now(), now() + interval '99 days', NULL
  FROM leases WHERE phone_number = '+19075550008';
