//! The command line.

mod alerts;
mod doubt;
mod import;
mod line;
mod lists;
mod moving_in;
mod numbers;
mod pools;
mod program;
mod purchase;
mod reach;
mod terminal;
mod twilio;
mod upkeep;
mod users;
