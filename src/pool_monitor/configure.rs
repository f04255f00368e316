//! configure-webhooks: an operator's word that makes this instance's webhooks what its pools want, on every number that differs.
//!
//! Invariants: a number that is held, leaving, or tagged for another instance is not touched, but told; a walk that
//! Twilio leads in a circle ends as failed; what was done before a failure is told. Memory grows with the ids of our
//! numbers, not with Twilio's list.
//! How to get it wrong: taking a lack of answer for a difference. A number stays what it was until Twilio says otherwise.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::stream::{self, StreamExt as _};

use super::configure_report::{BrokeOff, ConfigureError, ConfigureReport, FailedNumber};
use super::confirm::{MaySet, Outcome, WebhookConfigurer};
use crate::db::DbError;
use crate::db::numbers::{
    NumberRow, number_confirm_webhooks, numbers_cared_for, numbers_cared_for_by_sid, numbers_untouchable,
    pool_set_webhooks, pool_unconfirm, pool_unconfirm_held_back, pool_unconfirm_stock,
};
use crate::db::pools::{PoolWanted, PoolsWebhooks, pools_claim};
use crate::domain::{NumberSid, PoolKey, PoolName, WebhookStatus, Webhooks};
use crate::twilio::{BackOff, IncomingNumber, Pages, TwilioError};

/// Numbers read from the database at a time.
const PAGE: i64 = 500;
/// Numbers attended to at a time.
const AT_A_TIME: usize = 4;
/// Numbers told in one statement that other webhooks are wanted: nobody waits long for their rows.
const UNCONFIRMED_AT_ONCE: i64 = 1000;
/// So many numbers without an answer, one after the other: then Twilio does not answer at all.
const UNANSWERED_MAX: u32 = 20;

/// Which numbers are attended to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Which {
    /// Those of this pool; `None` = of all.
    pub(crate) pool: Option<PoolName>,
    /// Of them, those that are named; `None` = all.
    pub(crate) only: Option<Vec<String>>,
}

/// Makes `ours` what each of these pools wants, or the one that `which` names, and sets it on every number of theirs that differs.
/// Numbers of a pool that is not among `ours` are set to what was stored for it last.
///
/// # Errors
/// When PostgreSQL fails, Twilio's list cannot be read, Twilio refuses the account, or the daemon stops; single numbers
/// that fail stand in the report. The same call again goes on.
pub(crate) async fn configure_webhooks(
    configurer: &WebhookConfigurer,
    mut ours: PoolsWebhooks,
    which: Which,
) -> Result<ConfigureReport, Box<BrokeOff>> {
    if let Some(pool) = &which.pool {
        ours.retain(|name, _| name == pool);
    }
    let Which { pool, only } = which;
    let mut work = Work { configurer, wanted: ours, pool, report: ConfigureReport::default(), unanswered: 0 };
    match work.run(only).await {
        Ok(()) => Ok(work.report),
        Err(error) => {
            if let ConfigureError::Twilio(failure) = &error {
                configurer.halts(failure).await;
            }
            Err(Box::new(BrokeOff { report: work.report, error }))
        }
    }
}

struct Work<'a> {
    configurer: &'a WebhookConfigurer,
    wanted: PoolsWebhooks,
    /// Numbers of another pool than this one are left alone.
    pool: Option<PoolName>,
    report: ConfigureReport,
    unanswered: u32,
}

/// A number of ours, and what Twilio's list showed of it.
type Shown = (NumberRow, Option<IncomingNumber>);

impl Work<'_> {
    async fn run(&mut self, only: Option<Vec<String>>) -> Result<(), ConfigureError> {
        self.look_at_targets().await?;
        let ours = self.wanted.clone();
        let mut all = self.configurer.db.run("pools_claim", move |conn| pools_claim(conn, &ours)).await?;
        for (pool, webhooks) in self.wanted.clone() {
            let wanted = PoolWanted { pool: pool.clone(), webhooks };
            // First, while what is not ready is little.
            self.unconfirm_held_back(&wanted).await?;
            self.unconfirm_stock(&wanted).await?;
            let to_set = wanted.clone();
            let set = move |conn: &mut crate::db::Connection| pool_set_webhooks(conn, &to_set);
            self.configurer.db.run("pool_set_webhooks", set).await?;
            self.unconfirm(&wanted).await?;
        }
        all.append(&mut self.wanted);
        self.wanted = all;
        match only {
            Some(names) => self.named(names).await,
            // One walk over Twilio's list is cheaper than one fetch for each number.
            None => {
                let seen = self.listed().await?;
                self.unlisted(&seen).await
            }
        }
    }

    /// Before anything is changed: what the account does not have would be refused for every number, and until it is another one
    /// nobody is given any. A trunk cannot be looked up, and what cannot be read is tried.
    async fn look_at_targets(&self) -> Result<(), ConfigureError> {
        let mut known = BTreeSet::new();
        for (pool, webhooks) in &self.wanted {
            for (key, sid) in webhooks.targets().filter(|(key, _)| *key != PoolKey::Trunk) {
                if known.insert(sid) && matches!(self.configurer.twilio.has_application(sid).await, Ok(false)) {
                    let needs = self.configurer.config.load().path_of(pool, key);
                    let message = format!("the account has no application {sid}");
                    return Err(ConfigureError::NoTarget { needs, message });
                }
            }
        }
        Ok(())
    }

    /// Nobody is given what will be confirmed no more in a moment; what is left of it then is little.
    async fn unconfirm_stock(&self, wanted: &PoolWanted) -> Result<(), ConfigureError> {
        loop {
            if self.configurer.is_stopping() {
                return Err(ConfigureError::Stopping);
            }
            let wanted = wanted.clone();
            let step = move |conn: &mut crate::db::Connection| pool_unconfirm_stock(conn, &wanted, UNCONFIRMED_AT_ONCE);
            if !self.configurer.db.run("pool_unconfirm_stock", step).await? {
                return Ok(());
            }
        }
    }

    /// What would be stock, if it did not lack something else, shall not become stock with the former webhooks.
    async fn unconfirm_held_back(&self, wanted: &PoolWanted) -> Result<(), ConfigureError> {
        let mut after = 0;
        while !self.configurer.is_stopping() {
            let wanted = wanted.clone();
            let step = move |conn: &mut crate::db::Connection| {
                pool_unconfirm_held_back(conn, &wanted, after, UNCONFIRMED_AT_ONCE)
            };
            match self.configurer.db.run("pool_unconfirm_held_back", step).await? {
                Some(last) => after = last,
                None => return Ok(()),
            }
        }
        Err(ConfigureError::Stopping)
    }

    /// What was confirmed with other webhooks counts as confirmed no more.
    async fn unconfirm(&self, wanted: &PoolWanted) -> Result<(), ConfigureError> {
        let mut after = 0;
        loop {
            let wanted = wanted.clone();
            let step =
                move |conn: &mut crate::db::Connection| pool_unconfirm(conn, &wanted, after, UNCONFIRMED_AT_ONCE);
            match self.configurer.db.run("pool_unconfirm", step).await? {
                Some(last) => after = last,
                None => return Ok(()),
            }
            fail::fail_point!("some_unconfirmed");
        }
    }

    async fn named(&mut self, names: Vec<String>) -> Result<(), ConfigureError> {
        let mut left: HashSet<String> = names.iter().cloned().collect();
        let asked = names.clone();
        let untouchable =
            self.configurer.db.run("numbers_untouchable", move |conn| numbers_untouchable(conn, &asked)).await?;
        let mut after = 0;
        loop {
            let asked = names.clone();
            let page = move |conn: &mut crate::db::Connection| numbers_cared_for(conn, Some(&asked), after, PAGE);
            let page = self.configurer.db.run("numbers_cared_for", page).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            for number in &page {
                left.remove(number.phone_number.as_str());
            }
            let (page, others): (Vec<_>, Vec<_>) = page.into_iter().partition(|number| self.is_asked(&number.pool));
            for number in others {
                let message = format!("it is of the pool {}; say that one, or none", number.pool);
                self.fail(number.phone_number.to_string(), Some(number.pool), "other_pool", message);
            }
            self.attend(page.into_iter().map(|number| (number, None)).collect()).await?;
        }
        for number in untouchable.into_iter().filter(|number| left.remove(&number.phone_number)) {
            let (code, message) = match number.hold {
                Some(hold) => ("held", format!("it is held ({hold}): adopt it, or release it to Twilio, first")),
                None => ("missing", "it is missing at Twilio; reconcile tells whether it turned up again".to_owned()),
            };
            self.fail(number.phone_number, Some(number.pool), code, message);
        }
        for name in names {
            if left.remove(&name) {
                self.fail(name, None, "not_ours", "no number of ours; adopt it first if it should be".to_owned());
            }
        }
        Ok(())
    }

    /// Attends to our numbers on Twilio's list, page by page; returns their ids.
    async fn listed(&mut self) -> Result<HashSet<i64>, ConfigureError> {
        let configurer = self.configurer;
        let (mut seen, mut pages) = (HashSet::new(), Pages::default());
        loop {
            if configurer.is_stopping() {
                return Err(ConfigureError::Stopping);
            }
            let page = BackOff::PACE
                .repeat("numbers to configure", &configurer.log, &configurer.stopping, || {
                    configurer.twilio.list_page(pages.next())
                })
                .await?;
            // What cannot be read is asked for by its SID at the end, as what the list does not show.
            let (page, _unreadable) = pages.take(page);
            let sids: Vec<NumberSid> = page.iter().map(|number| number.sid.clone()).collect();
            let ours = move |conn: &mut crate::db::Connection| {
                numbers_cared_for_by_sid(conn, &sids.iter().map(NumberSid::as_str).collect::<Vec<_>>())
            };
            let ours = configurer.db.run("numbers_cared_for_by_sid", ours).await?;
            let mut page: HashMap<NumberSid, IncomingNumber> =
                page.into_iter().map(|number| (number.sid.clone(), number)).collect();
            // A number that moved between two pages is listed twice.
            let fresh = ours.into_iter().filter(|number| seen.insert(number.id) && self.is_asked(&number.pool));
            let shown: Vec<Shown> =
                fresh.map(|number| (page.remove(&number.sid), number)).map(|(at, n)| (n, at)).collect();
            drop(page);
            self.attend(shown).await?;
            if !pages.turn()? {
                return Ok(seen);
            }
        }
    }

    /// Attends to what the list did not show. It may lag behind a purchase, so each is asked for.
    async fn unlisted(&mut self, seen: &HashSet<i64>) -> Result<(), ConfigureError> {
        let mut after = 0;
        loop {
            let page = move |conn: &mut crate::db::Connection| numbers_cared_for(conn, None, after, PAGE);
            let page = self.configurer.db.run("numbers_cared_for", page).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.id;
            let unseen = page.into_iter().filter(|number| !seen.contains(&number.id) && self.is_asked(&number.pool));
            self.attend(unseen.map(|number| (number, None)).collect()).await?;
        }
    }

    /// Attends to numbers, a few at a time. After the first trouble nothing new begins, and what was under way ends.
    async fn attend(&mut self, numbers: Vec<Shown>) -> Result<(), ConfigureError> {
        let (configurer, wanted) = (self.configurer, self.wanted.clone());
        let (broken, wanted) = (AtomicBool::new(false), &wanted);
        let mut attended = stream::iter(numbers)
            .map(|(number, shown)| {
                let broken = &broken;
                async move {
                    if broken.load(Ordering::Relaxed) {
                        return None;
                    }
                    if configurer.is_stopping() {
                        return Some((number, Err(ConfigureError::Stopping)));
                    }
                    let outcome = configure(configurer, &number, shown, wanted.get(&number.pool))
                        .await
                        .map_err(ConfigureError::from);
                    Some((number, outcome))
                }
            })
            .buffer_unordered(AT_A_TIME);
        let mut trouble = None;
        while let Some(done) = attended.next().await {
            let Some((number, outcome)) = done else { continue };
            if let Err(first) = outcome.and_then(|outcome| self.record(&number, outcome)) {
                broken.store(true, Ordering::Relaxed);
                trouble = trouble.or(Some(first));
            }
        }
        trouble.map_or(Ok(()), Err)
    }

    fn record(&mut self, number: &NumberRow, outcome: Outcome) -> Result<(), ConfigureError> {
        self.report.checked += 1;
        let (name, pool) = (number.phone_number.to_string(), Some(number.pool.clone()));
        // What cannot be read is an answer.
        let is_silent = |failure: &TwilioError| failure.is_passing() && !failure.is_unreadable();
        if !matches!(&outcome, Outcome::Failed(failure) if is_silent(failure)) {
            self.unanswered = 0;
        }
        match outcome {
            Outcome::Stands => {}
            Outcome::Set => self.report.configured += 1,
            Outcome::Gone => {
                self.fail(name, pool, "missing", "Twilio does not know this number; a comparison will tell".to_owned());
            }
            Outcome::TaggedFor(instance) => {
                let message =
                    format!("it is tagged for instance {:?}: adopt it here or release it there", instance.as_str());
                self.fail(name, pool, "tag_conflict", message);
            }
            Outcome::Contested => {
                let message = "somebody else set its webhooks back three times within a day: find out who, stop them, then adopt it";
                self.fail(name, pool, "contested", message.to_owned());
            }
            // Every other number of the pool would be refused alike.
            Outcome::NoTarget { needs, failure } => {
                self.fail(name, pool, &failure.error_code(), failure.to_string());
                return Err(ConfigureError::NoTarget { needs, message: failure.in_full() });
            }
            // Differs: only where nothing may be set, which is not here.
            Outcome::NotFree | Outcome::Differs => self.fail(
                name,
                pool,
                "held",
                "it is held or leaving by now, or other webhooks were configured meanwhile".to_owned(),
            ),
            Outcome::Failed(failure) | Outcome::TooMany(failure) => {
                slog::warn!(self.configurer.log, "a number's webhooks could not be set";
                    "phone_number_ends" => number.phone_number.last_four(), "cause" => failure.for_log(),
                    "twilio_code" => failure.twilio_code(), "request_id" => failure.request_id());
                self.fail(name, pool, &failure.error_code(), failure.to_string());
                self.unanswered += u32::from(is_silent(&failure));
                if failure.halts() || self.unanswered >= UNANSWERED_MAX {
                    return Err(failure.into());
                }
            }
        }
        Ok(())
    }

    /// Whether numbers of this pool are attended to.
    fn is_asked(&self, pool: &PoolName) -> bool {
        self.pool.as_ref().is_none_or(|asked| asked == pool)
    }

    fn fail(&mut self, phone_number: String, pool: Option<PoolName>, code: &str, message: String) {
        self.report.failed.push(FailedNumber { phone_number, pool, code: code.to_owned(), message });
    }
}

async fn configure(
    configurer: &WebhookConfigurer,
    number: &NumberRow,
    shown: Option<IncomingNumber>,
    wanted: Option<&Webhooks>,
) -> Result<Outcome, DbError> {
    // Of a pool that nobody ever configured: there is nothing to set.
    let Some(webhooks) = wanted.cloned() else { return Ok(Outcome::NotFree) };
    let wanted = PoolWanted { pool: number.pool.clone(), webhooks };
    let outcome = configurer.see_to(number, shown, &wanted, MaySet::Anybodys).await?;
    let known = matches!(outcome, Outcome::Stands) && number.webhook_status == WebhookStatus::Configured;
    if matches!(outcome, Outcome::Stands | Outcome::Set) && !known {
        let id = number.id;
        let confirm = move |conn: &mut crate::db::Connection| number_confirm_webhooks(conn, id, &wanted);
        configurer.db.run("number_confirm_webhooks", confirm).await?;
    }
    Ok(outcome)
}
