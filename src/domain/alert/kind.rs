//! Which conditions are told, how bad each is at least, and what it means.
//!
//! How to get it wrong: renaming a kind. Whoever is told sorts and silences by it.

use crate::domain::number::stored_enum;

/// How bad it is; the later one here is worse.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum AlertSeverity {
    /// Good to know.
    Info,
    /// Somebody should act before users or signups are hurt.
    Warning,
    /// Users or signups are hurt now.
    Critical,
}

stored_enum!(AlertSeverity { Info = "info", Warning = "warning", Critical = "critical" });

/// What is told.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
pub enum AlertKind {
    /// Few numbers are left in a pool.
    #[serde(rename = "pool.low")]
    PoolLow,
    /// Somebody waited or was refused, or nothing is available.
    #[serde(rename = "pool.empty")]
    PoolEmpty,
    /// Buying for one pool is halted.
    #[serde(rename = "pool.halted")]
    PoolHalted,
    /// All buying is halted.
    #[serde(rename = "buying.halted")]
    BuyingHalted,
    /// Automatic buying has been paused for over a day.
    #[serde(rename = "buying.paused")]
    BuyingPaused,
    /// What may be bought in a window is nearly used up.
    #[serde(rename = "spend.cap")]
    SpendCap,
    /// Little money is left at Twilio.
    #[serde(rename = "balance.low")]
    BalanceLow,
    /// Numbers are gone at Twilio.
    #[serde(rename = "numbers.missing")]
    NumbersMissing,
    /// Somebody else has a hand in our numbers.
    #[serde(rename = "numbers.conflict")]
    NumbersConflict,
    /// What became of a purchase is unknown for long.
    #[serde(rename = "purchases.unsettled")]
    PurchasesUnsettled,
    /// Numbers do not lead where they shall.
    #[serde(rename = "webhooks.drift")]
    WebhooksDrift,
    /// Numbers wait for long to be attached or registered.
    #[serde(rename = "attachments.stuck")]
    AttachmentsStuck,
    /// Numbers are not taken into what their pool wants.
    #[serde(rename = "attachments.failed")]
    AttachmentsFailed,
    /// Events come that are not Twilio's.
    #[serde(rename = "events.rejected")]
    EventsRejected,
    /// The bundle that a pool buys with ends soon.
    #[serde(rename = "bundle.expiring")]
    BundleExpiring,
    /// Twilio's list is not compared with the database any more.
    #[serde(rename = "reconcile.failing")]
    ReconcileFailing,
    /// What Twilio counted is not what was bought.
    #[serde(rename = "usage.mismatch")]
    UsageMismatch,
    /// Numbers belong to a pool that the configuration does not name.
    #[serde(rename = "pool.unconfigured")]
    PoolUnconfigured,
    /// What became of a week; no condition.
    #[serde(rename = "report.weekly")]
    ReportWeekly,
}

stored_enum!(AlertKind {
    PoolLow = "pool.low",
    PoolEmpty = "pool.empty",
    PoolHalted = "pool.halted",
    BuyingHalted = "buying.halted",
    BuyingPaused = "buying.paused",
    SpendCap = "spend.cap",
    BalanceLow = "balance.low",
    NumbersMissing = "numbers.missing",
    NumbersConflict = "numbers.conflict",
    PurchasesUnsettled = "purchases.unsettled",
    WebhooksDrift = "webhooks.drift",
    AttachmentsStuck = "attachments.stuck",
    AttachmentsFailed = "attachments.failed",
    EventsRejected = "events.rejected",
    BundleExpiring = "bundle.expiring",
    ReconcileFailing = "reconcile.failing",
    UsageMismatch = "usage.mismatch",
    PoolUnconfigured = "pool.unconfigured",
    ReportWeekly = "report.weekly",
});

impl AlertKind {
    /// Whether it is told the moment it is seen, without lasting for `alerts.for_secs`.
    #[must_use]
    pub fn is_at_once(self) -> bool {
        matches!(self, Self::PoolEmpty | Self::PoolHalted | Self::BuyingHalted)
    }

    /// Its heading in the runbook.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Self::PoolLow => "CallbunkerPoolLow",
            Self::PoolEmpty => "CallbunkerPoolEmpty",
            Self::PoolHalted => "CallbunkerPoolHalted",
            Self::BuyingHalted => "CallbunkerHalted",
            Self::BuyingPaused => "CallbunkerPaused",
            Self::SpendCap => "CallbunkerSpendNearCap",
            Self::BalanceLow => "CallbunkerBalanceLow",
            Self::NumbersMissing => "CallbunkerNumbersMissing",
            Self::NumbersConflict => "CallbunkerNumbersConflict",
            Self::PurchasesUnsettled => "CallbunkerUnsettled",
            Self::WebhooksDrift => "CallbunkerWebhooksDrift",
            Self::AttachmentsStuck => "CallbunkerAttachmentsStuck",
            Self::AttachmentsFailed => "CallbunkerAttachmentsFailed",
            Self::EventsRejected => "CallbunkerEventsRejected",
            Self::BundleExpiring => "CallbunkerBundleExpiring",
            Self::ReconcileFailing => "CallbunkerReconciliationOld",
            Self::UsageMismatch => "CallbunkerUsageMismatch",
            Self::PoolUnconfigured => "CallbunkerPoolUnconfigured",
            Self::ReportWeekly => "CallbunkerReportWeekly",
        }
    }

    /// What it means for signups and users while it lasts.
    #[must_use]
    pub fn means(self) -> &'static str {
        match self {
            Self::PoolLow => "Signups are still served; when the rest is taken, they wait or are refused.",
            Self::PoolEmpty => "Signups wait for a purchase, or are refused.",
            Self::PoolHalted => "Nothing is bought for this pool; signups get what it has left, and then nothing.",
            Self::BuyingHalted => "Nothing is bought at all; signups get what the pools have left, and then nothing.",
            Self::BuyingPaused => {
                "Nothing is bought automatically; signups get what the pools have left, and then nothing."
            }
            Self::SpendCap => {
                "When the cap is reached nothing more is bought until purchases leave its window; signups get what is left."
            }
            Self::BalanceLow => {
                "When the balance is used up Twilio sells nothing, and may suspend numbers that users have."
            }
            Self::NumbersMissing => {
                "Calls and messages to these numbers reach nobody here; whoever has one of them cannot use it."
            }
            Self::NumbersConflict => "Signups are served; these numbers may be changed, or used, by somebody else.",
            Self::PurchasesUnsettled => {
                "Signups are served; some numbers may have been bought that nobody here knows of."
            }
            Self::WebhooksDrift => "Calls and messages of these numbers may not reach the application.",
            Self::AttachmentsStuck => {
                "Users of these numbers may not be able to text; signups that need that get none of them."
            }
            Self::AttachmentsFailed => {
                "Users of these numbers may not be able to text; signups that need that get none of them."
            }
            Self::EventsRejected => "Signups are served; what Twilio says of numbers may not arrive.",
            Self::BundleExpiring => "When the bundle has ended Twilio sells no number to this pool.",
            Self::ReconcileFailing => "Signups are served; what changes at Twilio without us stays unseen.",
            Self::UsageMismatch => {
                "Signups are served; something was bought that is not in our books, or the other way round."
            }
            Self::PoolUnconfigured => {
                "Users keep their numbers; what is idle there serves no signup and costs its fee."
            }
            Self::ReportWeekly => "This is a report; nothing is wrong because it comes.",
        }
    }

    /// What is so when it is over, of a pool or a window if it is about one.
    #[must_use]
    pub fn over(self, subject: &str) -> String {
        match self {
            Self::PoolLow => format!("Pool {subject} has its threshold again."),
            Self::PoolEmpty => format!("Pool {subject} serves signups again."),
            Self::PoolHalted => format!("Buying for pool {subject} is not halted any more."),
            Self::BuyingHalted => "Buying is not halted any more.".to_owned(),
            Self::BuyingPaused => "Automatic buying is not paused any more.".to_owned(),
            Self::SpendCap => format!("There is room again under the cap ({subject})."),
            Self::BalanceLow => "The balance at Twilio is high enough again.".to_owned(),
            Self::NumbersMissing => "No number is missing at Twilio any more.".to_owned(),
            Self::NumbersConflict => "Nobody else has a hand in our numbers any more.".to_owned(),
            Self::PurchasesUnsettled => "It is known what became of every purchase.".to_owned(),
            Self::WebhooksDrift => "All numbers lead where they shall again.".to_owned(),
            Self::AttachmentsStuck => "No number has been waiting for long to be attached or registered.".to_owned(),
            Self::AttachmentsFailed => "All numbers are taken into what their pools want.".to_owned(),
            Self::EventsRejected => "No event with a wrong signature came for an hour.".to_owned(),
            Self::BundleExpiring => format!("The bundle of pool {subject} does not end soon."),
            Self::ReconcileFailing => "The last comparison with Twilio ended well.".to_owned(),
            Self::UsageMismatch => "Twilio counts what was bought.".to_owned(),
            Self::PoolUnconfigured => {
                format!("No number belongs to pool {subject} without the configuration naming it.")
            }
            Self::ReportWeekly => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_spelled_in_json_as_it_is_stored_and_says_what_it_means() {
        for kind in AlertKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
            assert_eq!(kind.as_str().parse(), Ok(*kind));
            assert!(kind.means().ends_with('.') && kind.heading().starts_with("Callbunker"), "{kind}");
            assert_eq!(kind.over("gb").ends_with('.'), *kind != AlertKind::ReportWeekly, "{kind}");
        }
        assert!(AlertSeverity::Critical > AlertSeverity::Warning && AlertSeverity::Warning > AlertSeverity::Info);
    }
}
