//! The fixture against the PostgreSQL that is installed here.

mod cleanup;
mod crash;
mod databases;
mod folders;
mod world;
