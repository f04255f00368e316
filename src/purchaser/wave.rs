//! Keeps creates in flight until an order has what it asked for, or cannot have it.
//!
//! Three things go on at once, one of each at most but for the creates: intents are written (a wave in one transaction),
//! creates are on the wire, a search fetches more candidates. Invariants: never more creates than `concurrency`; never
//! more items than the order has places; an unknown item keeps its place; when this returns, nothing is in flight.
//! How to get it wrong: leaving early, with a create on the wire and nobody to settle it.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use uuid::Uuid;

use super::candidates::Candidates;
use super::emergency::line_lacks;
use super::run::Run;
use super::traffic::Kind;
use super::wire::{Item, Outcome, send};
use super::{Buyer, Shortfall};
use crate::db::DbError;
use crate::db::purchase_items::{Attempt, Intent, RunOf, items_attempt, items_intend, items_withdraw};
use crate::db::purchases::purchases_others_wait;
use crate::domain::{PhoneNumber, Why};
use crate::twilio::Failure;

/// Candidates in an order that may turn out not to be had, beyond the order's own size.
const MISSES_SPARE: u32 = 30;
/// Different numbers that were refused with the same code, without a purchase between.
const REFUSED_ALIKE_MAX: u32 = 4;
/// Twilio's "not available".
const TAKEN: i32 = 21422;
/// So many odd answers in a row halt all buying.
const ODD_MAX: u32 = 2;
/// After so many intents an order looks whether somebody else should have the lock.
pub(super) const SLICE_ITEMS: u32 = 10;

/// What a wave is for.
pub(super) struct Goal {
    pub(super) run: RunOf,
    /// Places of the order that are still free.
    pub(super) places: u32,
    /// How many of them the plan under the lock allowed; the last check before buying should agree.
    pub(super) planned: u32,
    /// `purchase.concurrency`, or that of an emergency.
    pub(super) concurrency: usize,
    /// Whether signups wait for it.
    pub(super) hurried: bool,
    /// Whether to look for others after every [`SLICE_ITEMS`].
    pub(super) gives_way: bool,
}

/// What a wave did.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) bought: u32,
    pub(super) unknown: u32,
    pub(super) shortfall: Option<Shortfall>,
    /// Somebody else should have the lock first; the order is not finished.
    pub(super) gave_way: bool,
}

type Running<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Written = Result<Vec<(PhoneNumber, Uuid, Intent, Option<Attempt>)>, Shortfall>;

/// Buys until the places are used, a shortfall ends it, or it gives way. `held` is the proof that the run may buy.
pub(super) async fn buy(buyer: &Buyer, held: &Run, goal: Goal, candidates: &mut Candidates) -> Progress {
    let mut progress = Progress::default();
    let mut wires: FuturesUnordered<Running<Outcome>> = FuturesUnordered::new();
    let mut writing: Option<Running<Written>> = None;
    let mut search: Option<Running<Result<Vec<PhoneNumber>, Shortfall>>> = None;
    let mut writing_count = 0usize;
    let mut left = goal.places;
    let mut misses_left = goal.places + MISSES_SPARE;
    let mut since_look = 0u32;
    // Intents that hold a place, now and when the wave that is being written began.
    let (mut granted, mut granted_before) = (0u32, 0u32);
    let mut last_miss: Option<Failure> = None;
    let mut refused: BTreeMap<String, u32> = BTreeMap::new();
    loop {
        if buyer.is_stopping() && left > 0 {
            progress.shortfall.get_or_insert(Shortfall::Stopping);
        }
        let open = progress.shortfall.is_none() && !progress.gave_way && left > 0;
        let room = room(held, &goal, wires.len(), writing_count);
        if open && writing.is_none() && room > 0 && candidates.len() > 0 {
            if goal.gives_way && since_look >= SLICE_ITEMS {
                since_look = 0;
                if somebody_else_first(buyer, goal.run.order_id).await {
                    progress.gave_way = true;
                    continue;
                }
            }
            let until_look = if goal.gives_way { (SLICE_ITEMS - since_look) as usize } else { usize::MAX };
            let wanted = candidates.take(room.min(left as usize).min(until_look));
            writing_count = wanted.len();
            granted_before = granted;
            let count = u32::try_from(wanted.len()).unwrap_or(u32::MAX);
            left -= count;
            since_look += count;
            writing = Some(Box::pin(write(buyer.clone(), goal.run, wanted)));
        }
        if open && search.is_none() && candidates.len() < left as usize {
            let wanted = buyer.config.load().pool.capabilities.clone();
            if let Some(next) = candidates.next_search(&wanted) {
                let (buyer, order_id) = (buyer.clone(), goal.run.order_id);
                let call = held.traffic.call(Kind::Search);
                search = Some(Box::pin(async move {
                    let found = next.run(&buyer, Some(order_id)).await;
                    drop(call);
                    found
                }));
            }
        }
        if wires.is_empty() && writing.is_none() {
            if !open {
                return finish(progress, left);
            }
            if search.is_none() {
                if candidates.are_exhausted() {
                    progress.shortfall = Some(Shortfall::NoStock);
                } else {
                    candidates.moved();
                }
                continue;
            }
        }
        tokio::select! {
            Some(outcome) = wires.next(), if !wires.is_empty() => {
                candidates.moved();
                match outcome {
                    Outcome::Bought => {
                        refused.clear();
                        progress.bought += 1;
                        buyer.odd.store(0, Ordering::Relaxed);
                    }
                    Outcome::Unknown => {
                        progress.unknown += 1;
                        buyer.telemetry.item("unknown");
                    }
                    Outcome::Unfit => {
                        progress.bought += 1;
                        odd_one(buyer, &mut progress).await;
                    }
                    Outcome::NotOurs => {
                        left += 1;
                        granted = granted.saturating_sub(1);
                        odd_one(buyer, &mut progress).await;
                    }
                    Outcome::NotThisOne(failure) => {
                        left += 1;
                        granted = granted.saturating_sub(1);
                        misses_of_code(&mut refused, failure.as_ref(), &mut progress);
                        last_miss = failure.or(last_miss);
                        miss(&mut misses_left, &last_miss, &mut progress);
                    }
                    Outcome::End(shortfall) => {
                        left += 1;
                        progress.shortfall.get_or_insert(shortfall);
                    }
                }
            }
            written = poll(&mut writing), if writing.is_some() => {
                let count = u32::try_from(std::mem::take(&mut writing_count)).unwrap_or(u32::MAX);
                writing = None;
                match written {
                    Err(shortfall) => {
                        left += count;
                        progress.shortfall.get_or_insert(shortfall);
                    }
                    // Committed, but not on the wire yet: a daemon that stops puts nothing there any more, and nor does one
                    // that could not write down what it bought a moment ago.
                    Ok(written) if buyer.is_stopping() || buyer.db.is_full() => {
                        if !buyer.is_stopping() {
                            progress.shortfall.get_or_insert(no_room());
                        }
                        left += count;
                        withdraw(buyer, written.iter().map(|(_, id, _, _)| *id).collect()).await;
                    }
                    Ok(written) => for (number, id, intent, attempt) in written {
                        match (intent, attempt) {
                            (Intent::Written, Some(attempt)) => {
                                granted += 1;
                                granted_before += 1;
                                let item = Item {
                                    run: goal.run,
                                    id,
                                    number,
                                    country: candidates.country,
                                    webhooks: Arc::clone(&held.webhooks),
                                    hurried: goal.hurried,
                                    attempt: attempt.number,
                                    first_sent: Instant::now(),
                                };
                                let (buyer, call) = (buyer.clone(), held.traffic.call(Kind::Create));
                                wires.push(Box::pin(async move {
                                    let outcome = send(&buyer, item).await;
                                    drop(call);
                                    outcome
                                }));
                            }
                            (Intent::NumberIsKnown, _) => { left += 1; miss(&mut misses_left, &last_miss, &mut progress); }
                            (Intent::OrderIsFull, _) => left = 0,
                            (Intent::Paced, _) => {
                                left += 1;
                                progress.shortfall.get_or_insert(Shortfall::Paced);
                            }
                            (Intent::Refused(why), _) => {
                                left += 1;
                                // What was bought beside it for those who wait used up what its plan had seen.
                                let alone = held.traffic.creates(held.hangs_after) <= wires.len();
                                if alone && progress.shortfall.is_none() && granted_before < goal.planned {
                                    held_back(buyer, &goal, why);
                                }
                                progress.shortfall.get_or_insert(Shortfall::Refused(why));
                            }
                            (Intent::RunIsOver | Intent::Written, _) => { progress.shortfall.get_or_insert(Shortfall::RunIsOver); }
                        }
                    }
                }
            }
            found = poll(&mut search), if search.is_some() => {
                search = None;
                match found {
                    Ok(found) => candidates.add(found, !wires.is_empty() || writing.is_some()),
                    Err(shortfall) => { progress.shortfall.get_or_insert(shortfall); }
                }
            }
        }
    }
}

/// How many creates more may go out: within the order's own concurrency, and within what the whole run may have on the wire,
/// of which every order has one at least. What hangs beyond its time takes no slot from others.
fn room(held: &Run, goal: &Goal, wires: usize, writing: usize) -> usize {
    let own = goal.concurrency.saturating_sub(wires + writing);
    let all = held.slots.saturating_sub(held.traffic.creates(held.hangs_after) + writing);
    own.min(all.max(usize::from(wires + writing == 0)))
}

/// Nobody waits for a candidate that never comes: a shortfall of misses tells Twilio's last word.
fn miss(misses_left: &mut u32, last: &Option<Failure>, progress: &mut Progress) {
    *misses_left = misses_left.saturating_sub(1);
    if *misses_left == 0 {
        let shortfall = last.clone().map_or(Shortfall::NoStock, Shortfall::Twilio);
        progress.shortfall.get_or_insert(shortfall);
    }
}

/// One code about several numbers in a row concerns no number: the order ends with Twilio's word. That a number was taken
/// meanwhile is Twilio's everyday answer.
fn misses_of_code(refused: &mut BTreeMap<String, u32>, failure: Option<&Failure>, progress: &mut Progress) {
    let Some(failure) = failure.filter(|failure| failure.twilio_code() != Some(TAKEN)) else { return };
    let count = refused.entry(failure.error_code()).or_default();
    *count += 1;
    if *count >= REFUSED_ALIKE_MAX {
        progress.shortfall.get_or_insert(Shortfall::Twilio(failure.clone()));
    }
}

/// The intent's own check found a cap used up that the plan under the same lock had room under. Nothing was bought beyond
/// it; but somebody changed the caps meanwhile, or plan and ledger count differently.
fn held_back(buyer: &Buyer, goal: &Goal, why: Why) {
    if !matches!(why, Why::SpendCap | Why::OwnedMax | Why::AvailableMax) {
        return;
    }
    slog::crit!(buyer.log, "the last check before buying held back an order that its plan had allowed: compare the caps with \
                            what the ledger counts, and look for a configuration that was changed just now";
        "order" => goal.run.order_id.to_string(), "cap" => why.as_str(), "planned" => goal.planned);
}

fn finish(mut progress: Progress, left: u32) -> Progress {
    let is_grave =
        matches!(progress.shortfall, Some(Shortfall::Halted(_) | Shortfall::Database(_) | Shortfall::RunIsOver));
    if left == 0 && !is_grave {
        // Every place is used: nothing fell short.
        progress.shortfall = None;
    }
    progress
}

async fn poll<T>(running: &mut Option<Running<T>>) -> T {
    match running {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

/// Commits the intents of a wave, then its attempts. Only what comes back with an attempt may be sent.
async fn write(buyer: Buyer, run: RunOf, wanted: Vec<PhoneNumber>) -> Written {
    if buyer.db.lacks_room().await {
        return Err(no_room());
    }
    let limits = buyer.limits();
    let wanted: Vec<(Uuid, PhoneNumber)> = wanted.into_iter().map(|number| (Uuid::now_v7(), number)).collect();
    let items = wanted.clone();
    let intents = buyer.db.run_patiently("items_intend", move |conn| items_intend(conn, run, &items, &limits)).await?;
    fail::fail_point!("intent_written");
    let written: Vec<Uuid> =
        wanted.iter().zip(&intents).filter(|(_, intent)| **intent == Intent::Written).map(|((id, _), _)| *id).collect();
    let attempts = if written.is_empty() {
        Vec::new()
    } else {
        let ids = written.clone();
        let refused = match buyer.db.run_patiently("items_attempt", move |conn| items_attempt(conn, run, &ids)).await {
            Ok(Ok(attempts)) => Ok(attempts),
            Ok(Err(Intent::Refused(why))) => Err(Shortfall::Refused(why)),
            Ok(Err(_)) => Err(Shortfall::RunIsOver),
            Err(error) => Err(error.into()),
        };
        match refused {
            Ok(attempts) => attempts,
            Err(shortfall) => {
                withdraw(&buyer, written).await;
                return Err(shortfall);
            }
        }
    };
    fail::fail_point!("attempt_written");
    Ok(wanted
        .into_iter()
        .zip(intents)
        .map(|((id, number), intent)| {
            let attempt = attempts.iter().find(|attempt| attempt.item_id == id).copied();
            (number, id, intent, attempt)
        })
        .collect())
}

fn no_room() -> Shortfall {
    DbError::NoRoom("what was bought last could not be written down".to_owned()).into()
}

/// Takes items back that will not be sent. What cannot be written now, recovery reads off their attempts.
async fn withdraw(buyer: &Buyer, items: Vec<Uuid>) {
    let withdrawn = buyer.db.run_patiently("items_withdraw", move |conn| items_withdraw(conn, &items)).await;
    fail::fail_point!("items_withdrawn");
    if let Err(error) = withdrawn {
        slog::warn!(buyer.log, "intents could not be taken back; recovery will"; "error" => error.in_full());
    }
}

/// A purchase that Twilio answered with a number that is not ours, or is good for nothing. Once may be another
/// environment's doing; twice in a row, in whatever orders, means that every further purchase may be money lost.
async fn odd_one(buyer: &Buyer, progress: &mut Progress) {
    if buyer.odd.fetch_add(1, Ordering::Relaxed) + 1 < ODD_MAX {
        return;
    }
    // A resume begins anew.
    buyer.odd.store(0, Ordering::Relaxed);
    let message = "purchases are answered with numbers that are not ours or lack a capability: another environment uses this \
                   account, or Twilio changed; compare the last order's numbers with Twilio's console, then resume";
    buyer.halt(message.to_owned()).await;
    let failure = Failure::Unknown { message: message.to_owned(), status: None, request_id: None };
    progress.shortfall.get_or_insert(Shortfall::Halted(failure));
}

/// Whether signups wait for whom something may be bought now, or another order waits for the lock.
async fn somebody_else_first(buyer: &Buyer, order_id: Uuid) -> bool {
    if line_lacks(buyer).await.unwrap_or(false) {
        return true;
    }
    let waits = move |conn: &mut crate::db::Connection| purchases_others_wait(conn, order_id);
    buyer.db.run_patiently("purchases_others_wait", waits).await.unwrap_or(false)
}
