//! The words of the field as types: pure values and pure decisions.
//!
//! Architecture invariant: nothing here does input or output, reads a clock, or knows diesel, actix, warp or ureq.
//! How to get it wrong: accepting a looser value "for now". Everything behind this door relies on the shapes below.

mod assignable;
mod audience;
mod explain;
mod foreign;
mod line;
mod nanp;
mod number;
mod order;
mod place;
mod plan;
mod plan_pass;
mod suspicion;
mod webhooks;

pub use assignable::{Standing, why_not};
pub use audience::{InvalidUserId, UserId};
pub use explain::{Rooms, explain_order, explain_pass, explain_reason, reasons};
pub use foreign::{FOREIGN_CHARACTERS_MAX, cleaned, steers};
pub use line::{Needs, unserved};
pub use number::{
    Capability, InvalidPhoneNumber, InvalidSid, NumberSid, NumberStatus, PhoneNumber, QuarantineReason, WebhookStatus,
};
pub use order::{Concerns, ItemState, OrderState, Trigger};
pub use place::{AreaCode, CountryCode, InvalidAreaCode, InvalidCountryCode};
pub use plan::{ByHand, Cap, Caps, Plan, PoolPolicy, Stock, Why, lack, permit_one, plan, plan_by_hand};
pub use plan_pass::{BATCHES_MAX, PassPlan, plan_pass};
pub use suspicion::too_many;
pub use webhooks::{InstanceName, InvalidInstanceName, Tag, Webhooks};
