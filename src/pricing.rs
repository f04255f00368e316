//! What numbers cost and what the account has left, asked of Twilio now and then.
//!
//! Invariants: an answer is remembered, and so is a failure, so that a dashboard that asks every second costs Twilio one
//! call an hour; whoever asks waits a few seconds at most, while the question goes on and is remembered for the next; of
//! one thing there is one question on its way. A failure here opens no breaker: an API key may buy and yet not read prices.
//! How to get it wrong: asking while the breaker silences Twilio. Callers say so, and get what is remembered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::domain::Kind;
use crate::twilio::{Balance, Price, Twilio, TwilioError};

const PRICE_KEPT: Duration = Duration::from_secs(3600);
const BALANCE_KEPT: Duration = Duration::from_secs(60);
const FAILURE_KEPT: Duration = Duration::from_secs(60);
/// Whoever asks waits no longer.
const WAITED_FOR: Duration = Duration::from_secs(3);

/// Prices and balance, as far as they are known. Cheap to clone; all clones remember the same.
#[derive(Clone)]
pub struct Pricing {
    twilio: Twilio,
    prices: Arc<Mutex<HashMap<Kind, Memory<Option<Price>>>>>,
    balance: Memory<Balance>,
    log: slog::Logger,
}

/// The last answer, and since when; locked while a question is on its way.
type Memory<T> = Arc<tokio::sync::Mutex<Option<(Instant, Result<T, String>)>>>;

impl Pricing {
    /// Nothing is asked yet.
    #[must_use]
    pub fn new(twilio: Twilio, log: slog::Logger) -> Self {
        Self { twilio, prices: Arc::default(), balance: Memory::default(), log }
    }

    /// What a number of `kind` costs a month. `silent` = only what is remembered may be told.
    ///
    /// # Errors
    /// A sentence that says why the price is not known.
    pub async fn price(&self, kind: Kind, silent: bool) -> Result<Price, String> {
        let memory = {
            // A map of answers stays whole whoever panics.
            let mut prices = self.prices.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(prices.entry(kind).or_default())
        };
        let (twilio, log) = (self.twilio.clone(), self.log.clone());
        let ask = async move { twilio.price(kind).await.map_err(|failure| told(&log, "the price", &failure)) };
        match remembered(memory, PRICE_KEPT, silent, ask).await {
            Ok(Some(price)) => Ok(price),
            Ok(None) => {
                let Kind { country, number_type } = kind;
                Err(format!("Twilio's price list names no {} number in {country}", number_type.words()))
            }
            Err(why) => Err(format!("the price is not known: {why}")),
        }
    }

    /// What the account has left. Subaccounts have no balance of their own, and then Twilio refuses to tell one.
    ///
    /// # Errors
    /// As [`Self::price`].
    pub async fn balance(&self, silent: bool) -> Result<Balance, String> {
        let (twilio, log) = (self.twilio.clone(), self.log.clone());
        let ask = async move { twilio.balance().await.map_err(|failure| told(&log, "the balance", &failure)) };
        let balance = remembered(Arc::clone(&self.balance), BALANCE_KEPT, silent, ask).await;
        balance.map_err(|why| format!("the balance is not known: {why}"))
    }
}

/// What is known of the money without asking anybody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// What a number of the kind that was asked about costs a month.
    pub price: Option<Price>,
    /// What the account has left.
    pub balance: Option<Balance>,
}

impl Pricing {
    /// What is remembered, however old it is; unless `silent`, what is not fresh is asked for meanwhile, for the next who
    /// wants to know. For a page that waits for nobody.
    pub fn known(&self, kind: Kind, silent: bool) -> Known {
        let prices = self.prices.lock().unwrap_or_else(PoisonError::into_inner);
        let price = prices.get(&kind).and_then(last_good).flatten();
        drop(prices);
        if !silent {
            let asking = self.clone();
            tokio::spawn(async move { tokio::join!(asking.price(kind, false), asking.balance(false)) });
        }
        Known { price, balance: last_good(&self.balance) }
    }
}

/// The last answer, unless it was a failure, or a question is on its way.
fn last_good<T: Clone>(memory: &Memory<T>) -> Option<T> {
    memory.try_lock().ok()?.as_ref()?.1.as_ref().ok().cloned()
}

fn told(log: &slog::Logger, what: &'static str, failure: &TwilioError) -> String {
    slog::warn!(log, "Twilio does not tell what was asked"; "question" => what, "cause" => failure.for_log(),
        "twilio_code" => failure.twilio_code(), "request_id" => failure.request_id());
    failure.in_full()
}

/// What is remembered, if it is fresh; else the answer to `ask`, which goes on in a task of its own when nobody waits any
/// longer.
async fn remembered<T: Clone + Send + 'static>(
    memory: Memory<T>,
    kept: Duration,
    silent: bool,
    ask: impl Future<Output = Result<T, String>> + Send + 'static,
) -> Result<T, String> {
    let fresh = move |known: &Option<(Instant, Result<T, String>)>| {
        let (at, answer) = known.as_ref()?;
        let kept = if answer.is_ok() { kept } else { FAILURE_KEPT };
        (at.elapsed() < kept).then(|| answer.clone())
    };
    if silent {
        let known = memory.try_lock().ok().and_then(|known| fresh(&known));
        return known.unwrap_or_else(|| Err("Twilio refuses this account, so it is not asked; see halted".to_owned()));
    }
    let answered = tokio::spawn(async move {
        // Whoever comes second waits here, and finds the first one's answer.
        let mut known = memory.lock().await;
        if let Some(answer) = fresh(&known) {
            return answer;
        }
        let answer = ask.await;
        *known = Some((Instant::now(), answer.clone()));
        answer
    });
    match timeout(WAITED_FOR, answered).await {
        Ok(answer) => answer.unwrap_or_else(|panicked| Err(panicked.to_string())),
        Err(_elapsed) => Err("Twilio has not answered yet; ask again in a moment".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    async fn ask(
        memory: &Memory<u32>,
        calls: &Arc<AtomicU32>,
        silent: bool,
        answer: Result<u32, &str>,
    ) -> Result<u32, String> {
        let (calls, answer) = (Arc::clone(calls), answer.map_err(str::to_owned));
        let ask = async move {
            calls.fetch_add(1, Ordering::Relaxed);
            answer
        };
        remembered(Arc::clone(memory), PRICE_KEPT, silent, ask).await
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_kept_for_an_hour_and_a_failure_for_a_minute() {
        let (memory, calls) = (Memory::default(), Arc::default());
        assert_eq!(ask(&memory, &calls, false, Err("no")).await, Err("no".to_owned()));
        assert_eq!(ask(&memory, &calls, false, Ok(1)).await, Err("no".to_owned()));
        tokio::time::advance(Duration::from_secs(61)).await;
        assert_eq!(ask(&memory, &calls, false, Ok(2)).await, Ok(2));
        tokio::time::advance(Duration::from_secs(3500)).await;
        assert_eq!(ask(&memory, &calls, false, Ok(3)).await, Ok(2));
        assert_eq!(ask(&memory, &calls, true, Ok(3)).await, Ok(2), "what is remembered may be told in silence");
        tokio::time::advance(Duration::from_secs(101)).await;
        assert!(ask(&memory, &calls, true, Ok(4)).await.unwrap_err().contains("not asked"));
        assert_eq!(ask(&memory, &calls, false, Ok(5)).await, Ok(5));
        assert_eq!(calls.load(Ordering::Relaxed), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_asks_waits_a_few_seconds_and_the_late_answer_is_kept_for_the_next() {
        let memory: Memory<u32> = Memory::default();
        let slow = || async {
            tokio::time::sleep(Duration::from_secs(10)).await;
            Ok(7)
        };
        let began = Instant::now();
        let (first, second) = tokio::join!(
            remembered(Arc::clone(&memory), PRICE_KEPT, false, slow()),
            remembered(Arc::clone(&memory), PRICE_KEPT, false, slow()),
        );
        assert!(first.is_err() && second.is_err());
        assert_eq!(began.elapsed(), WAITED_FOR);
        tokio::time::sleep(Duration::from_secs(8)).await;
        let known = remembered(memory, PRICE_KEPT, false, async { Err("not asked again".to_owned()) }).await;
        assert_eq!(known, Ok(7));
    }
}
