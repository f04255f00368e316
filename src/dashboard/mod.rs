//! The operator's dashboard: pages made here, and forms that do what the API does.
//!
//! In reading order: [`mod@home`] (the dashboard) with [`attention`] (what needs you) and [`comparison`] (what differs from Twilio), [`acts`] (what its forms ask and do), [`mod@search`] (one number, one user),
//! [`lists`] (everything of a kind), [`mod@audit`] and [`mod@differences`] (who did what, what differs), [`checks`] and [`trouble`] (what the pool did,
//! and what went wrong, in a line), [`mod@chart`] and [`runway`] (stock over time), [`mod@page`] (the frame, its headers, refusals
//! as pages), [`assets`] (style, script, chart library).
//!
//! Invariants: every page works without a script, which only saves a step or keeps numbers fresh; no act has an
//! implementation of its own; what costs or breaks something asks first; no page holds a script or a style of its own, so
//! the Content-Security-Policy allows none.
//! How to get it wrong: text from a query string in a page's message. Messages travel in a cookie that only we set.

mod acts;
mod assets;
mod attention;
mod audit;
mod chart;
mod checks;
mod comparison;
mod differences;
mod endpoints;
mod home;
mod lists;
pub(crate) mod login;
mod next;
mod page;
pub(crate) mod problem_page;
mod runway;
mod search;
mod text;
mod trouble;

pub(crate) use acts::{act, action, ask};
pub(crate) use assets::asset;
pub(crate) use audit::audit;
pub(crate) use chart::chart;
pub(crate) use differences::differences;
pub(crate) use endpoints::{form, page};
pub(crate) use home::{about as about_home, home};
pub(crate) use lists::{assignments, numbers, orders, passes};
pub use page::refused;
pub(crate) use search::search;
