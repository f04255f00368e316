//! One round: what lacks is written down, and what is due is taken up, each target by a task of its own.
//!
//! Invariants: while the breaker silences Twilio nothing is asked; a target at which a task is at work, or that rests, is left out,
//! so that one that hangs keeps no other waiting; what the loop forgets, the ledger has.
//! How to get it wrong: waiting for the tasks. A round would then last as long as the slowest call.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::{Id, JoinSet};

use super::attacher::Attacher;
use crate::config::Config;
use crate::db::attachments::{
    DueAttachment, attachments_due, attachments_intend, attachments_leaving, numbers_to_attach, target_seen,
};
use crate::db::{Connection, DbError};
use crate::domain::MessagingServiceSid;
use crate::purchaser::breaker;

/// Numbers looked at in one statement,
const STRETCH: i64 = 100;
/// and statements in a round.
const STRETCHES: u32 = 10;
/// Of one target so many are taken up at a time: it keeps no other waiting.
const OF_EACH: usize = 25;
/// So many are ended at a time.
const LEAVING: usize = 50;
/// A messaging service that takes users' SMS is looked at again so much later.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(600);

/// What one task is for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Work {
    Join(String),
    Leave,
    Look,
}

/// The rounds of one attacher. Its drop ends what is at work; the ledger has it.
pub(crate) struct Rounds {
    attacher: Attacher,
    /// What was in force in the last round: after a reload nothing rests, since other keys may do.
    config: Arc<Config>,
    /// Up to which number was looked for what lacks.
    after: i64,
    looked_at: HashMap<String, Instant>,
    tasks: JoinSet<()>,
    at_work: BTreeMap<Id, Work>,
}

impl Rounds {
    /// None yet.
    pub(crate) fn new(attacher: Attacher) -> Self {
        let config = attacher.config.load_full();
        Self { attacher, config, after: 0, looked_at: HashMap::new(), tasks: JoinSet::new(), at_work: BTreeMap::new() }
    }

    /// One round.
    ///
    /// # Errors
    /// When PostgreSQL fails; the next one finds everything as it was.
    pub(crate) async fn round(&mut self) -> Result<(), DbError> {
        self.reap();
        let config = self.attacher.config.load_full();
        if !Arc::ptr_eq(&config, &self.config) {
            self.config = config;
            self.attacher.begin_anew();
        }
        if self.attacher.is_stopping() || breaker::is_silenced(&self.attacher.db).await? {
            return Ok(());
        }
        self.attacher.halt_pools().await?;
        self.intend_what_lacks().await?;
        self.take_up().await?;
        self.let_go().await
    }

    fn reap(&mut self) {
        while let Some(done) = self.tasks.try_join_next_with_id() {
            let id = match done {
                Ok((id, ())) => id,
                Err(error) => {
                    slog::error!(self.attacher.log, "a task of the attacher broke off; the ledger has what it was at"; "error" => error.to_string());
                    error.id()
                }
            };
            self.at_work.remove(&id);
        }
    }

    fn work(&mut self, work: Work, task: impl Future<Output = ()> + Send + 'static) {
        let id = self.tasks.spawn(task).id();
        self.at_work.insert(id, work);
    }

    fn is_at(&self, work: &Work) -> bool {
        self.at_work.values().any(|at| at == work)
    }

    /// Writes down what lacks, stretch by stretch through all numbers, round after round.
    async fn intend_what_lacks(&mut self) -> Result<(), DbError> {
        let whose = self.attacher.whose();
        for _stretch in 0..STRETCHES {
            let after = self.after;
            let look = move |conn: &mut Connection| numbers_to_attach(conn, whose, after, STRETCH);
            let lacking = self.attacher.db.run("numbers_to_attach", look).await?;
            self.after = lacking.last.unwrap_or(0);
            self.look_at(lacking.rerouting);
            if lacking.numbers.is_empty() {
                if lacking.last.is_none() {
                    return Ok(());
                }
                continue;
            }
            fail::fail_point!("attach_wanted");
            let mut some = false;
            for number_id in lacking.numbers {
                let intend = move |conn: &mut Connection| attachments_intend(conn, number_id, whose);
                some |= !self.attacher.db.run("attachments_intend", intend).await?.targets.is_empty();
            }
            if some {
                fail::fail_point!("attach_intended");
                // There may be more; these come first.
                self.attacher.bell.notify_one();
                return Ok(());
            }
        }
        Ok(())
    }

    /// Asks what these services do with a number's inbound SMS, now and then.
    fn look_at(&mut self, services: Vec<String>) {
        let is_due = |at: &Instant| at.elapsed() >= LOOKED_AT_EVERY;
        self.looked_at.retain(|_, at| !is_due(at));
        let unseen: Vec<MessagingServiceSid> = services
            .into_iter()
            .filter(|service| !self.looked_at.contains_key(service))
            .filter_map(|service| service.parse().ok())
            .collect();
        if unseen.is_empty() || self.is_at(&Work::Look) {
            return;
        }
        self.looked_at.extend(unseen.iter().map(|service| (service.to_string(), Instant::now())));
        self.work(Work::Look, self.attacher.clone().look_at_all(unseen));
    }

    /// What is due, at targets that nobody is at work on.
    async fn take_up(&mut self) -> Result<(), DbError> {
        let mut left_alone = self.attacher.joining.resting();
        left_alone.extend(self.at_work.values().filter_map(|work| match work {
            Work::Join(target) => Some(target.clone()),
            Work::Leave | Work::Look => None,
        }));
        let silent_for = self.attacher.silent_for();
        let due = move |conn: &mut Connection| {
            let left_alone: Vec<&str> = left_alone.iter().map(String::as_str).collect();
            attachments_due(conn, silent_for, &left_alone, i64::try_from(OF_EACH).unwrap_or(i64::MAX))
        };
        let mut by_target: BTreeMap<String, Vec<DueAttachment>> = BTreeMap::new();
        for due in self.attacher.db.run("attachments_due", due).await? {
            by_target.entry(due.target.clone()).or_default().push(due);
        }
        for (target, due) in by_target {
            let full = due.len() >= OF_EACH;
            self.work(Work::Join(target.clone()), self.attacher.clone().attach_all(target, due, full));
        }
        Ok(())
    }

    /// What numbers were in that left for ever.
    async fn let_go(&mut self) -> Result<(), DbError> {
        if self.is_at(&Work::Leave) {
            return Ok(());
        }
        let (resting, alone) = (self.attacher.leaving.resting(), self.attacher.kept.resting());
        let leaving = move |conn: &mut Connection| {
            let resting: Vec<&str> = resting.iter().map(String::as_str).collect();
            attachments_leaving(conn, &resting, &alone, i64::try_from(LEAVING).unwrap_or(i64::MAX))
        };
        let leaving = self.attacher.db.run("attachments_leaving", leaving).await?;
        if !leaving.is_empty() {
            let full = leaving.len() >= LEAVING;
            self.work(Work::Leave, self.attacher.clone().leave_all(leaving, full));
        }
        Ok(())
    }
}

impl Attacher {
    async fn look_at_all(self, services: Vec<MessagingServiceSid>) {
        for service in services {
            let shown = match self.twilio.service(&service).await {
                Ok(Some(shown)) => shown,
                // Whoever is sent there hears it.
                Ok(None) => continue,
                Err(failure) => {
                    slog::warn!(self.log, "a messaging service could not be looked at; users' numbers do not join it meanwhile";
                        "target" => service.as_str(), "cause" => failure.for_log(), "request_id" => failure.request_id());
                    continue;
                }
            };
            let (target, on_number) = (service.to_string(), shown.use_inbound_webhook_on_number);
            let seen = move |conn: &mut Connection| target_seen(conn, &target, on_number);
            match self.db.run("target_seen", seen).await {
                Ok(()) if on_number => self.bell.notify_one(),
                Ok(()) => {
                    slog::warn!(self.log, "users' numbers do not join a messaging service that would take their inbound SMS; \
                    turn on its use_inbound_webhook_on_number at Twilio, or set reconcile.repair_assigned"; "target" => service.as_str())
                }
                Err(error) => {
                    slog::debug!(self.log, "what was seen of a messaging service could not be written"; "error" => error.in_full())
                }
            }
        }
    }
}
