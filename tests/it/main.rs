//! The daemon as its users meet it: the real binary, a real PostgreSQL, and the simulator's state as the oracle.

#![allow(unreachable_pub, clippy::disallowed_methods, reason = "a program of its own, not a library")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test names what it is about, and no other variant")]

mod access;
mod alerts;
mod attachments;
mod commands;
mod database;
mod failover;
mod foresight;
mod front;
mod money;
mod numbers;
mod operating;
mod orders;
mod pages;
mod pools;
mod reconcile;
mod recycling;
mod signup;
mod torture;
mod twilio_check;
mod upgrade;
mod world;
