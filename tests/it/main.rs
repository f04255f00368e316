//! The daemon as its users meet it: the real binary, a real PostgreSQL, and the simulator's state as the oracle.

mod daemon;
mod world;

mod pool;
