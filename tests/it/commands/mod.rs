//! The command line.

mod doubt;
mod import;
mod line;
mod lists;
mod numbers;
mod pools;
mod program;
mod purchase;
mod reach;
mod terminal;
mod twilio;
mod upkeep;
mod users;
