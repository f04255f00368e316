//! Last use and recycling: what is known of uses, what that proves, and what is done about it.

mod beside;
mod histories;
mod notices;
mod sweep;
mod touch;

use serde_json::Value;

use crate::world::World;
use crate::world::daemon::Daemon;

impl World {
    /// These users have their numbers since so many days.
    pub(crate) fn assigned_days_ago(&self, days: u32) {
        // Nobody but a test may say that a lease is older than it is.
        self.sql(&format!(
            "SET session_replication_role = replica; UPDATE leases SET assigned_at = assigned_at - interval '{days} days' WHERE user_id IS NOT NULL"
        ));
    }

    /// The last uses that are kept, as `user source`.
    pub(crate) fn uses(&self) -> Vec<String> {
        let rows = self.sql(
            "SELECT l.user_id || ' ' || u.source FROM last_uses u JOIN leases l USING (number_id) WHERE u.source IS NOT NULL ORDER BY 1",
        );
        rows.lines().map(str::to_owned).collect()
    }
}

/// The users of the inactive numbers, each with why it is not taken.
pub(crate) fn inactive(daemon: &Daemon, query: &str) -> Vec<String> {
    let page = daemon.get(&format!("/admin/phones/api/inactive{query}")).ok();
    let items = page["items"].as_array().expect("a list");
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let mut lines: Vec<String> =
        items.iter().map(|item| format!("{} {}", text(&item["user_id"]), text(&item["why_not"]))).collect();
    lines.sort();
    lines
}
