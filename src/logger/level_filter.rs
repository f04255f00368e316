//! Which lines pass: a level that can change while the log runs, and a stricter one for libraries.
//!
//! A line is a library's when it carries a tag, which slog-stdlog sets to the target of `log` or `tracing`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use slog::{Drain, Level, Never, OwnedKVList, Record};

use crate::config::LogLevel;

/// The level in force, shared by the filter and whoever changes it.
#[derive(Clone)]
pub(super) struct LevelInForce(Arc<AtomicU8>);

const LEVELS: [LogLevel; 5] = [LogLevel::Error, LogLevel::Warn, LogLevel::Info, LogLevel::Debug, LogLevel::Trace];

impl LevelInForce {
    pub(super) fn new(level: LogLevel) -> Self {
        Self(Arc::new(AtomicU8::new(level as u8)))
    }

    pub(super) fn set(&self, level: LogLevel) {
        self.0.store(level as u8, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> LogLevel {
        LEVELS[usize::from(self.0.load(Ordering::Relaxed)).min(LEVELS.len() - 1)]
    }

    /// What libraries may say: `warn` and above, unless somebody looks for the cause of something.
    pub(super) fn for_libraries(&self) -> log::LevelFilter {
        match self.get() {
            LogLevel::Error => log::LevelFilter::Error,
            LogLevel::Warn | LogLevel::Info => log::LevelFilter::Warn,
            LogLevel::Debug => log::LevelFilter::Debug,
            LogLevel::Trace => log::LevelFilter::Trace,
        }
    }

    fn passes(&self, record: &Record<'_>) -> bool {
        let of_library = !record.tag().is_empty();
        let least = match self.get() {
            LogLevel::Error => Level::Error,
            LogLevel::Warn => Level::Warning,
            LogLevel::Info if of_library => Level::Warning,
            LogLevel::Info => Level::Info,
            LogLevel::Debug => Level::Debug,
            LogLevel::Trace => Level::Trace,
        };
        record.level().is_at_least(least)
    }
}

/// Lets lines pass that are important enough.
pub(super) struct LevelFilter<D> {
    level: LevelInForce,
    behind: D,
}

impl<D> LevelFilter<D> {
    pub(super) fn new(level: LevelInForce, behind: D) -> Self {
        Self { level, behind }
    }
}

impl<D: Drain<Ok = (), Err = Never>> Drain for LevelFilter<D> {
    type Ok = ();
    type Err = Never;

    fn log(&self, record: &Record<'_>, values: &OwnedKVList) -> Result<(), Never> {
        if self.level.passes(record) { self.behind.log(record, values) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_survives_the_atomic() {
        for level in LEVELS {
            assert_eq!(LevelInForce::new(level).get(), level);
        }
    }
}
