-- What :days days of operation leave behind, of 365 a year, as the program would have written it. Numbers and leases are the same
-- after any time: 20,000 that are users' but for a thousand in stock. Sections are divided by lines of four dashes.

INSERT INTO numbers (sid, phone_number, country, area_code, status, webhook_status, capable, purchased_at)
SELECT 'PN' || lpad(to_hex(n), 32, '0'), '+1907' || (2000000 + n), 'US', '907', 'active', 'configured', true,
       now() - interval '40 days' + n * interval '1 second'
  FROM generate_series(1, 20000) AS n;
UPDATE leases SET user_id = 'user-' || number_id, source = 'pool', assigned_at = now() - (number_id % 40) * interval '9 days' - interval '8 days',
                  assignment_id = nextval('assignment_ids')
 WHERE number_id IN (SELECT number_id FROM leases ORDER BY number_id LIMIT 19000);
UPDATE charge_clocks SET next_on = current_date + 1 + (number_id % 28)::integer;
----
-- 2,740 assignments a day have ended; the first number had forty users at any time.
INSERT INTO past_assignments (id, number_id, user_id, source, assigned_at, released_at)
SELECT 1000000 + n, 2 + n * 7919::bigint % 18990, 'old-' || n % 300000, 'pool',
       now() - interval '8 days' - (:days - n / 2740.0) * interval '1 day', now() - interval '7 days' - (:days - n / 2740.0) * interval '1 day'
  FROM generate_series(1, 2740 * :days) AS n;
INSERT INTO past_assignments (id, number_id, user_id, source, assigned_at, released_at)
SELECT 10000000 + n, 1, 'first-' || n, 'pool', now() - interval '60 days' + n * interval '1 hour', now() - interval '60 days' + n * interval '2 hours'
  FROM generate_series(1, 40) AS n;
SELECT setval('assignment_ids', 20000000);
----
-- 274 orders a day of four candidates each, most of which somebody else was faster with.
INSERT INTO purchases (id, trigger, state, requested_count, country, requested_by, created_at, started_at, expires_at, ended_at)
SELECT ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, (ARRAY['threshold', 'cron', 'emergency', 'manual'])[1 + n % 4], 'done', 4, 'US',
       'threshold', at, at, at, at
  FROM (SELECT n, now() - interval '2 days' - (:days - n / 274.0) * interval '1 day' AS at FROM generate_series(1, 274 * :days) AS n) AS orders;
INSERT INTO purchase_items (id, purchase_id, phone_number, override_caps, state, attempts, intended_at, first_sent_at, last_sent_at, ended_at,
                            error_code, twilio_code, error_message)
SELECT ('00000000-0000-4000-9000-' || lpad(to_hex(o.n * 4 + i), 12, '0'))::uuid, o.id, '+1415' || (2000000 + (o.n * 4 + i) % 900000), false,
       (ARRAY['bought', 'taken', 'not_bought', 'taken'])[1 + i], CASE WHEN i < 2 THEN 1 ELSE 0 END, o.created_at,
       CASE WHEN i < 2 THEN o.created_at END, CASE WHEN i < 2 THEN o.created_at END, o.created_at,
       CASE WHEN i > 0 THEN 'taken' END, CASE WHEN i > 0 THEN 21422 END, CASE WHEN i > 0 THEN 'not available' END
  FROM (SELECT row_number() OVER (ORDER BY created_at, id) AS n, id, created_at FROM purchases) AS o, generate_series(0, 3) AS i;
INSERT INTO purchase_errors (purchase_id, code, twilio_code, message, count) SELECT id, 'taken', 21422, 'not available', 2 FROM purchases;
----
-- Numbers that were given back: fourteen a day.
INSERT INTO numbers (sid, phone_number, country, area_code, status, webhook_status, capable, purchased_at)
SELECT 'PN' || lpad(to_hex(1000000 + n), 32, '0'), '+1907' || (4000000 + n), 'US', '907', 'released', 'configured', true,
       now() - interval '9 days' - (:days - n / 14.0) * interval '1 day'
  FROM generate_series(1, 14 * :days) AS n;
INSERT INTO releases (id, number_id, state, requested_by, attempts, intended_at, last_sent_at, ended_at)
SELECT gen_random_uuid(), id, 'released', 'dana', 1, purchased_at, purchased_at, purchased_at FROM numbers WHERE status = 'released';
UPDATE charge_clocks SET next_on = NULL, left_at = now() FROM numbers n WHERE n.id = number_id AND n.status = 'released';
INSERT INTO number_notes (number_id, at, note, detail)
SELECT 2 + n * 7919::bigint % 18990, now() - (:days - n / 100.0) * interval '1 day', 'missing', NULL FROM generate_series(1, 100 * :days) AS n;
INSERT INTO charges (number_id, charged_on, what, pool, country, number_type, amount, currency, price_source)
SELECT n.id, current_date - 2 - (n.id % 28)::integer - month * 30, 'renewal', 'default', 'US', 'local', 1.15, 'USD', 'seen'
  FROM numbers n, generate_series(0, greatest(0, :days / 30 - 1)) AS month
 WHERE n.status = 'active' AND (:days > 1 OR n.id % 30 = 0);
INSERT INTO last_uses (number_id, last_used_at, source) SELECT id, now() - interval '1 day', 'touch' FROM numbers WHERE status = 'active';
INSERT INTO prices_seen (country, number_type, day, monthly, currency)
SELECT 'US', 'local', current_date - n, 1.15, 'USD' FROM generate_series(1, :days) AS n;
INSERT INTO touch_days (day) SELECT current_date - n FROM generate_series(1, least(:days, 365)) AS n;
INSERT INTO sweeps (what, from_at, until_at, state, started_at, ended_at)
SELECT what, at - interval '1 day', at, 'complete', at, at
  FROM (SELECT now() - n * interval '1 day' AS at FROM generate_series(1, least(:days, 365)) AS n) AS days, unnest(ARRAY['calls', 'messages']) AS what;
INSERT INTO recyclings (id, number_id, assignment_id, state, unused_since, body, intended_at, noticed_at, take_after, ended_at)
SELECT gen_random_uuid(), 2 + n % 18990, n, 'taken', at - interval '99 days', '{"type":"number.notice"}', at, at, at, at
  FROM (SELECT n, now() - interval '2 days' - (:days - n / 10.0) * interval '1 day' AS at FROM generate_series(1, 10 * :days) AS n) AS taken;
----
-- What passes: 274 looks a day, kept for 90 days or 1,000 of them, and at most 100,000; as many as that with more pools.
INSERT INTO passes (trigger, reason, purchased_count, at)
SELECT (ARRAY['cron', 'threshold', 'replenish'])[1 + n % 3], 'above_threshold', 0, now() - (100000 * :days / 365 - n) * interval '1 minute'
  FROM generate_series(1, 100000 * :days / 365) AS n;
INSERT INTO stock_samples (at, available, assigned, quarantined, unready, threshold, pool)
SELECT date_trunc('minute', now(), 'UTC') - n * interval '1 minute', 1000, 19000, 0, 0, 10, 'default' FROM generate_series(1, 1440 * least(:days, 30)) AS n;
INSERT INTO signup_refusals (minute, code, count, pool)
SELECT date_trunc('minute', now(), 'UTC') - n * interval '1 hour', 'pool_empty', 3, 'default' FROM generate_series(1, 24 * least(:days, 30)) AS n;
INSERT INTO demand (pool, user_key, slot, asked_at)
SELECT 'default', decode(lpad(to_hex(n), 16, '0'), 'hex'), n, now() - (least(:days, 35) - n / 100.0) * interval '1 day' FROM generate_series(1, 100 * least(:days, 35)) AS n;
INSERT INTO advice_days (pool, day, advised, base_stock, needed, signups, waited)
SELECT 'default', current_date - n, 10, 1000, 10, 2740, 2 FROM generate_series(1, :days) AS n;
INSERT INTO reconciliations (trigger, started_at, ended_at, report)
SELECT 'cron', at, at, jsonb_build_object('complete', true, 'missing', (SELECT jsonb_agg(jsonb_build_object('phone_number', '+1907' || (5000000 + i), 'reason', 'gone'))
                                                                         FROM generate_series(1, 50) AS i))
  FROM (SELECT now() - (201 - n) * interval '1 hour' AS at FROM generate_series(1, least(24 * :days, 200)) AS n) AS times;
----
-- 500 lines a day of the audit trail, for audit.retention_days (400).
INSERT INTO audit (call_id, at, who, address, action, method, path, detail, result, request_id)
SELECT gen_random_uuid(), now() - (:days * 500 - n) * interval '172 seconds', 'dana', '203.0.113.9', 'numbers.list', CASE WHEN n % 5 = 0 THEN 'POST' ELSE 'GET' END,
       '/admin/phones/api/numbers', '{"query": {"q": "907"}}', 200, 'r-' || n
  FROM generate_series(1, 500 * :days) AS n;
----
-- Five alerts a day, all over, each told to two channels.
INSERT INTO alerts (id, kind, subject, severity, summary, detail, todo, opened_at, closed_at, transitions, last_told_at)
SELECT ('00000000-0000-4000-a000-' || lpad(to_hex(n), 12, '0'))::uuid, 'pool.low', 'default', 'warning', 'low', 'fewer than the threshold', 'nothing',
       at, at + interval '1 hour', 2, at
  FROM (SELECT n, now() - interval '1 day' - n * interval '4 hours' AS at FROM generate_series(1, 5 * :days) AS n) AS alerts;
INSERT INTO alert_transitions (alert_id, no, event, at, body, words)
SELECT id, no, CASE no WHEN 1 THEN 'raised' ELSE 'cleared' END, opened_at, '{"type":"alert"}', '{}' FROM alerts, generate_series(1, 2) AS no;
INSERT INTO alert_messages (id, channel, state, gathers, created_at, due_at, tries, ended_at)
SELECT gen_random_uuid(), channel, 'sent', false, at, at, 1, at FROM alert_transitions, unnest(ARRAY['email', 'webhook']) AS channel;
INSERT INTO alert_notifications (id, alert_id, no, channel, message_id)
SELECT m.id, t.alert_id, t.no, m.channel, m.id
  FROM (SELECT *, row_number() OVER (ORDER BY alert_id, no) AS place FROM alert_transitions) AS t
  JOIN (SELECT *, row_number() OVER (PARTITION BY channel ORDER BY number) AS place FROM alert_messages) AS m USING (place);
