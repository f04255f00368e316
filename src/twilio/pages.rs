//! Turning the pages of Twilio's list of numbers.
//!
//! Invariant: a list that leads back to a page that was read before ends the walk as failed, never as complete.
//! How to get it wrong: taking such a list for one that came to its end. What it did not show would seem gone.

use std::collections::HashSet;

use super::error::Failure;

/// How far a walk over the list has come. Begins at the first page.
#[derive(Debug, Default)]
pub struct Pages {
    next: Option<String>,
    read: HashSet<String>,
}

impl Pages {
    /// The page to read; `None` = the first.
    #[must_use]
    pub fn next(&self) -> Option<&str> {
        self.next.as_deref()
    }

    /// Turns to the page that the one just read named; `false` = that was the last.
    ///
    /// # Errors
    /// When it leads back.
    pub fn turn(&mut self, following: Option<String>) -> Result<bool, Failure> {
        let Some(uri) = following else { return Ok(false) };
        if !self.read.insert(uri.clone()) {
            return Err(Failure::Unknown {
                message: "Twilio's list leads back to a page that was read before".to_owned(),
                status: Some(200),
                request_id: None,
            });
        }
        self.next = Some(uri);
        Ok(true)
    }
}
