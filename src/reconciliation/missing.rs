//! Numbers of ours that Twilio's list did not show: each is asked for by its SID before it counts as missing.
//!
//! Invariants: more than five and more than a tenth at once, or all of a pool of five or fewer, mark nothing and halt
//! buying; one wrong credential must not make everything vanish and be bought again. Only an operator who says so marks so
//! many. A list that leaves out thousands costs a thousand calls, not thousands: some of them, drawn by chance, tell.
//! How to get it wrong: taking the list's word, or Twilio's word about a number that it sold a moment ago. Both lag.

use std::collections::{HashMap, HashSet};

use futures_util::stream::{self, StreamExt as _};

use super::Trouble;
use super::actor::ReconcilerDependencies;
use super::patience::patiently;
use super::report::{Finding, Report};
use crate::db::reconciliation::{Live, numbers_live, numbers_mark_missing};
use crate::domain::NumberSid;
use crate::twilio::Failure;

/// So many may be missing however few there are, unless that is all of them.
const ALWAYS: usize = 5;
/// Fetches at a time.
const AT_A_TIME: usize = 4;
/// Numbers asked for in one comparison that nobody confirmed; more are judged by these.
const ASKED_MAX: usize = 1000;
/// Numbers read from the database at a time.
const PAGE: i64 = 1000;
/// Numbers marked in one statement: nobody waits long for their rows.
const MARKED_AT_ONCE: usize = 1000;

/// Whether it is unlikely that so many of `live` numbers changed all at once.
pub(super) fn too_many(count: usize, live: i64) -> bool {
    let live = usize::try_from(live).unwrap_or(usize::MAX);
    count > (live / 10).max(ALWAYS) || (count > 0 && live <= ALWAYS && count >= live)
}

/// What the list did not show: all of it, or so many drawn by chance.
struct Unseen {
    drawn: Vec<Live>,
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

/// Judges what the walk did not see, among the numbers up to `highest`, of which there are `live`.
pub(super) async fn judge(
    deps: &ReconcilerDependencies,
    (highest, live): (i64, i64),
    seen: &HashSet<i64>,
    confirmed: bool,
    report: &mut Report,
) -> Result<(), Trouble> {
    let buyer = &deps.buyer;
    let unseen = unseen(deps, highest, seen, if confirmed { usize::MAX } else { ASKED_MAX }).await?;
    let drawn = unseen.drawn.len();
    let mut gone: Vec<Live> = Vec::new();
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
            suspect(deps, gone.len(), live, report).await;
            return Ok(());
        }
    }
    if drawn < unseen.count {
        let likely = gone.len().saturating_mul(unseen.count) / drawn.max(1);
        if too_many(likely, live) {
            suspect(deps, likely, live, report).await;
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

/// A number of ours that neither the list nor a look at it tells anything of.
fn untold(deps: &ReconcilerDependencies, number: &Live, failure: &Failure, report: &mut Report) {
    slog::error!(deps.buyer.log, "Twilio's list does not show a number of ours, and it cannot be looked at";
        "phone_number_ends" => number.phone_number.last_four(), "sid" => number.sid.as_str(),
        "cause" => failure.for_log(), "request_id" => failure.request_id());
    report.add(Finding::not_to_be_read(&number.phone_number, failure));
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
    report.add_problem(problem);
}

#[cfg(test)]
mod tests {
    use super::too_many;

    #[test]
    fn more_than_five_and_a_tenth_or_all_of_a_few_is_too_many() {
        for (count, live, too) in
            [(0, 0, false), (0, 3, false), (1, 1, true), (2, 3, false), (4, 5, false), (5, 5, true), (5, 6, false)]
        {
            assert_eq!(too_many(count, live), too, "{count} of {live}");
        }
        for (count, live, too) in [(6, 6, true), (6, 60, false), (7, 60, true), (30_000, 300_000, false)] {
            assert_eq!(too_many(count, live), too, "{count} of {live}");
        }
    }
}
