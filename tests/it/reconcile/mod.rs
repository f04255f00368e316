//! Comparisons with Twilio.

#[cfg(feature = "failpoints")]
mod crash;
mod drift;
mod intake;
mod large;
mod losses;
mod missing;
mod runs;
mod unreadable;
