//! Runs a program to its end, with a deadline.
//!
//! Invariant: `run` returns within its limit. A program that is still there then is killed by its id, with the process
//! group that it leads (`initdb` has children of its own).
//!
//! How one could get it wrong: joining the threads that read its output after a kill. A grandchild may still hold the
//! pipe, and the join would have no deadline.

use std::{
    io::{Read, Write},
    os::unix::process::CommandExt,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};

use crate::FixtureError;

/// The output of a program that succeeded. `on_start` learns its process id.
pub(crate) fn run(
    mut command: Command,
    limit: Duration,
    input: Option<&str>,
    on_start: impl FnOnce(u32),
) -> Result<String, FixtureError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let deadline = Instant::now() + limit;
    let mut child = command
        .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(FixtureError::io(format!("starting {program}")))?;
    on_start(child.id());

    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        let input = input.to_owned();
        // A program that ends early closes the pipe; its exit status tells more than the write error.
        thread::spawn(move || stdin.write_all(input.as_bytes()));
    }
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());

    let timeout = || FixtureError::Timeout { waiting_for: program.clone(), limit };
    let Some(status) = wait_until(&mut child, deadline)? else {
        kill_group(&mut child);
        return Err(timeout());
    };
    let left = || deadline.saturating_duration_since(Instant::now()) + Duration::from_millis(100);
    let stdout = stdout.recv_timeout(left()).map_err(|_| timeout())?;
    let stderr = stderr.recv_timeout(left()).map_err(|_| timeout())?;
    if status.success() {
        Ok(stdout)
    } else {
        Err(FixtureError::Command { program, output: format!("{stdout}{stderr}({status})") })
    }
}

/// Waits for a child until the deadline; `None` when it is still running then.
pub(crate) fn wait_until(child: &mut Child, deadline: Instant) -> Result<Option<ExitStatus>, FixtureError> {
    let mut pause = Duration::from_millis(1);
    loop {
        let ended = child.try_wait().map_err(FixtureError::io("waiting for a process"))?;
        if ended.is_some() || Instant::now() >= deadline {
            return Ok(ended);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(10));
    }
}

/// Reads until the end, on a thread of its own.
pub(crate) fn drain(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What could be read before an error is still worth showing.
            let _ = pipe.read_to_end(&mut bytes);
        }
        // Nobody listens any more after a timeout.
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

/// Kills the group that a child leads, and takes its status.
pub(crate) fn kill_group(child: &mut Child) {
    if let Ok(id) = i32::try_from(child.id()) {
        // Not reaped yet, so the id still means this group. It may have ended by itself just now.
        let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
    }
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_hanging_program_is_killed_at_the_deadline() {
        let begin = Instant::now();
        let answer = run(sh("sleep 60 & wait"), Duration::from_millis(100), None, |_| ());
        assert!(matches!(answer, Err(FixtureError::Timeout { .. })));
        assert!(begin.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_failure_shows_what_the_program_said() {
        let answer = run(sh("echo why >&2; exit 3"), Duration::from_secs(5), None, |_| ());
        let message = answer.unwrap_err().to_string();
        assert!(message.contains("why") && message.contains("exit status: 3"), "{message}");
    }

    #[test]
    fn input_larger_than_a_pipe_arrives() {
        let input = "x".repeat(1 << 20);
        let answer = run(sh("wc -c"), Duration::from_secs(5), Some(&input), |_| ()).unwrap();
        assert_eq!(answer.trim(), "1048576");
    }
}
