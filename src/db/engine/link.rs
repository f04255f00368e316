//! An open connection and the means to cut it.
//!
//! How to get it wrong: closing the wire before the connection. libpq would say goodbye into nothing.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use diesel::pg::PgConnection;

use super::wire::Wire;

/// An open connection and the means to cut it.
pub(super) struct Link {
    // Closed first.
    connection: PgConnection,
    wire: Arc<Wire>,
}

impl Link {
    pub(super) fn new(connection: PgConnection, wire: Arc<Wire>) -> Self {
        Self { connection, wire }
    }

    /// Its socket.
    pub(super) fn wire(&self) -> &Arc<Wire> {
        &self.wire
    }
}

impl Deref for Link {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Link {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}
