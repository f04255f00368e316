//! Lines on their way to the thread that writes them.
//!
//! Invariants: whoever logs waits for nobody, also while the reader of the log stands still: the lock is held for a push
//! or a pop, never while something is written. Lines of `warn` and above have a queue of their own, and when that is full
//! its oldest line makes room: what is read in the end are the last important lines. What was dropped is counted, and
//! said as soon as there is somebody to say it to. Lines leave in the order in which they came.
//! How to get it wrong: waiting for room "only for what matters". A runtime thread that waits serves nobody.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use metrics::Counter;
use slog::{Drain, Level, Never, OwnedKVList, Record, b, o, record};
use slog_async::AsyncRecord;

/// Lines that wait to be written at most, of either kind.
const ORDINARY_LINES_MAX: usize = 8192;
const IMPORTANT_LINES_MAX: usize = 1024;

/// What was dropped since the start, for the metrics.
#[derive(Clone)]
pub(super) struct Dropped {
    pub ordinary: Counter,
    pub important: Counter,
}

/// Both ends of the queue. Cheap to clone.
#[derive(Clone)]
pub(super) struct Queue(Arc<Shared>);

struct Shared {
    lines: Mutex<Lines>,
    /// Rung when a line came, and when the end is wanted or reached.
    rung: Condvar,
}

struct Lines {
    /// With their turns.
    ordinary: VecDeque<(u64, AsyncRecord)>,
    important: VecDeque<(u64, AsyncRecord)>,
    next_turn: u64,
    /// Dropped since the start.
    dropped: Count,
    /// Dropped, and not said yet.
    unsaid: Count,
    counted_by: Option<Dropped>,
    is_closed: bool,
    has_ended: bool,
}

#[derive(Clone, Copy, Default)]
struct Count {
    ordinary: u64,
    important: u64,
}

/// What the writing thread does next.
enum Work {
    Line(AsyncRecord),
    Confess(Count),
    End,
}

impl Queue {
    pub(super) fn new() -> Self {
        let lines = Lines {
            ordinary: VecDeque::new(),
            important: VecDeque::new(),
            next_turn: 0,
            dropped: Count::default(),
            unsaid: Count::default(),
            counted_by: None,
            is_closed: false,
            has_ended: false,
        };
        Self(Arc::new(Shared { lines: Mutex::new(lines), rung: Condvar::new() }))
    }

    /// Counts there what is dropped, and what has been dropped already.
    pub(super) fn count_by(&self, counters: Dropped) {
        let mut lines = self.lines();
        counters.ordinary.increment(lines.dropped.ordinary);
        counters.important.increment(lines.dropped.important);
        lines.counted_by = Some(counters);
    }

    /// Writes lines to `drain` until the queue is closed and empty: the writing thread.
    pub(super) fn write_all(&self, drain: &impl Drain<Ok = (), Err = Never>) {
        let said_for_whom = OwnedKVList::from(o!());
        loop {
            let Ok(()) = match self.next() {
                Work::Line(line) => line.log_to(drain),
                Work::Confess(Count { ordinary, important }) => {
                    let message =
                        format_args!("log lines were dropped because the log could not be written fast enough");
                    let counts = b!("count" => ordinary + important, "important" => important);
                    drain.log(&record!(Level::Warning, "", &message, counts), &said_for_whom)
                }
                Work::End => break,
            };
        }
        self.lines().has_ended = true;
        self.0.rung.notify_all();
    }

    /// No more lines are taken; those that wait are written, for which this waits, but not for ever: the reader of the
    /// log may be gone or stand still.
    pub(super) fn close(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        let mut lines = self.lines();
        lines.is_closed = true;
        self.0.rung.notify_all();
        while !lines.has_ended {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            lines = self.0.rung.wait_timeout(lines, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn next(&self) -> Work {
        let mut lines = self.lines();
        loop {
            let unsaid = std::mem::take(&mut lines.unsaid);
            if unsaid.ordinary + unsaid.important > 0 {
                return Work::Confess(unsaid);
            }
            if let Some(line) = lines.pop() {
                return Work::Line(line);
            }
            if lines.is_closed {
                return Work::End;
            }
            lines = self.0.rung.wait(lines).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Every change under this lock is whole, whoever panics.
    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn drop_one(&mut self, is_important: bool) {
        for count in [&mut self.dropped, &mut self.unsaid] {
            *(if is_important { &mut count.important } else { &mut count.ordinary }) += 1;
        }
        if let Some(counters) = &self.counted_by {
            (if is_important { &counters.important } else { &counters.ordinary }).increment(1);
        }
    }

    /// The line that came first.
    fn pop(&mut self) -> Option<AsyncRecord> {
        let turn = |queue: &VecDeque<(u64, AsyncRecord)>| queue.front().map_or(u64::MAX, |(turn, _)| *turn);
        let first = if turn(&self.important) < turn(&self.ordinary) { &mut self.important } else { &mut self.ordinary };
        first.pop_front().map(|(_, line)| line)
    }
}

impl Drain for Queue {
    type Ok = ();
    type Err = Never;

    fn log(&self, record: &Record<'_>, values: &OwnedKVList) -> Result<(), Never> {
        let is_important = record.level().is_at_least(Level::Warning);
        // Formatted before the lock is taken.
        let line = AsyncRecord::from(record, values);
        let mut lines = self.lines();
        if lines.is_closed {
            return Ok(());
        }
        let turn = lines.next_turn;
        lines.next_turn += 1;
        if is_important {
            if lines.important.len() >= IMPORTANT_LINES_MAX {
                lines.important.pop_front();
                lines.drop_one(true);
            }
            lines.important.push_back((turn, line));
        } else if lines.ordinary.len() >= ORDINARY_LINES_MAX {
            lines.drop_one(false);
        } else {
            lines.ordinary.push_back((turn, line));
        }
        drop(lines);
        self.0.rung.notify_one();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use slog::{error, info};

    use super::*;

    /// What was written.
    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<String>>>);

    impl Drain for Page {
        type Ok = ();
        type Err = Never;

        fn log(&self, record: &Record<'_>, _: &OwnedKVList) -> Result<(), Never> {
            self.0.lock().unwrap().push(record.msg().to_string());
            Ok(())
        }
    }

    fn written(queue: &Queue) -> Vec<String> {
        let page = Page::default();
        queue.close(Duration::ZERO);
        queue.write_all(&page);
        let lines = page.0.lock().unwrap();
        lines.clone()
    }

    #[test]
    fn lines_leave_in_the_order_in_which_they_came() {
        let queue = Queue::new();
        let log = slog::Logger::root(queue.clone(), o!());
        info!(log, "one");
        error!(log, "two");
        info!(log, "three");
        assert_eq!(written(&queue), ["one", "two", "three"]);
        info!(log, "too late");
        assert!(written(&queue).is_empty());
    }

    #[test]
    fn while_nobody_reads_nobody_waits_the_last_important_lines_are_kept_and_the_rest_is_counted_and_said() {
        let queue = Queue::new();
        let log = slog::Logger::root(queue.clone(), o!());
        let said = ORDINARY_LINES_MAX + IMPORTANT_LINES_MAX + 5;
        for number in 0..said {
            info!(log, "small talk {number}");
        }
        for number in 0..said {
            error!(log, "somebody must act {number}");
        }
        let telemetry = crate::telemetry::Telemetry::new(&[]);
        let [ordinary, important] = telemetry.log_lines_dropped();
        queue.count_by(Dropped { ordinary, important });
        let metrics = telemetry.render();
        for (importance, count) in [("ordinary", said - ORDINARY_LINES_MAX), ("important", said - IMPORTANT_LINES_MAX)]
        {
            let line = format!("callbunker_log_lines_dropped_total{{importance=\"{importance}\"}} {count}");
            assert!(metrics.lines().any(|found| found == line), "{line} is not in\n{metrics}");
        }
        let lines = written(&queue);
        assert_eq!(lines.len(), 1 + ORDINARY_LINES_MAX + IMPORTANT_LINES_MAX);
        assert!(lines[0].contains("dropped"), "{}", lines[0]);
        assert_eq!(lines[1], "small talk 0");
        assert_eq!(lines[lines.len() - 1], format!("somebody must act {}", said - 1));
        assert_eq!(lines[1 + ORDINARY_LINES_MAX], format!("somebody must act {}", said - IMPORTANT_LINES_MAX));
    }

    #[test]
    fn the_end_waits_for_what_is_queued_but_not_for_ever() {
        let queue = Queue::new();
        let log = slog::Logger::root(queue.clone(), o!());
        info!(log, "nobody writes");
        queue.close(Duration::from_millis(10));
        let queue = Queue::new();
        let log = slog::Logger::root(queue.clone(), o!());
        let page = Page::default();
        let writing = std::thread::spawn({
            let (queue, page) = (queue.clone(), page.clone());
            move || queue.write_all(&page)
        });
        for _ in 0..100 {
            info!(log, "a line");
        }
        queue.close(Duration::from_secs(60));
        assert_eq!(page.0.lock().unwrap().len(), 100);
        writing.join().unwrap();
    }
}
