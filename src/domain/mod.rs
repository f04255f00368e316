//! The words of the field as types: pure values and pure decisions.
//!
//! Architecture invariant: nothing here does input or output, reads a clock, or knows diesel, actix, warp or ureq.
//! How to get it wrong: accepting a looser value "for now". Everything behind this door relies on the shapes below.

pub mod alert;
mod assignable;
mod attachment;
mod audience;
mod away;
mod caps;
mod catalog;
mod counts;
mod direct;
mod emptiness;
mod explain;
mod foreign;
pub mod foresight;
mod history;
mod key_name;
mod keys;
mod ladder;
mod market;
pub mod money;
mod nanp;
mod number;
mod order;
mod outcome;
mod papers;
mod plan;
mod plan_passes;
mod pool;
mod product;
pub mod recycling;
mod region;
mod registration;
mod sought;
mod spelling;
mod stock;
mod suspicion;
mod told_type;
mod version;
mod waitlist;
mod wants;
mod webhooks;
mod why;
mod written;

pub use assignable::{Standing, Withheld, why_not};
pub use attachment::{
    AssignmentSid, Attachment, AttachmentKind, AttachmentState, AttachmentStatus, MessagingServiceSid, RefusedFor,
    Target, TrustSid,
};
pub use audience::{InvalidUserId, UserId};
pub use away::Away;
pub use caps::{Cap, CapLimits, Caps, PoolPolicy, UNBOUND};
pub use catalog::{Asked, Astray, Catalog, Entry, SentTo};
pub use counts::{counted, grouped};
pub use direct::direct_instead;
pub use emptiness::{Level, emptiest};
pub use explain::{
    Explained, Rooms, explain_order, explain_pass, explain_reason, explain_trigger, needs_told, obstacles, reasons,
    remedy, tell_pool_halt, template_of,
};
pub use foreign::{FOREIGN_CHARACTERS_MAX, cleaned, steers};
pub use history::{AssignmentSource, NumberEventKind, Occasion};
pub use key_name::{InvalidKeyName, KeyName};
pub use keys::Keys;
pub use ladder::{Ladder, Match};
pub use market::{Contains, InvalidContains, InvalidRegionName, Market, Place, RegionName};
pub use nanp::Region;
pub(crate) use number::is_sid;
pub use number::{
    Capability, InvalidPhoneNumber, InvalidSid, ListOrder, ListedStatus, LiveOrEnded, NumberSid, NumberStatus,
    PhoneNumber, QuarantineReason, StoredStatus, WebhookStatus,
};
pub use order::{Concerns, ItemState, OrderState, Trigger};
pub use outcome::{OrderFacts, OrderOutcome};
pub use papers::{AddressSid, BundleSid, IdentitySid, InvalidPaperSid, Papers};
pub use plan::{ManualWish, Plan, lack, permit_one, plan, plan_manual};
pub use plan_passes::{BATCHES_MAX, PassPlan, PassPlans, Wanting, plan_passes};
pub use pool::{InvalidPoolName, Kind, NumberType, PoolKey, PoolName};
pub use product::Product;
pub use region::{AreaCode, CountryCode, InvalidAreaCode, InvalidCountryCode};
pub use registration::{Heard, Registration, RegistrationEvent, RegistrationStanding, WhichNumber};
pub use sought::Sought;
pub use spelling::number_as_written;
pub use stock::{Stock, registering_told};
pub use suspicion::too_many;
pub use version::{VERSION, user_agent};
pub use waitlist::{Lacking, Unserved, unserved};
pub use wants::{HeldBack, Intents, Needs, ReadyFor, SmsReadyWhen, Wants};
pub use webhooks::{Calls, InstanceName, InvalidInstanceName, Tag, Webhooks};
pub use why::Why;
pub use written::{
    Fault, FaultKind, InvalidZone, Note, Reading, Sender, Written, Zone, instant, is_doubtful, known_country,
    phone_number, user_id,
};
