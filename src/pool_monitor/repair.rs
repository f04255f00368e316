//! Care for numbers that nobody uses: rested ones brought back, stock that is not ready repaired.
//!
//! Invariants: a rested number returns only after Twilio confirmed its webhooks, those that its pool wants; an
//! instance that is configured with others sets nothing by itself, else two instances would rewrite each other for ever,
//! but what carries the right ones serves all the same; a number that fails keeps no other from its turn (see [`Tried`]);
//! while Twilio keeps silent, those who buy for the waitlist are told ([`CareAnswers`](crate::purchaser::CareAnswers)), and nobody
//! who waits is kept by one look after the other.
//! Whoever calls this by the clock looks first whether the breaker silences Twilio.
//! How to get it wrong: doing nothing where nothing may be set. What is due, or under repair, counts as coming, and for whom
//! it counts nobody buys.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt as _};
use tokio::time::timeout;

use super::confirm::{MaySet, Outcome, Wants};
use super::dependencies::MonitorDependencies;
use super::tried::{RESTS_ON, Tried};
use crate::db::DbError;
use crate::db::numbers::{
    NumberRow, number_confirm_webhooks, number_rest_on, number_return, numbers_rested, numbers_unready,
};
use crate::db::pools::PoolWanted;
use crate::purchaser::care_answers::PATIENCE;
use crate::twilio::TwilioError;

/// Numbers looked at in one go.
const NUMBERS_MAX: i64 = 20;
/// Rested numbers asked for at a time.
const AT_A_TIME: usize = 8;
/// No number is begun with later than this after a round's start.
const WITHIN: Duration = Duration::from_secs(10);
/// Numbers that fail one after the other: then it is not the numbers.
const FAILURES_MAX: u32 = 3;

/// Brings back the numbers whose rest is over, as many as the time of a round allows, and says how many.
pub(super) async fn return_rested(deps: &MonitorDependencies) -> Result<u32, DbError> {
    let begun = Instant::now();
    let mut returned = 0;
    if deps.care.is_left_alone() {
        return Ok(returned);
    }
    loop {
        let rested = deps.db.run("numbers_rested", |conn| numbers_rested(conn, NUMBERS_MAX)).await?;
        if rested.is_empty() {
            return Ok(returned);
        }
        let wants = deps.configurer.wanted().await?;
        // After the first trouble nothing new begins, and what was under way ends.
        let broken = AtomicBool::new(false);
        let (broken, wants) = (&broken, &wants);
        let mut rounds = stream::iter(rested)
            .map(|number| async move {
                if broken.load(Ordering::Relaxed) || begun.elapsed() >= WITHIN || deps.configurer.is_stopping() {
                    broken.store(true, Ordering::Relaxed);
                    return Ok(false);
                }
                let outcome = return_one(deps, number, wants, broken).await;
                if outcome.is_err() {
                    broken.store(true, Ordering::Relaxed);
                }
                outcome
            })
            .buffer_unordered(AT_A_TIME);
        let (mut some, mut trouble) = (0, None);
        while let Some(outcome) = rounds.next().await {
            match outcome {
                Ok(is_back) => some += u32::from(is_back),
                Err(error) => trouble = trouble.or(Some(error)),
            }
        }
        returned += some;
        if let Some(error) = trouble {
            return Err(error);
        }
        // Those that stay where they are would be all that comes next.
        if broken.load(Ordering::Relaxed) || some == 0 {
            return Ok(returned);
        }
    }
}

/// Brings one back, if Twilio confirms its webhooks; says whether it did.
async fn return_one(
    deps: &MonitorDependencies,
    number: NumberRow,
    wants: &Wants,
    broken: &AtomicBool,
) -> Result<bool, DbError> {
    let (configurer, id) = (&deps.configurer, number.id);
    let Some((wanted, may)) = wants.for_number(&number) else {
        deps.db.run("number_rest_on", move |conn| number_rest_on(conn, id, RESTS_ON)).await?;
        return Ok(false);
    };
    match see_to(deps, &number, wanted, may).await? {
        Outcome::Stands | Outcome::Set => {
            let confirmed = wanted.clone();
            if deps.db.run("number_return", move |conn| number_return(conn, id, &confirmed)).await? {
                fail::fail_point!("number_returned");
                slog::info!(deps.log, "a rested number returned to the pool"; "phone_number_ends" => number.phone_number.last_four());
                deps.stock.notify_one();
                return Ok(true);
            }
        }
        Outcome::Gone => deps.db.run("number_rest_on", move |conn| number_rest_on(conn, id, RESTS_ON)).await?,
        Outcome::TaggedFor(_) | Outcome::Contested | Outcome::NotFree => {}
        // While it rests it is no stock that comes.
        Outcome::Differs => {
            log_difference(deps, "a rested number stays at rest", &number);
            deps.db.run("number_rest_on", move |conn| number_rest_on(conn, id, RESTS_ON)).await?;
        }
        Outcome::NoTarget { failure, .. } => {
            log_failure(
                deps,
                "a rested number stays at rest: what its pool's numbers lead to is not there",
                &number,
                &failure,
            );
            deps.db.run("number_rest_on", move |conn| number_rest_on(conn, id, RESTS_ON)).await?;
        }
        Outcome::Failed(failure) | Outcome::TooMany(failure) => {
            log_failure(deps, "a rested number stays at rest: its webhooks could not be confirmed", &number, &failure);
            if configurer.halts(&failure).await {
                // Twilio minds the account, not this number: it returns when Twilio accepts us again.
                broken.store(true, Ordering::Relaxed);
                return Ok(false);
            }
            deps.db.run("number_rest_on", move |conn| number_rest_on(conn, id, RESTS_ON)).await?;
            if !failure.concerns_one_number() {
                // Twilio does not answer: the others would fare no better now.
                broken.store(true, Ordering::Relaxed);
            }
        }
    }
    Ok(false)
}

/// Sets the webhooks of stock that cannot be assigned because of them, and says how many are ready now.
/// `hurried`: somebody waits for it.
pub(super) async fn repair_unready(
    deps: &MonitorDependencies,
    tried: &mut Tried,
    hurried: bool,
) -> Result<u32, DbError> {
    let begun = Instant::now();
    if hurried && deps.care.is_left_alone() {
        return Ok(0);
    }
    let wants = deps.configurer.wanted().await?;
    // Where nothing may be set, looking faster brings nobody a number.
    let (last, resting) = tried.last_and_resting(hurried && wants.may_set_some());
    let unready =
        deps.db.run("numbers_unready", move |conn| numbers_unready(conn, &last, &resting, NUMBERS_MAX)).await?;
    let configurer = &deps.configurer;
    let (mut repaired, mut failures) = (0, 0);
    let mut without_target = BTreeSet::new();
    for number in unready {
        if begun.elapsed() >= WITHIN || configurer.is_stopping() {
            break;
        }
        let id = number.id;
        let Some((wanted, may)) = wants.for_number(&number).filter(|_| !without_target.contains(&number.pool)) else {
            tried.failed(id);
            continue;
        };
        match see_to(deps, &number, wanted, may).await? {
            Outcome::Stands | Outcome::Set => {
                (failures, repaired) = (0, repaired + 1);
                tried.forget(id);
                let confirmed = wanted.clone();
                let confirm = move |conn: &mut crate::db::Connection| number_confirm_webhooks(conn, id, &confirmed);
                if deps.db.run("number_confirm_webhooks", confirm).await? {
                    slog::info!(deps.log, "a number's webhooks were repaired"; "phone_number_ends" => number.phone_number.last_four());
                    deps.stock.notify_one();
                }
            }
            Outcome::Gone => {
                failures = 0;
                tried.gone(id);
            }
            Outcome::TaggedFor(_) | Outcome::Contested | Outcome::NotFree => failures = 0,
            Outcome::Differs => {
                failures = 0;
                log_difference(deps, "stock stays unready", &number);
                tried.failed(id);
            }
            Outcome::NoTarget { failure, .. } => {
                failures = 0;
                log_failure(
                    deps,
                    "stock stays unready: what its pool's numbers lead to is not there",
                    &number,
                    &failure,
                );
                tried.failed(id);
                without_target.insert(number.pool);
            }
            Outcome::TooMany(failure) => {
                log_failure(deps, "stock stays unready: its webhooks could not be set", &number, &failure);
                tried.failed_oddly(id);
                break;
            }
            Outcome::Failed(failure) => {
                log_failure(deps, "stock stays unready: its webhooks could not be set", &number, &failure);
                if failure.concerns_one_number() {
                    tried.failed_oddly(id);
                } else {
                    tried.failed(id);
                }
                failures += 1;
                if configurer.halts(&failure).await || failures >= FAILURES_MAX {
                    break;
                }
            }
        }
    }
    Ok(repaired)
}

/// Sees to a number, and tells those who buy when Twilio keeps silent, and when it answers.
async fn see_to(
    deps: &MonitorDependencies,
    number: &NumberRow,
    wanted: &PoolWanted,
    may: MaySet,
) -> Result<Outcome, DbError> {
    let begun = Instant::now();
    let mut seeing = pin!(deps.configurer.see_to(number, None, wanted, may));
    let outcome = match timeout(PATIENCE, seeing.as_mut()).await {
        Ok(outcome) => outcome,
        Err(_hangs) => {
            deps.care.unanswered(begun);
            seeing.await
        }
    }?;
    match &outcome {
        Outcome::Failed(failure) | Outcome::TooMany(failure) if !failure.concerns_one_number() && !failure.halts() => {
            deps.care.unanswered(begun);
        }
        Outcome::Stands
        | Outcome::Set
        | Outcome::Gone
        | Outcome::TaggedFor(_)
        | Outcome::Contested
        | Outcome::NotFree
        | Outcome::Differs
        | Outcome::NoTarget { .. }
        | Outcome::Failed(_)
        | Outcome::TooMany(_) => deps.care.answered(),
    }
    Ok(outcome)
}

fn log_difference(deps: &MonitorDependencies, what: &str, number: &NumberRow) {
    slog::warn!(deps.log, "{}: it lacks its pool's webhooks, and this instance, configured with other webhooks, sets none; run configure-webhooks", what;
        "phone_number_ends" => number.phone_number.last_four());
}

fn log_failure(deps: &MonitorDependencies, what: &str, number: &NumberRow, failure: &TwilioError) {
    slog::warn!(deps.log, "{}", what;
        "phone_number_ends" => number.phone_number.last_four(), "cause" => failure.for_log(),
        "twilio_code" => failure.twilio_code(), "request_id" => failure.request_id());
}
