//! Comparisons with Twilio.

#[cfg(feature = "failpoints")]
mod attachments;
mod changed_by;
mod contested;
#[cfg(feature = "failpoints")]
mod crash;
mod drift;
mod intake;
mod large;
mod losses;
mod missing;
mod pools;
mod runs;
mod unreadable;
