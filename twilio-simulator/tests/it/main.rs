//! The simulator from outside, over real HTTP, as its users meet it.

#![allow(unreachable_pub, clippy::disallowed_methods, reason = "a program of its own, not a library")]

mod account;
mod client;
mod contract;
mod control;
mod create;
mod delivery;
mod faults;
mod list;
mod losses;
mod manners;
mod numbers;
mod papers;
mod program;
mod regulatory;
mod scale;
mod search;
