//! What must hold in the end, on the primary of then.

use std::collections::{BTreeMap, BTreeSet};

use super::load::Told;
use crate::world::World;
use crate::world::daemon::Daemon;

/// Everybody has what they were told and nobody else has it; nothing was bought that the ledger does not know, twice, or beyond what an
/// order asked for; every call to Twilio stood in the ledger before, on this server too.
pub fn judge(world: &World, daemon: &Daemon, told: &Told) {
    daemon.post_empty("/admin/phones/api/pause").ok();
    world.settle();
    let rows = world.sql(
        "SELECT a.user_id, n.phone_number FROM assignments_ever a JOIN numbers n ON n.id = a.number_id WHERE a.released_at IS NULL",
    );
    let held: BTreeMap<&str, &str> = rows.lines().filter_map(|row| row.split_once('|')).collect();
    for (user, number) in told {
        assert_eq!(held.get(user.as_str()).copied(), number.as_deref(), "what {user} was told last");
    }
    assert_eq!(held.len(), told.values().flatten().count(), "nobody else has a number: {held:?}");
    world.assert_truth();
}

/// What is wrong, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wrong {
    /// Users who have something else than they were told last.
    pub lost: usize,
    /// Numbers with two users, users with two numbers.
    pub doubled: usize,
    /// Numbers that were paid for twice or that the ledger does not know, and what was bought beyond an order.
    pub bought_twice: usize,
    /// Calls that buy whose item does not stand in the ledger.
    pub without_database: usize,
}

impl Wrong {
    /// What came to it since `before`. What is lost is learned by then.
    pub fn since(self, before: Self) -> Self {
        Self {
            lost: self.lost,
            doubled: self.doubled.saturating_sub(before.doubled),
            bought_twice: self.bought_twice.saturating_sub(before.bought_twice),
            without_database: self.without_database.saturating_sub(before.without_database),
        }
    }
}

/// Who has which number, a row each.
pub fn holders(world: &World) -> String {
    world.sql("SELECT a.user_id, n.phone_number FROM assignments_ever a JOIN numbers n ON n.id = a.number_id WHERE a.released_at IS NULL")
}

/// Counts what is wrong; nothing may be on its way.
pub fn count(world: &World, holders: &BTreeMap<&str, &str>, told: &Told) -> Wrong {
    let differs =
        |(user, number): &(&String, &Option<String>)| holders.get(user.as_str()).copied() != number.as_deref();
    let doubled = "SELECT count(*) FROM (
        SELECT number_id FROM assignments_ever WHERE released_at IS NULL GROUP BY number_id HAVING count(*) > 1
        UNION ALL SELECT 0 FROM assignments_ever WHERE released_at IS NULL GROUP BY user_id HAVING count(*) > 1) AS two";
    let truth = world.twilio.truth();
    let items = world.sql("SELECT id FROM purchase_items");
    let items: BTreeSet<&str> = items.lines().collect();
    let known = world.sql("SELECT sid FROM numbers");
    let known: BTreeSet<&str> = known.lines().collect();
    let in_the_ledger = |tag: &String| tag.rsplit(':').next().is_some_and(|item| items.contains(item));
    let paid: BTreeSet<&String> = truth.purchases.iter().map(|purchase| &purchase.phone_number).collect();
    let unknown = truth.owned.iter().filter(|number| !number.foreign && !known.contains(number.sid.as_str())).count();
    let beyond = "SELECT coalesce(sum(bought - requested_count), 0) FROM (
        SELECT p.requested_count, count(*) AS bought FROM purchases p JOIN purchase_items i ON i.purchase_id = p.id AND i.state = 'bought'
         GROUP BY p.id) AS orders WHERE bought > requested_count";
    let whole = |sql: &str| usize::try_from(world.count(sql)).expect("a count");
    Wrong {
        lost: told.iter().filter(differs).count(),
        doubled: whole(doubled),
        bought_twice: truth.purchases.len() - paid.len() + unknown + whole(beyond),
        without_database: truth
            .creates
            .iter()
            .filter(|create| !in_the_ledger(&create.parameters["FriendlyName"]))
            .count(),
    }
}
