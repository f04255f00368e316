//! The HTTP plumbing seen from a raw socket: what hostile, slow, broken and ordinary clients get.

#![allow(unreachable_pub, clippy::disallowed_methods, reason = "a program of its own, not a library")]

mod bad_input;
mod client;
mod framing;
mod keys;
mod limits;
mod log;
mod protocol;
mod shutdown;
mod world;
