//! What is bought, by hand and by itself, and what is never bought.

mod admin_api;
mod breaker;
mod buying;
mod buying_state;
mod cancel;
mod caps;
mod doubt;
mod held_back;
mod lock;
mod odd_answers;
mod plan;
mod pool;
mod purchase_api;
#[cfg(feature = "failpoints")]
mod registering;
