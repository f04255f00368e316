//! The fixture against the PostgreSQL that is installed here.

#![allow(unreachable_pub, reason = "a program of its own, not a library")]

mod cleanup;
mod crash;
mod databases;
mod folders;
mod standbys;
mod version;
mod world;
