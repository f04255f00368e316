//! What tests start and what goes on by itself ends with their run, also with one that is killed.
//!
//! How to get it wrong: starting it in the test's own thread. The system ends a process with the thread that started it, and some
//! threads of a test end before their daemon shall: one thread, which lives as long as the run, starts them all.

use std::io;
use std::process::{Child, Command};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};

type Asked = (Command, Sender<io::Result<Child>>);

/// Starts it.
pub fn start(mut command: Command) -> io::Result<Child> {
    static STARTER: OnceLock<Sender<Asked>> = OnceLock::new();
    system_calls::end_with_this_process(&mut command);
    let (told, hears) = channel();
    // Proof: the thread ends with the process.
    STARTER.get_or_init(starter).send((command, told)).expect("somebody starts what is asked for");
    hears.recv().expect("each is answered")
}

fn starter() -> Sender<Asked> {
    let (asks, asked) = channel::<Asked>();
    std::thread::spawn(move || {
        for (mut command, told) in asked {
            let child = command.spawn();
            // With it goes its side of pipes and terminals.
            drop(command);
            let _ = told.send(child);
        }
    });
    asks
}
