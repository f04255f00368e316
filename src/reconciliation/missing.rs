//! Numbers of ours that Twilio's list did not show: each is asked for by its SID before it counts as missing.
//!
//! Invariant: more than five and more than a tenth at once mark nothing and halt buying; one wrong credential must not
//! make everything vanish and be bought again. Only an operator who says so marks so many.
//! How to get it wrong: taking the list's word, or Twilio's word about a number that it sold a moment ago. Both lag.

use std::collections::{HashMap, HashSet};

use futures_util::stream::{self, StreamExt as _};

use super::Trouble;
use super::actor::ReconcilerDependencies;
use super::patience::patiently;
use super::report::Report;
use crate::db::reconciliation::{Live, numbers_live, numbers_live_count, numbers_mark_missing};
use crate::domain::NumberSid;

/// So many may be missing however few there are.
const ALWAYS: usize = 5;
/// Fetches at a time.
const AT_A_TIME: usize = 4;
/// Numbers read from the database at a time.
const PAGE: i64 = 1000;
/// Numbers marked in one statement: nobody waits long for their rows.
const MARKED_AT_ONCE: usize = 1000;

/// Judges what the walk did not see, among the numbers up to `highest`.
pub(super) async fn judge(
    deps: &ReconcilerDependencies,
    highest: i64,
    seen: &HashSet<i64>,
    confirmed: bool,
    report: &mut Report,
) -> Result<(), Trouble> {
    let buyer = &deps.buyer;
    let live = buyer.db.run_patiently("numbers_live_count", move |conn| numbers_live_count(conn, highest)).await?;
    let limit = usize::try_from(live / 10).unwrap_or(usize::MAX).max(ALWAYS);
    let mut gone: Vec<Live> = Vec::new();
    let mut after = 0;
    loop {
        let page = buyer.db.run_patiently("numbers_live", move |conn| numbers_live(conn, after, highest, PAGE)).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        let unseen = page.into_iter().filter(|number| !seen.contains(&number.id));
        let mut asked = stream::iter(unseen)
            .map(|number| async move {
                let found = patiently(buyer, || buyer.twilio.fetch(&number.sid)).await;
                found.map(|found| found.is_none().then_some(number))
            })
            .buffer_unordered(AT_A_TIME);
        while let Some(answer) = asked.next().await {
            gone.extend(answer?);
            if gone.len() > limit && !confirmed {
                suspect(deps, gone.len(), live, report).await;
                return Ok(());
            }
        }
    }
    mark(deps, &gone, report).await
}

async fn mark(deps: &ReconcilerDependencies, gone: &[Live], report: &mut Report) -> Result<(), Trouble> {
    let log = &deps.buyer.log;
    let sids: HashMap<i64, &NumberSid> = gone.iter().map(|number| (number.id, &number.sid)).collect();
    for some in gone.chunks(MARKED_AT_ONCE) {
        let ids: Vec<i64> = some.iter().map(|number| number.id).collect();
        let marked =
            deps.buyer.db.run_patiently("numbers_mark_missing", move |conn| numbers_mark_missing(conn, &ids)).await?;
        fail::fail_point!("missing_marked");
        for number in marked {
            slog::error!(log, "a number of ours is gone at Twilio; it is not assigned any more";
                "phone_number_ends" => &number.phone_number[number.phone_number.len().saturating_sub(4)..],
                "sid" => sids.get(&number.id).map(|sid| sid.as_str()), "somebodys" => number.user_id.is_some());
            report.add_missing(number.phone_number, number.user_id);
        }
    }
    Ok(())
}

async fn suspect(deps: &ReconcilerDependencies, gone: usize, live: i64, report: &mut Report) {
    let problem = format!(
        "{gone} or more of {live} numbers are gone at Twilio, which is more than can be true; none was marked missing. \
         Check that TWILIO_ACCOUNT_SID and the credentials belong to the account that bought them. If the numbers are really \
         gone, POST /admin/phones/api/reconcile with {{\"confirm_missing\":true}}; then POST /admin/phones/api/resume."
    );
    slog::crit!(deps.buyer.log, "more numbers are gone at Twilio than can be true; none was marked missing";
        "gone" => gone, "live" => live, "do" => &problem);
    deps.buyer.halt(problem.clone()).await;
    report.missing_suspected = Some(u32::try_from(gone).unwrap_or(u32::MAX));
    report.problem = Some(problem);
}
