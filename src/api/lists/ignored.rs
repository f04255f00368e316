//! Numbers of the account that comparisons do not name, because an operator said so.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;

use super::{Page, Part, Sheet, counted};
use crate::api::services::Services;
use crate::db::ignored_numbers::{IgnoredNumber, ignored_count, ignored_list};
use crate::db::slice::Counted;
use crate::domain::{NumberSid, PhoneNumber};
use crate::http::{Problem, ProblemCode};
use crate::routing::{About, Outcome, Request, answer};

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = IgnoredLine)]
pub(crate) struct IgnoredView {
    /// E.164.
    pub(crate) phone_number: PhoneNumber,
    /// Twilio's.
    pub(crate) sid: NumberSid,
    /// Whose word it was.
    pub(crate) ignored_by: String,
    /// Since when.
    pub(crate) ignored_at: DateTime<Utc>,
}

impl From<IgnoredNumber> for IgnoredView {
    fn from(number: IgnoredNumber) -> Self {
        let IgnoredNumber { phone_number, sid, ignored_by, ignored_at } = number;
        Self { phone_number, sid, ignored_by, ignored_at }
    }
}

/// The digits are the row's name.
fn digits(number: &IgnoredNumber) -> i64 {
    number.phone_number.as_str()[1..].parse().unwrap_or_default()
}

pub(crate) async fn ignored(services: &Services, part: Part) -> Result<Sheet<IgnoredNumber>, Problem> {
    part.read(services, "ignored_list", ignored_list, digits).await
}

pub(crate) async fn count(services: &Services, sheet: &Sheet<IgnoredNumber>) -> Result<Counted, Problem> {
    counted(services, sheet, sheet.items.first().map(digits), ignored_count).await
}

pub(crate) async fn handle(services: Arc<Services>, request: Request) -> Outcome {
    answer(ignored(&services, Part::asked(&request, &[])?).await.map(Sheet::page::<IgnoredView>))
}

pub(crate) fn about() -> About {
    About::new("ignored_numbers", "Numbers", "The numbers of the account that comparisons do not name, by their digits")
        .page::<Page<IgnoredView>, IgnoredView>(json!({"items": [{"phone_number": "+14155550100",
            "sid": "PNee29a63f8e79f14677214772b2cd707e", "ignored_by": "6d843254d280",
            "ignored_at": "2026-11-22T11:43:33Z"}], "next_cursor": null}))
        .refuses(ProblemCode::UnknownField, "The list takes no such parameter.")
}
