//! The body of an answer, as the client gets to see it: whole, in a trickle, or cut off.
//!
//! Invariants: the announced length is always that of the whole body; a body that is cut never becomes complete, so its
//! purchase stays undelivered.
//!
//! How to get it wrong: ending a cut body at once. What was handed over must reach the socket first, hence the pause.

use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use crate::serve::exchange::Cut;
use crate::serve::wire::Connection;

const TRICKLE_PIECES: usize = 20;
const CUT_PAUSE: Duration = Duration::from_millis(20);

/// How the body goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Whole,
    /// In pieces, over this long.
    Trickle(Duration),
    /// Half of it.
    Cut,
}

pub(crate) struct AnswerBody {
    left: Bytes,
    piece: usize,
    shape: Shape,
    pause: Option<Pin<Box<Sleep>>>,
    connection: Arc<Connection>,
}

impl AnswerBody {
    pub(crate) fn new(bytes: Bytes, shape: Shape, connection: Arc<Connection>) -> Self {
        let (piece, pause) = match shape {
            Shape::Whole => (bytes.len(), None),
            Shape::Trickle(_) => (bytes.len().div_ceil(TRICKLE_PIECES).max(1), None),
            Shape::Cut => (bytes.len() / 2, None),
        };
        if bytes.is_empty() {
            connection.complete();
        }
        Self { left: bytes, piece, shape, pause, connection }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let mut waited = false;
        if let Some(pause) = &mut self.pause {
            if pause.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.pause = None;
            waited = true;
        }
        if waited && self.shape == Shape::Cut {
            return Poll::Ready(Some(Err(Cut)));
        }
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        let size = self.piece.min(self.left.len());
        let piece = self.left.split_to(size);
        match self.shape {
            Shape::Trickle(total) if !self.left.is_empty() => {
                let pieces = u32::try_from(TRICKLE_PIECES).expect("a small constant");
                self.pause = Some(Box::pin(sleep(total / pieces)));
            }
            Shape::Cut => self.pause = Some(Box::pin(sleep(CUT_PAUSE))),
            Shape::Trickle(_) | Shape::Whole => {}
        }
        if self.left.is_empty() {
            self.connection.complete();
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}
