//! The clerk: takes whoever stands at the counter, serves them in one statement, answers, and looks up again.
//!
//! Invariants: a statement that fails for want of a database fails everybody behind it too, so nobody queues for a dead
//! database; every request is answered, handed to the desk's waitlist, or dropped with the desk.
//! How to get it wrong: waiting for anything but the database here. All signups of this instance wait behind it.

use std::collections::HashMap;
use std::sync::Arc;

use actix::prelude::*;
use tokio::sync::Notify;

use super::ask::{Ask, NoNumber};
use super::batch::serve;
use super::counter::Counter;
use super::found::Found;
use super::reply::Reply;
use super::served::{Replies, answer_served, refuse};
use crate::db::assignments::CLAIM_MAX;
use crate::db::{Clerk, DbError};
use crate::domain::Away;

/// Requests in one statement.
const BATCH_MAX: usize = CLAIM_MAX;

/// Signups that found no stock.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct FoundNothing(pub(super) Vec<(Ask, Vec<Reply>)>);

/// Where a clerk serves, and who hears of it.
pub(super) struct Post {
    pub(super) counter: Arc<Counter>,
    /// The desk, which keeps the waitlist.
    pub(super) nothing: Recipient<FoundNothing>,
    /// Rung when some were given away.
    pub(super) taken: Arc<Notify>,
    pub(super) log: slog::Logger,
}

/// Serves until the counter closes.
pub(super) fn serve_line(clerk: &Clerk, post: &Post) {
    while let Some(batch) = post.counter.next(BATCH_MAX) {
        fail::fail_point!("desk");
        serve_batch(clerk, post, batch);
    }
}

fn serve_batch(clerk: &Clerk, post: &Post, batch: Vec<(Ask, Reply)>) {
    let (asks, mut replies) = by_user(batch);
    let outcome = clerk.run("assignments_serve", |conn| {
        let found = serve(conn, &asks)?;
        if found.values().any(|found| matches!(found, Found::Given(_))) {
            fail::fail_point!("assign_claimed");
        }
        Ok(found)
    });
    match outcome {
        Ok(found) => {
            let served = answer_served(&post.log, found, asks, &mut replies);
            if served.took {
                post.taken.notify_one();
            }
            if !served.empty.is_empty() {
                // Full: nobody hears anything from there any more, and whoever asked hears that the desk is busy.
                drop(post.nothing.try_send(FoundNothing(served.empty)));
            }
        }
        Err(error) => fail(&error, clerk.why_away(&error), replies.into_values().flatten(), post),
    }
}

/// Whoever asks twice stands in the statement once.
fn by_user(batch: Vec<(Ask, Reply)>) -> (Vec<Ask>, Replies) {
    let mut asks: Vec<Ask> = Vec::with_capacity(batch.len());
    let mut replies: Replies = HashMap::with_capacity(batch.len());
    for (ask, reply) in batch {
        let same_user = replies.entry(ask.user_id.clone()).or_insert_with(|| {
            asks.push(ask);
            Vec::new()
        });
        same_user.push(reply);
    }
    (asks, replies)
}

/// Fails a batch; for want of a database, everybody who stands behind it as well.
fn fail(error: &DbError, away: Away, batch: impl Iterator<Item = Reply>, post: &Post) {
    let Post { counter, log, .. } = post;
    if error.is_unavailable() {
        slog::warn!(log, "signups fail: the database is unavailable"; "error" => error.in_full());
        let behind = counter.clear();
        refuse(batch.chain(behind.into_iter().map(|(_, reply)| reply)), &NoNumber::DatabaseUnavailable(away));
    } else {
        slog::error!(log, "signups fail"; "error" => error.in_full());
        refuse(batch, &NoNumber::Internal);
    }
}
