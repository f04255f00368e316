//! How PostgreSQL is reached, and what holds for every statement: nothing here knows a table of ours but for a look at it.
//!
//! ```text
//! clerk ─ a place of its own at the door
//! executor ─ the door: places, deadlines ─┬─ session (a connection of the pool) ─ connect (which host) ─ opener (one attempt) ─ wire (its socket), freeze (read-only?)
//!                                         └─ errand, alarm ─ who waits, and until when
//! stored ─ the domain's words in columns          prepared ─ statements whose text is read and planned once
//! standbys ─ where commits wait for a standby: what is told because it was read, and what goes on while none is there
//! error ─ what went wrong, as a decision ─┬─ words (in PostgreSQL's languages), away (why nobody is reached)
//!                                         └─ doubt (asked, where words say nothing), room and space (want of room)
//! migrations, versions, rights, fitness, schema ─ the schema        locks ─ the purchase lock        listener, changes ─ who rings whom
//! ```
//!
//! How to get it wrong: a blocking call of diesel's from async code. [`executor`] is the only way in.

pub(super) mod alarm;
pub(super) mod away;
pub(super) mod changes;
pub(super) mod clerk;
pub(super) mod complete_url;
pub(super) mod connect;
pub(super) mod connection;
pub(super) mod doubt;
pub(super) mod errand;
pub(super) mod error;
pub(super) mod executor;
pub(super) mod fitness;
pub(super) mod freeze;
pub(super) mod hosts;
pub(super) mod link;
pub(super) mod listener;
pub mod locks;
pub(super) mod migrations;
pub(super) mod opener;
pub(super) mod prepared;
pub(super) mod rights;
pub(super) mod room;
pub(super) mod schema;
pub(super) mod server;
pub(super) mod session;
pub(super) mod space;
pub(super) mod standbys;
mod stored;
pub(super) mod versions;
pub(super) mod wire;
pub(super) mod words;
mod work;
