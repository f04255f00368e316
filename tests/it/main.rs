//! The daemon as its users meet it: the real binary, a real PostgreSQL, and the simulator's state as the oracle.

mod browser;
mod caring;
mod command;
mod comparing;
mod daemon;
mod raw;
mod scrape;
mod session;
mod shape;
mod world;

mod admin_api;
mod adopt;
mod audit;
mod audit_keeping;
mod bad_input;
mod breaker;
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
mod held_back;
mod import;
mod ledger;
mod lifecycle;
mod limits;
mod lists;
mod lock;
mod metrics;
mod monitoring;
mod number_document;
mod outage;
mod owner;
mod plan;
mod pool;
mod program;
mod purchase_api;
#[cfg(feature = "failpoints")]
mod reconcile_crash;
mod reconcile_drift;
mod reconcile_intake;
mod reconcile_large;
mod reconcile_missing;
mod reconcile_runs;
mod release_to_twilio;
mod reload;
mod rest;
mod schema;
mod sessions;
mod shutdown;
mod signup_api;
#[cfg(feature = "failpoints")]
mod supervision;
mod torture;
mod truth;
mod webhooks;
