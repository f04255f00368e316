//! Alerts: which conditions are told to somebody, when, and when each message goes. Pure: facts come in, a step goes out.
//!
//! ```text
//! verdict ─▶ decide ─▶ step ─▶ transition ─▶ one notification for each channel ─▶ messages
//!                                                                 gather (when one goes), schedule (when it is tried again)
//! ```
//!
//! Invariants: one alert is open for each kind and subject at most; its severity only rises; between two raises lies a clear.
//! How to get it wrong: judging a crossing instead of a state. Whoever was down when it happened would tell nobody.

mod asked;
mod body;
mod channel;
mod decide;
mod event;
mod gather;
mod kind;
mod observed;
mod schedule;
mod words;

pub use asked::{AlertsAsked, ChannelTested};
pub use body::Body;
pub use channel::{AlertChannel, MessageState};
pub use decide::{Moment, OpenAlert, Phase, Rules, Standing, Step, Verdict, decide};
pub use event::AlertEvent;
pub use gather::{Gathering, goes_at};
pub use kind::{AlertKind, AlertSeverity};
pub use observed::Observed;
pub use schedule::{GIVEN_UP_AFTER, RETRY_AFTER_MAX, next_try};
pub use words::{AlertWords, Links, Told, last_digits};
