//! The configuration: built-in defaults, a TOML file above them, the environment above that, and the secrets.
//!
//! Invariants: unknown keys are errors; all problems are reported at once; a loaded [`Config`] has passed every check;
//! nothing prints a secret. The environment is an argument ([`Sources`]), so everything here is a plain function.
//! A section is one file of [`sections`] and one line of `sections!` in [`root`]; a key is one field there, its range, and its
//! lines in `config/default.toml`. Each `[pools.NAME]` is read as `[pool]` is ([`pools`]).
//! How to get it wrong: reading a variable or a file anywhere else.

mod alerts;
mod alerts_together;
mod boost_lines;
mod certificates;
mod describe;
mod environment;
mod event_stream;
mod file;
mod first_start;
mod in_force;
mod layers;
mod loader;
mod outbound;
mod pools;
mod problem;
mod quotes;
mod raises;
mod recycling;
mod reload;
#[macro_use]
mod root;
mod schema;
mod secrets;
mod section;
mod sections;
mod sources;
mod web_address;

pub(crate) use alerts::{Mail, PagerDuty, SignedPost, Texts};
pub(crate) use certificates::{Trusted, authorities};
pub(crate) use describe::describe_effective;
pub(crate) use event_stream::scheme_and_host;
pub(crate) use problem::Problems;
pub(crate) use root::{Config, DatabaseSettings};
#[cfg(test)]
pub(crate) use secrets::SECRETS;
pub(crate) use secrets::{ApiKey, Secrets, client_key, signup_client_key};
pub(crate) use sections::*;
pub(crate) use sources::Sources;

#[cfg(test)]
mod tests;
