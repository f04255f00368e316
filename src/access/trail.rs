//! What the audit trail says of a call, gathered while it is answered.
//!
//! Invariants: a call that came past the door stands in the trail before its answer goes out, also when its handler panics
//! or its client hangs up; what strangers were refused stands there as a sample ([`refusal_sampler`](super::refusal_sampler)), so that
//! nobody fills the disk from outside; nothing that is a key stands there, whichever field it was sent in.
//! How to get it wrong: writing down a body as it came. Only what a handler has read and understood is noted.
//!
//! A read that is repeated by itself, such as the dashboard's, is marked [`polled`](crate::routing::Endpoint::polled): it stands
//! there once an hour for each who, address and route.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use http::StatusCode;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::keys::KeyRing;
use super::redact::Redactor;
use super::refusal_sampler::RefusalSampler;
use super::who::{Access, Fingerprint, Who};
use crate::audit::AuditLog;
use crate::db::audit::AuditRow;
use crate::http::{ProblemCode, SharedExchange};

const POLLED_EVERY: Duration = Duration::from_secs(3600);
const POLLED_KEPT: usize = 4096;

/// Beside a name in the details of a row: which key it was, and whether a session vouched for it.
pub(crate) const KEY_HASH: &str = "key_hash";
pub(crate) const BY_SESSION: &str = "by_session";

/// Whether, and how, an endpoint's calls stand in the trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audited {
    Never,
    Always,
    /// Good reads once an hour.
    Polled,
    /// Only what is done with an admin key or its session: with a signup key it is a signup's everyday.
    OfAdmins,
}

impl Audited {
    /// Whether a call of theirs may stand there; `None` is a stranger.
    fn wants(self, who: Option<Who>) -> bool {
        match self {
            Self::Never => false,
            Self::Always | Self::Polled => true,
            Self::OfAdmins => who.is_some_and(|who| who.access >= Access::ReadOnly),
        }
    }
}

/// Whose key, whether through a session, from where, which route.
type Poller = (Fingerprint, bool, IpAddr, &'static str);

/// The trail, and what keeps it small.
pub(crate) struct Auditor {
    log: AuditLog,
    keys: KeyRing,
    sampler: RefusalSampler,
    polled: Mutex<HashMap<Poller, Instant>>,
}

impl Auditor {
    pub(super) fn new(log: AuditLog, keys: KeyRing) -> Self {
        Self { log, keys, sampler: RefusalSampler::new(), polled: Mutex::default() }
    }

    fn is_new(&self, who: &Who, client: IpAddr, route: &'static str) -> bool {
        let mut polled = self.polled.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let is_old = |at: &Instant| now.duration_since(*at) >= POLLED_EVERY;
        if polled.len() >= POLLED_KEPT {
            polled.retain(|_, at| !is_old(at));
        }
        let key = (who.fingerprint, who.by_session, client, route);
        let is_new = polled.get(&key).is_none_or(is_old);
        if is_new && polled.len() < POLLED_KEPT {
            polled.insert(key, now);
        }
        is_new
    }
}

/// What is known of a call so far; the handler's [`Request`](crate::routing::Request) adds to it.
#[derive(Default)]
pub(crate) struct Notes {
    who: OnceLock<Who>,
    detail: Mutex<Map<String, Value>>,
}

impl Notes {
    pub(crate) fn came(&self, who: Who) {
        // Somebody who is known already stays who they are.
        let _ = self.who.set(who);
    }

    pub(crate) fn add(&self, name: &str, value: Value) {
        self.detail.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), value);
    }
}

/// A call on its way. Dropped before its end, it still leaves its row.
pub(crate) struct AuditEntry {
    auditor: Arc<Auditor>,
    exchange: SharedExchange,
    route: &'static str,
    action: &'static str,
    audited: Audited,
    began: DateTime<Utc>,
    pub(crate) notes: Arc<Notes>,
    has_ended: bool,
}

impl AuditEntry {
    /// `None` when the trail does not want it, or there is none.
    pub(crate) fn begin(
        auditor: Option<&Arc<Auditor>>,
        exchange: &SharedExchange,
        route: &'static str,
        action: Option<&'static str>,
        audited: Audited,
    ) -> Option<Self> {
        let auditor = auditor.filter(|_| audited != Audited::Never)?;
        Some(Self {
            auditor: Arc::clone(auditor),
            exchange: Arc::clone(exchange),
            route,
            action: action.unwrap_or_else(|| last_word(route)),
            audited,
            began: Utc::now(),
            notes: Arc::default(),
            has_ended: false,
        })
    }

    /// What is noted, as long as anybody may want to read it.
    pub(crate) fn notes_of(&self, who: Option<Who>) -> Option<Arc<Notes>> {
        self.audited.wants(who).then(|| Arc::clone(&self.notes))
    }

    /// The answer is known: the row is written before it goes out.
    pub(crate) async fn end(mut self, status: StatusCode, code: Option<ProblemCode>) {
        self.has_ended = true;
        if !self.audited.wants(self.notes.who.get().copied()) {
            return;
        }
        let auditor = Arc::clone(&self.auditor);
        let Some(who) = self.notes.who.get().copied() else {
            return self.sample(Some(status), code.map(ProblemCode::as_str));
        };
        if matches!(status.as_u16(), 401 | 403 | 429) {
            let Some(left_out) = auditor.sampler.left_out_before_known(&who) else { return };
            self.tell_left_out(left_out);
        }
        let is_good_read = self.exchange.method.is_safe() && !status.is_client_error() && !status.is_server_error();
        if self.audited == Audited::Polled && is_good_read && !auditor.is_new(&who, self.exchange.client, self.route) {
            return;
        }
        let row = self.row(Some(status), code.map(ProblemCode::as_str));
        if code == Some(ProblemCode::DatabaseUnavailable) {
            // The caller has waited long enough for PostgreSQL.
            auditor.log.note(row);
        } else {
            auditor.log.record(row).await;
        }
    }

    /// A stranger's call.
    fn sample(&self, status: Option<StatusCode>, code: Option<&str>) {
        let is_limited = status == Some(StatusCode::TOO_MANY_REQUESTS);
        let Some(left_out) = self.auditor.sampler.left_out_before_stranger(self.exchange.client, is_limited) else {
            return;
        };
        self.tell_left_out(left_out);
        self.auditor.log.note(self.row(status, code));
    }

    fn tell_left_out(&self, count: u64) {
        if count > 0 {
            self.notes.add("refused_and_left_out", count.into());
        }
    }

    fn row(&self, status: Option<StatusCode>, code: Option<&str>) -> AuditRow {
        let redactor = Redactor::new(self.auditor.keys.load_full());
        let detail = std::mem::take(&mut *self.notes.detail.lock().unwrap_or_else(PoisonError::into_inner));
        let (who, mut detail) = (self.notes.who.get(), redactor.detail(detail));
        // A name may have several keys one after the other; without a name, `who` says all of it.
        if let (Some(who), Some(fields)) = (who.filter(|who| who.name.is_some()), detail.as_object_mut()) {
            fields.insert(KEY_HASH.to_owned(), who.fingerprint.as_str().into());
            if who.by_session {
                fields.insert(BY_SESSION.to_owned(), true.into());
            }
        }
        AuditRow {
            call_id: Uuid::new_v4(),
            at: self.began,
            who: who.map_or_else(|| "nobody".to_owned(), Who::in_trail),
            address: Some(self.exchange.client.to_string()),
            action: self.action.to_owned(),
            method: Some(redactor.text(self.exchange.method.as_str())),
            path: Some(self.route.to_owned()),
            detail,
            result: status.map(|status| i32::from(status.as_u16())),
            code: code.map(str::to_owned),
            request_id: Some(redactor.text(self.exchange.id.as_str())),
        }
    }
}

impl Drop for AuditEntry {
    fn drop(&mut self) {
        if self.has_ended || !self.audited.wants(self.notes.who.get().copied()) {
            return;
        }
        let (status, code) = if std::thread::panicking() {
            (Some(StatusCode::INTERNAL_SERVER_ERROR), ProblemCode::Internal.as_str())
        } else {
            (None, "client_gone")
        };
        match self.notes.who.get() {
            Some(_) => self.auditor.log.note(self.row(status, Some(code))),
            None => self.sample(status, Some(code)),
        }
    }
}

/// The last word of the pattern: `/admin/phones/api/numbers/{phone_number}/adopt` is `adopt`.
fn last_word(route: &'static str) -> &'static str {
    route.rsplit('/').find(|segment| !segment.is_empty() && !segment.starts_with('{')).unwrap_or(route)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_action_is_the_last_word_of_the_route() {
        assert_eq!(last_word("/admin/phones/api/purchase"), "purchase");
        assert_eq!(last_word("/admin/phones/api/purchases/{id}"), "purchases");
        assert_eq!(last_word("/admin/phones/api/numbers/{phone_number}/release-to-twilio"), "release-to-twilio");
    }
}
