//! Moving the earlier service's numbers and users in.
//!
//! How to get it wrong: refusing the whole call for one bad row. Rows have problems, told all at once; only what is no
//! list of rows is refused.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::custody::apart;
use super::pool_named::pool_named;
use super::services::Services;
use crate::attention::owned_max_exceeded;
use crate::config::PoolConfig;
use crate::custody::{ImportReport, ImportRequest, ImportRow};
use crate::db::stock::stock_read_all;
use crate::domain::{CountryCode, PoolName, Reading, Written, Zone, known_country, user_id};
use crate::http::{Problem, ProblemCode, RequestBody};
use crate::routing::{About, Outcome, Request, answer};

/// A thousand rows with the longest users do not fit into the usual limit.
pub(crate) const BYTES_MAX: u64 = 1024 * 1024;
const ROWS_MAX: usize = 1000;

#[derive(Deserialize, utoipa::ToSchema)]
struct ImportBody {
    #[schema(max_items = 1000)]
    numbers: Vec<ImportRow>,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    configure_webhooks: bool,
    pool: Option<PoolName>,
    /// The country of numbers that are written without their plus; without it they are refused.
    default_country: Option<CountryCode>,
    /// The zone of instants that are written without an offset: an IANA name, or such as +01:00. Without it they are UTC.
    timezone: Option<String>,
    /// Take user ids to the letter, also those that look like a word for none or as if a spreadsheet had destroyed them.
    #[serde(default)]
    as_is: bool,
    /// Nobody has these numbers: all become stock, also those with an `assigned_at`.
    #[serde(default)]
    no_users: bool,
}

impl RequestBody for ImportBody {
    const FIELDS: &'static [&'static str] =
        &["numbers", "dry_run", "configure_webhooks", "pool", "default_country", "timezone", "as_is", "no_users"];
    const INSIDE: &'static str = "If it says whose the number is, call it user_id; else leave it out.";
}

/// Whether the rows say whose the numbers are, or that nobody has them. A column that was forgotten would give users' numbers to others.
fn say_whose(body: &ImportBody, reading: &Reading) -> Result<(), Problem> {
    if body.no_users {
        let names_one = |row: &ImportRow| !matches!(user_id(row.user(), reading), Ok(Written { value: None, .. }));
        let contradicts = body.numbers.iter().any(names_one);
        let why = "says that nobody has these numbers, and there are rows with a user_id; leave one of them out";
        return if contradicts { Err(Problem::invalid_field("no_users", why)) } else { Ok(()) };
    }
    let has_since = |row: &ImportRow| row.assigned_at.as_ref().is_some_and(|at| !at.trim().is_empty());
    if body.numbers.iter().any(has_since) && body.numbers.iter().all(|row| row.user_id.is_none()) {
        let why = "no row has a user_id, and there are rows with an assigned_at; write whose the numbers are, or give \
                   \"no_users\":true if all of these numbers become stock";
        return Err(Problem::invalid_field("numbers", why));
    }
    Ok(())
}

/// What the call says beside its values.
fn reading(body: &ImportBody) -> Result<Reading, Problem> {
    if let Some(country) = body.default_country.filter(|country| !known_country(*country)) {
        let why = format!("{country} is no country whose numbers are known; write it such as US");
        return Err(Problem::invalid_field("default_country", why));
    }
    let zone = body.timezone.as_deref().map(str::parse::<Zone>).transpose();
    let zone = zone.map_err(|error| Problem::invalid_field("timezone", error.to_string()))?.unwrap_or_default();
    Ok(Reading { default_country: body.default_country, zone, as_is: body.as_is })
}

pub(crate) async fn handle(services: Arc<Services>, request: Request) -> Outcome {
    let body: ImportBody = request.json()?;
    if body.numbers.len() > ROWS_MAX {
        return Err(Problem::invalid_field("numbers", format!("at most {ROWS_MAX} at a time; send several calls")));
    }
    let reading = reading(&body)?;
    say_whose(&body, &reading)?;
    let wanted = ImportRequest {
        reading,
        rows: body.numbers,
        pool: pool_named(&request, body.pool)?,
        dry_run: body.dry_run,
        configure_webhooks: body.configure_webhooks,
        requested_by: request.caller().name(),
    };
    let is_dry = wanted.dry_run;
    let mut report = apart(&services, move |custody| async move { custody.import(wanted).await }).await?;
    // What was imported is counted where it is.
    let more: BTreeMap<PoolName, u32> = match is_dry {
        true => report.pools.iter().map(|line| (line.pool.clone(), line.imported)).collect(),
        false => BTreeMap::new(),
    };
    report.warnings.extend(owned_too_many(&services, &more).await);
    answer(Ok(report))
}

/// The warnings that nothing is bought by itself any more for a pool, with so many numbers more that are only thought of. What was
/// imported is so, whether this can be read or not.
async fn owned_too_many(services: &Services, more: &BTreeMap<PoolName, u32>) -> Vec<String> {
    let config = services.config.load_full();
    let keys = config.keys();
    let Ok(seen) = services.db.run("import_stock", move |conn| stock_read_all(conn, &keys)).await else {
        return Vec::new();
    };
    let warning = |(name, _): (&PoolName, &PoolConfig)| {
        let owned = seen.pools.get(name)?.stock.owned_at_most();
        owned_max_exceeded(
            name,
            &config.policy(name)?,
            owned.saturating_add(more.get(name).copied().unwrap_or_default()),
        )
    };
    config.pools().filter_map(warning).collect()
}

pub(crate) fn about() -> About {
    About::new("import", "Numbers", "Moves the earlier service's numbers and users in")
        .text(
            "Each number is looked up at Twilio; bad rows stand in `problems`, the good ones move in; the same call again \
             finishes what broke off. A row goes into the pool that it names, else into that of the call, else into the first of \
             its country and type, `default` first. Values may be written as files have them, see `default_country`, `timezone` and \
             `as_is`; what was taken with a doubt stands in `notes`, `drifted` says how many numbers of users still lead \
             elsewhere, and `stock` how many are nobody's now. Rows with an `assigned_at` and no `user_id` in any of them are refused unless `no_users` says that nobody has the numbers. What a named pool wants and the number lacks is `unfit_for_pool`. `warnings` says when more is owned now than the `owned_max` of a pool, which ends automatic buying. Webhooks of numbers with a user stay as they are unless `configure_webhooks`.",
        )
        .query::<PoolName>("pool", "The pool of the rows that name none, as `pool` in the body.")
        .body::<ImportBody>(json!({"dry_run": true, "numbers": [
            {"phone_number": "+14155550100", "user_id": "u-0", "assigned_at": "2024-01-01T12:00:00Z"},
            {"phone_number": "+14155550101"}]}))
        .answer::<ImportReport>(
            "What moved in, or would.",
            json!({"imported": 1, "assigned": 1, "already_imported": 0, "drifted": 1,
                "pools": [{"pool": "default", "imported": 1, "assigned": 1, "already_imported": 0}], "problems": [
                {"phone_number": "+14155550101", "code": "not_in_account", "message": "the account has no such number",
                 "pool": null}]}),
        )
        .refuses(ProblemCode::Unavailable, "Twilio's list cannot be read; nothing was written.")
        .refuses(ProblemCode::TwilioRefused, "Twilio said no; `detail` has its words.")
        .refuses(ProblemCode::ShuttingDown, "This instance is going away.")
}
