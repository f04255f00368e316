//! The dashboard as operators meet it: a real browser, the real daemon, a real PostgreSQL, and the simulator as the oracle.
//!
//! Chromium and ChromeDriver must be installed; `scripts/install-deps` does so on Debian.

#![allow(unreachable_pub, clippy::disallowed_methods, reason = "a program of its own, not a library")]

#[path = "../it/world/mod.rs"]
#[allow(dead_code, unused_macros, reason = "shared with the other tests, which use more of it")]
mod world;

mod chrome;
mod window;

mod accessible;
mod acts;
mod alerts;
mod attention;
mod buying;
mod chart;
mod dialogs;
mod finding;
mod looks;
mod money;
mod pages;
mod pools;
mod sessions;
mod sharing;
mod watching;
mod without_script;
