//! The life of a number, from the insert to the day that it leaves. Every statement that writes `numbers` stands in this
//! folder, or embeds a text of it; each arrow is one function, and whoever makes the transition calls it.
//!
//! ```text
//!                number_insert, to a Destination
//!        Pool ┌────────────────────┬─ Hold(reason) ─────────┬─ User(id, since)
//!             ▼                    ▼                        ▼
//!       ┌───────────┐    1   ┌───────────┐          ┌────────────┐
//!       │ available │───────▶│  on hold  │────3────▶│  assigned  │
//!       │  (stock)  │◀───────│           │          │(somebody's)│
//!       └───────────┘    2   └───────────┘          └────────────┘
//!         │ ▲    │              ▲      │               ▲  ▲   │
//!         │ │    └─────────4────┼──────┼───────────────┘  │   │
//!         │ │6                  │1     │                  │7  │5
//!         │ │    ┌──────────────┴┐     │                  │   │
//!         │ └────│    at rest    │◀────┼──────────────────┼───┘
//!         │      │               │─────┼──────────────────┘
//!         │      └───────────────┘     │
//!         │8             │8            │8
//!         ▼              ▼             ▼
//!       ┌────────────────────────────────┐   10   ┌──────────┐
//!       │ leaving: its release is open   │──────▶│ released │  for ever; the E.164 may be bought anew, as another row
//!       └────────────────────────────────┘        └──────────┘
//!         │ 9 to where it was     │ 12 on hold            ▲ 11 from stock, rest or a hold
//! ```
//!
//! | | function | whoever makes it |
//! |---|---|---|
//! | in | [`number_insert`] | `item_settle` (a purchase, and a comparison that finds one), [`number_take_in`] (`custody::adopt`, `custody::import`), [`number_take_in_found`] (`reconciliation::orphan`) |
//! | 1 | [`number_put_on_hold`] from `Idle` | [`number_hold_tag_conflict`], [`number_hold_contested`]: `reconciliation::suspicion`, for comparisons and care |
//! | 2 | [`number_adopted`] for the pool | `custody::adopt` |
//! | 3 | [`number_adopted`] for a user, [`number_import_to`] | `custody::adopt`, `custody::import` |
//! | 4 | `assignments_claim` and its like: its lease alone says so | the desk, and whoever serves those who wait |
//! | 5 | `assignment_release` | `api::signup`; what rested for the user before then rests for nobody |
//! | 6 | [`number_return`]; [`number_rest_on`] stays, for longer | `pool_monitor::repair` |
//! | 7 | `assignments_restore` | the desk, and whoever serves those who wait |
//! | 8 | [`number_leave`] | `release_intend`: `custody::release_to_twilio` |
//! | 9 | [`number_stay`]: what was stock by way of a rest that is over | `release_refuse`, `release_withdraw` |
//! | 10 | [`number_let_go`] of what is `Released` | `release_settle` |
//! | 11 | [`number_let_go`] of what was `Replaced` | `reconciliation::orphan` |
//! | 12 | [`number_put_on_hold`] from `Leaving` | `release_hold_tag_conflict` |
//!
//! `available` and `assigned` are stored as `active`: whose an active number is, its lease says ([`lease`]), and only that
//! changes when it is handed out. The lease comes and goes with `active`, by the database's own hand. `on hold`, `at rest`
//! and `leaving` are stored as `quarantined`; `quarantine_reason` tells them apart:
//!
//! | reason | stands for | comes by | goes by |
//! |---|---|---|---|
//! | `released` | at rest | `assignment_release`, [`number_stay`] | [`number_return`], `assignments_restore`, an operator |
//! | `adopting` | on hold: Twilio is not told yet | [`number_take_in`], and inside an operator's act | [`number_adopted`] |
//! | `unknown_item` | on hold: the ledger does not know its tag's item | [`number_take_in_found`] | an operator |
//! | `tag_conflict` | on hold: another environment's tag | [`number_hold_tag_conflict`], `release_hold_tag_conflict` | an operator |
//! | `contested` | on hold: somebody else sets its webhooks back again and again | [`number_hold_contested`] | an operator |
//! | `leaving` | on its way back to Twilio | `release_intend` by [`number_leave`] | [`number_let_go`], [`number_stay`], [`number_put_on_hold`] |
//!
//! More dimensions lie across, and only a number that is right in all of them is `ready`, which is what signups get:
//!
//! ```text
//! webhook_status  pending ◀── number_unconfirmed, pool_set_webhooks, pool_unconfirm ── configured
//!                 drifted ◀── number_mark_drifted ── configured, pending (failed stays failed)
//!                 failed  ◀── number_fail_webhooks ── any; number_tried_in_vain counts on the way there
//!                 configured ◀── number_confirm_webhooks, number_return, number_adopted ── any; else, if its pool
//!                                wants others by now, pending (confirm) or drifted (return, adopted)
//! webhooks_set_back_at  when ── number_mark_drifted ── took `configured` from it while it was nobody's, the last times of a day;
//!                 empty again by number_hold_contested
//! missing_since   NULL ── numbers_mark_missing ──▶ since when Twilio answers 404 ── number_turned_up, number_adopted ──▶ NULL
//! another_tag_since  NULL ── number_note_tag ──▶ since when Twilio shows another environment's tag ── number_note_tag,
//!                 number_adopted ──▶ NULL
//! capable         number_set_capable, number_adopted: as Twilio's word and pool.capabilities have it
//! pool            number_move, by an operator's word; whoever has it keeps it. What is not configured as the new pool wants is pending,
//!                 or drifted while somebody has it
//! held_back       what its pool wants and it lacks beside that: the database works it out of its attachments
//!                 ([`crate::db::attachments`]), of what the carriers say and of what the pool needs
//!                 (`numbers_know_what_they_lack`); numbers_take_back takes it from stock before its pool wants more,
//!                 numbers_tell_wants asks for the facts. attachment_status says the same of its attachments alone
//! registration    registration_hear, by Twilio's own clock; marked_ready_at beside it: number_mark_ready. Both are put aside by
//!                 registration_put_aside, when it joins a messaging service anew
//! number_type     number_insert, number_move, number_tell_type
//! protected_at    NULL ── number_protect ──▶ since when an operator's word keeps it from being recycled or given back ── number_unprotect ──▶ NULL
//! apart           number_insert, number_move, number_tell_type, numbers_tell_apart: whether it is of another country or type than its pool; it may be ready all
//!                 the same, and goes only to whoever asks for its very area code or its country
//! ```
//!
//! Invariants (I1–I7 are those of `docs/CONCEPTS.md`), and what holds each of them below every program:
//! * I1, nothing that was paid for is lost: its item is settled and its row written in one transaction (`item_settle`), rows
//!   are never deleted (`numbers_are_kept`, `purchase_items_are_kept`), and a SID stands for one row for ever
//!   (`numbers_sid_is_for_ever`).
//! * I2, nothing is bought twice: an item brings at most one number (`numbers_one_per_purchase_item`), an order no more than
//!   it asked for (`purchase_items_fit_their_order`), and one live row has an E.164 (`numbers_one_live_per_number`).
//! * I3, one to one: `leases_one_per_number`, `leases_one_per_user`; a lease never changes hands (`leases_move_as_they_may`, `leases_stay_with_their_number`),
//!   and a number that somebody has stays active (`numbers_agree_with_leases`); one number rests for a user
//!   (`numbers_one_rests_per_user`).
//! * I4, told means kept: a hand-out is one statement that writes one row, committed before anybody is told; how it ended is
//!   written by the database when the lease goes (`leases_become_history`), and stays (`history_stays_as_it_is`).
//! * I5, caps hold: whatever is counted as stock is a row here or an open item; intents count both under the gate's lock. How
//!   many are owned of each pool the database counts along with each change (`owned_changes`;
//!   `owned_changes_count_themselves`).
//! * I6, not ready, not assigned: `ready` follows from all dimensions (`numbers_ready_follows`, `numbers_ready_says_what_is_so`),
//!   and a lease says the same at any time (`numbers_have_a_lease`, `leases_agree_with_numbers`); `leases_are_of_ready_numbers` refuses a user to any other, but for
//!   an operator's word; `configured` is written only by statements that look what the pool wants.
//! * Each pool's are its own: a number is moved by nobody but an operator, and its lease is of its pool at any time
//!   (`numbers_have_a_lease`, `leases_agree_with_numbers`); an item is of its order's (`purchase_items_are_of_their_orders_pool`).
//! * I7, other people's numbers are not touched: ours are those that have a live row, by SID. What left does not return
//!   (`numbers_released_is_final`); what is quarantined says why, and rests until a time (`numbers_quarantine_says_why`,
//!   `numbers_rest_ends`, `numbers_rest_for_somebody`).
//!
//! What ended without a trace in a column, a hold or a loss, the database writes down in `number_notes`
//! (`numbers_leave_notes`); what only Twilio showed, a tag, [`notes`] does, and what became of attachments `attachment_notes`.
//!
//! How to get it wrong: an `UPDATE numbers` somewhere else; a test looks for it. A transition on a row that was read before
//! it was locked: its pool's row comes first ([`crate::db::pools`]), then the number's, then its lease.

mod another_tag;
mod apart;
mod attached;
mod attachment_notes;
mod care;
mod given_up;
mod hearing;
mod held_back;
mod history;
mod hold;
mod insert;
mod intake;
mod lease;
mod leaving;
mod list;
mod listed;
mod missing;
mod moving;
mod notes;
mod on_hold;
mod owned;
mod places;
mod placing;
mod protect;
mod read;
mod registration;
mod rest;
mod row;
mod some;
mod webhooks;

pub use another_tag::number_note_tag;
pub use apart::{Told, number_tell_type, numbers_tell_apart, pool_is_another, pools_kinds, pools_say_kinds};
pub use attached::{Attached, number_attached};
pub(in crate::db) use attachment_notes::number_note_attachments;
pub use care::{
    Untouchable, numbers_cared_for, numbers_cared_for_by_sid, numbers_rested, numbers_unready, numbers_untouchable,
};
pub use given_up::{FailedWebhooks, number_fail_webhooks, number_tried_in_vain, numbers_failed_accept};
pub use hearing::{Said, registration_hear, registrations_hear, registrations_known};
pub use held_back::{numbers_take_back, numbers_tell_wants};
pub use history::{NumberEvent, number_history};
pub(in crate::db) use hold::{HoldFrom, number_put_on_hold};
pub use hold::{HoldReason, TagHold, number_hold_contested, number_hold_tag_conflict};
pub(in crate::db) use insert::number_insert;
pub use insert::{Destination, NewNumber};
pub use intake::{Intake, number_item, number_take_in, number_take_in_found};
pub(in crate::db) use lease::{leased, stock};
pub use leaving::{Gone, number_let_go};
pub(in crate::db) use leaving::{number_leave, number_stay};
pub use list::{NumberFilter, number_of_sid, numbers_count, numbers_like, numbers_list};
pub use listed::{KnownItem, KnownNumber, Listed, Lookup, listed_look};
pub use missing::{
    NowMissing, Unread, number_turned_up, numbers_highest, numbers_live, numbers_live_count, numbers_mark_missing,
    rows_unread,
};
pub use moving::{Moved, Stuck, number_move};
pub use notes::{number_note_conflict, number_note_retagged};
pub use on_hold::{NumberOnHold, StandsNow, numbers_held_long, numbers_stand_now};
pub use owned::owned_recount;
pub(in crate::db) use places::{
    APART, AT_REST, DUE, FIT, FREE, MENDABLE, ON_HOLD, REGISTERING, UNREADY, fit, unmendable,
};
pub use placing::{Confirmed, Placed, number_adopted, number_import_to};
pub use protect::{Protected, number_protect, number_unprotect};
pub(in crate::db) use read::number_lock;
pub use read::{
    IdleNumber, number_holding, number_owned, number_read, number_standing, numbers_of_purchase, numbers_owned,
    numbers_sids, pools_oldest,
};
pub(in crate::db) use registration::registration_put_aside;
pub use registration::{Hearing, MarkedReady, number_awaits_carriers, number_mark_ready};
pub use rest::{number_rest_on, number_return};
pub(in crate::db) use rest::{number_rests_for_nobody, numbers_come_back};
pub(in crate::db) use row::last_used;
pub use row::{NumberRow, OwnedNumber};
pub use some::SomeNumbers;
pub(in crate::db) use some::{COUNTED_AT_MOST, some_numbers, some_numbers_sql};
pub use webhooks::{
    StoodThen, number_confirm_webhooks, number_mark_drifted, number_set_capable, number_unconfirmed, pool_set_webhooks,
    pool_unconfirm, pool_unconfirm_held_back, pool_unconfirm_stock,
};
