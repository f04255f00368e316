//! The two shapes of a line. Whatever cannot be written is given up: a log has nobody to complain to.

use std::io::Write;

use chrono::{SecondsFormat, Utc};
use slog::{Drain, FnValue, KV, Level, Never, OwnedKV, PushFnValue, Record, Serializer, o};
use slog_term::{Decorator, FullFormat, TermDecorator};

use super::escape::Escaping;

/// Text for people, coloured where the terminal can.
pub(super) fn text() -> impl Drain<Ok = (), Err = Never> + Send {
    text_on(TermDecorator::new().stderr().build())
}

fn text_on<D: Decorator + Send + 'static>(decorator: D) -> impl Drain<Ok = (), Err = Never> + Send {
    FullFormat::new(Escaping(decorator))
        .use_custom_timestamp(|writer: &mut dyn Write| write!(writer, "{}", now()))
        .use_original_order()
        .build()
        .ignore_res()
}

/// One JSON object a line, written at once so that lines of two processes do not mix.
pub(super) fn json<W: Write + Send + 'static>(writer: W) -> impl Drain<Ok = (), Err = Never> + Send {
    // One value a call: within one call slog gives no promise about the order.
    slog_json::Json::new(writer)
        .add_key_value(o!("ts" => FnValue(|_: &Record<'_>| now())))
        .add_key_value(o!("level" => FnValue(|record: &Record<'_>| level(record.level()))))
        .add_key_value(o!("msg" => PushFnValue(|record: &Record<'_>, serializer| serializer.emit(record.msg()))))
        .add_key_value(OwnedKV(Target))
        .set_flush(true)
        .build()
        .ignore_res()
}

fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The names that `log.level` has.
fn level(level: Level) -> &'static str {
    match level {
        Level::Critical => "critical",
        Level::Error => "error",
        Level::Warning => "warn",
        Level::Info => "info",
        Level::Debug => "debug",
        Level::Trace => "trace",
    }
}

/// `target` on the lines of libraries, nothing on ours.
struct Target;

impl KV for Target {
    fn serialize(&self, record: &Record<'_>, serializer: &mut dyn Serializer) -> slog::Result {
        match record.tag() {
            "" => Ok(()),
            target => serializer.emit_str("target", target),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use slog::{info, warn};
    use slog_term::PlainSyncDecorator;

    use super::*;

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

    #[test]
    fn no_text_forges_a_line_or_steers_the_terminal() {
        let memory = Memory::default();
        let drain = Mutex::new(text_on(PlainSyncDecorator::new(memory.clone()))).ignore_res();
        let log = slog::Logger::root(drain, o!());
        let forged = "x\n2026-11-28T12:00:00.000Z CRIT all numbers are gone\r\u{1b}[2J\u{9b}\u{2028}\u{202e}\u{feff}\0";
        warn!(log, "Twilio said {}", forged; "path" => format!("/{forged}"), "count" => 3);
        info!(log, "plain words, ünïcödé 用 and a\\b"; "path" => "/a b");
        let text = String::from_utf8(memory.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
        let escaped = "x\\n2026-11-28T12:00:00.000Z CRIT all numbers are gone\\r\\u{1b}[2J\\u{9b}\\u{2028}\\u{202e}\\u{feff}\\u{0}";
        assert!(text.contains(&format!("Twilio said {escaped}, path: /{escaped}, count: 3\n")), "{text}");
        assert!(text.ends_with("plain words, ünïcödé 用 and a\\b, path: /a b\n"), "{text}");
        assert!(!text.chars().any(|character| character != '\n' && crate::domain::steers(character)), "{text}");
    }
}
