//! Keeps creates in flight until an order has what it asked for, or cannot have it.
//!
//! Three things go on at once, one of each at most but for the creates: intents are written (a wave in one transaction),
//! creates are on the wire, a search fetches more candidates. Invariants: never more creates than `concurrency`; never
//! more items than the order has places; an unknown item keeps its place; when this returns, nothing is in flight.
//! How to get it wrong: leaving early, with a create on the wire and nobody to settle it.

mod events;
mod misses;
mod write;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use uuid::Uuid;

use self::misses::Misses;
use self::write::{Written, write};
use super::buyer::Buyer;
use super::candidates::Candidates;
use super::create::send;
use super::first_alone::{Alone, Room};
use super::item::Item;
use super::outcome::Outcome;
use super::run::Run;
use super::search::{Failed, Found};
use super::shortfall::Shortfall;
use super::traffic::{Kind, OpenOrder};
use super::waitlist::{others_wait, waitlist_lacks};
use crate::config::Config;
use crate::db::pool_halts::Keys;
use crate::db::purchases::items::{Attempt, RunOf};
use crate::domain::{Papers, PhoneNumber, PoolName, Webhooks};
use crate::twilio::Candidate;

/// After so many intents an order looks whether somebody else should have the lock,
const SLICE_ITEMS: u32 = 10;
/// and after so long, if it wrote one: whoever waits waits for calls in flight, not for a slice.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What a plan under the lock allowed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowed {
    /// So many.
    pub(super) count: u32,
    /// So many orders of the run had begun before it looked, and none bought; `None` = one did. What others buy meanwhile uses up
    /// what the plan had seen.
    pub(super) orders_before: Option<u64>,
}

/// What a wave is for.
pub(super) struct Goal {
    /// The configuration that it is made of.
    pub(super) config: Arc<Config>,
    pub(super) run: RunOf,
    /// What its numbers shall carry.
    pub(super) webhooks: Arc<Webhooks>,
    /// Places of the order that are still free.
    pub(super) remaining: u32,
    /// How many of them the plan under the lock allowed; the last check before buying should agree.
    pub(super) allowed: Allowed,
    /// `purchase.concurrency`, or that of an emergency.
    pub(super) concurrency: usize,
    /// Of which pool, under which keys.
    pub(super) keys: Keys,
    /// Whether it is for what the pool holds.
    pub(super) is_of_the_pool: bool,
    /// What is shown with each create.
    pub(super) papers: Arc<Papers>,
    /// Whether signups wait for it.
    pub(super) hurried: bool,
    /// Whether an operator wrote it: then a batch of this instance is somebody else, too.
    pub(super) by_hand: bool,
    /// Whether to look for others after every [`SLICE_ITEMS`], and every [`LOOK_EVERY`].
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
    /// It fell short because a search failed: others, who look elsewhere, may be served.
    pub(super) search_failed: bool,
}

impl Progress {
    /// The first thing that stops an order is told.
    fn falls_short(&mut self, shortfall: Shortfall) {
        self.shortfall.get_or_insert(shortfall);
    }
}

type Running<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Searched = Result<Found, Failed>;

/// While another order's create goes alone, it is looked this often whether it was answered.
const ALONE_LOOKED_AT_EVERY: Duration = Duration::from_millis(50);

/// Buys until the places are used, a shortfall ends it, or it gives way. `held` is the proof that the run may buy.
pub(super) async fn buy(buyer: &Buyer, held: &Run, goal: Goal, candidates: &mut Candidates) -> Progress {
    let mut wave = Wave::new(buyer, held, goal, candidates);
    loop {
        match wave.begin().await {
            Next::Over => return wave.finish(),
            Next::Again => {}
            Next::Wait => match wave.event().await {
                Event::Created(sent, outcome) => wave.on_created(&sent, outcome).await,
                Event::Written(written) => wave.on_written(written).await,
                Event::Found(found) => wave.on_found(found),
                Event::Looked => {}
            },
        }
    }
}

/// An order on its way through one call of [`buy`].
struct Wave<'a> {
    buyer: &'a Buyer,
    held: &'a Run,
    goal: Goal,
    candidates: &'a mut Candidates,
    progress: Progress,
    /// Creates on the wire.
    wires: FuturesUnordered<Running<(Sent, Outcome)>>,
    /// Intents that are being written.
    writing: Option<Running<Written>>,
    writing_count: u32,
    /// How often what the pool wants had changed when they were taken.
    writing_changes: u32,
    search: Option<Running<Searched>>,
    /// Places of the order that nothing holds.
    left: u32,
    misses: Misses,
    /// Intents since the last look for others.
    since_look: u32,
    /// When that was.
    looked_at: Instant,
    /// Its next create waits for one that goes alone.
    held_back: bool,
    /// Its create goes alone,
    alone: Option<Alone>,
    /// and has begun to.
    alone_is_sent: bool,
    /// Intents that hold a place.
    granted: u32,
    _open: OpenOrder,
    /// The same when the wave that is being written began.
    granted_before: u32,
}

/// What to do after what could be begun was begun.
enum Next {
    /// Nothing is in flight, and nothing more shall be.
    Over,
    /// Look once more what can be begun.
    Again,
    /// Something is under way.
    Wait,
}

/// A create: of which number, under which keys, and since when alone.
struct Sent {
    number: PhoneNumber,
    keys: Keys,
    alone_since: Option<Instant>,
}

/// Something that was under way ended.
enum Event {
    /// A create was answered, or given up.
    Created(Sent, Outcome),
    Written(Written),
    Found(Searched),
    /// It may be time for what was held back.
    Looked,
}

impl<'a> Wave<'a> {
    fn new(buyer: &'a Buyer, held: &'a Run, goal: Goal, candidates: &'a mut Candidates) -> Self {
        candidates.begin_anew();
        Self {
            buyer,
            held,
            candidates,
            progress: Progress::default(),
            wires: FuturesUnordered::new(),
            writing: None,
            writing_count: 0,
            writing_changes: 0,
            search: None,
            left: goal.remaining,
            misses: Misses::new(goal.remaining),
            since_look: 0,
            looked_at: Instant::now(),
            held_back: false,
            alone: None,
            alone_is_sent: false,
            granted: 0,
            _open: held.traffic.order(),
            granted_before: 0,
            goal,
        }
    }

    /// Takes over what a reload changed: what is looked for, what is shown, and under which keys. Without its pool the order ends.
    fn heed_reload(&mut self) {
        let config = self.buyer.config.load_full();
        if Arc::ptr_eq(&config, &self.goal.config) {
            return;
        }
        self.goal.config = config;
        let Some(pool) = self.buyer.pool(&self.goal.keys.pool) else {
            return self.progress.falls_short(Shortfall::Unconfigured);
        };
        self.goal.papers = Arc::new(pool.papers_for(self.candidates.kind));
        self.goal.is_of_the_pool = self.candidates.kind == pool.kind;
        if !self.goal.is_of_the_pool && !self.goal.by_hand {
            // The pool, and those who wait at it, want something else by now.
            self.progress.falls_short(Shortfall::Unconfigured);
        }
        self.candidates.heed(&pool);
        if self.goal.keys != pool.keys {
            (self.goal.keys, self.alone) = (pool.keys, None);
        }
    }

    /// Begins what can be begun now.
    async fn begin(&mut self) -> Next {
        self.heed_reload();
        if self.buyer.is_stopping() && self.left > 0 {
            self.progress.falls_short(Shortfall::Stopping);
        }
        let open = self.progress.shortfall.is_none() && !self.progress.gave_way && self.left > 0;
        let together = self.together();
        let room = self.room().min(match together {
            Room::All => usize::MAX,
            Room::One => 1,
            Room::None => 0,
        });
        self.held_back = open && together == Room::None && self.candidates.len() > 0;
        let could_write = open && self.writing.is_none() && self.candidates.len() > 0;
        // Whoever is held back by a create that goes alone lets others go first, too.
        if could_write && (room > 0 || self.held_back) && self.is_time_to_look() {
            self.since_look = if room > 0 { 0 } else { self.since_look };
            self.looked_at = Instant::now();
            if self.somebody_else_first().await {
                self.progress.gave_way = true;
                return Next::Again;
            }
        }
        if could_write && room > 0 {
            // Another wave of the pool may have begun meanwhile.
            let first = &self.buyer.first_alone;
            let alone = if together == Room::One { first.begins(&self.goal.keys, Instant::now()) } else { None };
            if together == Room::All || alone.is_some() {
                if alone.is_some() {
                    (self.alone, self.alone_is_sent) = (alone, false);
                }
                self.begin_writing(room);
            } else {
                self.held_back = true;
            }
        }
        if open && self.search.is_none() && self.candidates.len() < self.left as usize {
            self.begin_search();
        }
        if !self.wires.is_empty() || self.writing.is_some() || self.held_back {
            return Next::Wait;
        }
        if !open {
            return Next::Over;
        }
        if self.search.is_some() {
            return Next::Wait;
        }
        if self.candidates.are_exhausted() {
            let failure = self.candidates.failure();
            self.progress.search_failed = failure.is_some();
            self.progress.shortfall = Some(failure.unwrap_or(Shortfall::NoStock));
        } else {
            self.candidates.moved();
        }
        Next::Again
    }

    /// How many creates more may go out: within the order's own concurrency, and within what the whole run may have on the
    /// wire, of which every order has one at least. What hangs beyond its time takes no slot from others.
    fn room(&self) -> usize {
        let (wires, writing) = (self.wires.len(), self.writing_count as usize);
        let own = self.goal.concurrency.saturating_sub(wires + writing);
        let (traffic, hangs_after, slots) = (&self.held.traffic, self.held.hangs_after, self.held.slots);
        let mut all = slots.saturating_sub(traffic.creates(hangs_after) + writing);
        let pool = &self.goal.keys.pool;
        if self.held.serving.is_elsewhere_than(pool) {
            // Those who wait at another pool find a slot, should all of this one hang.
            all = all.min(slots.saturating_sub(1 + traffic.creates_of(pool, hangs_after) + writing));
        }
        own.min(all.max(usize::from(wires + writing == 0)))
    }

    /// Whether others may go first now. A turn writes one wave at least, else orders that search for long would let each
    /// other go first for ever.
    fn is_time_to_look(&self) -> bool {
        let is_due = self.since_look >= SLICE_ITEMS || self.looked_at.elapsed() >= LOOK_EVERY;
        self.goal.gives_way && self.since_look > 0 && is_due
    }

    /// Whether signups wait for whom something may be bought now, another order waits for the lock, or a batch for an order
    /// by hand.
    async fn somebody_else_first(&self) -> bool {
        (self.goal.by_hand && self.buyer.batches_waiting.load(Ordering::Relaxed) > 0)
            || waitlist_lacks(self.buyer, |pool| self.is_served_beside(pool)).await.unwrap_or(false)
            || others_wait(&self.buyer.db, Some(self.goal.run.order_id)).await
    }

    /// Whether those who wait at this pool, which is another one, are being served already.
    fn is_served_beside(&self, pool: &PoolName) -> bool {
        *pool != self.goal.keys.pool && self.held.serving.is_at(pool)
    }

    /// How many creates may be on the wire together, for what the pool's keys are known to do.
    fn together(&self) -> Room {
        if !self.goal.is_of_the_pool {
            return Room::All;
        }
        // Whoever waits must have the time left to be served by another create than one that hangs.
        let half_the_wait = self.goal.config.purchase.emergency_wait() / 2;
        let patience = if self.goal.hurried { self.held.hangs_after.min(half_the_wait) } else { self.held.hangs_after };
        self.buyer.first_alone.room(&self.goal.keys, Instant::now(), patience)
    }

    fn begin_writing(&mut self, room: usize) {
        let until_look = if self.goal.gives_way { (SLICE_ITEMS - self.since_look) as usize } else { usize::MAX };
        let wanted = self.candidates.take(room.min(self.left as usize).min(until_look));
        self.writing_count = u32::try_from(wanted.len()).unwrap_or(u32::MAX);
        self.writing_changes = self.candidates.changes();
        self.granted_before = self.granted;
        self.left -= self.writing_count;
        self.since_look += self.writing_count;
        let pool = self.goal.keys.pool.clone();
        self.writing = Some(Box::pin(write(self.buyer.clone(), pool, self.goal.run, wanted)));
    }

    fn begin_search(&mut self) {
        let Some(pool) = self.buyer.pool(&self.goal.keys.pool) else {
            return self.progress.falls_short(Shortfall::Unconfigured);
        };
        let Some(next) = self.candidates.next_search(&pool) else { return };
        let (buyer, order_id) = (self.buyer.clone(), self.goal.run.order_id);
        let call = self.held.traffic.call(Kind::Search, &self.goal.keys.pool);
        self.search = Some(Box::pin(async move { next.run(&buyer, Some(order_id), call).await }));
    }

    fn begin_create(&mut self, candidate: Candidate, id: Uuid, attempt: Attempt) {
        self.granted += 1;
        self.granted_before += 1;
        let item = Item {
            run: self.goal.run,
            id,
            number: candidate.phone_number,
            says_none: candidate.says_none,
            searched: self.candidates.capabilities().into(),
            keys: self.goal.keys.clone(),
            is_of_the_pool: self.goal.is_of_the_pool,
            country: self.candidates.kind.country,
            webhooks: Arc::clone(&self.goal.webhooks),
            papers: Arc::clone(&self.goal.papers),
            hurried: self.goal.hurried,
            attempt: attempt.number,
            first_sent: Instant::now(),
        };
        let (buyer, call) = (self.buyer.clone(), self.held.traffic.call(Kind::Create, &item.keys.pool));
        // Whoever has the right to be the first uses it for one.
        let alone_since = self.alone.as_ref().filter(|_| !self.alone_is_sent).map(Alone::since);
        self.alone_is_sent |= alone_since.is_some();
        self.wires.push(Box::pin(async move {
            let sent = Sent { number: item.number.clone(), keys: item.keys.clone(), alone_since };
            let outcome = send(&buyer, item).await;
            drop(call);
            (sent, outcome)
        }));
    }

    /// What ends next.
    async fn event(&mut self) -> Event {
        tokio::select! {
            Some((sent, outcome)) = self.wires.next(), if !self.wires.is_empty() => Event::Created(sent, outcome),
            written = ended(&mut self.writing), if self.writing.is_some() => Event::Written(written),
            found = ended(&mut self.search), if self.search.is_some() => Event::Found(found),
            () = tokio::time::sleep(ALONE_LOOKED_AT_EVERY), if self.held_back => Event::Looked,
        }
    }

    fn finish(self) -> Progress {
        let mut progress = self.progress;
        let is_grave = matches!(
            progress.shortfall,
            Some(Shortfall::Halted(_) | Shortfall::PoolHalted { .. } | Shortfall::Database(_) | Shortfall::RunIsOver)
        );
        if self.left == 0 && !is_grave {
            // Every place is used: nothing fell short.
            progress.shortfall = None;
        }
        progress
    }
}

async fn ended<T>(running: &mut Option<Running<T>>) -> T {
    match running {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}
