//! The daemon as its users meet it: the real binary, a real PostgreSQL, and the simulator's state as the oracle.

mod daemon;
mod session;
mod world;

mod buying;
mod callers;
mod caps;
mod crash;
mod doubt;
mod emergency;
mod gate;
mod ledger;
mod lock;
mod owner;
mod pool;
mod rest;
