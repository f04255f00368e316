//! callbunker keeps a warm pool of Twilio numbers and hands one to each signup in milliseconds.
//!
//! Who talks to whom while it runs; arrows are calls or messages, and none goes up:
//!
//! ```text
//! supervisor ─ starts, watches, replaces ─▶ the parts
//!
//!          signup, admin            cron
//!               │                    │
//!              web               schedule        (both also set off a reconciliation: Twilio's list beside
//!            ┌──┴──────────┐         │            the database, judged with the purchaser)
//!            ▼             ▼         ▼
//!       assignment      pool_monitor ─────┐      desk: numbers out     monitor: how many, and why
//!            │             │              │
//!            │  somebody   │  a batch     │  webhooks
//!            │  waits      ▼              │
//!            └────────▶ purchaser         │      one purchase run at a time, over all instances
//!            │             │ │            │
//!            ▼             ▼ ▼            ▼
//!            db ◀──────────┘ └──────▶ twilio     PostgreSQL through diesel; Twilio through ureq
//!            └────────▶ domain ◀────────┘        the words, and plan(), which decides every purchase
//! ```
//!
//! Which room may use which, from the top down (`source::house`, a test, holds this against the sources' own `use` lines):
//!
//! ```text
//! cli            ─▶ api app attention config db domain http logger twilio_check twilio_events web
//! app            ─▶ access alerts api assignment attachment attention audit bookkeeping config custody db domain foresight http logger pool_monitor pricing purchaser reconciliation recycling routing schedule supervisor telemetry twilio twilio_check twilio_events web
//! web            ─▶ access api dashboard http live routing supervisor
//! dashboard      ─▶ access api attention custody db domain foresight http purchaser reconciliation routing twilio_check
//! live           ─▶ access api db domain http routing
//! api            ─▶ access assignment attention bookkeeping config custody db domain foresight http pool_monitor pricing purchaser reconciliation recycling routing supervisor telemetry twilio twilio_check twilio_events
//! routing        ─▶ access domain http
//! access         ─▶ audit db domain http
//! recycling      ─▶ alerts config db domain purchaser supervisor telemetry twilio
//! alerts         ─▶ attention config db domain supervisor telemetry twilio twilio_check twilio_events
//! attention      ─▶ config db domain foresight purchaser supervisor twilio twilio_check twilio_events
//! schedule       ─▶ audit config domain pool_monitor reconciliation supervisor
//! pool_monitor   ─▶ attachment config custody db domain purchaser reconciliation supervisor telemetry twilio
//! custody        ─▶ config db domain purchaser reconciliation twilio
//! reconciliation ─▶ db domain purchaser supervisor twilio
//! attachment     ─▶ config db domain purchaser telemetry twilio
//! assignment     ─▶ config db domain purchaser supervisor telemetry
//! bookkeeping    ─▶ config db domain pricing purchaser supervisor telemetry twilio
//! purchaser      ─▶ config db domain supervisor telemetry twilio
//! foresight      ─▶ config db domain supervisor telemetry
//! audit          ─▶ config db supervisor
//! pricing        ─▶ domain twilio
//! twilio_check   ─▶ config domain telemetry twilio twilio_events
//! twilio_events  ─▶ domain twilio
//! http           ─▶ domain telemetry
//! supervisor     ─▶ telemetry
//! logger         ─▶ config domain
//! config         ─▶ domain
//! twilio         ─▶ domain telemetry
//! db             ─▶ domain telemetry
//! telemetry      ─▶ domain
//! failpoints     ─▶
//! domain         ─▶
//! ```
//!
//! In reading order: [`domain`] (the words), [`db`] (what is kept), [`twilio`] (what is bought), [`purchaser`] (the money
//! path), [`attachment`] (what numbers join at Twilio), [`custody`] (numbers taken in and given back), [`pool_monitor`] (when to buy; it asks for a comparison when Twilio
//! does not know a number), [`reconciliation`] (what Twilio has beside what we know), [`pricing`] (what it costs), [`bookkeeping`] (what it did cost), [`recycling`] (which numbers nobody uses), [`twilio_check`] (whether buying could succeed), [`twilio_events`] (what Twilio says of numbers by itself),
//! [`assignment`] (signups), [`foresight`] (how much stock pools need), [`attention`] (what needs a person), [`alerts`] (who is told of it); then the outside: [`http`] (a plain server), [`access`] (who may come in), [`routing`] (the way
//! to a handler), [`api`] (what programs ask), [`live`] and [`dashboard`] (what people see), [`web`] (all of it as one);
//! [`audit`] (who did what), [`schedule`] and [`supervisor`] (time and life), [`config`] and [`logger`] (what an operator says
//! and reads), [`telemetry`] (what machines watch), [`app`] (how it is put together), [`cli`] (the commands).
//!
//! Invariants: a part knows those below it only; status travels upward by `tokio::sync::watch`, facts by the database;
//! there are no statics, so time, randomness and configuration are arguments.
//! How to get it wrong: a second way to buy. Every purchase goes through [`purchaser`], is sized by [`domain::plan()`] and
//! stands in the ledger before Twilio is asked.

pub mod access;
pub(crate) mod alerts;
pub mod api;
pub(crate) mod app;
pub(crate) mod assignment;
pub(crate) mod attachment;
pub(crate) mod attention;
pub(crate) mod audit;
pub(crate) mod bookkeeping;
pub mod cli;
pub(crate) mod config;
pub(crate) mod custody;
pub mod dashboard;
pub mod db;
pub mod domain;
#[cfg(feature = "failpoints")]
pub mod failpoints;
pub(crate) mod foresight;
pub mod http;
pub(crate) mod live;
pub(crate) mod logger;
pub(crate) mod pool_monitor;
pub(crate) mod pricing;
pub(crate) mod purchaser;
pub(crate) mod reconciliation;
pub(crate) mod recycling;
pub mod routing;
pub(crate) mod schedule;
#[cfg(test)]
mod source;
pub(crate) mod supervisor;
pub mod telemetry;
pub(crate) mod twilio;
pub(crate) mod twilio_check;
pub(crate) mod twilio_events;
pub mod web;
