//! Signups: a number for each user, in milliseconds, from stock or bought while they wait.

mod callers;
mod crowd;
mod emergency;
mod hanging;
mod rest;
mod signup_api;
mod wishes;
