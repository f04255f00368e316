//! The audit trail, newest first.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use super::lists::{Page, Part};
use super::services::Services;
use crate::access::{BY_SESSION, KEY_HASH, key_in, says_session};
use crate::db::audit::{AuditRecord, AuditTold, audit_list, audit_told};
use crate::domain::OrderOutcome;
use crate::http::Problem;
use crate::routing::{About, Outcome, Request, answer};

/// One row as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = AuditLine)]
pub(crate) struct AuditView {
    /// When.
    pub(crate) at: DateTime<Utc>,
    /// Who: the name of their key; of one without a name its fingerprint, after `session:` when a session vouched for it;
    /// `cron` or `nobody`.
    pub(crate) who: String,
    /// The fingerprint of their key.
    #[schema(required)]
    pub(crate) key_hash: Option<String>,
    /// Whether a session vouched for them rather than the key itself.
    pub(crate) by_session: bool,
    /// From where.
    #[schema(required)]
    pub(crate) address: Option<String>,
    /// What.
    pub(crate) action: String,
    /// HTTP's.
    #[schema(required)]
    pub(crate) method: Option<String>,
    /// The route's pattern.
    #[schema(required)]
    pub(crate) path: Option<String>,
    /// What was asked for.
    #[schema(value_type = Object)]
    pub(crate) detail: Value,
    /// The answer's status.
    #[schema(required)]
    pub(crate) result: Option<i32>,
    /// The problem's code.
    #[schema(required)]
    pub(crate) code: Option<String>,
    /// The name of the call in the log.
    #[schema(required)]
    pub(crate) request_id: Option<String>,
    /// What came of the order that it placed, as it stands now.
    #[schema(required)]
    pub(crate) outcome: Option<OrderOutcome>,
}

impl From<AuditTold> for AuditView {
    fn from(AuditTold { record, outcome }: AuditTold) -> Self {
        let AuditRecord { id: _, at, who, address, action, method, path, mut detail, result, code, request_id } =
            record;
        let mut kept_apart = |name| detail.as_object_mut().and_then(|fields| fields.remove(name));
        let key_hash = kept_apart(KEY_HASH).and_then(|hash| hash.as_str().map(str::to_owned));
        let by_session = kept_apart(BY_SESSION) == Some(Value::Bool(true)) || says_session(&who);
        let key_hash = key_hash.or_else(|| key_in(&who).map(|key| key.to_string()));
        Self { at, who, key_hash, by_session, address, action, method, path, detail, result, code, request_id, outcome }
    }
}

pub(crate) async fn audit(services: &Services, part: Part) -> Result<Page<AuditView>, Problem> {
    let read = |conn: &mut _, after, most| audit_list(conn, after, most).and_then(|lines| audit_told(conn, lines));
    part.read(services, "audit_list", read, |told: &AuditTold| told.record.id).await
}

pub(crate) async fn handle(services: Arc<Services>, request: Request) -> Outcome {
    answer(audit(&services, Part::asked(&request)?).await)
}

pub(crate) fn about() -> About {
    About::new("audit", "Pool", "Who did what, newest first").page::<Page<AuditView>, AuditView>(
        json!({"items": [{"at": "2026-11-22T12:12:58.648702Z", "who": "dana", "key_hash": "6d843254d280", "by_session": true, "address": "198.51.100.7",
            "action": "pause", "method": "POST", "path": "/admin/phones/api/pause", "detail": {"reason": "lunch"},
            "result": 200, "code": null, "request_id": "31193e41-06e8-4345-839a-c3b7f1f01ef1", "outcome": null}], "next_cursor": null}),
    )
}
