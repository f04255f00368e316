//! What must hold whatever happened: Twilio's account, as the simulator knows it, against the database.
//!
//! Invariants: the simulator says what was paid for; the database says what is known; no daemon is asked.
//! How to get it wrong: checking while something is on its way. `settle` waits until nothing is.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::world::World;

/// An unknown item needs two looks ten seconds apart, and the looks come with the clock.
const SETTLES_WITHIN: Duration = Duration::from_secs(60);
const LOOKED_AT_EVERY: Duration = Duration::from_millis(150);

/// What is not over yet: orders, items, and numbers on their way back to Twilio.
const OPEN: &str = "SELECT (SELECT count(*) FROM purchases WHERE state IN ('queued', 'running'))
                         + (SELECT count(*) FROM purchase_items WHERE state IN ('intended', 'sent', 'unknown'))
                         + (SELECT count(*) FROM releases WHERE state IN ('intended', 'sent'))";

/// An assignment that a client was told of: user and number.
pub type Acknowledged = Vec<(String, String)>;

impl World {
    /// Waits until no purchase and no release is on its way, here or at Twilio.
    #[track_caller]
    pub fn settle(&self) {
        let deadline = Instant::now() + SETTLES_WITHIN;
        while self.twilio.truth().creates_in_flight > 0 || self.count(OPEN) > 0 {
            assert!(Instant::now() < deadline, "it never settled:\n{}", self.ledger());
            std::thread::sleep(LOOKED_AT_EVERY);
        }
    }

    /// The ledger, for whoever looks for a mistake.
    pub fn ledger(&self) -> String {
        self.sql(
            "SELECT p.trigger, p.state, p.requested_count, i.phone_number, i.state, i.attempts, i.doubted, i.error_code
               FROM purchases p LEFT JOIN purchase_items i ON i.purchase_id = p.id ORDER BY p.created_at, i.intended_at",
        )
    }

    /// I1 to I6 as far as they can be read off when nothing is on its way.
    #[track_caller]
    pub fn assert_truth(&self) {
        self.assert_nothing_lost_or_doubled();
        self.assert_nobody_elses_touched();
        self.assert_the_ledger_came_first();
        self.assert_one_to_one_at_any_time();
        self.assert_caps_held();
    }

    /// The same, but for what is read off instants of the database's clock, which stepped meanwhile.
    #[track_caller]
    pub fn assert_truth_but_for_time(&self) {
        self.assert_nothing_lost_or_doubled();
        self.assert_nobody_elses_touched();
        self.assert_the_ledger_came_first();
        self.assert_whoever_serves_is_ready();
        self.assert_spend_caps_held();
    }

    /// Every assignment that was answered with 200 still stands (I4).
    #[track_caller]
    pub fn assert_remembered(&self, acknowledged: &Acknowledged) {
        let rows = self.sql(
            "SELECT a.user_id, n.phone_number FROM assignments_ever a JOIN numbers n ON n.id = a.number_id
              WHERE a.released_at IS NULL",
        );
        let held: BTreeMap<&str, &str> = rows.lines().filter_map(|row| row.split_once('|')).collect();
        for (user, number) in acknowledged {
            assert_eq!(held.get(user.as_str()), Some(&number.as_str()), "{user} was told of this number");
        }
    }

    /// Nothing was asked of Twilio that did not stand in the ledger before, no more often than it says; no number was paid
    /// for twice, and no order has more of them than it asked for, by Twilio's own count.
    #[track_caller]
    pub fn assert_the_ledger_came_first(&self) {
        let truth = self.twilio.truth();
        let rows = self.sql(
            "SELECT i.id, i.phone_number, i.attempts, p.id, p.requested_count
               FROM purchase_items i JOIN purchases p ON p.id = i.purchase_id",
        );
        let items: BTreeMap<&str, Vec<&str>> = rows
            .lines()
            .map(|row| row.split('|').collect::<Vec<_>>())
            .map(|columns| (columns[0], columns[1..].to_vec()))
            .collect();
        let item_of = |parameters: &BTreeMap<String, String>| {
            let tag = parameters["FriendlyName"].clone();
            let id = tag.rsplit(':').next().expect("a tag ends with its item").to_owned();
            let item = items.get(id.as_str()).unwrap_or_else(|| panic!("{tag} is not in the ledger"));
            assert_eq!(parameters["PhoneNumber"], item[0], "{tag}");
            (id, item)
        };
        let mut posts: BTreeMap<String, i32> = BTreeMap::new();
        for create in &truth.creates {
            *posts.entry(item_of(&create.parameters).0).or_default() += 1;
        }
        for (id, posts) in posts {
            assert!(posts <= items[id.as_str()][1].parse().unwrap(), "item {id} was sent {posts} times: {rows}");
        }
        let mut paid: BTreeMap<&str, u32> = BTreeMap::new();
        let mut numbers = BTreeSet::new();
        for purchase in &truth.purchases {
            assert!(numbers.insert(&purchase.phone_number), "{} was paid for twice", purchase.phone_number);
            *paid.entry(item_of(&purchase.parameters).1[2]).or_default() += 1;
        }
        for item in items.values() {
            let (paid, requested) = (paid.get(item[2]).copied().unwrap_or(0), item[3].parse().unwrap());
            assert!(paid <= requested, "order {} has {paid} of {requested}:\n{}", item[2], self.ledger());
        }
    }

    /// Every number that was bought and is still in the account is in the database (I1), though a comparison may yet have
    /// something to find.
    #[track_caller]
    pub fn assert_everything_paid_for_is_known(&self) {
        let known = self.sql("SELECT sid FROM numbers WHERE status <> 'released'");
        let known: BTreeSet<&str> = known.lines().collect();
        for number in self.twilio.truth().owned.iter().filter(|number| !number.foreign) {
            assert!(known.contains(number.sid.as_str()), "{number:?} was lost:\n{}", self.ledger());
        }
    }

    /// Only numbers that the database calls ours were ever changed or given back at Twilio (I7).
    #[track_caller]
    pub fn assert_nobody_elses_touched(&self) {
        let truth = self.twilio.truth();
        let ours = self.sql("SELECT sid FROM numbers");
        let ours: BTreeSet<&str> = ours.lines().collect();
        let repeated = |sid: &str| truth.repeats.iter().any(|repeat| repeat.sid == sid);
        for update in &truth.update_log {
            // A create for a number that another environment bought a moment before is an update that nobody can help.
            assert!(ours.contains(update.sid.as_str()) || repeated(&update.sid), "not ours, and changed: {update:?}");
        }
        for release in &truth.releases {
            assert!(ours.contains(release.sid.as_str()), "not ours, and given back: {release:?}");
        }
        let left =
            self.sql("SELECT n.sid FROM releases r JOIN numbers n ON n.id = r.number_id WHERE r.state = 'released'");
        for sid in left.lines() {
            assert!(truth.owned.iter().all(|number| number.sid != sid), "{sid} has left, and is still paid for");
        }
    }

    /// No number ever had two users at a time, no user two numbers (I3); whoever has one has one that is ready (I6), and
    /// so is all stock. Numbers that moved in with their user keep their webhooks.
    #[track_caller]
    pub fn assert_one_to_one_at_any_time(&self) {
        let owned = self.sql(
            "SELECT count(*) FROM (
                 SELECT pool FROM (SELECT pool, more FROM owned_changes
                                   UNION ALL SELECT pool, -1 FROM numbers WHERE status <> 'released' AND missing_since IS NULL) AS ones
                  GROUP BY pool HAVING sum(more) <> 0) AS wrong",
        );
        assert_eq!(owned, "0", "how many each pool owns is known without counting");
        let astray = self.sql(
            "SELECT n.id FROM numbers n JOIN leases l ON l.number_id = n.id WHERE (l.pool, l.apart) <> (n.pool, n.apart)",
        );
        assert_eq!(astray, "", "leases of another pool than their number's");
        self.assert_one_to_one_in_the_database();
        self.assert_whoever_serves_is_ready();
    }

    /// The part of it that holds whatever the clocks say.
    #[track_caller]
    fn assert_whoever_serves_is_ready(&self) {
        let serving = self.sql(
            "SELECT n.phone_number FROM numbers n LEFT JOIN assignments_ever a ON a.number_id = n.id AND a.released_at IS NULL
              WHERE n.missing_since IS NULL AND (n.ready AND a.user_id IS NULL OR a.source <> 'import')",
        );
        // Asked last: a rested number that returns meanwhile has its webhooks by then.
        let truth = self.twilio.truth();
        for number in serving.lines() {
            let owned = truth.owned_number(number).unwrap_or_else(|| panic!("{number} serves and is not owned"));
            let voice_url = owned.voice_url.as_deref().unwrap_or_default();
            assert!(voice_url.ends_with("/twilio/voice"), "{number} serves with {voice_url}");
        }
    }

    /// The part of it that needs no Twilio.
    #[track_caller]
    pub fn assert_one_to_one_in_the_database(&self) {
        let overlaps = self.sql(
            "SELECT a.number_id, a.user_id, b.user_id FROM assignments_ever a JOIN assignments_ever b ON a.id < b.id
                AND (a.number_id = b.number_id OR a.user_id = b.user_id)
                AND tstzrange(a.assigned_at, a.released_at) && tstzrange(b.assigned_at, b.released_at)",
        );
        assert_eq!(overlaps, "", "assignments that overlap");
    }

    /// The spend caps, and each pool's `owned_max` and `available_max`, at each moment that something was bought (I5). Everything
    /// was bought within one hour, or this would be too strict.
    #[track_caller]
    pub fn assert_caps_held(&self) {
        self.assert_spend_caps_held();
        self.assert_stock_was_bounded();
    }

    #[track_caller]
    fn assert_spend_caps_held(&self) {
        let spent = "SELECT count(*) FROM purchase_items WHERE spends AND NOT override_caps AND state NOT IN ('taken', 'not_bought')";
        for (key, default) in [("spend.purchases_per_hour_max", 100), ("spend.purchases_per_day_max", 300)] {
            let max = self.limit(key, default);
            assert!(self.count(spent) <= max, "{key} is {max}:\n{}", self.ledger());
        }
        for (pool, section) in self.sections_of_pools() {
            let key = format!("{section}.purchases_per_day_max");
            let max = self.limit(&key, i64::MAX);
            assert!(self.count(&format!("{spent} AND pool = '{pool}'")) <= max, "{key} is {max}:\n{}", self.ledger());
        }
    }

    /// Each pool that this world's daemons have, and where its keys stand.
    fn sections_of_pools(&self) -> Vec<(String, String)> {
        let named =
            self.settings().keys().filter_map(|name| name.strip_prefix("CALLBUNKER__POOLS__")?.split("__").next());
        let names: BTreeSet<String> = named.map(str::to_lowercase).collect();
        let others = names.into_iter().map(|name| (name.clone(), format!("pools.{name}")));
        std::iter::once(("default".to_owned(), "pool".to_owned())).chain(others).collect()
    }

    #[track_caller]
    fn assert_stock_was_bounded(&self) {
        // What stood in the ledger when item i was intended: bought since, still open, or ended later. Numbers that had left
        // or vanished by then do not count; one that served somebody, or was to leave, is no stock from then on.
        let stood = "SELECT count(*) FROM purchase_items j LEFT JOIN numbers n ON n.purchase_item_id = j.id
                      WHERE j.intended_at <= i.intended_at AND (j.ended_at IS NULL OR j.state = 'bought' OR j.ended_at > i.intended_at)
                        AND (n.missing_since IS NULL OR n.missing_since > i.intended_at)";
        let is_here = "NOT EXISTS (SELECT FROM releases r WHERE r.number_id = n.id AND r.state = 'released' AND r.intended_at <= i.intended_at)";
        // What an operator takes in may be held for a while, and is no stock then.
        let is_stock = "j.spends AND NOT EXISTS (SELECT FROM releases r WHERE r.number_id = n.id AND r.intended_at <= i.intended_at)
                        AND NOT EXISTS (SELECT FROM assignments_ever a WHERE a.number_id = n.id AND a.assigned_at <= i.intended_at)";
        let automatic = "p.trigger IN ('warm_start', 'threshold', 'cron', 'replenish', 'emergency')";
        let for_stock = "p.trigger IN ('warm_start', 'threshold', 'cron', 'replenish')";
        let of_pools = self.sections_of_pools().into_iter().flat_map(|(pool, section)| {
            let (of_it, theirs) = (format!("i.pool = '{pool}'"), format!("j.pool = '{pool}'"));
            let owned = format!("({stood} AND {is_here} AND {theirs})");
            let idle = format!("({stood} AND {is_stock} AND {theirs})");
            [
                (format!("{section}.owned_max"), 1000, format!("{automatic} AND {of_it}"), owned),
                (format!("{section}.available_max"), 50, format!("{for_stock} AND {of_it}"), idle),
            ]
        });
        let of_all = ("spend.owned_max".to_owned(), i64::MAX, automatic.to_owned(), format!("({stood} AND {is_here})"));
        for (key, default, triggers, seen) in of_pools.chain([of_all]) {
            let max = self.limit(&key, default);
            let beyond = self.sql(&format!(
                "SELECT p.trigger, i.phone_number, i.intended_at FROM purchase_items i JOIN purchases p ON p.id = i.purchase_id
                  WHERE {triggers} AND {seen} > {max}"
            ));
            assert_eq!(beyond, "", "bought beyond {key}, which is {max}:\n{}", self.ledger());
        }
    }

    /// Every number is of the pool that its order was for, and so is whoever has it; nothing was moved to another one.
    #[track_caller]
    pub fn assert_numbers_are_of_their_orders_pool(&self) {
        let astray = self.sql(
            "SELECT n.phone_number, n.pool, i.pool, p.pool FROM numbers n JOIN purchase_items i ON i.id = n.purchase_item_id
               JOIN purchases p ON p.id = i.purchase_id WHERE n.pool <> i.pool OR i.pool <> p.pool",
        );
        assert_eq!(astray, "", "numbers of another pool than their order's");
        let astray = self.sql(
            "SELECT n.phone_number, n.pool, a.pool FROM assignments_ever a JOIN numbers n ON n.id = a.number_id WHERE a.pool <> n.pool",
        );
        assert_eq!(astray, "", "assignments of another pool than their number's");
    }

    /// A limit as this world's daemons have it.
    pub fn limit(&self, key: &str, default: i64) -> i64 {
        let set = self.settings().get(&format!("CALLBUNKER__{}", key.replace('.', "__")).to_uppercase());
        set.map_or(default, |value| value.parse().expect("a number"))
    }
}
