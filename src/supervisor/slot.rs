//! Where the living incarnation of a child is found, and how it is asked.
//!
//! How to get it wrong: keeping the address. The child behind it may be dead, and another one in the slot.

use std::sync::Arc;

use actix::dev::{MessageResponse, ToEnvelope};
use actix::prelude::*;
use arc_swap::ArcSwapOption;

/// The child that should have answered is gone; a fresh one starts within a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this part of callbunker is restarting; try again in a second")]
pub struct ChildGone;

/// Where the living incarnation of a child is found.
pub(crate) struct Slot<A: Actor>(Arc<ArcSwapOption<Addr<A>>>);

impl<A: Actor> Clone for Slot<A> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<A: Actor> Default for Slot<A> {
    fn default() -> Self {
        Self(Arc::new(ArcSwapOption::empty()))
    }
}

impl<A: Actor> Slot<A> {
    /// A new incarnation takes over.
    pub(crate) fn set(&self, addr: Addr<A>) {
        self.0.store(Some(Arc::new(addr)));
    }

    /// Sends without waiting; `false` = the mailbox is full or the child is gone.
    pub(crate) fn tell<M>(&self, message: M) -> bool
    where
        M: Message + Send + 'static,
        M::Result: Send,
        A: Handler<M>,
        A::Context: ToEnvelope<A, M>,
    {
        self.0.load().as_ref().is_some_and(|addr| addr.try_send(message).is_ok())
    }

    /// Sends and waits for the answer. A task of its own carries the message: whoever stops waiting cancels nothing.
    ///
    /// # Errors
    /// When the child is gone, or goes before it answers.
    pub(crate) async fn ask<M>(&self, message: M) -> Result<M::Result, ChildGone>
    where
        M: Message + Send + 'static,
        M::Result: MessageResponse<A, M> + Send,
        A: Handler<M>,
        A::Context: ToEnvelope<A, M>,
    {
        let addr = self.0.load_full().ok_or(ChildGone)?;
        let carried = tokio::spawn(async move { addr.send(message).await });
        carried.await.map_err(|_panicked| ChildGone)?.map_err(|_closed| ChildGone)
    }
}
