//! Numbers of ours that Twilio's list did not show: each is asked for by its SID before it counts as missing.
//!
//! Invariants: more than five and more than a tenth at once, or all of a pool of five or fewer, mark nothing and halt
//! buying; one wrong credential must not make everything vanish and be bought again. Only an operator who says so marks so
//! many. A list that leaves out thousands costs a thousand calls, not thousands: some of them, drawn by chance, tell.
//! How to get it wrong: taking the list's word, or Twilio's word about a number that it sold a moment ago. Both lag.

use std::collections::{HashMap, HashSet};

use futures_util::stream::{self, StreamExt as _};

use super::dependencies::ReconcilerDependencies;
use super::measure::{Measure, halt_on_suspicion};
use super::patience::patiently;
use super::report::Report;
use super::suspicion::{Suspected, Suspicion};
use super::trouble::Trouble;
use crate::db::numbers::{NumberRow, numbers_live, numbers_mark_missing};
use crate::domain::{NumberSid, too_many};
use crate::twilio::TwilioError;

/// Fetches at a time.
const AT_A_TIME: usize = 4;
/// Numbers asked for in one comparison that nobody confirmed; more are judged by these.
const ASKED_MAX: usize = 1000;
/// Numbers read from the database at a time.
const PAGE: i64 = 1000;
/// Numbers marked in one statement: nobody waits long for their rows.
const MARKED_AT_ONCE: usize = 1000;

/// What the list did not show: all of it, or so many drawn by chance.
struct Unseen {
    drawn: Vec<NumberRow>,
    count: usize,
}

async fn unseen(
    deps: &ReconcilerDependencies,
    highest: i64,
    seen: &HashSet<i64>,
    most: usize,
) -> Result<Unseen, Trouble> {
    let mut unseen = Unseen { drawn: Vec::new(), count: 0 };
    let mut after = 0;
    loop {
        let page =
            deps.buyer.db.run_patiently("numbers_live", move |conn| numbers_live(conn, after, highest, PAGE)).await?;
        let Some(last) = page.last() else { return Ok(unseen) };
        after = last.id;
        for number in page.into_iter().filter(|number| !seen.contains(&number.id)) {
            unseen.count += 1;
            if unseen.drawn.len() < most {
                unseen.drawn.push(number);
            } else if let Some(place) = unseen.drawn.get_mut(rand::random_range(0..unseen.count)) {
                // Each is drawn with the same chance, however many there are.
                *place = number;
            }
        }
    }
}

/// Judges what the walk did not see, among the numbers that were there at its beginning.
pub(super) async fn judge(
    deps: &ReconcilerDependencies,
    measure: &Measure,
    seen: &HashSet<i64>,
    report: &mut Report,
) -> Result<(), Trouble> {
    let (buyer, &Measure { highest, live, confirmed, .. }) = (&deps.buyer, measure);
    let suspicion = |count: usize| Suspicion { what: Suspected::Gone, count, live };
    let unseen = unseen(deps, highest, seen, if confirmed { usize::MAX } else { ASKED_MAX }).await?;
    let drawn = unseen.drawn.len();
    let mut gone: Vec<NumberRow> = Vec::new();
    let mut asked = stream::iter(unseen.drawn)
        .map(|number| async move {
            let found = patiently(buyer, || buyer.twilio.fetch(&number.sid)).await;
            (number, found)
        })
        .buffer_unordered(AT_A_TIME);
    while let Some((number, answer)) = asked.next().await {
        match answer {
            Ok(found) => gone.extend(found.is_none().then_some(number)),
            // It concerns that number, which is not gone for all we know; the others are judged all the same.
            Err(Trouble::Twilio(failure)) if failure.concerns_one_number() => untold(deps, &number, &failure, report),
            Err(trouble) => return Err(trouble),
        }
        if too_many(gone.len(), live) && !confirmed {
            halt_on_suspicion(deps, suspicion(gone.len()), report).await;
            return Ok(());
        }
        if measure.stops_at_unreadable(deps, report).await {
            return Ok(());
        }
    }
    if drawn < unseen.count {
        let likely = gone.len().saturating_mul(unseen.count) / drawn.max(1);
        if too_many(likely, live) {
            halt_on_suspicion(deps, suspicion(likely), report).await;
            return Ok(());
        }
        let problem = format!(
            "Twilio's list left out {} of {live} numbers, more than are asked for one by one; {drawn} of them were, and {} \
             are gone. The list cannot be right: compare again later, and tell Twilio if it stays so.",
            unseen.count,
            gone.len()
        );
        slog::error!(buyer.log, "Twilio's list leaves out more numbers than are asked for"; "left_out" => unseen.count,
            "live" => live, "asked" => drawn, "gone" => gone.len());
        report.add_problem(problem);
    }
    mark(deps, &gone, report).await
}

async fn mark(deps: &ReconcilerDependencies, gone: &[NumberRow], report: &mut Report) -> Result<(), Trouble> {
    let log = &deps.buyer.log;
    let sids: HashMap<i64, &NumberSid> = gone.iter().map(|number| (number.id, &number.sid)).collect();
    for some in gone.chunks(MARKED_AT_ONCE) {
        let ids: Vec<i64> = some.iter().map(|number| number.id).collect();
        let marked =
            deps.buyer.db.run_patiently("numbers_mark_missing", move |conn| numbers_mark_missing(conn, &ids)).await?;
        fail::fail_point!("missing_marked");
        for number in marked {
            slog::error!(log, "a number of ours is gone at Twilio; it is not assigned any more";
                "phone_number_ends" => number.phone_number.last_four(),
                "sid" => sids.get(&number.id).map(|sid| sid.as_str()), "somebodys" => number.user_id.is_some());
            report.add_missing(number);
        }
    }
    Ok(())
}

/// A number of ours that neither the list nor a look at it tells anything of.
fn untold(deps: &ReconcilerDependencies, number: &NumberRow, failure: &TwilioError, report: &mut Report) {
    slog::error!(deps.buyer.log, "Twilio's list does not show a number of ours, and it cannot be looked at";
        "phone_number_ends" => number.phone_number.last_four(), "sid" => number.sid.as_str(),
        "cause" => failure.for_log(), "request_id" => failure.request_id());
    report.add_untold(&number.phone_number, &number.pool, failure);
}
