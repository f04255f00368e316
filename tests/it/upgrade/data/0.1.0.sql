COPY callbunker.account_looks (what, at, detail) FROM stdin;
renewals	2026-11-30 10:39:21.256046+00	{"count": 0, "amount": "0", "currency": null}
balance	2026-11-30 10:40:06.996762+00	{}
\.
COPY callbunker.advice_days (pool, day, advised, base_stock, needed, signups, waited) FROM stdin;
default	2026-11-30	0	0	\N	\N	\N
ca	2026-11-30	0	0	\N	\N	\N
gb	2026-11-30	0	0	\N	\N	\N
default	2026-11-29	5	7	\N	\N	\N
\.
COPY callbunker.alert_channels (channel, fingerprint, gone_since, last_message_at, last_ok_at, failing_since, last_status, last_error) FROM stdin;
pagerduty	\N	\N	2026-11-30 08:39:25.459728+00	2026-11-30 10:39:25.995252+00	\N	202	\N
webhook	\N	\N	2026-11-30 08:39:25.544266+00	2026-11-30 10:39:26.617333+00	\N	200	\N
email	\N	\N	2026-11-30 09:40:05.103914+00	2026-11-30 10:40:05.399983+00	\N	250	\N
slack	\N	\N	\N	2026-11-30 10:40:07.032594+00	\N	\N	\N
\.
COPY callbunker.alerts (id, number, kind, subject, pool, severity, summary, detail, todo, opened_at, closed_at, transitions, last_told_at, acknowledged_at, acknowledged_by) FROM stdin;
01a22c08-aa7a-7585-8598-9fb7e5eaa3a9	3	pool.low	gb	gb	warning	Pool gb is empty: signups are refused.	Why: automatic buying is paused. Signups are still served; when the rest is taken, they wait or are refused.	End the pause.	2026-11-30 10:38:13.769583+00	\N	1	2026-11-30 10:38:14.892196+00	\N	\N
01a22c08-a9f6-7427-bcce-8ba008248463	2	pool.low	ca	ca	warning	Pool ca has its threshold again.		There is nothing to do.	2026-11-30 10:38:13.769583+00	2026-11-30 10:39:19.466946+00	2	2026-11-30 10:39:19.466946+00	\N	\N
01a22c08-be73-7414-aa10-56c402bc8ca6	4	pool.empty	ca	ca	critical	Pool ca serves signups again.		There is nothing to do.	2026-11-30 10:38:13.769583+00	2026-11-30 10:39:19.466946+00	2	2026-11-30 10:39:19.466946+00	\N	\N
01a22c09-a648-7344-b469-d98fcd40abc0	7	pool.empty	gb	gb	critical	Pool gb is empty: signups are refused.	Why: automatic buying is paused. Signups wait for a purchase, or are refused.	End the pause.	2026-11-30 10:38:00+00	\N	1	2026-11-30 10:39:19.466946+00	\N	\N
01a22c08-a98d-7527-9f55-d77bf0ebc71b	1	pool.low	default	default	warning	Pool default is empty: signups are refused.	Why: automatic buying is paused. Signups are still served; when the rest is taken, they wait or are refused.	End the pause.	2026-11-30 10:38:13.769583+00	\N	1	2026-11-30 10:38:14.892196+00	\N	\N
01a22c08-d238-70eb-af8f-fe8f025b5a08	5	pool.empty	default	default	critical	Pool default is empty: signups are refused.	Why: automatic buying is paused. Signups wait for a purchase, or are refused.	End the pause.	2026-11-30 10:38:25.266748+00	\N	1	2026-11-30 10:38:25.266748+00	\N	\N
01a22c08-d305-762d-8018-6aebe6d1af78	6	purchases.unsettled		\N	warning	It is known what became of every purchase.		There is nothing to do.	2026-11-30 10:38:15.712417+00	2026-11-30 10:39:25.26895+00	2	2026-11-30 10:39:25.26895+00	\N	\N
00000000-0000-4000-8000-00000000a001	8	balance.low	of the fill	\N	warning	low	it is low	pay	2026-11-30 10:40:06.999071+00	\N	1	2026-11-30 10:40:06.999071+00	\N	\N
\.
COPY callbunker.alert_conditions (kind, subject, phase, since, alert_id) FROM stdin;
pool.low	default	open	2026-11-30 10:38:13.769583+00	01a22c08-a98d-7527-9f55-d77bf0ebc71b
pool.low	gb	open	2026-11-30 10:38:13.769583+00	01a22c08-aa7a-7585-8598-9fb7e5eaa3a9
pool.empty	default	open	2026-11-30 10:38:25.266748+00	01a22c08-d238-70eb-af8f-fe8f025b5a08
pool.empty	gb	open	2026-11-30 10:38:13.769583+00	01a22c09-a648-7344-b469-d98fcd40abc0
balance.low	of the fill	open	2026-11-30 10:40:07.006086+00	00000000-0000-4000-8000-00000000a001
\.
COPY callbunker.alert_messages (id, number, channel, state, gathers, created_at, due_at, tries, last_tried_at, claim, claimed_until, taken_by, blames_far_side, last_status, last_error, ended_at) FROM stdin;
01a22c08-be98-779a-bd80-5bbab29d8c39	8	email	sent	f	2026-11-30 10:38:20.317903+00	2026-11-30 10:39:54.027976+00	3	2026-11-30 10:39:54.152515+00	\N	\N	{one@example.com,two@example.com}	f	250	\N	2026-11-30 10:39:54.700936+00
01a22c08-a9cc-7372-9e81-fd3b72e5e446	2	webhook	sent	f	2026-11-30 10:38:14.991047+00	2026-11-30 10:38:14.892196+00	1	2026-11-30 10:38:15.490932+00	\N	\N	{}	t	200	\N	2026-11-30 10:38:15.595509+00
01a22c08-a9bf-735e-a5b4-d89d123829e5	1	email	sent	f	2026-11-30 10:38:14.984113+00	2026-11-30 10:38:16.984113+00	1	2026-11-30 10:38:18.394066+00	\N	\N	{one@example.com,two@example.com}	t	250	\N	2026-11-30 10:38:19.301766+00
01a22c08-d2b5-7785-a453-cf5c1c1926dd	11	webhook	sent	f	2026-11-30 10:38:25.462419+00	2026-11-30 10:38:25.266748+00	1	2026-11-30 10:38:26.422702+00	\N	\N	{}	t	200	\N	2026-11-30 10:38:26.9932+00
01a22c08-d2b7-770f-bba9-79aa678a033f	12	pagerduty	sent	f	2026-11-30 10:38:25.48184+00	2026-11-30 10:38:25.266748+00	1	2026-11-30 10:38:26.318292+00	\N	\N	{}	t	202	\N	2026-11-30 10:38:27.149582+00
01a22c08-d3b3-72e4-8630-4d97f5084f69	14	pagerduty	sent	f	2026-11-30 10:38:25.745817+00	2026-11-30 10:38:25.266748+00	1	2026-11-30 10:38:26.509085+00	\N	\N	{}	t	202	\N	2026-11-30 10:38:27.49943+00
01a22c08-d385-71a4-bf5b-6077e7aef358	13	webhook	sent	f	2026-11-30 10:38:25.688061+00	2026-11-30 10:38:25.266748+00	1	2026-11-30 10:38:26.629588+00	\N	\N	{}	t	200	\N	2026-11-30 10:38:27.567362+00
01a22c09-a618-73a8-a6be-b5ef11fc6842	17	pagerduty	sent	f	2026-11-30 10:39:19.581364+00	2026-11-30 10:39:19.466946+00	1	2026-11-30 10:39:19.701149+00	\N	\N	{}	t	202	\N	2026-11-30 10:39:19.963608+00
01a22c09-a60a-7230-8de1-337656757ee5	16	webhook	sent	f	2026-11-30 10:39:19.572915+00	2026-11-30 10:39:19.466946+00	1	2026-11-30 10:39:19.70358+00	\N	\N	{}	t	200	\N	2026-11-30 10:39:20.09949+00
01a22c08-a9d5-7370-9beb-ed335df5acdf	3	pagerduty	sent	f	2026-11-30 10:38:15.004798+00	2026-11-30 10:38:14.892196+00	2	2026-11-30 10:38:45.542251+00	\N	\N	{}	t	202	\N	2026-11-30 10:38:45.847126+00
01a22c08-aa52-74f0-b840-0aea428f0392	5	pagerduty	sent	f	2026-11-30 10:38:15.142377+00	2026-11-30 10:38:14.892196+00	2	2026-11-30 10:38:45.635438+00	\N	\N	{}	t	202	\N	2026-11-30 10:38:46.041942+00
01a22c08-aa22-7270-be78-0aea446a7c5c	4	webhook	sent	f	2026-11-30 10:38:15.078488+00	2026-11-30 10:38:14.892196+00	2	2026-11-30 10:38:45.592771+00	\N	\N	{}	t	200	\N	2026-11-30 10:38:46.087608+00
01a22c08-aaa2-7318-beb4-5a08b246c31b	7	pagerduty	sent	f	2026-11-30 10:38:15.202773+00	2026-11-30 10:38:14.892196+00	2	2026-11-30 10:38:45.779801+00	\N	\N	{}	t	202	\N	2026-11-30 10:38:46.087787+00
01a22c08-aa97-77d9-9ee9-037ea918faf1	6	webhook	sent	f	2026-11-30 10:38:15.199858+00	2026-11-30 10:38:14.892196+00	2	2026-11-30 10:38:45.776449+00	\N	\N	{}	t	200	\N	2026-11-30 10:38:46.109397+00
01a22c09-a5fe-74aa-9ce2-0535263914f4	15	email	sent	f	2026-11-30 10:39:19.555454+00	2026-11-30 10:39:21.555454+00	1	2026-11-30 10:40:05.095064+00	\N	\N	{one@example.com,two@example.com}	t	250	\N	2026-11-30 10:40:05.377235+00
00000000-0000-4000-8000-00000000a002	24	slack	waiting	f	2026-11-30 10:40:07.012608+00	2026-11-30 10:40:07.012378+00	0	\N	\N	\N	{}	t	\N	\N	\N
01a22c08-beb4-7547-a1b8-4f042d59b492	9	webhook	sent	f	2026-11-30 10:38:20.385365+00	2026-11-30 10:38:20.228524+00	2	2026-11-30 10:38:55.047597+00	\N	\N	{}	t	200	\N	2026-11-30 10:38:56.01937+00
01a22c08-bef9-7730-9976-f26f7d5423a7	10	pagerduty	sent	f	2026-11-30 10:38:20.411891+00	2026-11-30 10:38:20.228524+00	2	2026-11-30 10:38:55.107684+00	\N	\N	{}	t	202	\N	2026-11-30 10:38:56.090576+00
01a22c09-a647-7089-a505-36b09b86443b	19	pagerduty	sent	f	2026-11-30 10:39:19.623808+00	2026-11-30 10:39:19.466946+00	1	2026-11-30 10:39:19.750266+00	\N	\N	{}	t	202	\N	2026-11-30 10:39:20.106257+00
01a22c09-a647-7089-a505-36af6efee5bd	18	webhook	sent	f	2026-11-30 10:39:19.623412+00	2026-11-30 10:39:19.466946+00	1	2026-11-30 10:39:19.766241+00	\N	\N	{}	t	200	\N	2026-11-30 10:39:20.17845+00
01a22c09-a649-74d0-99bc-aba473061815	21	pagerduty	sent	f	2026-11-30 10:39:19.625713+00	2026-11-30 10:39:19.466946+00	1	2026-11-30 10:39:19.818043+00	\N	\N	{}	t	202	\N	2026-11-30 10:39:20.884741+00
01a22c09-a649-74d0-99bc-aba31fee7610	20	webhook	sent	f	2026-11-30 10:39:19.625398+00	2026-11-30 10:39:19.466946+00	1	2026-11-30 10:39:19.925494+00	\N	\N	{}	t	200	\N	2026-11-30 10:39:21.007861+00
01a22c09-bd0e-7520-90c8-5e02207ca3fd	23	pagerduty	sent	f	2026-11-30 10:39:25.454641+00	2026-11-30 10:39:25.26895+00	1	2026-11-30 10:39:25.459399+00	\N	\N	{}	t	202	\N	2026-11-30 10:39:25.93341+00
01a22c09-bd0d-726d-8e29-022a92527426	22	webhook	sent	f	2026-11-30 10:39:25.453877+00	2026-11-30 10:39:25.26895+00	1	2026-11-30 10:39:25.535467+00	\N	\N	{}	t	200	\N	2026-11-30 10:39:26.593868+00
\.
COPY callbunker.alert_transitions (alert_id, no, event, at, body, words) FROM stdin;
01a22c08-a98d-7527-9f55-d77bf0ebc71b	1	raised	2026-11-30 10:38:14.892196+00	{"type":"alert.raised","timestamp":"2026-11-30T10:38:14.892Z","data":{"id":"01a22c08-a98d-7527-9f55-d77bf0ebc71b","kind":"pool.low","pool":"default","severity":"warning","summary":"Pool default is empty: signups wait for a purchase.","detail":"Signups are still served; when the rest is taken, they wait or are refused. Nothing: numbers are bought by themselves.","opened_at":"2026-11-30T10:38:13.769Z","closed_at":null,"runbook":"docs/runbook.md#callbunkerpoollow"}}	{"kind": "pool.low", "pool": "default", "event": "raised", "links": {"runbook": "docs/runbook.md#callbunkerpoollow", "dashboard": null}, "words": {"todo": "Nothing: numbers are bought by themselves.", "means": "Signups are still served; when the rest is taken, they wait or are refused.", "detail": "", "numbers": [], "summary": "Pool default is empty: signups wait for a purchase."}, "subject": "default", "instance": "default", "severity": "warning", "closed_at": null, "opened_at": "2026-11-30T10:38:13.769583Z"}
01a22c08-a9f6-7427-bcce-8ba008248463	1	raised	2026-11-30 10:38:14.892196+00	{"type":"alert.raised","timestamp":"2026-11-30T10:38:14.892Z","data":{"id":"01a22c08-a9f6-7427-bcce-8ba008248463","kind":"pool.low","pool":"ca","severity":"warning","summary":"Pool ca is empty: signups wait for a purchase.","detail":"Signups are still served; when the rest is taken, they wait or are refused. Nothing: numbers are bought by themselves.","opened_at":"2026-11-30T10:38:13.769Z","closed_at":null,"runbook":"docs/runbook.md#callbunkerpoollow"}}	{"kind": "pool.low", "pool": "ca", "event": "raised", "links": {"runbook": "docs/runbook.md#callbunkerpoollow", "dashboard": null}, "words": {"todo": "Nothing: numbers are bought by themselves.", "means": "Signups are still served; when the rest is taken, they wait or are refused.", "detail": "", "numbers": [], "summary": "Pool ca is empty: signups wait for a purchase."}, "subject": "ca", "instance": "default", "severity": "warning", "closed_at": null, "opened_at": "2026-11-30T10:38:13.769583Z"}
01a22c08-aa7a-7585-8598-9fb7e5eaa3a9	1	raised	2026-11-30 10:38:14.892196+00	{"type":"alert.raised","timestamp":"2026-11-30T10:38:14.892Z","data":{"id":"01a22c08-aa7a-7585-8598-9fb7e5eaa3a9","kind":"pool.low","pool":"gb","severity":"warning","summary":"Pool gb is empty: signups wait for a purchase.","detail":"Signups are still served; when the rest is taken, they wait or are refused. Nothing: numbers are bought by themselves.","opened_at":"2026-11-30T10:38:13.769Z","closed_at":null,"runbook":"docs/runbook.md#callbunkerpoollow"}}	{"kind": "pool.low", "pool": "gb", "event": "raised", "links": {"runbook": "docs/runbook.md#callbunkerpoollow", "dashboard": null}, "words": {"todo": "Nothing: numbers are bought by themselves.", "means": "Signups are still served; when the rest is taken, they wait or are refused.", "detail": "", "numbers": [], "summary": "Pool gb is empty: signups wait for a purchase."}, "subject": "gb", "instance": "default", "severity": "warning", "closed_at": null, "opened_at": "2026-11-30T10:38:13.769583Z"}
01a22c08-be73-7414-aa10-56c402bc8ca6	1	raised	2026-11-30 10:38:20.228524+00	{"type":"alert.raised","timestamp":"2026-11-30T10:38:20.228Z","data":{"id":"01a22c08-be73-7414-aa10-56c402bc8ca6","kind":"pool.empty","pool":"ca","severity":"critical","summary":"Pool ca is empty: signups wait for a purchase.","detail":"Signups wait for a purchase, or are refused. Nothing: numbers are bought by themselves.","opened_at":"2026-11-30T10:38:13.769Z","closed_at":null,"runbook":"docs/runbook.md#callbunkerpoolempty"}}	{"kind": "pool.empty", "pool": "ca", "event": "raised", "links": {"runbook": "docs/runbook.md#callbunkerpoolempty", "dashboard": null}, "words": {"todo": "Nothing: numbers are bought by themselves.", "means": "Signups wait for a purchase, or are refused.", "detail": "", "numbers": [], "summary": "Pool ca is empty: signups wait for a purchase."}, "subject": "ca", "instance": "default", "severity": "critical", "closed_at": null, "opened_at": "2026-11-30T10:38:13.769583Z"}
01a22c08-d238-70eb-af8f-fe8f025b5a08	1	raised	2026-11-30 10:38:25.266748+00	{"type":"alert.raised","timestamp":"2026-11-30T10:38:25.266Z","data":{"id":"01a22c08-d238-70eb-af8f-fe8f025b5a08","kind":"pool.empty","pool":"default","severity":"critical","summary":"Pool default is empty: signups wait for a purchase.","detail":"Why: the last order fell short. Its run ended before the order did; what is still needed is a new order (2 times). 1 number being bought now. Signups wait for a purchase, or are refused. It is tried again by itself; if it goes on, look at Twilio's status page.","opened_at":"2026-11-30T10:38:25.266Z","closed_at":null,"runbook":"docs/runbook.md#callbunkerpoolempty"}}	{"kind": "pool.empty", "pool": "default", "event": "raised", "links": {"runbook": "docs/runbook.md#callbunkerpoolempty", "dashboard": null}, "words": {"todo": "It is tried again by itself; if it goes on, look at Twilio's status page.", "means": "Signups wait for a purchase, or are refused.", "detail": "Why: the last order fell short. Its run ended before the order did; what is still needed is a new order (2 times). 1 number being bought now.", "numbers": [], "summary": "Pool default is empty: signups wait for a purchase."}, "subject": "default", "instance": "default", "severity": "critical", "closed_at": null, "opened_at": "2026-11-30T10:38:25.266748Z"}
01a22c08-d305-762d-8018-6aebe6d1af78	1	raised	2026-11-30 10:38:25.266748+00	{"type":"alert.raised","timestamp":"2026-11-30T10:38:25.266Z","data":{"id":"01a22c08-d305-762d-8018-6aebe6d1af78","kind":"purchases.unsettled","pool":null,"severity":"warning","summary":"1 purchase has been unconfirmed for long.","detail":"Twilio's answer was lost and its list does not tell; nothing is lost, and nothing is bought in its place. Signups are served; some numbers may have been bought that nobody here knows of. Look whether Twilio's list can be read: compare, and look at the numbers in Twilio's console.","opened_at":"2026-11-30T10:38:15.712Z","closed_at":null,"runbook":"docs/runbook.md#callbunkerunsettled"}}	{"kind": "purchases.unsettled", "pool": null, "event": "raised", "links": {"runbook": "docs/runbook.md#callbunkerunsettled", "dashboard": null}, "words": {"todo": "Look whether Twilio's list can be read: compare, and look at the numbers in Twilio's console.", "means": "Signups are served; some numbers may have been bought that nobody here knows of.", "detail": "Twilio's answer was lost and its list does not tell; nothing is lost, and nothing is bought in its place.", "numbers": [], "summary": "1 purchase has been unconfirmed for long."}, "subject": "", "instance": "default", "severity": "warning", "closed_at": null, "opened_at": "2026-11-30T10:38:15.712417Z"}
01a22c08-a9f6-7427-bcce-8ba008248463	2	cleared	2026-11-30 10:39:19.466946+00	{"type":"alert.cleared","timestamp":"2026-11-30T10:39:19.466Z","data":{"id":"01a22c08-a9f6-7427-bcce-8ba008248463","kind":"pool.low","pool":"ca","severity":"warning","summary":"Pool ca has its threshold again.","detail":"There is nothing to do.","opened_at":"2026-11-30T10:38:13.769Z","closed_at":"2026-11-30T10:39:19.466Z","runbook":"docs/runbook.md#callbunkerpoollow"}}	{"kind": "pool.low", "pool": "ca", "event": "cleared", "links": {"runbook": "docs/runbook.md#callbunkerpoollow", "dashboard": null}, "words": {"todo": "There is nothing to do.", "means": "", "detail": "", "numbers": [], "summary": "Pool ca has its threshold again."}, "subject": "ca", "instance": "default", "severity": "warning", "closed_at": "2026-11-30T10:39:19.466946Z", "opened_at": "2026-11-30T10:38:13.769583Z"}
01a22c08-be73-7414-aa10-56c402bc8ca6	2	cleared	2026-11-30 10:39:19.466946+00	{"type":"alert.cleared","timestamp":"2026-11-30T10:39:19.466Z","data":{"id":"01a22c08-be73-7414-aa10-56c402bc8ca6","kind":"pool.empty","pool":"ca","severity":"critical","summary":"Pool ca serves signups again.","detail":"There is nothing to do.","opened_at":"2026-11-30T10:38:13.769Z","closed_at":"2026-11-30T10:39:19.466Z","runbook":"docs/runbook.md#callbunkerpoolempty"}}	{"kind": "pool.empty", "pool": "ca", "event": "cleared", "links": {"runbook": "docs/runbook.md#callbunkerpoolempty", "dashboard": null}, "words": {"todo": "There is nothing to do.", "means": "", "detail": "", "numbers": [], "summary": "Pool ca serves signups again."}, "subject": "ca", "instance": "default", "severity": "critical", "closed_at": "2026-11-30T10:39:19.466946Z", "opened_at": "2026-11-30T10:38:13.769583Z"}
01a22c09-a648-7344-b469-d98fcd40abc0	1	raised	2026-11-30 10:39:19.466946+00	{"type":"alert.raised","timestamp":"2026-11-30T10:39:19.466Z","data":{"id":"01a22c09-a648-7344-b469-d98fcd40abc0","kind":"pool.empty","pool":"gb","severity":"critical","summary":"Pool gb is empty: signups are refused.","detail":"Why: automatic buying is paused. Signups wait for a purchase, or are refused. End the pause.","opened_at":"2026-11-30T10:38:00.000Z","closed_at":null,"runbook":"docs/runbook.md#callbunkerpoolempty"}}	{"kind": "pool.empty", "pool": "gb", "event": "raised", "links": {"runbook": "docs/runbook.md#callbunkerpoolempty", "dashboard": null}, "words": {"todo": "End the pause.", "means": "Signups wait for a purchase, or are refused.", "detail": "Why: automatic buying is paused.", "numbers": [], "summary": "Pool gb is empty: signups are refused."}, "subject": "gb", "instance": "default", "severity": "critical", "closed_at": null, "opened_at": "2026-11-30T10:38:00Z"}
01a22c08-d305-762d-8018-6aebe6d1af78	2	cleared	2026-11-30 10:39:25.26895+00	{"type":"alert.cleared","timestamp":"2026-11-30T10:39:25.268Z","data":{"id":"01a22c08-d305-762d-8018-6aebe6d1af78","kind":"purchases.unsettled","pool":null,"severity":"warning","summary":"It is known what became of every purchase.","detail":"There is nothing to do.","opened_at":"2026-11-30T10:38:15.712Z","closed_at":"2026-11-30T10:39:25.268Z","runbook":"docs/runbook.md#callbunkerunsettled"}}	{"kind": "purchases.unsettled", "pool": null, "event": "cleared", "links": {"runbook": "docs/runbook.md#callbunkerunsettled", "dashboard": null}, "words": {"todo": "There is nothing to do.", "means": "", "detail": "", "numbers": [], "summary": "It is known what became of every purchase."}, "subject": "", "instance": "default", "severity": "warning", "closed_at": "2026-11-30T10:39:25.268950Z", "opened_at": "2026-11-30T10:38:15.712417Z"}
00000000-0000-4000-8000-00000000a001	1	raised	2026-11-30 10:40:07.008739+00	{}	{}
\.
COPY callbunker.alert_notifications (id, alert_id, no, channel, message_id) FROM stdin;
01a22c08-a9bf-735e-a5b4-d89d123829e5	01a22c08-a98d-7527-9f55-d77bf0ebc71b	1	email	01a22c08-a9bf-735e-a5b4-d89d123829e5
01a22c08-a9cc-7372-9e81-fd3b72e5e446	01a22c08-a98d-7527-9f55-d77bf0ebc71b	1	webhook	01a22c08-a9cc-7372-9e81-fd3b72e5e446
01a22c08-a9d5-7370-9beb-ed335df5acdf	01a22c08-a98d-7527-9f55-d77bf0ebc71b	1	pagerduty	01a22c08-a9d5-7370-9beb-ed335df5acdf
01a22c08-aa05-76bd-98ca-8f1bf59c838c	01a22c08-a9f6-7427-bcce-8ba008248463	1	email	01a22c08-a9bf-735e-a5b4-d89d123829e5
01a22c08-aa22-7270-be78-0aea446a7c5c	01a22c08-a9f6-7427-bcce-8ba008248463	1	webhook	01a22c08-aa22-7270-be78-0aea446a7c5c
01a22c08-aa52-74f0-b840-0aea428f0392	01a22c08-a9f6-7427-bcce-8ba008248463	1	pagerduty	01a22c08-aa52-74f0-b840-0aea428f0392
01a22c08-aa8b-728c-ae9f-d31b7b5bdcae	01a22c08-aa7a-7585-8598-9fb7e5eaa3a9	1	email	01a22c08-a9bf-735e-a5b4-d89d123829e5
01a22c08-aa97-77d9-9ee9-037ea918faf1	01a22c08-aa7a-7585-8598-9fb7e5eaa3a9	1	webhook	01a22c08-aa97-77d9-9ee9-037ea918faf1
01a22c08-aaa2-7318-beb4-5a08b246c31b	01a22c08-aa7a-7585-8598-9fb7e5eaa3a9	1	pagerduty	01a22c08-aaa2-7318-beb4-5a08b246c31b
01a22c08-be98-779a-bd80-5bbab29d8c39	01a22c08-be73-7414-aa10-56c402bc8ca6	1	email	01a22c08-be98-779a-bd80-5bbab29d8c39
01a22c08-beb4-7547-a1b8-4f042d59b492	01a22c08-be73-7414-aa10-56c402bc8ca6	1	webhook	01a22c08-beb4-7547-a1b8-4f042d59b492
01a22c08-bef9-7730-9976-f26f7d5423a7	01a22c08-be73-7414-aa10-56c402bc8ca6	1	pagerduty	01a22c08-bef9-7730-9976-f26f7d5423a7
01a22c08-d278-7248-8582-88d8642a86d3	01a22c08-d238-70eb-af8f-fe8f025b5a08	1	email	01a22c08-be98-779a-bd80-5bbab29d8c39
01a22c08-d2b5-7785-a453-cf5c1c1926dd	01a22c08-d238-70eb-af8f-fe8f025b5a08	1	webhook	01a22c08-d2b5-7785-a453-cf5c1c1926dd
01a22c08-d2b7-770f-bba9-79aa678a033f	01a22c08-d238-70eb-af8f-fe8f025b5a08	1	pagerduty	01a22c08-d2b7-770f-bba9-79aa678a033f
01a22c08-d353-7680-a332-57928cb80ea9	01a22c08-d305-762d-8018-6aebe6d1af78	1	email	01a22c08-be98-779a-bd80-5bbab29d8c39
01a22c08-d385-71a4-bf5b-6077e7aef358	01a22c08-d305-762d-8018-6aebe6d1af78	1	webhook	01a22c08-d385-71a4-bf5b-6077e7aef358
01a22c08-d3b3-72e4-8630-4d97f5084f69	01a22c08-d305-762d-8018-6aebe6d1af78	1	pagerduty	01a22c08-d3b3-72e4-8630-4d97f5084f69
01a22c09-a5fe-74aa-9ce2-0535263914f4	01a22c08-a9f6-7427-bcce-8ba008248463	2	email	01a22c09-a5fe-74aa-9ce2-0535263914f4
01a22c09-a60a-7230-8de1-337656757ee5	01a22c08-a9f6-7427-bcce-8ba008248463	2	webhook	01a22c09-a60a-7230-8de1-337656757ee5
01a22c09-a618-73a8-a6be-b5ef11fc6842	01a22c08-a9f6-7427-bcce-8ba008248463	2	pagerduty	01a22c09-a618-73a8-a6be-b5ef11fc6842
01a22c09-a646-75d6-8023-7ac4f8f70245	01a22c08-be73-7414-aa10-56c402bc8ca6	2	email	01a22c09-a5fe-74aa-9ce2-0535263914f4
01a22c09-a647-7089-a505-36af6efee5bd	01a22c08-be73-7414-aa10-56c402bc8ca6	2	webhook	01a22c09-a647-7089-a505-36af6efee5bd
01a22c09-a647-7089-a505-36b09b86443b	01a22c08-be73-7414-aa10-56c402bc8ca6	2	pagerduty	01a22c09-a647-7089-a505-36b09b86443b
01a22c09-a649-74d0-99bc-aba23f5c6261	01a22c09-a648-7344-b469-d98fcd40abc0	1	email	01a22c09-a5fe-74aa-9ce2-0535263914f4
01a22c09-a649-74d0-99bc-aba31fee7610	01a22c09-a648-7344-b469-d98fcd40abc0	1	webhook	01a22c09-a649-74d0-99bc-aba31fee7610
01a22c09-a649-74d0-99bc-aba473061815	01a22c09-a648-7344-b469-d98fcd40abc0	1	pagerduty	01a22c09-a649-74d0-99bc-aba473061815
01a22c09-bd0a-739f-bf91-e62699ea0bec	01a22c08-d305-762d-8018-6aebe6d1af78	2	email	01a22c09-a5fe-74aa-9ce2-0535263914f4
01a22c09-bd0d-726d-8e29-022a92527426	01a22c08-d305-762d-8018-6aebe6d1af78	2	webhook	01a22c09-bd0d-726d-8e29-022a92527426
01a22c09-bd0e-7520-90c8-5e02207ca3fd	01a22c08-d305-762d-8018-6aebe6d1af78	2	pagerduty	01a22c09-bd0e-7520-90c8-5e02207ca3fd
00000000-0000-4000-8000-00000000a002	00000000-0000-4000-8000-00000000a001	1	slack	00000000-0000-4000-8000-00000000a002
\.
COPY callbunker.alert_round (only_one, judge, alive_at, judged_at, facts_at, beat_at) FROM stdin;
t	30d4ead5-b21d-4a5f-bb22-fca312dd2825	2026-11-30 10:40:07.695036+00	2026-11-30 10:40:06.875695+00	2026-11-30 10:40:06.734653+00	\N
\.
COPY callbunker.attachment_targets (target, full_since, unknown_since, inbound_on_number, looked_at, twilio_code, message) FROM stdin;
MGffffffffffffffffffffffffffffffff	\N	\N	\N	\N	\N	\N
\.
COPY callbunker.purchases (id, trigger, state, requested_count, country, area_code, fallback, override_caps, requested_by, run_id, idempotency_key, created_at, expires_at, started_at, ended_at, cancelled_at, cancelled_by, pool, number_type) FROM stdin;
01a22c08-a814-7792-9fc4-0559f91873c6	warm_start	interrupted	4	US	\N	t	f	callbunker	\N	\N	2026-11-30 10:38:14.548534+00	2026-11-30 10:38:14.548534+00	2026-11-30 10:38:14.548534+00	2026-11-30 10:38:18.819811+00	\N	\N	default	local
01a22c08-d555-7432-bd58-e0ae43ba8fb1	warm_start	interrupted	2	CA	\N	t	f	callbunker	\N	\N	2026-11-30 10:38:26.135248+00	2026-11-30 10:38:26.135248+00	2026-11-30 10:38:26.135248+00	2026-11-30 10:38:33.201131+00	\N	\N	ca	local
01a22c08-df3e-7167-8905-9f4046605181	manual	interrupted	3	CA	\N	f	f	6d843254d280	\N	\N	2026-11-30 10:38:28.672345+00	2026-11-30 10:38:30.672345+00	\N	2026-11-30 10:38:38.391188+00	\N	\N	ca	local
01a22c09-0856-7021-810a-c1bb10a283f7	warm_start	interrupted	1	GB	\N	t	f	callbunker	\N	\N	2026-11-30 10:38:39.194587+00	2026-11-30 10:38:39.194587+00	2026-11-30 10:38:39.194588+00	2026-11-30 10:38:55.322313+00	\N	\N	gb	mobile
01a22c09-30d1-728c-abcd-894f8f439ec5	manual	interrupted	1	CA	\N	f	f	6d843254d280	\N	\N	2026-11-30 10:38:49.554298+00	2026-11-30 10:38:51.554298+00	\N	2026-11-30 10:38:57.287672+00	\N	\N	ca	local
01a22c09-5f56-7513-a148-0cf43a7d31b8	warm_start	interrupted	4	US	\N	t	f	callbunker	\N	\N	2026-11-30 10:39:01.463324+00	2026-11-30 10:39:01.463324+00	2026-11-30 10:39:01.463324+00	2026-11-30 10:39:10.449177+00	\N	\N	default	local
01a22c09-88c6-708a-8af9-c36ba6787bf4	warm_start	done	2	CA	\N	t	f	callbunker	\N	\N	2026-11-30 10:39:12.070577+00	2026-11-30 10:39:12.070577+00	2026-11-30 10:39:12.070577+00	2026-11-30 10:39:15.240806+00	\N	\N	ca	local
00000000-0000-4000-8000-00000000f001	manual	queued	2	US	\N	f	f	dana	\N	asked-for-once	2026-11-30 10:40:06.834194+00	2026-11-30 10:41:06.833445+00	\N	\N	\N	\N	default	local
00000000-0000-4000-8000-00000000f002	manual	stopped	9	US	\N	f	f	dana	\N	\N	2026-11-30 10:40:06.845362+00	2026-11-30 10:40:06.845182+00	\N	2026-11-30 10:40:06.845182+00	2026-11-30 10:40:06.845182+00	dana	default	local
\.
COPY callbunker.purchase_items (id, purchase_id, phone_number, state, override_caps, attempts, doubted, intended_at, first_sent_at, last_sent_at, negative_lookups, last_lookup_at, ended_at, error_code, twilio_code, error_message, twilio_request_id, spends, refusal_concerns, pool) FROM stdin;
01a22c08-a9e0-7332-a27c-9430e9503966	01a22c08-a814-7792-9fc4-0559f91873c6	+17285445040	bought	f	1	f	2026-11-30 10:38:15.16302+00	2026-11-30 10:38:15.21468+00	2026-11-30 10:38:15.21468+00	0	\N	2026-11-30 09:38:15.52285+00	\N	\N	\N	RQ0d31325ac5305b8593a25ccd5e8e3462	t	\N	default
01a22c08-dac9-77fa-93bd-0e9d2c6ae2ee	01a22c08-d555-7432-bd58-e0ae43ba8fb1	+14288247772	bought	f	1	t	2026-11-30 10:38:27.860181+00	2026-11-30 10:38:28.145299+00	2026-11-30 10:38:28.145299+00	0	\N	2026-11-30 09:38:34.305228+00	\N	\N	\N	RQb4bccbfc80aba0b5a749bf2bf2c48449	t	\N	ca
01a22c09-0bfd-735f-bf38-79ad97c7b517	01a22c09-0856-7021-810a-c1bb10a283f7	+447400395011	not_bought	f	0	f	2026-11-30 10:38:40.404921+00	\N	\N	0	\N	2026-11-30 09:38:55.53503+00	interrupted	\N	the run ended before Twilio was asked	\N	t	\N	gb
01a22c09-8b00-7546-9f18-8fb3c3ae3250	01a22c09-88c6-708a-8af9-c36ba6787bf4	+13066574037	bought	f	1	f	2026-11-30 10:39:12.907189+00	2026-11-30 10:39:13.248869+00	2026-11-30 10:39:13.248869+00	0	\N	2026-11-30 09:39:14.10283+00	\N	\N	\N	RQcc7a14a0c24cb7a0ccb73830efbb5dfd	t	\N	ca
01a22c09-8f6a-77c8-819a-22138e514f52	01a22c09-88c6-708a-8af9-c36ba6787bf4	+14689199864	bought	f	1	f	2026-11-30 10:39:14.120299+00	2026-11-30 10:39:14.466053+00	2026-11-30 10:39:14.466053+00	0	\N	2026-11-30 09:39:14.807533+00	\N	\N	\N	RQ4d3f33c2823320f1355602861c907697	t	\N	ca
01a22c08-aba5-71a5-aa9b-c6788056c1dc	01a22c08-a814-7792-9fc4-0559f91873c6	+14248803212	not_bought	f	1	t	2026-11-30 10:38:15.57806+00	2026-11-30 10:38:15.712417+00	2026-11-30 10:38:15.712417+00	2	2026-11-30 10:39:23.063295+00	2026-11-30 09:39:23.087596+00	outcome_unknown	\N	the run ended while Twilio was being asked	\N	t	\N	default
00000000-0000-4000-8000-00000000f011	00000000-0000-4000-8000-00000000f002	+12125550199	not_bought	f	0	f	2026-11-30 10:40:06.846894+00	\N	\N	0	\N	2026-11-30 10:40:06.846671+00	number_needs_address	21631	needs an address	\N	t	\N	default
00000000-0000-4000-8000-00000000f012	00000000-0000-4000-8000-00000000f002	+12125550198	taken	f	0	f	2026-11-30 10:40:06.847173+00	\N	\N	0	\N	2026-11-30 10:40:06.846671+00	taken	21422	not available	\N	t	\N	default
00000000-0000-4000-8000-00000000f013	00000000-0000-4000-8000-00000000f001	+12125550197	unknown	f	1	t	2026-11-30 10:40:06.853405+00	2026-11-30 10:40:06.853337+00	2026-11-30 10:40:06.853337+00	0	\N	\N	\N	\N	\N	\N	t	\N	default
\.
COPY callbunker.numbers (id, sid, phone_number, country, area_code, status, webhook_status, capable, missing_since, quarantined_until, quarantine_reason, rests_for, purchase_item_id, purchased_at, held_since, webhooks_in_vain, webhooks_failed_at, ready, another_tag_since, pool, number_type, apart, attachment_status, registration, registration_at, registration_reason, marked_ready_at, marked_ready_by, held_back, webhooks_set_back_at, protected_at, protected_by) FROM stdin;
1	PNeb7eb7352430495c13192d10914b2b2c	+17285445040	US	728	quarantined	configured	t	\N	2026-12-30 10:38:26.071188+00	released	u-2	01a22c08-a9e0-7332-a27c-9430e9503966	2026-11-30 09:38:15+00	\N	0	\N	f	\N	default	local	f	attached	\N	\N	\N	\N	\N	\N	{}	\N	\N
2	PNcffa4e1e58c399148d7d6e66db470200	+14288247772	CA	428	released	configured	t	\N	\N	\N	\N	01a22c08-dac9-77fa-93bd-0e9d2c6ae2ee	2026-11-30 09:38:29+00	\N	0	\N	f	\N	ca	local	f	attached	\N	\N	\N	\N	\N	\N	{}	\N	\N
3	PNdd794e9a70c099c0c05ed9243b51bee0	+13066574037	CA	306	active	configured	t	\N	\N	\N	\N	01a22c09-8b00-7546-9f18-8fb3c3ae3250	2026-11-30 09:39:13+00	\N	0	\N	t	\N	ca	local	f	attached	\N	\N	\N	\N	\N	\N	{}	\N	\N
4	PN56b05aba0d3cf7c3b6df109ad8b68ef4	+14689199864	CA	468	active	configured	t	\N	\N	\N	\N	01a22c09-8f6a-77c8-819a-22138e514f52	2026-11-30 09:39:14+00	\N	0	\N	t	\N	ca	local	f	attached	\N	\N	\N	\N	\N	\N	{}	\N	\N
5	PN0000000000000000000000000000f001	+19075550001	US	907	active	configured	t	\N	\N	\N	\N	\N	2026-10-21 10:40:06.864933+00	\N	0	\N	t	\N	default	local	f	attached	\N	\N	\N	\N	\N	\N	{}	\N	\N
6	PN0000000000000000000000000000f002	+19075550002	US	907	quarantined	configured	t	\N	2026-12-20 10:40:06.864933+00	released	rests-2	\N	2026-09-11 10:40:06.864933+00	\N	0	\N	f	\N	default	local	f	attached	\N	\N	\N	\N	\N	\N	{}	\N	\N
7	PN0000000000000000000000000000f003	+19075550003	US	907	quarantined	configured	t	\N	\N	tag_conflict	\N	\N	2026-08-02 10:40:06.864933+00	2026-11-27 10:40:06.864933+00	0	\N	f	\N	default	local	f	attached	\N	\N	\N	\N	\N	\N	{}	\N	\N
8	PN0000000000000000000000000000f004	+19075550004	US	907	quarantined	pending	t	\N	\N	unknown_item	\N	\N	2026-06-23 10:40:06.864933+00	2026-11-27 10:40:06.864933+00	0	\N	f	\N	default	local	f	attached	\N	\N	\N	\N	\N	\N	{}	\N	\N
9	PN0000000000000000000000000000f005	+19075550005	US	907	active	drifted	t	\N	\N	\N	\N	\N	2026-05-14 10:40:06.864933+00	\N	0	\N	f	\N	default	local	f	attached	\N	\N	\N	\N	\N	\N	{}	\N	\N
10	PN0000000000000000000000000000f006	+19075550006	US	907	active	configured	f	\N	\N	\N	\N	\N	2026-04-04 10:40:06.864933+00	\N	0	\N	f	\N	default	local	f	attached	\N	\N	\N	\N	\N	\N	{}	\N	\N
11	PN0000000000000000000000000000f007	+19075550007	US	907	active	configured	t	2026-11-30 10:40:06.864933+00	\N	\N	\N	\N	2026-02-23 10:40:06.864933+00	\N	0	\N	f	\N	default	local	f	attached	\N	\N	\N	\N	\N	\N	{}	\N	\N
12	PN0000000000000000000000000000f008	+19075550008	US	907	active	configured	t	\N	\N	\N	\N	\N	2026-01-14 10:40:06.864933+00	\N	0	\N	t	\N	default	local	f	attached	\N	\N	\N	\N	\N	\N	{}	2026-11-30 10:40:06.864933+00	dana
13	PN0000000000000000000000000000f009	+19075550009	US	907	active	failed	t	\N	\N	\N	\N	\N	2025-12-05 10:40:06.864933+00	\N	0	\N	f	\N	default	local	f	attached	\N	\N	\N	\N	\N	\N	{}	\N	\N
14	PN0000000000000000000000000000f00a	+19075550010	US	907	quarantined	configured	t	\N	\N	contested	\N	\N	2025-10-26 10:40:06.864933+00	2026-11-27 10:40:06.864933+00	0	\N	f	\N	default	local	f	attached	\N	\N	\N	\N	\N	\N	{}	\N	\N
15	PN0000000000000000000000000000f00b	+19075550011	US	907	released	configured	t	\N	\N	\N	\N	\N	2025-09-16 10:40:06.864933+00	\N	0	\N	f	\N	default	local	f	attached	\N	\N	\N	\N	\N	\N	{}	\N	\N
16	PN0000000000000000000000000000f00c	+19075550012	US	907	quarantined	configured	t	\N	2026-12-20 10:40:06.894982+00	released	had-before	\N	2025-08-07 10:40:06.864933+00	\N	0	\N	f	\N	default	local	f	attached	\N	\N	\N	\N	\N	\N	{}	\N	\N
\.
COPY callbunker.attachments (id, number_id, kind, target, state, since, attempts, last_sent_at, doubted, assignment_sid, twilio_code, message, request_id, refusal_concerns, leaving, for_anybody) FROM stdin;
1	14	messaging_service	MGffffffffffffffffffffffffffffffff	intended	2026-11-30 10:40:06.963782+00	0	\N	f	\N	\N	\N	\N	\N	f	f
\.
COPY callbunker.audit (id, call_id, at, who, address, action, method, path, detail, result, code, request_id) FROM stdin;
1	26bb6b11-d322-4313-aee7-15ae245c7f64	2026-11-30 10:38:26.189326+00	6d843254d280	127.0.0.1	adopt	POST	/admin/phones/api/numbers/{phone_number}/adopt	{"phone_number": "+14155550000"}	404	not_found	083bf054-ae68-452d-a0a2-0744109eb8b1
2	1ab1c683-a8ea-40eb-9e57-6cb5278efd5d	2026-11-30 10:38:58.85938+00	6d843254d280	127.0.0.1	pause	POST	/admin/phones/api/pause	{}	200	\N	322b279a-16c4-4837-9d67-693bde68f882
3	bf5376f6-7e77-4689-8aef-4031781f38cb	2026-11-30 10:38:59.588011+00	6d843254d280	127.0.0.1	pause	POST	/admin/phones/api/pause	{}	200	\N	a2a406e3-2e84-4e20-bb38-71d1f6ef6ec9
4	c07736cf-cf7d-484c-b03b-908af43bbc8a	2026-11-30 10:38:59.970375+00	6d843254d280	127.0.0.1	resume	POST	/admin/phones/api/resume	{}	200	\N	3f54ce48-eb7d-485e-84db-a87444e98c22
5	3cb620bd-f08d-4849-9e1d-2a52561fc70a	2026-11-30 10:38:57.942507+00	6d843254d280	127.0.0.1	release-to-twilio	POST	/admin/phones/api/numbers/{phone_number}/release-to-twilio	{"phone_number": "+14288247772"}	200	\N	2ca3cad7-b4ff-45d7-a76d-87b88a0255fe
6	da633555-a74d-4038-b78a-c2e673025e94	2026-11-30 10:38:59.650416+00	6d843254d280	127.0.0.1	release-to-twilio	POST	/admin/phones/api/numbers/{phone_number}/release-to-twilio	{"phone_number": "+14288247772"}	200	\N	f54b0315-3a5f-4c22-b918-3147685d9ea1
7	4e4fd133-0240-4d67-9d58-4c14b5e89683	2026-11-30 10:39:00.944556+00	6d843254d280	127.0.0.1	resume	POST	/admin/phones/api/resume	{}	200	\N	e0d7742c-565b-43c5-a2aa-4062edfff129
8	e9461258-5c83-451b-bc91-995ed5597c0d	2026-11-30 10:39:00.793183+00	6d843254d280	127.0.0.1	resume	POST	/admin/phones/api/resume	{"pool": "ca"}	200	\N	dba2169f-c13b-4cf1-a655-aa7d10f533e1
9	10a109e2-4d00-474f-b18b-4d054ae2e3c5	2026-11-30 10:39:01.95467+00	6d843254d280	127.0.0.1	resume	POST	/admin/phones/api/resume	{"pool": "gb"}	200	\N	ebcb1bf5-b100-4937-a2dc-f5c8a94ea1ae
10	fd1dacf8-acba-430f-b488-0144ec5fa315	2026-11-30 10:39:12.632134+00	6d843254d280	127.0.0.1	status	GET	/admin/phones/api/status	{}	200	\N	0e19b996-7ef4-4db1-9099-594684e9cd06
11	9592211f-6fcb-4914-937a-19316f9b460c	2026-11-30 10:39:13.811299+00	6d843254d280	127.0.0.1	resume	POST	/admin/phones/api/resume	{}	200	\N	f5c1059f-ece2-4140-bca3-93b475f7c841
12	3e11f6d2-d177-472b-861b-1d6a1107e028	2026-11-30 10:39:14.17078+00	6d843254d280	127.0.0.1	resume	POST	/admin/phones/api/resume	{"pool": "default"}	200	\N	6e735bda-913b-4928-ac3d-3f81d045804c
13	fa87dac9-54db-4ace-bcf6-6f9339c2ec75	2026-11-30 10:39:15.178132+00	6d843254d280	127.0.0.1	resume	POST	/admin/phones/api/resume	{"pool": "gb"}	200	\N	bfbcf6a0-5356-453f-86da-3c6354517a07
14	33e0fb6e-bb9a-4a50-8799-650d98b9efbb	2026-11-30 10:39:15.789232+00	6d843254d280	127.0.0.1	resume	POST	/admin/phones/api/resume	{"pool": "ca"}	200	\N	94cdb00c-7218-486a-a169-9eec06727bbf
15	bfb8e001-7ca3-4d76-b128-5ddb08171e52	2026-11-30 10:39:16.755055+00	6d843254d280	127.0.0.1	pause	POST	/admin/phones/api/pause	{}	200	\N	8f03f7b6-7474-4d54-b65c-2c5675075627
16	1c5c3fee-9ae5-4d64-b9f3-0e8b56aba0d6	2026-11-30 10:39:25.071772+00	6d843254d280	127.0.0.1	reconcile	POST	/admin/phones/api/reconcile	{}	200	\N	38ee4b03-c508-4c74-9762-aa37bcf7033d
17	74e863a3-3fe0-420f-af01-b3b9356c66bc	2026-11-30 10:39:55.165856+00	6d843254d280	127.0.0.1	reconcile	POST	/admin/phones/api/reconcile	{}	200	\N	eba0e0cf-3a73-47a8-9fd5-a476219b948c
\.
COPY callbunker.audit_retention (id, days, set_at) FROM stdin;
1	400	2026-11-30 10:38:13.333539+00
\.
COPY callbunker.buying_gate (only_one, paused_since, paused_by, paused_reason, halted_since, halt_code, halt_message, halt_by_probe, next_probe_at, probe_set_at, probe_closed_at, halts_in_a_row) FROM stdin;
t	2026-11-30 10:39:16.773749+00	6d843254d280	\N	\N	\N	\N	f	\N	\N	\N	0
\.
COPY callbunker.charge_clocks (number_id, bought_on, ours_from, next_on, left_at) FROM stdin;
1	2026-11-30	2026-11-30	2026-12-30	\N
2	2026-11-30	2026-11-30	\N	2026-11-30 10:38:59.958942+00
3	2026-11-30	2026-11-30	2026-12-30	\N
4	2026-11-30	2026-11-30	2026-12-30	\N
16	2025-08-07	2026-11-30	2025-08-07	\N
15	2025-09-16	2026-11-30	2025-09-16	\N
14	2025-10-26	2026-11-30	2025-10-26	\N
13	2025-12-05	2026-11-30	2025-12-05	\N
12	2026-01-14	2026-11-30	2026-01-14	\N
11	2026-02-23	2026-11-30	2026-02-23	\N
10	2026-04-04	2026-11-30	2026-04-04	\N
9	2026-05-14	2026-11-30	2026-05-14	\N
8	2026-06-23	2026-11-30	2026-06-23	\N
7	2026-08-02	2026-11-30	2026-08-02	\N
6	2026-09-11	2026-11-30	2026-09-11	\N
5	2026-10-21	2026-11-30	2026-10-21	\N
\.
COPY callbunker.charge_months (month, pool, country, number_type, currency, purchases, renewals, amount) FROM stdin;
2024-01-01	default	US	local	USD	1	2	3.45000
\.
COPY callbunker.charges (number_id, charged_on, what, pool, country, number_type, amount, currency, price_source) FROM stdin;
1	2026-11-30	purchase	default	US	local	\N	\N	\N
2	2026-11-30	purchase	ca	CA	local	\N	\N	\N
3	2026-11-30	purchase	ca	CA	local	\N	\N	\N
4	2026-11-30	purchase	ca	CA	local	\N	\N	\N
12	2026-10-31	renewal	default	US	local	1.15000	USD	seen
\.
COPY callbunker.demand (pool, user_key, slot, asked_at) FROM stdin;
default	\\xdba074d40fbe301b	5986783	2026-11-30 10:38:26.609382+00
default	\\xfe64b5057017057b	5986783	2026-11-30 10:38:26.705232+00
default	\\xc964ca88f768d642	5986783	2026-11-30 10:38:57.52369+00
default	\\x0102030405060708	1	2026-11-30 10:40:06.992726+00
\.
COPY callbunker.duties (name, claimed_by, claimed_until, done_at, detail) FROM stdin;
charge	\N	\N	2026-11-30 10:39:21.438893+00	4 charges
fold	\N	\N	2026-11-30 10:39:21.799903+00	0 charges
prices	\N	\N	2026-11-30 10:40:06.997349+00	\N
\.
COPY callbunker.event_refusals (minute, count) FROM stdin;
2026-11-30 10:40:00+00	2
\.
COPY callbunker.first_ready (number_id, at) FROM stdin;
1	2026-11-30 10:38:15.469815+00
2	2026-11-30 10:38:34.270887+00
3	2026-11-30 10:39:14.071016+00
4	2026-11-30 10:39:14.777347+00
5	2026-11-30 10:40:06.870254+00
12	2026-11-30 10:40:06.870285+00
16	2026-11-30 10:40:06.870287+00
\.
COPY callbunker.foreign_numbers (sid, phone_number, country, number_type, date_created, first_seen_at, last_seen_at, gone_at) FROM stdin;
PN4b702a63723013fa079157a9d325cfc3	+14155550002	US	local	2026-11-30 10:38:48+00	2026-11-30 10:39:25.777854+00	2026-11-30 10:39:55.602857+00	\N
PN651cc51ff00e7727f68a82c86add8893	+14155550000	US	local	2026-11-30 10:38:26+00	2026-11-30 10:39:25.777854+00	2026-11-30 10:39:55.602857+00	\N
PN8cc63a8df4eeca69919e39fb5e7aacb5	+14155550001	US	local	2026-11-30 10:38:34+00	2026-11-30 10:39:25.777854+00	2026-11-30 10:39:55.602857+00	\N
PNdddddddddddddddddddddddddddddddd	+19075550098	US	\N	2026-11-30 10:40:07.070514+00	2026-11-30 10:40:07.070514+00	2026-11-30 10:40:07.070514+00	\N
\.
COPY callbunker.ignored_numbers (phone_number, sid, ignored_by, ignored_at) FROM stdin;
+19075550099	PNeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee	dana	2026-11-30 10:40:06.949359+00
\.
COPY callbunker.installation (only_one, account_sid, instance_name, created_at) FROM stdin;
t	ACef536661e60c8f7c9eb79cd01235822e	default	2026-11-30 10:38:13.074611+00
\.
COPY callbunker.last_uses (number_id, last_used_at, source) FROM stdin;
12	2026-11-30 10:40:07.075009+00	touch
\.
COPY callbunker.leases (number_id, ready, user_id, assignment_id, assigned_at, source, waited_at, purchased_at, phone_number, country, area_code, pool, apart, matched) FROM stdin;
3	t	\N	\N	\N	\N	\N	2026-11-30 10:39:13+00	+13066574037	CA	306	ca	f	\N
4	t	\N	\N	\N	\N	\N	2026-11-30 10:39:14+00	+14689199864	CA	468	ca	f	\N
5	t	\N	\N	\N	\N	\N	2026-10-21 10:40:06.864933+00	+19075550001	US	907	default	f	\N
9	f	\N	\N	\N	\N	\N	2026-05-14 10:40:06.864933+00	+19075550005	US	907	default	f	\N
10	f	\N	\N	\N	\N	\N	2026-04-04 10:40:06.864933+00	+19075550006	US	907	default	f	\N
11	f	\N	\N	\N	\N	\N	2026-02-23 10:40:06.864933+00	+19075550007	US	907	default	f	\N
13	f	\N	\N	\N	\N	\N	2025-12-05 10:40:06.864933+00	+19075550009	US	907	default	f	\N
12	t	a-user	3	2026-11-30 10:40:06.935629+00	pool	\N	2026-01-14 10:40:06.864933+00	+19075550008	US	907	default	f	exact
\.
COPY callbunker.number_notes (id, number_id, at, note, detail, noted_by) FROM stdin;
1	12	2026-11-30 10:40:06.943569+00	protected	\N	dana
2	12	2026-11-30 10:40:07.760573+00	recycling_ended	protected	\N
\.
COPY callbunker.owned_changes (id, more, pool) FROM stdin;
1	0	default
2	1	default
3	1	ca
4	-1	ca
5	1	ca
6	1	ca
7	10	default
\.
COPY callbunker.passes (id, at, trigger, reason, purchased_count, error, pool, detail) FROM stdin;
1	2026-11-30 10:39:18.273057+00	warm_start	below_threshold	2	\N	ca	\N
2	2026-11-30 10:39:18.318033+00	warm_start	paused	0	\N	default	\N
3	2026-11-30 10:39:18.376825+00	warm_start	paused	0	\N	gb	\N
4	2026-11-30 10:39:18.563384+00	threshold	paused	0	\N	default	\N
5	2026-11-30 10:39:18.615133+00	threshold	paused	0	\N	gb	\N
6	2026-11-30 10:39:18.868158+00	threshold	paused	0	\N	default	\N
7	2026-11-30 10:39:19.018383+00	threshold	paused	0	\N	gb	\N
8	2026-11-30 10:39:25.260487+00	threshold	paused	0	\N	default	\N
9	2026-11-30 10:39:25.30712+00	threshold	paused	0	\N	gb	\N
10	2026-11-30 10:39:54.188154+00	threshold	paused	0	\N	default	\N
11	2026-11-30 10:39:54.384834+00	threshold	paused	0	\N	gb	\N
\.
COPY callbunker.past_assignments (id, number_id, user_id, source, assigned_at, released_at, waited_at, pool, matched) FROM stdin;
1	1	u-2	pool	2026-11-30 10:38:20.476406+00	2026-11-30 10:38:26.071188+00	\N	default	\N
2	16	had-before	pool	2026-11-21 10:40:06.891263+00	2026-11-30 10:40:06.912635+00	\N	default	\N
\.
COPY callbunker.pools (name, voice_url, sms_url, status_callback, unconfirming, country, number_type, created_at, all_told, needs_attached, needs_registered, telling_wants, voice_fallback_url, sms_fallback_url, voice_application_sid, sms_application_sid, trunk_sid) FROM stdin;
ca	https://app.example.com/twilio/voice	https://app.example.com/twilio/sms	https://app.example.com/twilio/status	f	CA	local	2026-11-30 10:38:13.086279+00	t	f	f	f					
default	https://app.example.com/twilio/voice	https://app.example.com/twilio/sms	https://app.example.com/twilio/status	f	US	local	2026-11-30 10:38:13.092834+00	t	f	f	f					
gb	https://app.example.com/twilio/voice	https://app.example.com/twilio/sms	https://app.example.com/twilio/status	f	GB	mobile	2026-11-30 10:38:13.112321+00	t	f	f	f					
former	https://a/v	https://a/s	https://a/c	f	US	local	2026-11-30 10:40:06.957748+00	t	f	f	f					
\.
COPY callbunker.pool_failures (pool, fingerprint, in_a_row, since, message, kind) FROM stdin;
former	f	2	2026-11-30 10:40:06.975334+00	needs a bundle	messaging_service
\.
COPY callbunker.pool_halts (pool, since, twilio_code, message, needs, fingerprint) FROM stdin;
former	2026-11-30 10:40:06.977775+00	\N	no bundle	pools.former.bundle_sid	f
\.
COPY callbunker.pool_thresholds (pool, in_force, advised, lower_since, lower_most, changed_at, why) FROM stdin;
default	5	5	\N	\N	\N	first advice
\.
COPY callbunker.pool_wants (pool, kind, target, rank) FROM stdin;
former	messaging_service	MGffffffffffffffffffffffffffffffff	0
\.
COPY callbunker.prices_seen (country, number_type, day, monthly, currency) FROM stdin;
US	local	2026-11-29	1.15000	USD
\.
COPY callbunker.purchase_errors (purchase_id, code, twilio_code, message, count) FROM stdin;
01a22c08-a814-7792-9fc4-0559f91873c6	interrupted	\N	its run ended before the order did; what is still needed is a new order	2
01a22c08-d555-7432-bd58-e0ae43ba8fb1	interrupted	\N	its run ended before the order did; what is still needed is a new order	1
01a22c08-df3e-7167-8905-9f4046605181	locked	\N	another purchase held the lock for too long; ask again	3
01a22c09-0856-7021-810a-c1bb10a283f7	interrupted	\N	its run ended before the order did; what is still needed is a new order	1
01a22c09-30d1-728c-abcd-894f8f439ec5	locked	\N	another purchase held the lock for too long; ask again	1
01a22c09-5f56-7513-a148-0cf43a7d31b8	interrupted	\N	its run ended before the order did; what is still needed is a new order	4
00000000-0000-4000-8000-00000000f002	number_needs_address	21631	needs an address	1
\.
COPY callbunker.purchase_holder (only_one, run_id, backend_pid, backend_start, beat_at, hangs_after_ms) FROM stdin;
t	caefd6a6-c1b9-4175-a006-ca23cbd4a476	27007	2026-11-30 10:40:07.72751+00	2026-11-30 10:40:07.808886+00	400
\.
COPY callbunker.reconciliations (id, trigger, started_at, ended_at, report, error) FROM stdin;
1	start	2026-11-30 10:38:14.415903+00	2026-11-30 10:38:15.355154+00	{"counts": {"adopted": 0, "missing": 0, "repaired": 0, "conflicts": 0, "webhook_drift": 0, "attachment_drift": 0}, "adopted": [], "checked": 0, "foreign": 0, "ignored": 0, "missing": [], "problem": null, "complete": true, "repaired": [], "conflicts": [], "webhook_drift": [], "foreign_numbers": [], "attachment_drift": []}	\N
2	start	2026-11-30 10:38:39.537869+00	\N	\N	\N
3	manual	2026-11-30 10:39:04.518078+00	\N	\N	\N
4	manual	2026-11-30 10:39:25.166558+00	2026-11-30 10:39:54.989+00	{"counts": {"adopted": 0, "missing": 0, "repaired": 0, "conflicts": 0, "webhook_drift": 0, "attachment_drift": 0}, "adopted": [], "checked": 6, "foreign": 3, "ignored": 0, "missing": [], "problem": null, "complete": true, "repaired": [], "conflicts": [], "webhook_drift": [], "foreign_numbers": [{"sid": "PN4b702a63723013fa079157a9d325cfc3", "reason": "not callbunker's: it carries no tag", "phone_number": "+14155550002"}, {"sid": "PN8cc63a8df4eeca69919e39fb5e7aacb5", "reason": "not callbunker's: it carries no tag", "phone_number": "+14155550001"}, {"sid": "PN651cc51ff00e7727f68a82c86add8893", "reason": "not callbunker's: it carries no tag", "phone_number": "+14155550000"}], "attachment_drift": []}	\N
5	manual	2026-11-30 10:39:55.217731+00	2026-11-30 10:39:56.638418+00	{"counts": {"adopted": 0, "missing": 0, "repaired": 0, "conflicts": 0, "webhook_drift": 0, "attachment_drift": 0}, "adopted": [], "checked": 6, "foreign": 3, "ignored": 0, "missing": [], "problem": null, "complete": true, "repaired": [], "conflicts": [], "webhook_drift": [], "foreign_numbers": [{"sid": "PN4b702a63723013fa079157a9d325cfc3", "reason": "not callbunker's: it carries no tag", "phone_number": "+14155550002"}, {"sid": "PN8cc63a8df4eeca69919e39fb5e7aacb5", "reason": "not callbunker's: it carries no tag", "phone_number": "+14155550001"}, {"sid": "PN651cc51ff00e7727f68a82c86add8893", "reason": "not callbunker's: it carries no tag", "phone_number": "+14155550000"}], "attachment_drift": []}	\N
\.
COPY callbunker.recycling_gate (only_one, fingerprint, gone_since) FROM stdin;
t	\N	\N
\.
COPY callbunker.recyclings (id, number_id, assignment_id, state, unused_since, body, intended_at, tries, due_at, claimed_until, last_error, noticed_at, take_after, ended_at, requested_by, why) FROM stdin;
706f010b-e2c8-494b-bf75-5a6301abdb90	12	3	ended	2026-08-23 10:40:07.076755+00	{}	2026-11-30 10:40:07.077023+00	0	2026-11-30 10:40:07.077023+00	\N	\N	2026-11-30 10:40:07.076755+00	2027-03-09 10:40:07.076755+00	2026-11-30 10:40:07.75411+00	\N	protected
\.
COPY callbunker.releases (id, number_id, state, requested_by, former_reason, former_until, attempts, intended_at, last_sent_at, ended_at, error_code, twilio_code, error_message, twilio_request_id, former_rests_for) FROM stdin;
01a22c09-5511-71d5-add3-fb43aaf8fafc	2	released	6d843254d280	\N	\N	1	2026-11-30 10:38:58.833843+00	2026-11-30 10:38:59.179452+00	2026-11-30 10:38:59.91456+00	\N	\N	\N	RQ56a608ed085455c8bb169f02f2886a4f	\N
791dc5ad-623e-4f3b-aa9d-af916ae87379	15	released	dana	\N	\N	1	2026-11-30 10:40:06.93678+00	\N	2026-11-30 10:40:06.936356+00	\N	\N	\N	RQ1	\N
\.
COPY callbunker.sessions (token_hash, key_fingerprint, address, user_agent, created_at, last_seen_at, expires_at) FROM stdin;
aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa	bbbbbbbbbbbb	127.0.0.1	\N	2026-11-30 10:40:06.990841+00	2026-11-30 10:40:06.990841+00	2026-12-01 10:40:06.990725+00
\.
COPY callbunker.signup_refusals (minute, code, count, pool) FROM stdin;
2026-11-29 10:40:00+00	pool_empty	3	default
\.
COPY callbunker.stock_samples (at, available, assigned, quarantined, unready, threshold, pool) FROM stdin;
2026-11-30 10:38:00+00	1	0	0	0	2	ca
2026-11-30 10:38:00+00	0	0	1	0	3	default
2026-11-30 10:38:00+00	0	0	0	0	2	gb
2026-11-30 10:39:00+00	0	0	0	0	2	ca
2026-11-30 10:39:00+00	0	0	1	0	3	default
2026-11-30 10:39:00+00	0	0	0	0	2	gb
2026-11-30 10:40:00+00	2	0	0	0	2	ca
2026-11-30 10:40:00+00	0	0	1	0	3	default
2026-11-30 10:40:00+00	0	0	0	0	2	gb
2026-11-29 10:40:00+00	1	2	3	4	5	default
\.
COPY callbunker.sweeps (id, what, from_at, until_at, next_page, pages, unreadable, anew, state, started_at, ended_at, error, claimed_by, claimed_until) FROM stdin;
1	calls	2026-11-29 10:40:07.07624+00	2026-11-30 10:40:07.07624+00	\N	0	0	0	complete	2026-11-30 10:40:07.076398+00	2026-11-30 10:40:07.07624+00	\N	\N	\N
\.
COPY callbunker.touch_days (day, first_at) FROM stdin;
2026-11-29	2026-11-30 10:40:07.07608+00
\.
COPY callbunker.usage_seen (month, category, count, price, currency, as_of, asked_at) FROM stdin;
2026-11-01	phonenumbers	1	1.15000	USD	2026-11-30 10:40:07.062635+00	2026-11-30 10:40:07.062635+00
\.
COPY callbunker.waiters (user_id, instance_id, created_at, expires_at, pool, area_code, only_pool) FROM stdin;
waits	ba6d8777-ebfd-40c7-9182-81fbab1099e3	2026-11-30 10:40:06.98904+00	2026-11-30 10:41:06.988713+00	former	\N	f
\.
SELECT pg_catalog.setval('callbunker.alert_messages_number_seq', 24, true);
SELECT pg_catalog.setval('callbunker.alerts_number_seq', 8, true);
SELECT pg_catalog.setval('callbunker.assignment_ids', 3, true);
SELECT pg_catalog.setval('callbunker.attachments_id_seq', 1, true);
SELECT pg_catalog.setval('callbunker.audit_id_seq', 17, true);
SELECT pg_catalog.setval('callbunker.audit_retention_id_seq', 1, true);
SELECT pg_catalog.setval('callbunker.number_notes_id_seq', 2, true);
SELECT pg_catalog.setval('callbunker.numbers_id_seq', 16, true);
SELECT pg_catalog.setval('callbunker.owned_changes_id_seq', 7, true);
SELECT pg_catalog.setval('callbunker.passes_id_seq', 11, true);
SELECT pg_catalog.setval('callbunker.reconciliations_id_seq', 5, true);
SELECT pg_catalog.setval('callbunker.sweeps_id_seq', 1, true);
