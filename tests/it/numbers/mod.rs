//! Numbers one by one: taken in, configured, repaired, given back, told.

mod adopt;
mod attached;
mod caring;
mod given_up;
mod import;
mod lists;
mod moving;
mod number_document;
mod release_to_twilio;
mod skew;
#[cfg(feature = "failpoints")]
mod stale_views;
mod webhooks;
mod whole;
