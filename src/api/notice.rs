//! Notices that a number is not used: how far one has come, and what the application is sent.

use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use crate::db::recyclings::OpenNotice;
use crate::domain::recycling::NoticeBody;
use crate::routing::About;

/// How far a notice has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = RecyclingNotice)]
pub(crate) struct NoticeView {
    /// `intended` = it is still to be told; `noticed` = it was.
    pub(crate) state: String,
    /// When it was told.
    #[schema(required)]
    pub(crate) noticed_at: Option<DateTime<Utc>>,
    /// Until when there is time to answer.
    #[schema(required)]
    pub(crate) take_after: Option<DateTime<Utc>>,
}

impl From<OpenNotice> for NoticeView {
    fn from(OpenNotice { state, noticed_at, take_after }: OpenNotice) -> Self {
        Self { state, noticed_at, take_after }
    }
}

/// What is sent to `recycling.notice_url`.
pub(crate) fn about_webhook() -> About {
    About::new("notice", "Numbers", "A user's number is not used, and will be taken unless somebody says otherwise: sent to `recycling.notice_url`")
        .text(
            "Signed as alerts are, with the secrets of `ALERT_WEBHOOK_SECRET`; `webhook-id` is the same for every try. Any 2xx takes it, and only \
             then does the time run after which the number is taken; `POST /signup/api/touch` keeps the number. 410 ends all notices until the \
             address is another one; anything else is tried again for three days, and a notice that nobody took takes nothing.",
        )
        .header::<String>("webhook-id", "The notice's id.")
        .header::<String>("webhook-timestamp", "Seconds since the epoch.")
        .header::<String>("webhook-signature", "`v1,` and base64, for each secret, with blanks between.")
        .sent::<NoticeBody>(json!({"type": "number.inactive", "timestamp": "2026-11-29T13:12:02.118Z", "data": {
            "phone_number": "+14155550100", "user_id": "u-1", "pool": "default", "last_used_at": "2026-08-22T11:43:33.000Z",
            "last_used_source": "call", "take_after": "2026-12-13T13:12:02.118Z"}}))
        .taken(StatusCode::OK, "Taken.")
}
