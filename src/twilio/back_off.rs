//! How long to wait before a call is tried again: as Twilio asks, else doubling, always with jitter.
//!
//! Invariants: [`BackOff::wait`] never lies above `longest`; what Twilio asks for is never shortened below that, and
//! two callers that failed together do not come back together. [`BackOff::repeat`] repeats what changes nothing: a GET.
//! How to get it wrong: repeating a create in here. It needs a committed attempt and, after a doubt, a look first.

use std::time::Duration;

use tokio::sync::watch;

use super::error::TwilioError;

/// The pace of tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BackOff {
    /// About the first wait.
    pub first: Duration,
    /// No wait is longer, whatever Twilio asks for.
    pub longest: Duration,
    /// So many calls, the first one included.
    pub tries_max: u32,
}

impl BackOff {
    /// Four tries within some seconds: for what somebody waits for.
    pub(crate) const PACE: Self =
        Self { first: Duration::from_millis(200), longest: Duration::from_secs(10), tries_max: 4 };

    /// The wait after `tries` calls that failed. `asked` is Twilio's `Retry-After`; `chance` lies in `0.0..1.0`.
    #[must_use]
    pub(crate) fn wait(&self, tries: u32, asked: Option<Duration>, chance: f64) -> Duration {
        let chance = chance.clamp(0.0, 1.0);
        match asked {
            // Not sooner than asked; and not all at the same moment.
            // Clamped before it is multiplied: Twilio's word may be any number, and the product must not overflow.
            Some(asked) => asked.min(self.longest).mul_f64(1.0 + chance / 4.0).min(self.longest),
            None => {
                let doublings = tries.clamp(1, 16) - 1;
                (self.first * 2u32.pow(doublings)).min(self.longest).mul_f64(0.5 + chance / 2.0)
            }
        }
    }

    /// The same by chance.
    #[must_use]
    pub(crate) fn wait_by_chance(&self, tries: u32, asked: Option<Duration>) -> Duration {
        self.wait(tries, asked, rand::random_range(0.0..1.0))
    }

    /// Sends a GET until it is answered, refused, or `tries_max` is reached. `name` says in the log what is asked.
    ///
    /// # Errors
    /// The last failure, at once when the daemon stops.
    pub(crate) async fn repeat<T, F: Future<Output = Result<T, TwilioError>>>(
        &self,
        name: &'static str,
        log: &slog::Logger,
        stopping: &watch::Receiver<bool>,
        mut get: impl FnMut() -> F,
    ) -> Result<T, TwilioError> {
        let mut stopping = stopping.clone();
        let mut tries = 1;
        loop {
            let failure = match get().await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            if !failure.is_passing() || tries >= self.tries_max || *stopping.borrow() {
                return Err(failure);
            }
            let wait = self.wait_by_chance(tries, failure.retry_after());
            slog::warn!(log, "a question to Twilio failed and is asked again"; "question" => name, "tries" => tries,
                "wait_ms" => u64::try_from(wait.as_millis()).unwrap_or(u64::MAX), "cause" => failure.for_log(),
                "twilio_code" => failure.twilio_code(), "request_id" => failure.request_id());
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                _ = stopping.wait_for(|stopping| *stopping) => return Err(failure),
            }
            tries += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::twilio::{About, Refusal};

    const PACE: BackOff =
        BackOff { first: Duration::from_millis(10), longest: Duration::from_millis(50), tries_max: 4 };

    #[test]
    fn waits_double_up_to_the_longest_and_vary() {
        let ms = |tries, chance| PACE.wait(tries, None, chance).as_millis();
        assert_eq!([1, 2, 3, 4, 40].map(|tries| ms(tries, 1.0)), [10, 20, 40, 50, 50]);
        assert_eq!([1, 2, 3, 4, 40].map(|tries| ms(tries, 0.0)), [5, 10, 20, 25, 25]);
    }

    #[test]
    fn what_twilio_asks_for_is_not_cut_short_but_bounded() {
        let asked = |ms| Some(Duration::from_millis(ms));
        assert_eq!(PACE.wait(1, asked(20), 0.0), Duration::from_millis(20));
        assert_eq!(PACE.wait(1, asked(20), 1.0), Duration::from_millis(25));
        assert_eq!(PACE.wait(9, asked(3_600_000), 0.5), PACE.longest);
        assert_eq!(PACE.wait(1, Some(Duration::MAX), 1.0), PACE.longest);
    }

    fn refusal(status: u16) -> TwilioError {
        TwilioError::Refused(Refusal {
            status,
            code: None,
            message: String::new(),
            retry_after: None,
            request_id: None,
            about: About::Account,
        })
    }

    async fn calls(failures: u32, failure: TwilioError, stops: bool) -> (u32, bool) {
        let log = slog::Logger::root(slog::Discard, slog::o!());
        let (_stop, stopping) = watch::channel(stops);
        let made = Cell::new(0);
        let outcome = PACE
            .repeat("a test", &log, &stopping, || {
                made.set(made.get() + 1);
                let answer = if made.get() > failures { Ok(()) } else { Err(failure.clone()) };
                async move { answer }
            })
            .await;
        (made.get(), outcome.is_ok())
    }

    #[tokio::test]
    async fn a_get_is_repeated_while_it_may_pass_and_no_longer() {
        let unreachable = TwilioError::NotSent("nobody there".to_owned());
        assert_eq!(calls(2, unreachable.clone(), false).await, (3, true));
        assert_eq!(calls(9, refusal(429), false).await, (4, false));
        assert_eq!(calls(9, refusal(401), false).await, (1, false));
        assert_eq!(calls(9, unreachable, true).await, (1, false));
    }
}
