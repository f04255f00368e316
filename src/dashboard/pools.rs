//! Each pool in a line, and what the state of one and of all of them is called.
//!
//! Invariant: the script calls a state by the same word (`VERDICTS` in `dashboard.js`).
//! How to get it wrong: calling a pool empty that wants no stock. One with a threshold of 0 buys when somebody waits.

use super::choice::Choice;
use super::page::HOME;
use super::runway::Runway;
use super::text::counted;
use crate::api::status::{OfPool, Status, Unconfigured};
use crate::db::assignments::Paces;
use crate::db::attachments::ServicesClosed;
use crate::domain::PoolName;

/// A word and its tone.
type Verdict = (&'static str, &'static str);

/// What binds all pools alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Account {
    is_halted: bool,
    is_paused: bool,
}

impl Account {
    fn of(status: &Status) -> Self {
        let halted = status.halted.as_ref().is_some_and(|halted| halted.needs.is_none());
        Self { is_halted: halted, is_paused: status.paused.is_some() }
    }
}

/// What the state of one pool is called, and how it looks.
fn verdict_of(pool: &OfPool, account: Account) -> Verdict {
    match pool.available {
        _ if account.is_halted || pool.halted.is_some() => ("Halted", "bad"),
        0 if pool.threshold > 0 || pool.waiting > 0 => ("Empty", "bad"),
        _ if pool.needs_replenishment => ("Needs replenishment", "warn"),
        _ if account.is_paused => ("Paused", "warn"),
        0 => ("Keeps no stock", "calm"),
        _ => ("Enough in stock", "good"),
    }
}

/// What that of several together is called: as that of the worst of them, by name.
fn verdict_of_all(pools: &[OfPool], account: Account) -> (String, &'static str) {
    if account.is_halted {
        return ("Halted".to_owned(), "bad");
    }
    for tone in ["bad", "warn"] {
        let like: Vec<_> =
            pools.iter().map(|pool| (pool, verdict_of(pool, account))).filter(|(_, it)| it.1 == tone).collect();
        if let [(pool, (word, _)), others @ ..] = like.as_slice() {
            let more = if others.is_empty() { String::new() } else { format!(", and {} more", others.len()) };
            return (format!("{}: {word}{more}", pool.pool), tone);
        }
    }
    ("Enough in stock".to_owned(), "good")
}

/// A pool in a line of the overview.
pub(crate) struct PoolLine {
    pub(crate) name: String,
    /// The overview of it alone.
    pub(crate) to: String,
    /// Such as `GB, mobile`; empty = it is not configured.
    pub(crate) kind: String,
    pub(crate) available: u32,
    pub(crate) threshold: u32,
    /// Those that the carriers do not know yet.
    pub(crate) registering: u32,
    /// How long its stock lasts, in short; a dash when nobody knows.
    pub(crate) lasts: String,
    pub(crate) is_short: bool,
    pub(crate) assigned: u32,
    pub(crate) waiting: u32,
    /// Bought in 24 hours, and its own cap.
    pub(crate) bought: u32,
    pub(crate) bought_max: Option<u32>,
    pub(crate) verdict: (&'static str, &'static str),
    /// The key that it lacks while it is halted alone.
    pub(crate) needs: Option<String>,
    /// What else there is to say.
    pub(crate) note: String,
}

impl PoolLine {
    /// Whether the configuration names it.
    pub(crate) fn is_configured(&self) -> bool {
        !self.kind.is_empty()
    }

    /// Whether what the carriers do not know yet is why it has nothing.
    pub(crate) fn waits_for_carriers(&self) -> bool {
        self.available == 0 && self.registering > 0
    }

    /// How much of its bar is full.
    pub(crate) fn filled(&self) -> u32 {
        self.available.min(self.threshold)
    }
}

/// The status of `pool` alone, which `one` is as the API tells it; `pools` and `unconfigured` are those of `all` still. `None` = it is
/// not configured.
pub(super) fn alone(all: Status, one: Status, pool: &PoolName) -> Option<Status> {
    all.pools.iter().find(|one| one.pool == *pool)?;
    Some(Status { pools: all.pools, unconfigured: all.unconfigured, ..one })
}

/// The line of the chosen pool, where there are several.
pub(super) fn chosen(choice: &Choice, status: &Status) -> Option<OfPool> {
    let pool = choice.pool().filter(|_| choice.is_told())?;
    status.pools.iter().find(|one| one.pool == *pool).cloned()
}

fn home_of(pool: &PoolName) -> String {
    format!("{HOME}?pool={pool}")
}

/// How long the stock of a pool lasts.
fn runway_of(pool: &OfPool, paces: &Paces) -> Runway {
    Runway::new(&paces.of(Some(&pool.pool)), pool.available, pool.threshold, &pool.pool.key("threshold_low"))
}

/// The runway that is told first when several pools are looked at: that of the pool that runs out first.
fn shortest(pools: &[OfPool], paces: &Paces) -> Option<Runway> {
    let wants = |pool: &&OfPool| pool.threshold > 0 || paces.of(Some(&pool.pool)).assigned > 0;
    let told = pools.iter().filter(wants).map(|pool| (pool, runway_of(pool, paces)));
    let known = told.filter_map(|(pool, runway)| Some((runway.days_left?, pool, runway)));
    let first = known.min_by(|(one, ..), (other, ..)| one.total_cmp(other));
    first.map(|(_, pool, runway)| runway.of(&pool.pool))
}

/// The table over all pools: nothing where there is one that is as it should be.
pub(super) fn lines(choice: &Choice, status: &Status, paces: &Paces, closed: &[ServicesClosed]) -> Vec<PoolLine> {
    let is_bad = |pool: &OfPool| pool.halted.is_some() || closed.iter().any(|closed| closed.pool == pool.pool);
    let is_news = choice.is_mixed() || !status.unconfigured.is_empty() || status.pools.iter().any(is_bad);
    if !is_news {
        return Vec::new();
    }
    let account = Account::of(status);
    let configured = status.pools.iter().map(|pool| line(pool, account, paces, closed));
    configured.chain(status.unconfigured.iter().map(gone)).collect()
}

/// What is said of a pool's messaging services.
fn closed_in_words(closed: &ServicesClosed) -> String {
    let take = if closed.closed == 1 { "takes" } else { "take" };
    let services = counted(closed.wanted.unsigned_abs(), "messaging service");
    format!("{} of {services} {take} no number: full, or unknown to Twilio.", closed.closed)
}

fn line(pool: &OfPool, account: Account, paces: &Paces, closed: &[ServicesClosed]) -> PoolLine {
    let full = closed.iter().find(|closed| closed.pool == pool.pool);
    let (runway, wants_some) = (runway_of(pool, paces), pool.threshold > 0 || pool.waiting > 0);
    PoolLine {
        name: pool.pool.to_string(),
        to: home_of(&pool.pool),
        kind: format!("{}, {}", pool.country, pool.number_type.words()),
        available: pool.available,
        threshold: pool.threshold,
        registering: pool.registering,
        is_short: runway.is_short && wants_some,
        lasts: if wants_some || pool.available > 0 { runway.short() } else { "–".to_owned() },
        assigned: pool.assigned,
        waiting: pool.waiting,
        bought: pool.spend.day.bought,
        bought_max: pool.spend.day.max,
        verdict: verdict_of(pool, account),
        needs: pool.halted.as_ref().and_then(|halted| halted.needs.clone()),
        note: full.map(closed_in_words).unwrap_or_default(),
    }
}

fn gone(pool: &Unconfigured) -> PoolLine {
    let resting = counted(pool.quarantined.into(), "number");
    PoolLine {
        name: pool.pool.to_string(),
        to: format!("{HOME}/numbers?pool={}", pool.pool),
        kind: String::new(),
        available: pool.available,
        threshold: 0,
        registering: 0,
        lasts: "–".to_owned(),
        is_short: false,
        assigned: pool.assigned,
        waiting: 0,
        bought: 0,
        bought_max: None,
        verdict: ("Not configured", "warn"),
        needs: None,
        note: match pool.quarantined {
            0 => "Its users keep their numbers; nobody else is given one.".to_owned(),
            _ => format!("Its users keep their numbers; nobody else is given one. {resting} at rest or on hold."),
        },
    }
}

/// Of the pool that is chosen; of several, of the one that runs out first.
pub(super) fn runway(choice: &Choice, status: &Status, paces: &Paces) -> Runway {
    let first = choice.is_mixed().then(|| shortest(&status.pools, paces)).flatten();
    let key = choice.pool().unwrap_or(&PoolName::default_pool()).key("threshold_low");
    first.unwrap_or_else(|| Runway::new(&paces.of(choice.pool()), status.available, status.threshold, &key))
}

/// What the state of the pool is called, or of all of them, and how it looks.
pub(super) fn verdict(choice: &Choice, status: &Status) -> (String, &'static str) {
    if choice.is_mixed() {
        return verdict_of_all(&status.pools, Account::of(status));
    }
    let is_halted_alone = !choice.is_told() && status.pools.iter().any(|pool| pool.halted.is_some());
    let told = match () {
        () if status.halted.is_some() || is_halted_alone => ("Halted", "bad"),
        () if status.available == 0 && !keeps_no_stock(choice, status) => ("Empty", "bad"),
        () if status.needs_replenishment => ("Needs replenishment", "warn"),
        () if status.paused.is_some() => ("Paused", "warn"),
        () if status.available == 0 => ("Keeps no stock", "calm"),
        () => ("Enough in stock", "good"),
    };
    (told.0.to_owned(), told.1)
}

/// Whether it is one of several, and buys only when somebody waits.
fn keeps_no_stock(choice: &Choice, status: &Status) -> bool {
    choice.is_told() && status.threshold == 0 && status.waiting == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALM: Account = Account { is_halted: false, is_paused: false };

    fn pool(name: &str, available: u32, threshold: u32) -> OfPool {
        OfPool::example(name, available, threshold)
    }

    #[test]
    fn a_pool_that_wants_no_stock_is_not_empty_unless_somebody_waits() {
        assert_eq!(verdict_of(&pool("gb", 0, 0), CALM), ("Keeps no stock", "calm"));
        assert_eq!(verdict_of(&OfPool { waiting: 1, ..pool("gb", 0, 0) }, CALM), ("Empty", "bad"));
        assert_eq!(verdict_of(&pool("gb", 0, 3), CALM), ("Empty", "bad"));
        assert_eq!(verdict_of(&pool("gb", 2, 3), CALM), ("Needs replenishment", "warn"));
        assert_eq!(verdict_of(&pool("gb", 3, 3), CALM), ("Enough in stock", "good"));
        let paused = Account { is_paused: true, ..CALM };
        assert_eq!(verdict_of(&pool("gb", 3, 3), paused), ("Paused", "warn"));
        assert_eq!(verdict_of(&pool("gb", 3, 3), Account { is_halted: true, ..CALM }), ("Halted", "bad"));
    }

    #[test]
    fn full_services_are_told_in_words() {
        let told = |closed, wanted| closed_in_words(&ServicesClosed { pool: PoolName::default_pool(), closed, wanted });
        assert_eq!(told(1, 1), "1 of 1 messaging service takes no number: full, or unknown to Twilio.");
        assert_eq!(told(2, 3), "2 of 3 messaging services take no number: full, or unknown to Twilio.");
    }

    #[test]
    fn of_several_the_worst_is_named() {
        let told = |pools: &[OfPool]| verdict_of_all(pools, CALM);
        let well = || pool("default", 20, 10);
        assert_eq!(told(&[well(), pool("gb", 3, 3)]), ("Enough in stock".to_owned(), "good"));
        assert_eq!(told(&[well(), pool("ca", 2, 3), pool("gb", 0, 3)]), ("gb: Empty".to_owned(), "bad"));
        assert_eq!(told(&[well(), pool("ca", 1, 3), pool("gb", 2, 3)]).0, "ca: Needs replenishment, and 1 more");
    }
}
