//! The two shapes of a line. Whatever cannot be written is given up: a log has nobody to complain to.

use std::io::Write;

use chrono::{SecondsFormat, Utc};
use slog::{Drain, FnValue, KV, Level, Never, OwnedKV, PushFnValue, Record, Serializer, o};
use slog_term::{FullFormat, TermDecorator};

/// Text for people, coloured where the terminal can.
pub(super) fn text() -> impl Drain<Ok = (), Err = Never> + Send {
    let decorator = TermDecorator::new().stderr().build();
    FullFormat::new(decorator)
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
