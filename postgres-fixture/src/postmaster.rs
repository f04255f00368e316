//! Signals to a postmaster and the processes that it started, by its process id.
//!
//! How one could get it wrong: signalling the postmaster alone. Those that it started serve on while it stands still.

use std::fs;

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// SIGKILL to all of them.
pub(crate) fn crash(id: u32) {
    // Stopped, so that it starts no further process between the look and the kill.
    signal_process(id, Signal::SIGSTOP);
    signal_children(id, Signal::SIGKILL);
    signal_process(id, Signal::SIGKILL);
}

/// All of them stand still.
pub(crate) fn freeze(id: u32) {
    signal_process(id, Signal::SIGSTOP);
    signal_children(id, Signal::SIGSTOP);
}

/// All of them go on.
pub(crate) fn thaw(id: u32) {
    signal_children(id, Signal::SIGCONT);
    signal_process(id, Signal::SIGCONT);
}

pub(crate) fn signal_process(id: u32, signal: Signal) {
    if let Ok(id) = i32::try_from(id) {
        // It may have ended by itself just now, which is what most signals want anyway.
        let _ = kill(Pid::from_raw(id), signal);
    }
}

fn signal_children(id: u32, signal: Signal) {
    // Absent on kernels without this list; then the children notice the end of the postmaster by themselves.
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    for child in children.split_whitespace() {
        if let Ok(child) = child.parse() {
            signal_process(child, signal);
        }
    }
}
