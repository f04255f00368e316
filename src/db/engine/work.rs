//! What is done on a session, without its type: whatever waits for it, times it and gives it up is built once, and not anew for each of
//! nearly three hundred statements, which was a tenth of the program.
//!
//! Invariant: who hears that it succeeded has what came of it.
//! How to get it wrong: awaiting what came of it. It is there by then, or never.

use tokio::sync::oneshot;

use super::connection::Connection;
use super::error::DbError;

/// One piece of work, whatever comes of it: what waits for it is built once, and not for each statement.
pub(super) type Work = Box<dyn FnOnce(&mut Connection) -> Result<(), DbError> + Send>;

/// What comes of work that succeeds.
pub(super) struct Done<T>(oneshot::Receiver<T>);

impl<T> Done<T> {
    /// Once the work has succeeded.
    pub(super) fn take(mut self) -> T {
        self.0.try_recv().expect("work that succeeded has told what came of it")
    }
}

/// The same work, which tells what comes of it.
pub(super) fn told<T: Send + 'static>(
    work: impl FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static,
) -> (Work, Done<T>) {
    let (tell, told) = oneshot::channel();
    let work = move |conn: &mut Connection| {
        let done = work(conn)?;
        // Nobody may wait for it any more.
        let _ = tell.send(done);
        Ok(())
    };
    (Box::new(work), Done(told))
}
