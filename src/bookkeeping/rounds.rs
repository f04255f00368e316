//! The bookkeeper's rounds: which duties are due, each done by one instance for all.
//!
//! Invariant: a duty that fails holds no other up, and is tried again when its claim has run out.
//! How to get it wrong: ending the loop when the process stops. It would be started again while the process ends.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::bookkeeper::Bookkeeper;
use super::charge::Pace;
use crate::db::DbError;
use crate::db::charges::{charges_fold, today};
use crate::db::duties::{DUTY_HOLD, duty_claim, duty_done};
use crate::domain::money::Month;

/// How often it is looked what is due.
const ROUND: Duration = Duration::from_secs(60);
/// Everything else comes first when a process starts,
const FIRST_ROUND: Duration = Duration::from_secs(10);
/// and one that starts and dies in a circle asks Twilio nothing. Whoever wants to know the cost before does ask.
const ASKS_AFTER: Duration = Duration::from_secs(180);
/// Charges are written, and what the renewals of the next days cost.
const CHARGE_EVERY: Duration = Duration::from_secs(3600);
/// Prices are asked for of kinds that lack today's.
const PRICES_EVERY: Duration = Duration::from_secs(900);
/// Twilio is asked what it counted.
const USAGE_EVERY: Duration = Duration::from_secs(86_400);
/// Old charges become sums.
const FOLD_EVERY: Duration = Duration::from_secs(86_400);
/// Charges of months that are older than this are sums.
const MONTHS_KEPT: u32 = 25;
/// Gauges are set, on each instance.
const GAUGES_EVERY: Duration = Duration::from_secs(900);

/// Keeps the books until the process ends.
pub(super) async fn keep_books(bookkeeper: Bookkeeper) {
    let (began, mut gauges_at) = (Instant::now(), None::<Instant>);
    fail::fail_point!("bookkeeper");
    sleep(FIRST_ROUND).await;
    loop {
        let may_ask = began.elapsed() >= ASKS_AFTER;
        if !bookkeeper.is_stopping() {
            bookkeeper.round(may_ask).await;
        }
        if may_ask && gauges_at.is_none_or(|at| at.elapsed() >= GAUGES_EVERY) && !bookkeeper.is_stopping() {
            gauges_at = Some(Instant::now());
            bookkeeper.set_gauges().await;
        }
        sleep(ROUND).await;
    }
}

impl Bookkeeper {
    async fn round(&self, may_ask: bool) {
        self.duty("charge", CHARGE_EVERY, || async {
            let written = self.catch_up(Pace::BesideSignups).await?;
            self.tell_renewals().await?;
            Ok(Some(format!("{written} charges")))
        })
        .await;
        self.duty("fold", FOLD_EVERY, || async {
            let folded = self.fold().await?;
            Ok(Some(format!("{folded} charges")))
        })
        .await;
        if !may_ask {
            return;
        }
        self.duty("prices", PRICES_EVERY, || async { self.ask_prices(Pace::BesideSignups).await }).await;
        self.duty("usage", USAGE_EVERY, || async { self.ask_usage().await }).await;
    }

    /// Does a duty if it is due and nobody's. `None` = it could not be done, and its claim runs out.
    async fn duty<F>(&self, name: &'static str, every: Duration, work: impl FnOnce() -> F)
    where
        F: Future<Output = Result<Option<String>, DbError>>,
    {
        let me = self.me;
        let claim = move |conn: &mut crate::db::Connection| duty_claim(conn, name, me, every, DUTY_HOLD);
        let done = match self.db.run("duty_claim", claim).await {
            Ok(false) => return,
            Ok(true) => work().await,
            Err(error) => Err(error),
        };
        let ended = match done {
            Ok(Some(detail)) => {
                self.db.run("duty_done", move |conn| duty_done(conn, name, me, &detail)).await.map(|_was_ours| ())
            }
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = ended {
            slog::info!(self.log, "the books wait for the database"; "duty" => name, "error" => error.in_full());
        }
    }

    /// Old charges become sums, a month at a time.
    async fn fold(&self) -> Result<i64, DbError> {
        let mut folded = 0;
        loop {
            let step = |conn: &mut crate::db::Connection| {
                let mut before = Month::of(today(conn)?);
                for _ in 0..MONTHS_KEPT {
                    before = before.previous();
                }
                charges_fold(conn, before.first())
            };
            match self.db.run_patiently("charges_fold", step).await? {
                0 => return Ok(folded),
                some => folded += some,
            }
            fail::fail_point!("fold_written");
        }
    }
}
