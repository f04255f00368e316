//! The simulator from outside, over real HTTP, as its users meet it.

#![allow(unreachable_pub, clippy::disallowed_methods, reason = "a program of its own, not a library")]

mod account;
mod applications;
mod client;
mod contract;
mod control;
mod create;
mod delivery;
mod events;
mod faults;
mod libraries;
mod list;
mod losses;
mod manners;
mod messages;
mod messaging;
mod monitor;
mod numbers;
mod papers;
mod program;
mod receiver;
mod registration;
mod regulatory;
mod rights;
mod scale;
mod search;
mod trust;
mod usage;
