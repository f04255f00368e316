//! `callbunker twilio setup-events`: has Twilio send what it says of numbers to this configuration's address.
//!
//! Invariants: what was done is printed, also when it breaks off; of an address, scheme and host are shown.
//! How to get it wrong: an exit code of 0 when Twilio did not go along. A script would wait for events for ever.

use std::fmt::Write as _;

use crate::app::set_up_events;
use crate::cli::ending::{CommandError, Ending, both, say, told_unreachable, warn};
use crate::config::Sources;
use crate::twilio_events::{BrokeOff, Step, Stream};

pub(super) fn setup_events(sources: &Sources) -> Ending {
    let (stream, host) = set_up_events(sources)?;
    match stream {
        Ok(stream) => say(&told(&stream, &host)),
        Err(broke_off) => both(say(&done(&broke_off.steps)), failed(&broke_off)),
    }
}

fn told(stream: &Stream, host: &str) -> String {
    let mut text = format!("Twilio sends events of numbers to {host}: sink {}\n", stream.sink);
    for subscription in &stream.subscriptions {
        line(&mut text, &format!("subscription {subscription}"));
    }
    match stream.steps.as_slice() {
        [] => line(&mut text, "nothing to do"),
        steps => text += &done(steps),
    }
    text
}

fn done(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        let step = match step {
            Step::SinkMade(sid) => format!("made the sink {sid}"),
            Step::Subscribed(sid, types) => format!("made the subscription {sid} to {types} types of events"),
            Step::TypeAdded(sid, name) => format!("added {name} to the subscription {sid}"),
            Step::Unsubscribed(sid) => format!("ended the subscription {sid} of an earlier sink"),
            Step::SinkDeleted(sid) => format!("took the earlier sink {sid} away"),
        };
        line(&mut text, &step);
    }
    text
}

fn line(text: &mut String, line: &str) {
    // Writing to a text never fails.
    let _ = writeln!(text, "{line}");
}

fn failed(broke_off: &BrokeOff) -> Ending {
    let why = broke_off.error.in_full();
    if broke_off.is_unreached() {
        warn(&format!("callbunker: {why}; run it again, and it goes on where it stopped"));
        return Err(told_unreachable());
    }
    warn(&format!("callbunker: {why}; do what Twilio says and run it again, and it goes on where it stopped"));
    Err(CommandError::AlreadyTold)
}
