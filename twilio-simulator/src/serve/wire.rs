//! A client's connection: it can be cut hard, and it knows when an answer is out.
//!
//! Invariants: after `cut` the socket is closed by a TCP reset, never by an orderly end. A purchase counts as delivered
//! when the last byte of its answer was accepted by the socket; the world is locked during that write, so that nobody who
//! has read the answer can still see the purchase as undelivered.
//!
//! How to get it wrong: marking the delivery when the answer is composed. A client that is gone by then got nothing.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::serve::Shared;
use crate::world::Ticket;

/// What the exchange and the socket know of each other.
pub(crate) struct Connection {
    pub(crate) shared: Arc<Shared>,
    cut: AtomicBool,
    complete: AtomicBool,
    ticket: Mutex<Option<Ticket>>,
}

impl Connection {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, cut: AtomicBool::new(false), complete: AtomicBool::new(false), ticket: Mutex::new(None) }
    }

    /// The connection ends with a reset.
    pub(crate) fn cut(&self) {
        self.cut.store(true, Ordering::Relaxed);
    }

    /// The answer that follows tells these records when it is out.
    pub(crate) fn announce(&self, ticket: Option<Ticket>) {
        self.complete.store(false, Ordering::Relaxed);
        *self.ticket.lock().unwrap_or_else(PoisonError::into_inner) = ticket;
    }

    /// Nothing of the answer is missing any more; once it is written, it is out.
    pub(crate) fn complete(&self) {
        self.complete.store(true, Ordering::Relaxed);
    }

    fn due(&self) -> Option<Ticket> {
        if !self.complete.load(Ordering::Relaxed) {
            return None;
        }
        *self.ticket.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes, and records the delivery if that was the end of an answer.
    fn write(&self, bytes: usize, write: impl FnOnce() -> Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        let Some(ticket) = self.due() else { return write() };
        let mut world = self.shared.world();
        let written = write();
        if matches!(written, Poll::Ready(Ok(count)) if count == bytes) {
            world.delivered(ticket);
            self.announce(None);
        }
        written
    }
}

/// The socket.
pub(crate) struct Wire {
    stream: TcpStream,
    connection: Arc<Connection>,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream, connection: Arc<Connection>) -> Self {
        Self { stream, connection }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.connection.cut.load(Ordering::Relaxed) {
            // A failure would leave an orderly end; there is nobody to tell.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        let connection = Arc::clone(&self.connection);
        connection.write(buffer.len(), || Pin::new(&mut self.stream).poll_write(cx, buffer))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let connection = Arc::clone(&self.connection);
        let bytes = buffers.iter().map(|buffer| buffer.len()).sum();
        connection.write(bytes, || Pin::new(&mut self.stream).poll_write_vectored(cx, buffers))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.connection.cut.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
