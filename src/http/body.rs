//! A request's body: counted while it is read, in bounded time, and discarded when nobody wanted it.
//!
//! Invariants: never more than the limit is held, nor room for more than twice what came, and nothing at all of a body that
//! nobody wants; the whole body has one deadline; whatever a route leaves behind (an early answer, a panic) returns here. What
//! comes promptly is taken off the wire before the answer, so that the connection can go on; the rest after it, because
//! closing a connection with unread bytes resets it, and then the client never sees the answer.
//! How to get it wrong: holding the lock across an await; polling a body whose client waits for `100 Continue` only to
//! throw it away; keeping a piece as it came (it holds on to the connection's whole read buffer).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::EXPECT;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::{Instant, timeout_at};

use super::connection_slot::ConnectionSlot;
use super::problem::Problem;
use super::problem_code::ProblemCode;

/// The most bytes a route takes, unless it says otherwise.
pub const BODY_BYTES_MAX: u64 = 64 * 1024;
/// The same where anybody may ask.
pub(crate) const PUBLIC_BODY_BYTES_MAX: u64 = 8 * 1024;
/// The most bytes discarded, before an early answer and after it.
const DISCARD_BYTES_MAX: u64 = 1024 * 1024;
/// An early answer waits for more of a body that comes piece by piece within this, and not longer than that.
const PROMPT: Duration = Duration::from_millis(200);
const PROMPT_MAX: Duration = Duration::from_secs(1);
/// The same of a body that is too long by its own word. All is said then; but what is on its way already is taken, because proxies
/// reset the connection of whoever still sends when the answer is there.
const AT_ONCE: Duration = Duration::from_millis(20);
/// The longest time spent on the rest after the answer, and how long a client may be quiet meanwhile: whoever reads to the end of
/// the connection, and sends nothing, waits no longer.
const DISCARD_TIME_MAX: Duration = Duration::from_secs(5);
const QUIET: Duration = Duration::from_millis(500);
/// The least room that is reserved for a body in pieces.
const ROOM_MIN: usize = 512;

/// A body as far as it was read.
pub(crate) struct IncomingBody {
    state: Mutex<State>,
    deadline: Instant,
    slot: Arc<ConnectionSlot>,
}

enum State {
    /// Nobody has polled it.
    Untouched(Incoming),
    /// Somebody has, and left the rest.
    Begun(Incoming),
    /// Nobody has polled it, and nobody will: it is longer than it may be, by its own word.
    TooLong(Incoming),
    /// Somebody has it right now, or it came to its end.
    Gone,
    /// It failed or its time ran out: the connection cannot be used again.
    Broken,
}

/// Gives the body back when its reader goes, by any way.
struct Loan<'b> {
    home: &'b IncomingBody,
    body: Option<Incoming>,
    begun: bool,
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        if let Some(body) = self.body.take() {
            self.home.set(if self.begun { State::Begun(body) } else { State::Untouched(body) });
        }
        self.home.slot.serving();
    }
}

impl IncomingBody {
    pub(super) fn new(body: Incoming, time: Duration, slot: Arc<ConnectionSlot>) -> Self {
        let state = if body.is_end_stream() { State::Gone } else { State::Untouched(body) };
        Self { state: Mutex::new(state), deadline: Instant::now() + time, slot }
    }

    fn set(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    fn take(&self) -> State {
        std::mem::replace(&mut *self.state.lock().unwrap_or_else(PoisonError::into_inner), State::Gone)
    }

    /// The slot of whoever sends it.
    pub(crate) fn slot(&self) -> &Arc<ConnectionSlot> {
        &self.slot
    }

    /// Reads it all, at most `bytes_max`. The first byte meets `check`, which may refuse it for its media type; then the
    /// size counts.
    pub(crate) async fn read(
        &self,
        bytes_max: u64,
        keep: Keep,
        check: impl FnOnce() -> Result<(), Problem>,
    ) -> Result<Bytes, Problem> {
        let (body, begun) = match self.take() {
            State::Untouched(body) => (body, false),
            State::Begun(body) => (body, true),
            State::TooLong(body) => {
                self.set(State::TooLong(body));
                return Err(too_large(bytes_max));
            }
            State::Gone => return Ok(Bytes::new()),
            State::Broken => return Err(broken()),
        };
        let size = body.size_hint();
        let mut loan = Loan { home: self, body: Some(body), begun };
        if size.lower() > 0 {
            check()?;
            let whole = Whole::new(bytes_max, size.exact(), keep);
            if let Err(problem) = whole.has_room_for(size.lower()) {
                loan.body.take().into_iter().for_each(|body| self.set(State::TooLong(body)));
                return Err(problem);
            }
            return self.read_on(&mut loan, whole).await;
        }
        let first = loop {
            match self.next(&mut loan).await? {
                None => return Ok(Bytes::new()),
                Some(data) if data.is_empty() => {}
                Some(data) => break data,
            }
        };
        check()?;
        let mut whole = Whole::new(bytes_max, None, keep);
        whole.take(&first)?;
        self.read_on(&mut loan, whole).await
    }

    async fn read_on(&self, loan: &mut Loan<'_>, mut whole: Whole) -> Result<Bytes, Problem> {
        while let Some(data) = self.next(loan).await? {
            whole.take(&data)?;
        }
        Ok(whole.bytes.into())
    }

    /// The next piece; `None` at the end, which also ends the loan.
    async fn next(&self, loan: &mut Loan<'_>) -> Result<Option<Bytes>, Problem> {
        self.slot.reading();
        loan.begun = true;
        loop {
            let Some(body) = loan.body.as_mut() else { return Ok(None) };
            match timeout_at(self.deadline, body.frame()).await {
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => return Ok(Some(data)),
                    Err(_trailers) => {}
                },
                Ok(None) => {
                    loan.body = None;
                    return Ok(None);
                }
                Ok(Some(Err(_))) => return Err(self.give_up(loan, broken())),
                Err(_) => return Err(self.give_up(loan, too_slow())),
            }
        }
    }

    fn give_up(&self, loan: &mut Loan<'_>, problem: Problem) -> Problem {
        loan.body = None;
        self.set(State::Broken);
        problem
    }

    /// Takes off the wire what a route left, as far as it comes promptly.
    pub(super) async fn discard(&self, headers: &HeaderMap) -> Rest {
        let (body, prompt) = match self.take() {
            State::Gone => return Rest::Nothing,
            State::Broken => return Rest::Lost,
            // The client waits for a word before it sends anything, and the answer is that word.
            State::Untouched(_) | State::TooLong(_) if headers.contains_key(EXPECT) => return Rest::Lost,
            State::TooLong(body) => (body, AT_ONCE),
            State::Untouched(body) | State::Begun(body) => (body, PROMPT),
        };
        let mut leftover = Leftover { body, discarded: 0 };
        if leftover.body.size_hint().lower() > DISCARD_BYTES_MAX {
            return Rest::Later(leftover);
        }
        self.slot.reading();
        let until = self.deadline.min(Instant::now() + PROMPT_MAX);
        let rest = loop {
            match timeout_at(until.min(Instant::now() + prompt), leftover.next()).await {
                Ok(Some(true)) => {}
                Ok(Some(false)) => break Rest::Nothing,
                Ok(None) => break Rest::Lost,
                Err(_not_promptly) => break Rest::Later(leftover),
            }
        };
        self.slot.serving();
        rest
    }
}

/// Whether somebody will look at a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// It is what the handler gets.
    Whole,
    /// It is only counted.
    Nothing,
}

/// What came of a body so far.
struct Whole {
    bytes: Vec<u8>,
    /// Bytes that came, kept or not.
    came: u64,
    bytes_max: u64,
    announced: Option<u64>,
    keep: Keep,
}

impl Whole {
    fn new(bytes_max: u64, announced: Option<u64>, keep: Keep) -> Self {
        Self { bytes: Vec::new(), came: 0, bytes_max, announced, keep }
    }

    fn has_room_for(&self, more: u64) -> Result<(), Problem> {
        if self.came.saturating_add(more) > self.bytes_max { Err(too_large(self.bytes_max)) } else { Ok(()) }
    }

    fn take(&mut self, piece: &[u8]) -> Result<(), Problem> {
        self.has_room_for(piece.len() as u64)?;
        self.came += piece.len() as u64;
        if self.keep == Keep::Nothing {
            return Ok(());
        }
        let needed = self.bytes.len() + piece.len();
        if needed > self.bytes.capacity() {
            // By what came, not by what is announced; and never for more than may come.
            let bound = usize::try_from(self.announced.unwrap_or(self.bytes_max)).unwrap_or(usize::MAX);
            let room = (2 * self.bytes.len()).max(ROOM_MIN).min(bound).max(needed);
            self.bytes.reserve_exact(room - self.bytes.len());
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }
}

/// What is left of a body when its answer is ready.
pub(super) enum Rest {
    /// Nothing: the connection can be used for another request.
    Nothing,
    /// Nobody can say what comes next.
    Lost,
    /// More comes, but not so soon that the answer should wait for it.
    Later(Leftover),
}

/// A body that nobody wants, on its way.
pub(super) struct Leftover {
    body: Incoming,
    discarded: u64,
}

impl Leftover {
    /// `Some(false)` at its end, `None` when it breaks off or is too much.
    async fn next(&mut self) -> Option<bool> {
        match self.body.frame().await {
            Some(Ok(frame)) => {
                self.discarded += frame.data_ref().map_or(0, Bytes::len) as u64;
                (self.discarded <= DISCARD_BYTES_MAX).then_some(true)
            }
            None => Some(false),
            Some(Err(_)) => None,
        }
    }

    /// Takes it off the wire, after the answer. `false` when it did not come to its end.
    pub(super) async fn see_off(mut self) -> bool {
        let deadline = Instant::now() + DISCARD_TIME_MAX;
        loop {
            match timeout_at(deadline.min(Instant::now() + QUIET), self.next()).await {
                Ok(Some(true)) => {}
                Ok(Some(false)) => return true,
                Ok(None) | Err(_) => return false,
            }
        }
    }
}

fn too_large(bytes_max: u64) -> Problem {
    let detail = format!("The body is over {} KiB; send less at a time.", bytes_max / 1024);
    Problem::new(ProblemCode::PayloadTooLarge, detail).with("bytes_max", bytes_max)
}

fn broken() -> Problem {
    Problem::new(ProblemCode::MalformedJson, "The body broke off, or its chunks are malformed; send it whole.")
}

fn too_slow() -> Problem {
    Problem::new(ProblemCode::RequestTimeout, "The body did not arrive whole in time; send it again, faster.")
}
