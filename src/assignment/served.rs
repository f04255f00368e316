//! Who asked for which user, and what each is answered when a statement has served whom it could.
//!
//! Invariant: whoever is not served here is answered by the desk, or by the drop of their reply when it dies.
//! How to get it wrong: answering on another thread. It would have to be woken, and those who wait for it, too.

use std::collections::HashMap;

use super::ask::{Ask, NoNumber};
use super::found::Found;
use super::reply::Reply;
use super::waitlist::give;
use crate::domain::UserId;

/// Who asked for which user, until they are answered.
pub(super) type Replies = HashMap<UserId, Vec<Reply>>;

/// What is left to do when a statement has served whom it could.
pub(super) struct Served {
    /// Stock was taken.
    pub(super) took: bool,
    /// Whoever found none joins the waitlist.
    pub(super) empty: Vec<(Ask, Vec<Reply>)>,
}

/// Answers everybody whom the statement decided about; on the clerk's thread.
pub(super) fn answer_served(
    log: &slog::Logger,
    mut found: HashMap<UserId, Found>,
    asks: Vec<Ask>,
    replies: &mut Replies,
) -> Served {
    let mut served = Served { took: false, empty: Vec::new() };
    for ask in asks {
        let waiting = replies.remove(&ask.user_id).unwrap_or_default();
        match found.remove(&ask.user_id) {
            Some(Found::Given(assignment)) => {
                served.took = true;
                give(waiting, &assignment, false);
            }
            Some(Found::Held(assignment)) => give(waiting, &assignment, true),
            Some(Found::NotThere) => refuse(waiting, &NoNumber::AreaCodeUnavailable),
            Some(Found::NoSuchCountry(country)) => refuse(waiting, &NoNumber::CountryUnavailable(country)),
            Some(Found::Failed(error)) => {
                slog::error!(log, "a signup fails whatever stock there is"; "error" => error);
                refuse(waiting, &NoNumber::Internal);
            }
            Some(Found::Empty) => served.empty.push((ask, waiting)),
            None => refuse(waiting, &NoNumber::Internal),
        }
    }
    served
}

/// Answers everybody with `why`.
pub(super) fn refuse(replies: impl IntoIterator<Item = Reply>, why: &NoNumber) {
    for reply in replies {
        reply.send(Err(why.clone()));
    }
}
