//! The words that the history is told in: where an assignment came from, what happened to a number, why a comparison ran.

use super::number::stored_enum;

/// Where an assigned number came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Source)]
pub enum AssignmentSource {
    /// It was in stock.
    Pool,
    /// The user waited for it.
    Emergency,
    /// It was the user's before callbunker came.
    Import,
    /// An operator gave it.
    Adopt,
}

stored_enum!(AssignmentSource { Pool = "pool", Emergency = "emergency", Import = "import", Adopt = "adopt" });

/// Something that happened to a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberEventKind {
    /// An order meant to buy it, or an operator to take it in.
    Intended,
    /// Twilio sold it to us.
    Bought,
    /// Somebody else has it.
    Taken,
    /// Nobody was charged.
    NotBought,
    /// Twilio's answer is not known.
    Unknown,
    /// An operator took it in.
    Adopted,
    /// It moved in from the earlier service.
    Imported,
    /// A user got it.
    Assigned,
    /// Its user gave it back.
    Released,
    /// Twilio does not know it.
    Missing,
    /// An operator wants to give it back to Twilio.
    Leaving,
    /// It left.
    ReleasedToTwilio,
    /// Twilio did not take it back.
    ReleaseRefused,
    /// Nobody asked Twilio after all.
    ReleaseWithdrawn,
    /// On hold: an operator had to decide.
    Held,
    /// The hold was over.
    HoldEnded,
    /// Twilio knew it again.
    TurnedUp,
    /// Another environment's tag was seen on it while somebody had it.
    TagConflict,
    /// An operator put our tag in place of another environment's.
    Retagged,
    /// An operator moved it into another pool.
    Moved,
    /// It joined a messaging service, a customer profile or a trust product.
    Attached,
    /// Twilio does not take it into one.
    AttachmentRefused,
    /// It is in a messaging service of somebody else's.
    AttachmentConflict,
    /// It is not in one any more.
    Detached,
    /// The carriers know it.
    Registered,
    /// The carriers do not take it, or have forgotten it.
    RegistrationFailed,
    /// An operator said that the carriers know it.
    MarkedReady,
    /// It was told that nobody uses it.
    Notice,
    /// It was taken from its user, who did not use it.
    Recycled,
    /// What was told came to nothing.
    RecyclingEnded,
    /// An operator protects it.
    Protected,
    /// An operator protects it no more.
    Unprotected,
}

stored_enum!(NumberEventKind {
    Intended = "intended",
    Bought = "bought",
    Taken = "taken",
    NotBought = "not_bought",
    Unknown = "unknown",
    Adopted = "adopted",
    Imported = "imported",
    Assigned = "assigned",
    Released = "released",
    Missing = "missing",
    Leaving = "leaving",
    ReleasedToTwilio = "released_to_twilio",
    ReleaseRefused = "release_refused",
    ReleaseWithdrawn = "release_withdrawn",
    Held = "held",
    HoldEnded = "hold_ended",
    TurnedUp = "turned_up",
    TagConflict = "tag_conflict",
    Retagged = "retagged",
    Moved = "moved",
    Attached = "attached",
    AttachmentRefused = "attachment_refused",
    AttachmentConflict = "attachment_conflict",
    Detached = "detached",
    Registered = "registered",
    RegistrationFailed = "registration_failed",
    MarkedReady = "marked_ready",
    Notice = "notice",
    Recycled = "recycled",
    RecyclingEnded = "recycling_ended",
    Protected = "protected",
    Unprotected = "unprotected",
});

/// What set a comparison with Twilio off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Occasion {
    /// The daemon started.
    Start,
    /// The schedule.
    Cron,
    /// An operator.
    Manual,
}

stored_enum!(Occasion { Start = "start", Cron = "cron", Manual = "manual" });
