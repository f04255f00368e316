//! The HTTP plumbing seen from a raw socket: what hostile, slow, broken and ordinary clients get.

mod bad_input;
mod client;
mod framing;
mod keys;
mod limits;
mod log;
mod protocol;
mod shutdown;
mod world;
