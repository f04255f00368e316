//! "What needs you", on top of the dashboard: the API's list, as people see it.
//!
//! How to get it wrong: another judgement here, or in the script, which draws the same items as they come over the wire.

use super::text::When;
use crate::api::attention::{Attention, AttentionItem};
use crate::attention::{Kind, Severity};
use crate::domain::PoolName;

/// One thing that needs a person.
pub(crate) struct Need {
    /// The element's id.
    pub(crate) id: String,
    pub(crate) tone: &'static str,
    pub(crate) summary: String,
    pub(crate) detail: String,
    pub(crate) todo: String,
    pub(crate) since: Option<When>,
    pub(crate) next: Option<(String, When)>,
    pub(crate) link: Option<Where>,
    pub(crate) url: Option<String>,
}

/// Where something is done about it.
pub(crate) struct Where {
    pub(crate) path: String,
    pub(crate) text: String,
    /// An act asks first.
    pub(crate) is_act: bool,
    /// Whoever only looks is not offered it.
    pub(crate) acts: bool,
}

/// The list.
pub(super) fn needs(attention: Attention) -> Vec<Need> {
    attention.items.into_iter().map(Need::from).collect()
}

impl From<AttentionItem> for Need {
    fn from(item: AttentionItem) -> Self {
        let link = item.link.zip(item.link_text).map(|(path, text)| {
            let is_act = path.contains("/acts/");
            let acts = is_act || path.ends_with("#h-buy");
            Where { path, text, is_act, acts }
        });
        Self {
            id: id(item.kind, item.pool.as_ref()),
            tone: tone(item.severity),
            summary: item.summary,
            detail: item.detail,
            todo: item.todo,
            since: item.since.map(When),
            next: item.next.zip(item.next_at.map(When)),
            link,
            url: item.url,
        }
    }
}

impl Need {
    /// The element's id of one of this kind and pool.
    pub(super) fn id_of(kind: Kind, pool: Option<&PoolName>) -> String {
        id(kind, pool)
    }
}

/// Its kind, and its pool unless that is `default`: there is one of a kind for each pool. The script calls it the same.
fn id(kind: Kind, pool: Option<&PoolName>) -> String {
    let kind = if kind == Kind::DatabaseAway {
        "away"
    } else if kind == Kind::SignupsWaiting {
        "waiting"
    } else {
        kind.as_str()
    };
    pool.filter(|pool| !pool.is_default()).map_or_else(|| kind.to_owned(), |pool| format!("{kind}-{pool}"))
}

fn tone(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "bad",
        Severity::Warning => "warn",
        Severity::Notice => "calm",
    }
}
