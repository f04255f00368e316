//! The operator's dashboard: pages made here, and forms that do what the API does.
//!
//! In reading order: [`mod@home`] (the dashboard) with [`mod@alerts`] (what is told of it) and [`attention`] (what needs you) and [`comparison`] (what differs from Twilio), [`acts`] (what its forms ask and do), [`mod@search`], which
//! leads to [`mod@number`], [`mod@user`] and [`mod@order`] (one of each),
//! [`lists`] (everything of a kind), [`mod@audit`], [`mod@cost`], [`mod@differences`] and [`mod@twilio_check`] (who did what, what differs, whether buying could succeed), [`checks`] and [`trouble`] (what the pool did,
//! and what went wrong, in a line), [`cells`] (what stands in tables), [`mod@chart`] and [`runway`] (stock over time), [`mod@page`] (the frame, its headers, refusals
//! as pages), [`assets`] (style, script, chart library).
//!
//! Invariants: every page works without a script, which only saves a step or keeps numbers fresh; no act has an
//! implementation of its own; what costs or breaks something asks first; no page holds a script or a style of its own, so
//! the Content-Security-Policy allows none.
//! How to get it wrong: text from a query string in a page's message. Messages travel in a cookie that only we set.

mod acts;
mod alerts;
mod assets;
mod attention;
mod audit;
mod cells;
mod chart;
mod checks;
mod choice;
mod comparison;
mod cost;
mod differences;
mod endpoints;
mod foresight;
mod home;
mod lists;
pub(crate) mod login;
mod moving;
mod next;
mod number;
mod order;
mod page;
mod paragraphs;
mod pools;
pub(crate) mod problem_page;
pub(crate) mod runbook_page;
mod runway;
mod search;
mod shops;
mod text;
mod trouble;
mod twilio_check;
mod user;

pub(crate) use acts::{act, action, ask};
pub(crate) use alerts::alerts;
pub(crate) use assets::asset;
pub(crate) use audit::audit;
pub(crate) use chart::chart;
pub(crate) use cost::cost;
pub(crate) use differences::differences;
pub(crate) use endpoints::{form, page};
pub(crate) use foresight::foresight;
pub(crate) use home::{about as about_home, home};
pub(crate) use lists::{assignments, assignments_csv, inactive, numbers, numbers_csv, orders, passes};
pub(crate) use number::number;
pub(crate) use order::order;
pub use page::{nowhere, refused};
pub(crate) use search::search;
pub(crate) use twilio_check::twilio_check;
pub(crate) use user::{user, user_of};
