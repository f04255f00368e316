//! What is to be told on a channel: one or several things that became of alerts, or a test.
//!
//! How to get it wrong: words of the moment. The second try would say something else under the same id.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::alerts::words::{Lines, subject};
use crate::db::alerts::{ClaimedMessage, ClaimedNotification, Teller};
use crate::domain::alert::{Body, Told};

/// What is to be told.
#[derive(Debug, Clone)]
pub(in crate::alerts) struct Parcel {
    /// The same for every try.
    pub(super) id: Uuid,
    /// When it was written.
    pub(super) created_at: DateTime<Utc>,
    /// Whether somebody may have been sent it before.
    pub(super) is_repeated: bool,
    /// Addresses that need it no more.
    pub(super) taken_by: Vec<String>,
    pub(super) contents: Contents,
}

/// What is in it.
#[derive(Debug, Clone)]
pub(super) enum Contents {
    /// What became of alerts, in the order in which it happened.
    Alerts(Vec<ClaimedNotification>),
    /// Nothing but that the way is open.
    Test {
        /// `instance.name`
        instance: String,
        /// The dashboard's page of alerts, if it is known where browsers find it.
        dashboard: Option<String>,
    },
}

impl Parcel {
    /// A message that was claimed.
    pub(in crate::alerts) fn of(message: &ClaimedMessage) -> Self {
        Self {
            id: message.id,
            created_at: message.created_at,
            is_repeated: message.tries > 1,
            taken_by: message.taken_by.clone(),
            contents: Contents::Alerts(message.notifications.clone()),
        }
    }

    /// A test.
    pub(in crate::alerts) fn test(id: Uuid, created_at: DateTime<Utc>, teller: &Teller) -> Self {
        let contents = Contents::Test { instance: teller.instance.clone(), dashboard: teller.dashboard() };
        Self { id, created_at, is_repeated: false, taken_by: Vec::new(), contents }
    }

    /// The message that it is of; `None` = a test is of none.
    pub(in crate::alerts) fn message(&self) -> Option<Uuid> {
        match self.contents {
            Contents::Alerts(_) => Some(self.id),
            Contents::Test { .. } => None,
        }
    }

    pub(super) fn told(&self) -> Vec<Told> {
        match &self.contents {
            Contents::Alerts(all) => all.iter().map(|one| one.told.clone()).collect(),
            Contents::Test { .. } => Vec::new(),
        }
    }

    /// What became of alerts, each with its lines.
    pub(super) fn lined(&self) -> Vec<(Told, Lines)> {
        self.told().into_iter().zip(self.paragraphs()).collect()
    }

    /// One line, the instance first.
    pub(super) fn subject(&self) -> String {
        match &self.contents {
            Contents::Alerts(_) => subject(&self.told()),
            Contents::Test { instance, .. } => format!("[callbunker {instance}] TEST: this is no alert"),
        }
    }

    /// What is told, a paragraph each.
    pub(super) fn paragraphs(&self) -> Vec<Lines> {
        match &self.contents {
            Contents::Alerts(all) => all.iter().map(|one| Lines::of(&one.told, one.at)).collect(),
            Contents::Test { dashboard, .. } => vec![Lines {
                what: self.test_sentence(),
                since: String::new(),
                why: String::new(),
                todo: "There is nothing to do.".to_owned(),
                links: dashboard.iter().cloned().collect(),
            }],
        }
    }

    /// What a test says.
    pub(super) fn test_sentence(&self) -> String {
        let instance = match &self.contents {
            Contents::Test { instance, .. } => instance.as_str(),
            Contents::Alerts(_) => "",
        };
        format!("This is a test: whoever reads it will hear of the alerts of callbunker {instance}.")
    }

    /// Each document of a webhook, with the id that it goes by.
    pub(super) fn documents(&self) -> Vec<(Uuid, String)> {
        match &self.contents {
            Contents::Alerts(all) => all.iter().map(|one| (one.id, one.body.clone())).collect(),
            Contents::Test { dashboard, .. } => {
                let body = Body::test(self.id, self.test_sentence(), dashboard.clone(), self.created_at);
                vec![(self.id, body.text())]
            }
        }
    }
}
