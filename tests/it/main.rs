//! The daemon as its users meet it: the real binary, a real PostgreSQL, and the simulator's state as the oracle.

mod daemon;
mod raw;
mod shape;
mod world;

mod admin_api;
mod bad_input;
mod crowd;
mod lifecycle;
mod lists;
mod outage;
mod pool;
mod program;
mod purchase_api;
mod reload;
mod schema;
mod shutdown;
mod signup_api;
#[cfg(feature = "failpoints")]
mod supervision;
mod webhooks;
