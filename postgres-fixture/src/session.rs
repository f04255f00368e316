//! A `psql` that stays: whoever looks again and again starts neither a program nor a session of the server for each look.
//!
//! Invariants: each question finds a session in which nobody has set, begun or locked anything; the first error ends the session, as it
//! ends a script; every answer has a deadline; it ends with its owner, since its input ends then.
//!
//! How one could get it wrong: asking the next question of a session in which the one before left a transaction open. What follows would
//! be part of it, so such a session ends, and takes the transaction with it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver, Sender},
    thread,
    time::{Duration, Instant},
};

use crate::{
    FixtureError,
    command::{drain, kill_group, wait_until},
};

/// What no row says.
const MARK: &str = "\u{1}answered";
/// `psql` ends so when its connection was lost.
const CONNECTION_LOST: i32 = 2;

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Session {
    child: Child,
    questions: Option<Sender<String>>,
    lines: Receiver<String>,
    errors: Receiver<String>,
    asked: usize,
}

/// Why there is no answer.
pub(crate) enum Unanswered {
    /// The session ended before it heard the question, because the server or somebody ended it: a new one may be asked.
    Lost,
    /// As a script's failure is told.
    Failed(FixtureError),
}

impl Session {
    /// Starts `psql`, which reads its questions from its input.
    pub(crate) fn start(mut command: Command) -> Result<Self, FixtureError> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(FixtureError::io("starting psql"))?;
        let (questions, asked) = mpsc::channel::<String>();
        let mut input = child.stdin.take();
        thread::spawn(move || {
            for question in asked {
                // One that has ended says more than the failed write.
                let _ = input.as_mut().map(|input| input.write_all(question.as_bytes()));
            }
        });
        let lines = lines_of(child.stdout.take());
        let errors = drain(child.stderr.take());
        Ok(Self { child, questions: Some(questions), lines, errors, asked: 0 })
    }

    /// Runs SQL. After `Err` the session is of no more use.
    pub(crate) fn ask(&mut self, sql: &str, limit: Duration) -> Result<String, Unanswered> {
        let deadline = Instant::now() + limit;
        self.asked += 1;
        // The server itself says first that it is there: who hears that has not lost the question.
        let question = format!("SELECT '{MARK}';\n{sql}\n;\n\\echo {MARK}\nDISCARD ALL;\n\\echo {MARK}\n");
        // Whoever writes has not ended: the receiver is gone only with the session.
        let _ = self.questions.as_ref().map(|questions| questions.send(question));
        let (_, is_heard) = self.until_mark(deadline, limit).map_err(Unanswered::Failed)?;
        let (answer, is_whole) =
            if is_heard { self.until_mark(deadline, limit).map_err(Unanswered::Failed)? } else { Default::default() };
        if is_whole {
            let (_, is_clean) = self.until_mark(deadline, limit).map_err(Unanswered::Failed)?;
            if !is_clean {
                // A transaction was left open, and ends with the session; the next question finds a new one.
                wait_until(&mut self.child, deadline).map_err(Unanswered::Failed)?;
            }
            return Ok(answer);
        }
        let status = wait_until(&mut self.child, deadline).map_err(Unanswered::Failed)?;
        let errors = self.errors.recv_timeout(Duration::from_secs(1)).unwrap_or_default();
        let code = status.and_then(|status| status.code());
        if self.asked > 1 && !is_heard && code == Some(CONNECTION_LOST) {
            return Err(Unanswered::Lost);
        }
        let status = status.map(|status| status.to_string()).unwrap_or_default();
        let output = format!("{answer}{errors}({status})");
        Err(Unanswered::Failed(FixtureError::Command { program: "psql".to_owned(), output }))
    }

    /// Whether it can be asked again.
    pub(crate) fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// The lines before the mark, and whether it came before the end.
    fn until_mark(&mut self, deadline: Instant, limit: Duration) -> Result<(String, bool), FixtureError> {
        let mut answer = Vec::new();
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) if line == MARK => return Ok((answer.join("\n"), true)),
                Ok(line) => answer.push(line),
                Err(mpsc::RecvTimeoutError::Disconnected) => return Ok((answer.join("\n"), false)),
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    kill_group(&mut self.child);
                    return Err(FixtureError::Timeout { waiting_for: "psql".to_owned(), limit });
                }
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.questions = None;
        kill_group(&mut self.child);
    }
}

fn lines_of(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let Some(pipe) = pipe else { return };
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
        }
    });
    receiver
}
