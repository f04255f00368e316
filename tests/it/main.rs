//! The daemon as its users meet it: the real binary, a real PostgreSQL, and the simulator's state as the oracle.

mod command;
mod daemon;
mod raw;
mod session;
mod shape;
mod world;

mod admin_api;
mod adopt;
mod bad_input;
mod buying;
mod callers;
mod caps;
mod command_import;
mod command_line;
mod command_lists;
mod command_purchase;
mod command_reach;
#[cfg(feature = "failpoints")]
mod crash;
mod crowd;
mod doubt;
mod emergency;
mod gate;
mod import;
mod ledger;
mod lifecycle;
mod lists;
mod lock;
mod outage;
mod owner;
mod pool;
mod program;
mod purchase_api;
mod release_to_twilio;
mod reload;
mod rest;
mod schema;
mod shutdown;
mod signup_api;
#[cfg(feature = "failpoints")]
mod supervision;
mod webhooks;
