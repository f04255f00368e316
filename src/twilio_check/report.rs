//! What a look found: one line for each thing, and what to do about it.
//!
//! How to get it wrong: a line without a `todo` that is no `pass`. Whoever reads it would not know what to do.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::PoolName;

/// How good it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = TwilioCheckResult)]
pub(crate) enum CheckResult {
    /// As it should be.
    Pass,
    /// Somebody should look; or it could not be looked at.
    Warn,
    /// A purchase could not succeed.
    Fail,
}

impl CheckResult {
    /// All there are.
    pub(crate) const ALL: [Self; 3] = [Self::Pass, Self::Warn, Self::Fail];

    /// Its word.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TwilioCheckName)]
pub(crate) enum CheckName {
    /// Whether Twilio lets us in, in which region.
    Credentials,
    /// Whether the account is active, and of which type.
    Account,
    /// What the account has left.
    Balance,
    /// Whether there are numbers as the pool wants them.
    Stock,
    /// What one costs a month.
    Price,
    /// The address that is shown with each purchase.
    Address,
    /// The bundle that is shown with each purchase, or must be.
    Bundle,
    /// The identity that is shown with each purchase.
    Identity,
    /// A messaging service that numbers shall join.
    MessagingService,
    /// The customer profile or a trust product that numbers shall be assigned to.
    Trust,
    /// The application that calls are led to in place of URLs,
    VoiceApplication,
    /// that messages are,
    SmsApplication,
    /// the trunk that takes calls.
    Trunk,
    /// Whether Twilio's events of numbers reach us.
    Events,
    /// Whether the host that webhooks lead to can be found.
    PublicUrl,
}

impl CheckName {
    /// Its word.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Account => "account",
            Self::Balance => "balance",
            Self::Stock => "stock",
            Self::Price => "price",
            Self::Address => "address",
            Self::Bundle => "bundle",
            Self::Identity => "identity",
            Self::MessagingService => "messaging_service",
            Self::Trust => "trust",
            Self::VoiceApplication => "voice_application",
            Self::SmsApplication => "sms_application",
            Self::Trunk => "trunk",
            Self::Events => "events",
            Self::PublicUrl => "public_url",
        }
    }

    /// Without a result yet; of a pool, or of the account and everything else.
    pub(super) fn of(self, pool: Option<&PoolName>) -> Unjudged {
        Unjudged { check: self, pool: pool.cloned() }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = TwilioCheckLine)]
pub(crate) struct Check {
    /// What it is.
    pub(crate) check: CheckName,
    /// Whose it is; null = everybody's.
    #[schema(required)]
    pub(crate) pool: Option<PoolName>,
    /// How good it is.
    pub(crate) result: CheckResult,
    /// What was seen.
    pub(crate) detail: String,
    /// What to do; null when there is nothing.
    #[schema(required)]
    pub(crate) todo: Option<String>,
    /// Until when it is as it was seen, if that is known.
    #[serde(skip)]
    pub(crate) until: Option<DateTime<Utc>>,
}

impl Check {
    /// As it was seen until then.
    pub(super) fn until(self, until: Option<DateTime<Utc>>) -> Self {
        Self { until, ..self }
    }

    /// What it is, and whose: `stock of gb`.
    pub(crate) fn subject(&self) -> String {
        match &self.pool {
            Some(pool) => format!("{} of {pool}", self.check.as_str()),
            None => self.check.as_str().to_owned(),
        }
    }
}

/// Something that has been looked at, before it is judged.
#[derive(Debug, Clone)]
pub(super) struct Unjudged {
    check: CheckName,
    pool: Option<PoolName>,
}

impl Unjudged {
    pub(super) fn pass(self, detail: impl Into<String>) -> Check {
        self.judged(CheckResult::Pass, detail.into(), None)
    }

    pub(super) fn warn(self, detail: impl Into<String>, todo: impl Into<String>) -> Check {
        self.judged(CheckResult::Warn, detail.into(), Some(todo.into()))
    }

    pub(super) fn fail(self, detail: impl Into<String>, todo: impl Into<String>) -> Check {
        self.judged(CheckResult::Fail, detail.into(), Some(todo.into()))
    }

    pub(super) fn judged(self, result: CheckResult, detail: String, todo: Option<String>) -> Check {
        Check { check: self.check, pool: self.pool, result, detail, todo, until: None }
    }
}

/// Everything that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = TwilioCheck)]
pub(crate) struct Report {
    /// The worst of them: `fail` when a purchase could not succeed.
    pub(crate) result: CheckResult,
    /// The account first, then pool by pool.
    pub(crate) checks: Vec<Check>,
    /// Whether Twilio answered at all.
    #[serde(skip)]
    pub(crate) reached: bool,
}

impl Report {
    pub(super) fn of(checks: Vec<Check>, reached: bool) -> Self {
        let result = checks.iter().map(|check| check.result).max().unwrap_or(CheckResult::Pass);
        Self { result, checks, reached }
    }

    /// Those of which a purchase could not succeed.
    pub(crate) fn failing(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.result == CheckResult::Fail)
    }

    /// How many ended so.
    pub(crate) fn count(&self, result: CheckResult) -> usize {
        self.checks.iter().filter(|check| check.result == result).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_is_the_result_and_what_has_no_pool_says_null() {
        let of = |name: CheckName| name.of(None);
        assert_eq!(Report::of(Vec::new(), true).result, CheckResult::Pass);
        let all = vec![of(CheckName::Balance).pass("x"), of(CheckName::Account).warn("y", "z")];
        let report = Report::of(all.clone(), true);
        assert_eq!((report.result, report.count(CheckResult::Pass)), (CheckResult::Warn, 1));
        let gb = "gb".parse().unwrap();
        let failed = CheckName::Stock.of(Some(&gb)).fail("none", "take another");
        let report = Report::of([all, vec![failed]].concat(), true);
        assert_eq!(report.failing().map(Check::subject).collect::<Vec<_>>(), ["stock of gb"]);
        assert_eq!(
            serde_json::to_value(&report.checks[0]).unwrap(),
            serde_json::json!({"check": "balance", "pool": null, "result": "pass", "detail": "x", "todo": null})
        );
        assert_eq!(serde_json::to_value(&report).unwrap()["result"], "fail");
    }
}
