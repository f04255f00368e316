//! Who may come in, and what is written down of it.

mod audit;
mod audit_keeping;
mod bad_input;
mod keys;
mod limits;
mod private;
mod sessions;
