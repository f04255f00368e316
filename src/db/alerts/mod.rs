//! Alerts and what is told of them: an outbox, written with what it tells.
//!
//! ```text
//!  alerts_judge ─▶ alerts, conditions, transitions, notifications, messages     (one transaction, one judge)
//!                                                                    │
//!       waiting(gathers) ──due──▶ claimed ──taken by all──▶ sent     ▼
//!            ▲                    │   │  └─ 410 ──▶ refused     message_claim, message_settle (any instance)
//!            └──── next try ◀─────┘   └─ three days, and one more failure ──▶ given_up
//! ```
//!
//! Invariants: one open alert for each kind and subject; what is told is frozen when it is written; a message is one lane's at a time,
//! and a claim that ended without a word is anybody's; one that tells of an alert goes after the earlier ones that do.
//! How to get it wrong: sending inside a transaction. A far side that hangs would hold a connection and a lock.

mod audience;
mod channels;
mod condition;
mod forget;
mod judge;
mod list;
mod look;
mod outbox;
mod refusals;
mod report;
mod round;
mod seen;
mod settle;
mod tell;
mod texts;

pub use channels::{channel_is_back, looks_read, looks_write};
pub use forget::alerts_forget;
pub use judge::{Judged, Judging, alerts_judge};
pub use list::{AlertRecord, AlertRow, NotificationRow, alert_acknowledge, alert_read, alerts_count, alerts_list};
pub use look::{AlertsLook, ComparisonEnd, EventsRefused, alerts_look};
pub use outbox::{ClaimedMessage, ClaimedNotification, message_claim, message_due_in};
pub use refusals::event_refusals_add;
pub use report::{PoolWeek, alert_report_is_due, alert_report_write, alerts_open, pool_weeks};
pub use round::{alert_judge_leave, alert_judge_stay, life_claim};
pub use seen::{
    AlertsSeen, ChannelSeen, OpenAlerts, Untold, alerts_seen, alerts_untold, channels_seen, money_warnings,
};
pub use settle::{Outcome, Settled, message_settle, message_taken_by};
pub use tell::{ChannelInUse, Teller};
pub use texts::{Room, number_is_ours, text_claim, text_room};
