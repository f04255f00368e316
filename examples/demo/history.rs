//! `DEMO_HISTORY=1`: a year lies behind the demo. The schema is made, the year is written into it and into the simulated account, and then
//! the daemon starts as if it had been there all the while.
//!
//! Invariants: what the database says was bought, the account has since that day, so that both books agree to the cent; what nobody
//! but the clock could have written is written by the clock's superuser, past the triggers that keep it.
//! How to get it wrong: numbers whose tag is not their item's. The first comparison would set it right, one call for each.

use std::process::Command;

use chrono::{DateTime, SecondsFormat, Utc};
use twilio_simulator::ForeignNumber;

use super::backdrop::{Backdrop, PUBLIC_APP_URL};
use super::parts::Ended;
use super::parts::daemon::Daemon;
use super::parts::database::{DATABASE, psql};
use super::past::{Number, Tenure, Year};
use super::settings::Settings;

/// Rows of one statement.
const AT_ONCE: usize = 1000;

/// Makes up the year that ends now.
pub fn write(backdrop: &Backdrop, settings: &Settings, daemon: &Daemon) -> Result<(), Ended> {
    migrate(settings, daemon)?;
    let now = Utc::now();
    let year = Year::until(now);
    account(backdrop, &year);
    ledger(backdrop, &year)?;
    users(backdrop, &year)?;
    what_was_seen(backdrop, &year, now)
}

/// What the daemon is told because of it: the application tells of uses, and would be told of silence.
pub fn keys(mailbox: &str) -> [(&'static str, String); 3] {
    [
        ("CALLBUNKER__RECYCLING__MODE", "suggest".to_owned()),
        ("CALLBUNKER__RECYCLING__BY_TOUCH", "true".to_owned()),
        ("CALLBUNKER__RECYCLING__NOTICE_URL", format!("{mailbox}/notices")),
    ]
}

fn migrate(settings: &Settings, daemon: &Daemon) -> Result<(), Ended> {
    let mut command = Command::new(&settings.daemon);
    command.arg("migrate").env_clear().envs(daemon.environment().iter().cloned()).current_dir("/");
    let done = command.output().map_err(|error| format!("{} cannot be started: {error}", settings.daemon.display()))?;
    match done.status.success() {
        true => Ok(()),
        false => Err(Some(format!("the schema cannot be made: {}", String::from_utf8_lossy(&done.stderr).trim()))),
    }
}

fn account(backdrop: &Backdrop, year: &Year) {
    let hook = |path: &str| format!("{PUBLIC_APP_URL}/twilio/{path}");
    for number in &year.numbers {
        backdrop.twilio().own(
            ForeignNumber::new(&number.phone_number)
                .sid(&number.sid)
                .friendly_name(format!("callbunker:default:{}", number.item))
                .voice_url(hook("voice"))
                .sms_url(hook("sms"))
                .status_callback(hook("status"))
                .date_created(number.bought_at),
        );
    }
}

fn at(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn once(backdrop: &Backdrop, statement: &str) -> Result<(), Ended> {
    psql(backdrop.cluster(), DATABASE, &format!("SET search_path = callbunker; {statement}")).map(|_said| ())
}

/// Does this with every row, some at a time: `{}` in the statement stands for the rows.
fn each(backdrop: &Backdrop, statement: &str, rows: &[String]) -> Result<(), Ended> {
    rows.chunks(AT_ONCE).try_for_each(|rows| once(backdrop, &statement.replace("{}", &rows.join(", "))))
}

fn ledger(backdrop: &Backdrop, year: &Year) -> Result<(), Ended> {
    let orders = year.orders.iter().map(|order| {
        let at = at(order.at);
        format!(
            "('{}', '{}', 'done', {}, 'US', 'history', '{at}', '{at}', '{at}', '{at}')",
            order.id, order.trigger, order.count
        )
    });
    each(
        backdrop,
        "INSERT INTO purchases (id, trigger, state, requested_count, country, requested_by, created_at, expires_at, started_at, ended_at) VALUES {}",
        &orders.collect::<Vec<_>>(),
    )?;
    let items = year.numbers.iter().map(|Number { order, item, phone_number, bought_at, .. }| {
        let at = at(*bought_at);
        format!("('{item}', '{order}', '{phone_number}', 'bought', false, 1, '{at}', '{at}', '{at}', '{at}')")
    });
    each(
        backdrop,
        "INSERT INTO purchase_items (id, purchase_id, phone_number, state, override_caps, attempts, intended_at, first_sent_at, last_sent_at, ended_at)
         VALUES {}",
        &items.collect::<Vec<_>>(),
    )?;
    let numbers = year.numbers.iter().map(|Number { sid, item, phone_number, bought_at, .. }| {
        format!(
            "('{sid}', '{phone_number}', 'US', '415', 'active', 'configured', true, '{item}', '{}')",
            at(*bought_at)
        )
    });
    each(
        backdrop,
        "INSERT INTO numbers (sid, phone_number, country, area_code, status, webhook_status, capable, purchase_item_id, purchased_at) VALUES {}",
        &numbers.collect::<Vec<_>>(),
    )?;
    once(
        backdrop,
        "UPDATE first_ready f SET at = n.purchased_at + interval '4 seconds' FROM numbers n WHERE n.id = f.number_id",
    )
}

fn users(backdrop: &Backdrop, year: &Year) -> Result<(), Ended> {
    let tenures = year.numbers.iter().flat_map(|number| number.tenures.iter().map(move |tenure| (number, tenure)));
    let source = |tenure: &Tenure| if tenure.waited { "emergency" } else { "pool" };
    let mut past: Vec<(DateTime<Utc>, String)> = Vec::new();
    let mut live = Vec::new();
    for (number, tenure) in tenures {
        let (phone_number, user, from) = (&number.phone_number, &tenure.user, at(tenure.from));
        match tenure.until {
            Some(until) => {
                past.push((
                    tenure.from,
                    format!("('{phone_number}', '{user}', '{}', '{from}', '{}')", source(tenure), at(until)),
                ));
            }
            None => live.push(format!("('{phone_number}', '{user}', '{}', '{from}')", source(tenure))),
        }
    }
    // An assignment's id says when it came.
    past.sort();
    let past: Vec<String> = past.into_iter().map(|(_, row)| row).collect();
    each(
        backdrop,
        "INSERT INTO past_assignments (id, number_id, user_id, source, assigned_at, released_at)
         SELECT nextval('assignment_ids'), n.id, t.user_id, t.source, t.since::timestamptz, t.until::timestamptz
           FROM (VALUES {}) AS t (phone_number, user_id, source, since, until) JOIN numbers n USING (phone_number)",
        &past,
    )?;
    let given = "UPDATE leases l SET user_id = t.user_id, source = t.source, assigned_at = clock_timestamp(), assignment_id = nextval('assignment_ids')
                   FROM (VALUES {}) AS t (phone_number, user_id, source, since) WHERE l.phone_number = t.phone_number";
    each(backdrop, given, &live)?;
    // No trigger lets a lease say that it is older than it is.
    let dated = "SET session_replication_role = replica;
                 UPDATE leases l SET assigned_at = t.since::timestamptz
                   FROM (VALUES {}) AS t (phone_number, user_id, source, since) WHERE l.phone_number = t.phone_number";
    each(backdrop, dated, &live)
}

/// Who found nothing ready, uses, prices and stock as they were seen, and what was advised.
fn what_was_seen(backdrop: &Backdrop, year: &Year, now: DateTime<Utc>) -> Result<(), Ended> {
    let waited = year.numbers.iter().flat_map(|number| &number.tenures).filter(|tenure| tenure.waited);
    let waited = waited.map(|tenure| {
        format!("('{}', '{}'::timestamptz)", tenure.user, at(tenure.from - chrono::TimeDelta::seconds(5)))
    });
    each(
        backdrop,
        "INSERT INTO demand (pool, user_key, slot, asked_at)
         SELECT 'default', substring(sha256(convert_to(user_id, 'UTF8')) FOR 8), floor(extract(epoch FROM asked_at) / 300)::bigint, asked_at
           FROM (VALUES {}) AS t (user_id, asked_at) WHERE asked_at > clock_timestamp() - interval '34 days'
         ON CONFLICT DO NOTHING",
        &waited.collect::<Vec<_>>(),
    )?;
    let mut samples = Vec::new();
    for hours in 1..=720 {
        let moment = now - chrono::TimeDelta::hours(hours);
        let (available, assigned) = stood(year, moment);
        samples.push(format!("('{}', {available}, {assigned}, 0, 0, 10)", at(moment)));
    }
    each(
        backdrop,
        "INSERT INTO stock_samples (at, available, assigned, quarantined, unready, threshold)
         SELECT date_trunc('minute', at::timestamptz, 'UTC'), available, assigned, quarantined, unready, threshold
           FROM (VALUES {}) AS t (at, available, assigned, quarantined, unready, threshold) ON CONFLICT DO NOTHING",
        &samples,
    )?;
    // Most users were active within a week; every third of those who came long ago was not since.
    let seen = "
        INSERT INTO touch_days (day) SELECT (now() AT TIME ZONE 'UTC')::date - n FROM generate_series(0, 120) AS n ON CONFLICT DO NOTHING;
        INSERT INTO last_uses (number_id, last_used_at, source)
          SELECT number_id, greatest(assigned_at, clock_timestamp() - (number_id % 7) * interval '1 day'), 'touch' FROM leases
           WHERE user_id IS NOT NULL AND (number_id % 3 > 0 OR assigned_at > clock_timestamp() - interval '100 days');
        INSERT INTO prices_seen (country, number_type, day, monthly, currency)
          SELECT 'US', 'local', (now() AT TIME ZONE 'UTC')::date - n, 1.15, 'USD' FROM generate_series(1, 370) AS n;
        INSERT INTO advice_days (pool, day, advised, base_stock)
          SELECT 'default', (now() AT TIME ZONE 'UTC')::date - n, 20, 24 FROM generate_series(1, 7) AS n;
        ANALYZE";
    once(backdrop, seen)
}

/// How many lay ready, and how many were somebody's, at a moment.
fn stood(year: &Year, moment: DateTime<Utc>) -> (usize, usize) {
    let bought = year.numbers.iter().filter(|number| number.bought_at <= moment);
    let is_had = |number: &&Number| {
        number.tenures.iter().any(|tenure| tenure.from <= moment && tenure.until.is_none_or(|until| until > moment))
    };
    let (had, idle): (Vec<&Number>, Vec<&Number>) = bought.partition(is_had);
    (idle.len(), had.len())
}
