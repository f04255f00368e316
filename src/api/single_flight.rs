//! One look for everybody who asks: at most one at a time, and the next not at once.
//!
//! Invariants: whoever asks is told what a look saw that began after they asked, so nothing that was done before is missed;
//! looks begin at least so far apart, however many ask, and whether they wait for the answer or hang up.
//! How to get it wrong: remembering the time of a look when it ends. Whoever hangs up before would start one at will.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

/// A look that is shared.
pub(crate) struct SingleFlight<T> {
    every: Duration,
    last: Mutex<Option<Last<T>>>,
}

struct Last<T> {
    began: Instant,
    /// `None` while it goes on, and when whoever looked went away.
    result: Option<T>,
}

impl<T: Clone> SingleFlight<T> {
    pub(super) fn new(every: Duration) -> Self {
        Self { every, last: Mutex::new(None) }
    }

    /// What a look saw that began after this was called: another's, or our own.
    pub(crate) async fn run<F: Future<Output = T>>(&self, look: impl FnOnce() -> F) -> T {
        let asked = Instant::now();
        let mut last = self.last.lock().await;
        if let Some(Last { began, result }) = &*last {
            if let Some(result) = result.as_ref().filter(|_| *began >= asked) {
                return result.clone();
            }
            sleep_until(*began + self.every).await;
        }
        let began = Instant::now();
        *last = Some(Last { began, result: None });
        let result = look().await;
        *last = Some(Last { began, result: Some(result.clone()) });
        result
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;
    use tokio::time::{sleep, timeout};

    use super::*;

    const EVERY: Duration = Duration::from_millis(250);
    const TAKES: Duration = Duration::from_millis(100);

    async fn count(looks: &AtomicUsize) -> usize {
        let now = looks.fetch_add(1, Ordering::Relaxed) + 1;
        sleep(TAKES).await;
        now
    }

    #[tokio::test(start_paused = true)]
    async fn a_crowd_is_served_by_one_look_that_began_after_they_asked() {
        let (shared, looks) = (Arc::new(SingleFlight::new(EVERY)), Arc::new(AtomicUsize::new(0)));
        assert_eq!(shared.run(|| count(&looks)).await, 1);
        let crowd = join_all((0..1000).map(|_| shared.run(|| count(&looks)))).await;
        assert!(crowd.iter().all(|seen| *seen == 2), "{crowd:?}");
        // Who comes while a look goes on may know more than it.
        let (early, late) = tokio::join!(shared.run(|| count(&looks)), async {
            sleep(EVERY - TAKES / 2).await;
            shared.run(|| count(&looks)).await
        });
        assert_eq!((early, late), (3, 4));
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_paced_whether_it_waits_or_hangs_up() {
        let (shared, looks) = (SingleFlight::new(EVERY), AtomicUsize::new(0));
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(10) {
            let _ = timeout(Duration::from_millis(20), shared.run(|| count(&looks))).await;
        }
        let hung_up = looks.swap(0, Ordering::Relaxed);
        assert!((35..=41).contains(&hung_up), "{hung_up} in ten seconds");
        for _ in 0..40 {
            shared.run(|| count(&looks)).await;
        }
        assert!(begin.elapsed() >= Duration::from_secs(19), "{:?}", begin.elapsed());
    }
}
