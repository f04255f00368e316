//! Who asks for an act: what whoever carries it out must know of them, whichever way they came.
//!
//! How to get it wrong: keeping or showing a text that somebody typed without [`Caller::without_keys`].

use std::sync::Arc;

use serde_json::Value;

use crate::access::{Keys, Notes, Redactor, Who};

/// Somebody whom the guard let pass.
pub struct Caller {
    who: Option<Who>,
    keys: Arc<Keys>,
    notes: Option<Arc<Notes>>,
}

impl Caller {
    pub(super) fn new(who: Option<Who>, keys: Arc<Keys>, notes: Option<Arc<Notes>>) -> Self {
        Self { who, keys, notes }
    }

    /// How the database and the log name them: their name, or the fingerprint of a key without one; empty on public routes.
    #[must_use]
    pub fn name(&self) -> String {
        self.who.map(|who| who.name()).unwrap_or_default()
    }

    /// Free text that they typed, with every key that is in force taken out.
    #[must_use]
    pub fn without_keys(&self, text: &str) -> String {
        Redactor::new(Arc::clone(&self.keys)).without_keys(text)
    }

    /// Adds to what the audit trail says of their call. Never a secret.
    pub fn note(&self, name: &str, value: impl Into<Value>) {
        if let Some(notes) = &self.notes {
            notes.add(name, value.into());
        }
    }
}
