//! The log: slog at the root, text for a terminal, else one JSON object a line, always on standard error.
//!
//! What libraries say through `log` or `tracing` comes out the same way, below `warn` only when the level is `debug` or
//! `trace`. The level follows SIGHUP through [`LogHandle`]; the format stays.
//!
//! Invariants: keys are stable (`ts`, `level`, `msg`, `target` for libraries, then the line's own); nobody who logs
//! waits for whoever reads the log, whatever the line says; dropping [`Logger`] writes out what is queued, as far as
//! that gets on within seconds. How to get it wrong: `std::process::exit` while a `Logger` is alive, which loses the last lines.

mod escape;
mod level_filter;
mod lines;
mod queue;

#[cfg(test)]
use std::io::Write;
use std::io::{self, BufWriter, IsTerminal};
use std::time::Duration;

use metrics::Counter;
use slog::{Drain, Never, o};

use crate::config::{LogConfig, LogFormat, LogLevel};
use level_filter::{LevelFilter, LevelInForce};
use queue::{Dropped, Queue};

/// How long the end of the log waits for its reader.
const END_PATIENCE: Duration = Duration::from_secs(5);

/// The log while it runs. Keep it until the end of `main`: dropping it writes out what is queued and ends it.
#[must_use = "dropping the logger ends the log"]
pub(crate) struct Logger {
    root: slog::Logger,
    handle: LogHandle,
}

/// Changes the level of a running log, and tells who counts what it drops.
#[derive(Clone)]
pub(crate) struct LogHandle {
    level: LevelInForce,
    queue: Queue,
}

/// Starts the log on standard error, and takes over what libraries say.
pub(crate) fn init(config: &LogConfig) -> Logger {
    let stderr = io::stderr();
    let as_text = match config.format {
        LogFormat::Auto => stderr.is_terminal(),
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    let logger = if as_text {
        start(config.level, lines::text())
    } else {
        start(config.level, lines::json(BufWriter::new(stderr)))
    };
    logger.take_over_libraries();
    logger
}

/// The log in JSON on any writer; libraries are left alone.
#[cfg(test)]
fn json_to(level: LogLevel, writer: impl Write + Send + 'static) -> Logger {
    start(level, lines::json(writer))
}

fn start(level: LogLevel, lines: impl Drain<Ok = (), Err = Never> + Send + 'static) -> Logger {
    let in_force = LevelInForce::new(level);
    let queue = Queue::new();
    let writer = queue.clone();
    std::thread::Builder::new()
        .name("log".to_owned())
        .spawn(move || writer.write_all(&lines))
        .expect("a process that cannot start its second thread cannot do anything");
    let root = slog::Logger::root(LevelFilter::new(in_force.clone(), queue.clone()), o!());
    Logger { root, handle: LogHandle { level: in_force, queue } }
}

impl Logger {
    /// The logger that all others are made of, with `.new(o!(…))`.
    pub(crate) fn root(&self) -> &slog::Logger {
        &self.root
    }

    /// Changes the level later.
    #[must_use]
    pub(crate) fn handle(&self) -> LogHandle {
        self.handle.clone()
    }

    fn take_over_libraries(&self) {
        // Never reset: a library's thread may still speak after the end, and would panic without a logger.
        slog_scope::set_global_logger(self.root.clone()).cancel_reset();
        // An error means that the process has a second log, which happens in tests only; the first route still leads
        // to the global logger that was just replaced.
        let _ = slog_stdlog::init();
        self.handle.tell_libraries();
    }
}

impl Drop for Logger {
    fn drop(&mut self) {
        self.handle.queue.close(END_PATIENCE);
    }
}

impl LogHandle {
    /// Shows lines of this importance and above, from the next line on.
    pub(crate) fn set_level(&self, level: LogLevel) {
        self.level.set(level);
        self.tell_libraries();
    }

    /// Counts there how many lines are dropped while the log is not read, small talk and lines of `warn` and above.
    pub(crate) fn count_dropped(&self, ordinary: Counter, important: Counter) {
        self.queue.count_by(Dropped { ordinary, important });
    }

    /// The level in force.
    #[cfg(test)]
    fn level(&self) -> LogLevel {
        self.level.get()
    }

    /// Keeps libraries from formatting lines that the filter would refuse.
    fn tell_libraries(&self) {
        log::set_max_level(self.level.for_libraries());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use slog::{error, info, warn};

    use super::*;

    /// A writer that a test can read.
    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Memory {
        fn lines(&self) -> Vec<serde_json::Value> {
            let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        }
    }

    #[test]
    fn a_line_is_one_json_object_with_stable_keys_first() {
        let memory = Memory::default();
        let logger = json_to(LogLevel::Info, memory.clone());
        let log = logger.root().new(o!("part" => "purchaser"));
        info!(log, "bought {} numbers\nin two lines", 3; "purchase_id" => "p-1", "count" => 3);
        drop(logger);
        let text = String::from_utf8(memory.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        let ts_end = text.find("\",\"level\":\"info\",\"msg\":\"bought 3 numbers\\nin two lines\",").unwrap();
        let ts = text.strip_prefix("{\"ts\":\"").unwrap().get(..ts_end - "{\"ts\":\"".len()).unwrap();
        assert!(ts.ends_with('Z') && chrono::DateTime::parse_from_rfc3339(ts).is_ok(), "{ts}");
        let line = &memory.lines()[0];
        assert_eq!((&line["part"], &line["purchase_id"]), (&"purchaser".into(), &"p-1".into()));
        assert_eq!(line["count"], 3);
        assert!(line.get("target").is_none());
    }

    #[test]
    fn the_level_can_change_while_the_log_runs() {
        let memory = Memory::default();
        let logger = json_to(LogLevel::Error, memory.clone());
        let handle = logger.handle();
        warn!(logger.root(), "unseen");
        handle.level.set(LogLevel::Info);
        info!(logger.root(), "seen");
        error!(logger.root(), "seen too");
        assert_eq!(handle.level(), LogLevel::Info);
        drop(logger);
        let messages: Vec<_> = memory.lines().iter().map(|line| line["msg"].clone()).collect();
        assert_eq!(messages, ["seen", "seen too"]);
    }

    /// A reader that stands still until it is let go.
    #[derive(Clone)]
    struct Stalled(Memory, Arc<Mutex<()>>);

    impl Write for Stalled {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _let_go = self.1.lock().unwrap();
            self.0.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_stalls_holds_up_nobody_and_hears_the_last_warnings_and_what_it_missed() {
        let (memory, stall) = (Memory::default(), Arc::new(Mutex::new(())));
        let stalled = stall.lock().unwrap();
        let logger = json_to(LogLevel::Info, Stalled(memory.clone(), Arc::clone(&stall)));
        let before = std::time::Instant::now();
        for number in 0..20_000 {
            warn!(logger.root(), "warning {number}");
        }
        // Whoever waited for the reader would need hours.
        assert!(before.elapsed() < Duration::from_secs(120));
        drop(stalled);
        drop(logger);
        let lines = memory.lines();
        assert_eq!(lines.last().unwrap()["msg"], "warning 19999");
        let confessed: u64 = lines.iter().filter_map(|line| line["important"].as_u64()).sum();
        let written = lines.iter().filter(|line| line["important"].is_null()).count() as u64;
        assert!(confessed > 0 && confessed + written == 20_000, "{confessed} + {written}");
    }

    #[test]
    fn a_late_line_after_the_end_is_dropped_without_a_wait() {
        let memory = Memory::default();
        let logger = json_to(LogLevel::Info, memory.clone());
        let root = logger.root().clone();
        drop(logger);
        let before = std::time::Instant::now();
        error!(root, "too late");
        assert!(before.elapsed() < std::time::Duration::from_millis(100));
        assert!(memory.lines().is_empty());
    }

    /// The only test of this process that takes the libraries over: there is one such route a process.
    #[test]
    fn what_libraries_say_comes_out_through_slog() {
        let memory = Memory::default();
        let logger = json_to(LogLevel::Info, memory.clone());
        logger.take_over_libraries();
        log::warn!(target: "some_library::part", "from log {}", 1);
        tracing::warn!(target: "other_library", answer = 42, "from tracing");
        log::info!(target: "some_library", "noise");
        tracing::info!(target: "other_library", "noise");
        logger.handle().set_level(LogLevel::Debug);
        log::debug!(target: "some_library", "wanted now");
        logger.handle().set_level(LogLevel::Info);
        drop(logger);
        let said = |target: &str| -> Vec<(String, String)> {
            let lines = memory.lines();
            let of_target = lines.iter().filter(|line| line["target"] == target);
            of_target.map(|line| (line["level"].to_string(), line["msg"].to_string())).collect()
        };
        assert_eq!(said("some_library::part"), [("\"warn\"".to_owned(), "\"from log 1\"".to_owned())]);
        assert_eq!(said("some_library"), [("\"debug\"".to_owned(), "\"wanted now\"".to_owned())]);
        let tracing = said("other_library");
        assert_eq!(tracing.len(), 1, "{tracing:?}");
        assert!(tracing[0].1.contains("from tracing") && tracing[0].1.contains("answer=42"), "{tracing:?}");
    }
}
