//! The mail server: as much of RFC 5321 as a client that delivers needs, and every way in which a server fails one.
//!
//! Own code, because a library that receives mail keeps the promises that these tests have to see broken.
//!
//! Invariants: a mail is kept before its 250 leaves; a mail that was cut after DATA is kept as not taken; passwords are kept
//! nowhere. No TLS: what demands it is tried with a real mail server.
//!
//! How to get it wrong: ending a connection orderly where a cut was ordered. A client takes that for a server that closes.

mod dialogue;
mod login;
mod wire;

pub(crate) use dialogue::session;
