//! A request's body: counted while it is read, in bounded time, and discarded when nobody wanted it.
//!
//! Invariants: never more than the limit is held; the whole body has one deadline; whatever a route leaves behind (an
//! early answer, a panic) returns here, so that the server can discard it before it answers. Without that, closing the
//! connection resets it and the client never sees the answer.
//! How to get it wrong: holding the lock across an await; polling a body whose client waits for `100 Continue` only to
//! throw it away.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::EXPECT;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::{Instant, timeout_at};

use super::crowd::Seat;
use super::problem::Problem;
use super::problem_code::ProblemCode;

/// The most bytes a route takes, unless it says otherwise.
pub const BODY_BYTES_MAX: u64 = 64 * 1024;
/// The most bytes discarded before an early answer.
const DISCARD_BYTES_MAX: u64 = 1024 * 1024;
/// The longest time spent on that.
const DISCARD_TIME_MAX: Duration = Duration::from_secs(5);

/// A body as far as it was read.
pub(super) struct IncomingBody {
    state: Mutex<State>,
    deadline: Instant,
    seat: Arc<Seat>,
}

enum State {
    /// Nobody has polled it.
    Untouched(Incoming),
    /// Somebody has, and left the rest.
    Begun(Incoming),
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
        self.home.seat.serving();
    }
}

impl IncomingBody {
    pub(super) fn new(body: Incoming, time: Duration, seat: Arc<Seat>) -> Self {
        let state = if body.is_end_stream() { State::Gone } else { State::Untouched(body) };
        Self { state: Mutex::new(state), deadline: Instant::now() + time, seat }
    }

    /// No body, at the seat of `other`.
    pub(super) fn none(other: &Self) -> Self {
        Self { state: Mutex::new(State::Gone), deadline: other.deadline, seat: Arc::clone(&other.seat) }
    }

    fn set(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    fn take(&self) -> State {
        std::mem::replace(&mut *self.state.lock().unwrap_or_else(PoisonError::into_inner), State::Gone)
    }

    /// Reads it all, at most `bytes_max`. The first byte meets `check`, which may refuse it for its media type; then the
    /// size counts.
    pub(super) async fn read(
        &self,
        bytes_max: u64,
        check: impl FnOnce() -> Result<(), Problem>,
    ) -> Result<Bytes, Problem> {
        let (body, begun) = match self.take() {
            State::Untouched(body) => (body, false),
            State::Begun(body) => (body, true),
            State::Gone => return Ok(Bytes::new()),
            State::Broken => return Err(broken()),
        };
        let size = body.size_hint();
        let mut loan = Loan { home: self, body: Some(body), begun };
        if size.lower() > 0 {
            check()?;
            return self.read_counted(&mut loan, bytes_max, size.lower(), Bytes::new()).await;
        }
        let first = loop {
            match self.next(&mut loan).await? {
                None => return Ok(Bytes::new()),
                Some(data) if data.is_empty() => {}
                Some(data) => break data,
            }
        };
        check()?;
        self.read_counted(&mut loan, bytes_max, first.len() as u64, first).await
    }

    async fn read_counted(
        &self,
        loan: &mut Loan<'_>,
        bytes_max: u64,
        at_least: u64,
        first: Bytes,
    ) -> Result<Bytes, Problem> {
        if at_least > bytes_max {
            return Err(too_large(bytes_max));
        }
        let mut whole = first;
        let mut joined = BytesMut::new();
        while let Some(data) = self.next(loan).await? {
            if (whole.len() + joined.len() + data.len()) as u64 > bytes_max {
                return Err(too_large(bytes_max));
            }
            // One piece, the usual case, is not copied.
            if whole.is_empty() && joined.is_empty() {
                whole = data;
            } else {
                joined.extend_from_slice(&std::mem::take(&mut whole));
                joined.extend_from_slice(&data);
            }
        }
        Ok(if joined.is_empty() { whole } else { joined.freeze() })
    }

    /// The next piece; `None` at the end, which also ends the loan.
    async fn next(&self, loan: &mut Loan<'_>) -> Result<Option<Bytes>, Problem> {
        self.seat.reading();
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

    /// Takes what is left off the wire. `false` when the connection cannot be used for another request.
    pub(super) async fn discard(&self, headers: &HeaderMap) -> bool {
        let mut body = match self.take() {
            State::Gone => return true,
            State::Broken => return false,
            // The client waits for a word before it sends anything, and the answer is that word.
            State::Untouched(_) if headers.contains_key(EXPECT) => return false,
            State::Untouched(body) | State::Begun(body) => body,
        };
        self.seat.reading();
        let deadline = self.deadline.min(Instant::now() + DISCARD_TIME_MAX);
        let mut discarded = 0;
        let all = loop {
            match timeout_at(deadline, body.frame()).await {
                Ok(Some(Ok(frame))) => discarded += frame.data_ref().map_or(0, Bytes::len) as u64,
                Ok(None) => break true,
                Ok(Some(Err(_))) | Err(_) => break false,
            }
            if discarded > DISCARD_BYTES_MAX {
                break false;
            }
        };
        self.seat.serving();
        all
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
