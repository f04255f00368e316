//! Lets no text end its own line. What a stranger put into a path, or Twilio into a message, is written into the text
//! log with its control, format and separator characters escaped, so that it can neither forge a line nor steer the
//! terminal on which the log is read.
//!
//! Invariant: only what slog-term itself writes between the parts of a line passes as it is.
//! How to get it wrong: escaping the whole line from outside. Its colours and its end are control characters too.

use std::io::{self, Write};

use slog::{OwnedKVList, Record};
use slog_term::{Decorator, RecordDecorator};

use crate::domain::steers;

/// A decorator whose lines are escaped.
pub(super) struct Escaping<D>(pub D);

impl<D: Decorator> Decorator for Escaping<D> {
    fn with_record<F>(&self, record: &Record<'_>, values: &OwnedKVList, write: F) -> io::Result<()>
    where
        F: FnOnce(&mut dyn RecordDecorator) -> io::Result<()>,
    {
        self.0.with_record(record, values, |inner| write(&mut Line { inner, is_ours: false }))
    }
}

struct Line<'d> {
    inner: &'d mut dyn RecordDecorator,
    /// Whether slog-term writes a blank between two parts, or the line's end.
    is_ours: bool,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_ours {
            return self.inner.write(bytes);
        }
        // A formatter hands on whole characters.
        for character in String::from_utf8_lossy(bytes).chars() {
            if steers(character) {
                write!(self.inner, "{}", character.escape_default())?;
            } else {
                self.inner.write_all(character.encode_utf8(&mut [0; 4]).as_bytes())?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

macro_rules! parts {
    ($($start:ident: $is_ours:literal),* $(,)?) => {
        $(
            fn $start(&mut self) -> io::Result<()> {
                self.is_ours = $is_ours;
                self.inner.$start()
            }
        )*
    };
}

impl RecordDecorator for Line<'_> {
    parts! {
        reset: false,
        start_whitespace: true,
        start_msg: false,
        start_timestamp: false,
        start_level: false,
        start_comma: false,
        start_key: false,
        start_value: false,
        start_location: false,
        start_separator: false,
    }
}
