//! Caring for numbers that nobody uses: rested ones brought back, stock that is not ready repaired.
//!
//! Invariants: a rested number returns only after Twilio confirmed its webhooks; an instance whose webhooks differ from
//! the installation's repairs nothing by itself, else two instances would rewrite each other for ever; a number that
//! fails keeps no other from its turn.
//! Whoever calls this by the clock looks first whether the breaker silences Twilio.
//! How to get it wrong: beginning each round with the same number. One that always fails would be all that is tried.

use std::time::{Duration, Instant};

use super::MonitorDependencies;
use super::confirm::{Outcome, Whose, is_skewed};
use crate::db::DbError;
use crate::db::numbers::{Cared, number_rest_on, number_return, numbers_rested, numbers_unready};
use crate::db::reconciliation::number_confirm_webhooks;
use crate::twilio::Failure;

/// A number that could not be confirmed rests on for so long, so that it keeps no other from returning.
const RESTS_ON: Duration = Duration::from_secs(300);
/// Numbers looked at in one go.
const NUMBERS_MAX: i64 = 20;
/// No number is begun with later than this after a round's start.
const WITHIN: Duration = Duration::from_secs(10);
/// Numbers that fail one after the other: then it is not the numbers.
const FAILURES_MAX: u32 = 3;

/// Brings back the numbers whose rest is over, and says how many.
pub(super) async fn return_rested(deps: &MonitorDependencies) -> Result<u32, DbError> {
    let begun = Instant::now();
    let rested = deps.db.run("numbers_rested", |conn| numbers_rested(conn, NUMBERS_MAX)).await?;
    let wanted = deps.config.load().webhooks.webhooks();
    if rested.is_empty() {
        return Ok(0);
    }
    if is_skewed(&deps.db, &wanted).await? {
        slog::debug!(
            deps.log,
            "rested numbers stay at rest: this instance is configured with other webhooks than the installation"
        );
        return Ok(0);
    }
    let caring = &deps.caring;
    let mut returned = 0;
    for number in rested {
        if begun.elapsed() >= WITHIN || caring.is_stopping() {
            break;
        }
        let id = number.id;
        match caring.see_to(&number, None, &wanted, Whose::Nobodys).await? {
            Outcome::Stands | Outcome::Set => {
                let confirmed = wanted.clone();
                if deps.db.run("number_return", move |conn| number_return(conn, id, &confirmed)).await? {
                    fail::fail_point!("number_returned");
                    slog::info!(deps.log, "a rested number returned to the pool"; "phone_number_ends" => number.phone_number.last_four());
                    deps.stock.notify_one();
                    returned += 1;
                }
            }
            Outcome::Gone => deps.db.run("number_rest_on", move |conn| number_rest_on(conn, id, RESTS_ON)).await?,
            Outcome::TaggedFor(_) | Outcome::Held => {}
            Outcome::Failed(failure) => {
                log_failure(
                    deps,
                    "a rested number stays at rest: its webhooks could not be confirmed",
                    &number,
                    &failure,
                );
                if caring.halts(&failure).await {
                    // Twilio minds the account, not this number: it returns when Twilio accepts us again.
                    break;
                }
                deps.db.run("number_rest_on", move |conn| number_rest_on(conn, id, RESTS_ON)).await?;
                if !matches!(failure, Failure::Refused(_)) {
                    // Twilio does not answer: the others would fare no better now.
                    break;
                }
            }
        }
    }
    Ok(returned)
}

/// Numbers that were tried in vain, the longest ago first, and until when each is left alone.
#[derive(Debug, Default)]
pub(super) struct Tried(Vec<(i64, Instant)>);

impl Tried {
    /// More are forgotten, the longest ago first.
    const KEPT_MAX: usize = 1000;

    fn failed(&mut self, id: i64, rest: Duration) {
        self.forget(id);
        self.0.push((id, Instant::now() + rest));
        let surplus = self.0.len().saturating_sub(Self::KEPT_MAX);
        self.0.drain(..surplus);
    }

    fn forget(&mut self, id: i64) {
        self.0.retain(|(tried, _)| *tried != id);
    }

    /// Those whose turn comes after all others, and those that are left alone for now.
    fn last_and_resting(&self) -> (Vec<i64>, Vec<i64>) {
        let now = Instant::now();
        let ids = |resting: bool| {
            let those = self.0.iter().filter(|(_, until)| (*until > now) == resting);
            those.map(|(id, _)| *id).collect()
        };
        (ids(false), ids(true))
    }
}

/// Sets the webhooks of stock that cannot be assigned because of them, and says how many are ready now.
pub(super) async fn repair_unready(deps: &MonitorDependencies, tried: &mut Tried) -> Result<u32, DbError> {
    let begun = Instant::now();
    let (last, resting) = tried.last_and_resting();
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
                tried.failed(id, RESTS_ON);
            }
            Outcome::TaggedFor(_) | Outcome::Held => failures = 0,
            Outcome::Failed(failure) => {
                log_failure(deps, "stock stays unready: its webhooks could not be set", &number, &failure);
                tried.failed(id, Duration::ZERO);
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
            tried.failed(id, Duration::ZERO);
        }
        tried.failed(1, Duration::ZERO);
        tried.failed(2, RESTS_ON);
        assert_eq!(tried.last_and_resting(), (vec![3, 1], vec![2]));
        tried.forget(3);
        assert_eq!(tried.last_and_resting(), (vec![1], vec![2]));
        (0..5000).for_each(|id| tried.failed(id, Duration::ZERO));
        assert_eq!(tried.0.len(), Tried::KEPT_MAX);
    }
}
