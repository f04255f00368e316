//! Caring for numbers that nobody uses: rested ones brought back, stock that is not ready repaired.
//!
//! Invariants: a rested number returns only after Twilio confirmed its webhooks; an instance whose webhooks differ from
//! the installation's repairs nothing by itself, else two instances would rewrite each other for ever; a number that
//! fails keeps no other from its turn.
//! Whoever calls this by the clock looks first whether the breaker silences Twilio.
//! How to get it wrong: beginning each round with the same number. One that always fails would be all that is tried. Or
//! trying it for ever at the same pace: what fails is left alone longer each time, unless somebody waits for it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt as _};

use super::MonitorDependencies;
use super::confirm::{Outcome, Whose, is_skewed};
use crate::db::DbError;
use crate::db::numbers::{Cared, number_rest_on, number_return, numbers_rested, numbers_unready};
use crate::db::reconciliation::number_confirm_webhooks;
use crate::domain::Webhooks;
use crate::twilio::Failure;

/// A number that could not be confirmed rests on for so long, so that it keeps no other from returning.
const RESTS_ON: Duration = Duration::from_secs(300);
/// Numbers looked at in one go.
const NUMBERS_MAX: i64 = 20;
/// Rested numbers asked for at a time.
const AT_A_TIME: usize = 8;
/// After its first failure a repair waits so long, then twice as long each time,
const REPAIR_AGAIN_FIRST: Duration = Duration::from_secs(5);
/// and never longer than this.
const REPAIR_AGAIN_MAX: Duration = Duration::from_secs(600);
/// No number is begun with later than this after a round's start.
const WITHIN: Duration = Duration::from_secs(10);
/// Numbers that fail one after the other: then it is not the numbers.
const FAILURES_MAX: u32 = 3;

/// Brings back the numbers whose rest is over, as many as the time of a round allows, and says how many.
pub(super) async fn return_rested(deps: &MonitorDependencies) -> Result<u32, DbError> {
    let begun = Instant::now();
    let wanted = deps.config.load().webhooks.webhooks();
    let mut returned = 0;
    loop {
        let rested = deps.db.run("numbers_rested", |conn| numbers_rested(conn, NUMBERS_MAX)).await?;
        if rested.is_empty() {
            return Ok(returned);
        }
        if is_skewed(&deps.db, &wanted).await? {
            slog::debug!(
                deps.log,
                "rested numbers stay at rest: this instance is configured with other webhooks than the installation"
            );
            return Ok(returned);
        }
        // After the first trouble nothing new begins, and what was under way ends.
        let broken = AtomicBool::new(false);
        let (broken, wanted) = (&broken, &wanted);
        let mut rounds = stream::iter(rested)
            .map(|number| async move {
                if broken.load(Ordering::Relaxed) || begun.elapsed() >= WITHIN || deps.caring.is_stopping() {
                    broken.store(true, Ordering::Relaxed);
                    return Ok(false);
                }
                let outcome = return_one(deps, number, wanted, broken).await;
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
    number: Cared,
    wanted: &Webhooks,
    broken: &AtomicBool,
) -> Result<bool, DbError> {
    let (caring, id) = (&deps.caring, number.id);
    match caring.see_to(&number, None, wanted, Whose::Nobodys).await? {
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
        Outcome::TaggedFor(_) | Outcome::Held => {}
        Outcome::Failed(failure) => {
            log_failure(deps, "a rested number stays at rest: its webhooks could not be confirmed", &number, &failure);
            if caring.halts(&failure).await {
                // Twilio minds the account, not this number: it returns when Twilio accepts us again.
                broken.store(true, Ordering::Relaxed);
                return Ok(false);
            }
            deps.db.run("number_rest_on", move |conn| number_rest_on(conn, id, RESTS_ON)).await?;
            if !matches!(failure, Failure::Refused(_)) {
                // Twilio does not answer: the others would fare no better now.
                broken.store(true, Ordering::Relaxed);
            }
        }
    }
    Ok(false)
}

/// Numbers that were tried in vain, the longest ago first.
#[derive(Debug, Default)]
pub(super) struct Tried(Vec<Vain>);

#[derive(Debug)]
struct Vain {
    id: i64,
    /// In a row.
    failures: u32,
    /// Until when it is left alone.
    until: Instant,
    /// Twilio does not know it: there is nothing to repair, whoever waits.
    gone: bool,
}

impl Tried {
    /// More are forgotten, the longest ago first.
    const KEPT_MAX: usize = 1000;

    fn failed(&mut self, id: i64) {
        let failures = self.forget(id) + 1;
        let wait = (REPAIR_AGAIN_FIRST * 2u32.pow((failures - 1).min(16))).min(REPAIR_AGAIN_MAX);
        self.keep(Vain { id, failures, until: Instant::now() + wait, gone: false });
    }

    fn gone(&mut self, id: i64) {
        let failures = self.forget(id) + 1;
        self.keep(Vain { id, failures, until: Instant::now() + RESTS_ON, gone: true });
    }

    fn keep(&mut self, vain: Vain) {
        self.0.push(vain);
        let surplus = self.0.len().saturating_sub(Self::KEPT_MAX);
        self.0.drain(..surplus);
    }

    /// How often it had failed in a row.
    fn forget(&mut self, id: i64) -> u32 {
        let failures = self.0.iter().find(|vain| vain.id == id).map_or(0, |vain| vain.failures);
        self.0.retain(|vain| vain.id != id);
        failures
    }

    /// Those whose turn comes after all others, and those that are left alone for now; while somebody waits that is only
    /// what is gone.
    fn last_and_resting(&self, hurried: bool) -> (Vec<i64>, Vec<i64>) {
        let now = Instant::now();
        let ids = |resting: bool| {
            let those = self.0.iter().filter(|vain| (vain.until > now && (vain.gone || !hurried)) == resting);
            those.map(|vain| vain.id).collect()
        };
        (ids(false), ids(true))
    }
}

/// Sets the webhooks of stock that cannot be assigned because of them, and says how many are ready now.
/// `hurried`: somebody waits for it.
pub(super) async fn repair_unready(
    deps: &MonitorDependencies,
    tried: &mut Tried,
    hurried: bool,
) -> Result<u32, DbError> {
    let begun = Instant::now();
    let (last, resting) = tried.last_and_resting(hurried);
    let unready =
        deps.db.run("numbers_unready", move |conn| numbers_unready(conn, &last, &resting, NUMBERS_MAX)).await?;
    let wanted = deps.config.load().webhooks.webhooks();
    if unready.is_empty() || is_skewed(&deps.db, &wanted).await? {
        return Ok(0);
    }
    let caring = &deps.caring;
    let (mut repaired, mut failures) = (0, 0);
    for number in unready {
        if begun.elapsed() >= WITHIN || caring.is_stopping() {
            break;
        }
        let id = number.id;
        match caring.see_to(&number, None, &wanted, Whose::Nobodys).await? {
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
            Outcome::TaggedFor(_) | Outcome::Held => failures = 0,
            Outcome::Failed(failure) => {
                log_failure(deps, "stock stays unready: its webhooks could not be set", &number, &failure);
                tried.failed(id);
                failures += 1;
                if caring.halts(&failure).await || failures >= FAILURES_MAX {
                    break;
                }
            }
        }
    }
    Ok(repaired)
}

fn log_failure(deps: &MonitorDependencies, what: &str, number: &Cared, failure: &Failure) {
    slog::warn!(deps.log, "{}", what;
        "phone_number_ends" => number.phone_number.last_four(), "cause" => failure.for_log(),
        "twilio_code" => failure.twilio_code(), "request_id" => failure.request_id());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_failed_last_comes_last_and_whoever_is_gone_is_left_alone() {
        let mut tried = Tried::default();
        for id in [1, 2, 3] {
            tried.failed(id);
        }
        tried.failed(1);
        tried.gone(2);
        assert_eq!(tried.last_and_resting(true), (vec![3, 1], vec![2]), "whoever waits");
        assert_eq!(tried.last_and_resting(false), (vec![], vec![3, 1, 2]), "at rest");
        tried.forget(3);
        assert_eq!(tried.last_and_resting(true), (vec![1], vec![2]));
        (0..5000).for_each(|id| tried.failed(id));
        assert_eq!(tried.0.len(), Tried::KEPT_MAX);
    }

    #[test]
    fn a_repair_that_fails_again_waits_longer_each_time() {
        let mut tried = Tried::default();
        let mut waits = Vec::new();
        for _ in 0..12 {
            tried.failed(7);
            waits.push(tried.0[0].until.saturating_duration_since(Instant::now()).as_secs() + 1);
        }
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 600, 600, 600, 600, 600]);
        tried.forget(7);
        tried.failed(7);
        assert_eq!(tried.0[0].failures, 1, "a success begins anew");
    }
}
