//! What the pools did, and why, as the dashboard shows it: checks of a pool that say the same, one after the other, are one line.
//!
//! How to get it wrong: joining checks that bought something. Each of these is told.

use super::text::{When, words};
use super::trouble::{Trouble, alike};
use crate::db::passes::Pass;
use crate::domain::{PoolName, explain_reason};

/// Checks that are read for the lines that are shown: in a bad hour a line stands for many.
pub(super) const READ: i64 = 60;
const SHOWN: usize = 6;

/// Checks that did the same, the newest first among their like.
pub(super) struct CheckRow {
    pub(crate) at: When,
    pub(crate) trigger: String,
    pub(crate) why: String,
    pub(crate) bought: i32,
    pub(crate) trouble: Option<Trouble>,
    /// How many there were, and since when, if more than one.
    pub(crate) times: usize,
    pub(crate) since: When,
    /// What the script compares the next check with.
    pub(crate) key: String,
    pub(crate) pool: PoolName,
}

/// What checks have in common that are one line.
fn key(pass: &Pass) -> String {
    let error = pass.error.as_deref().map(alike).unwrap_or_default();
    format!("{}|{}|{}|{error}", pass.trigger.as_str(), pass.reason, pass.purchased_count)
}

/// The lines, newest first, of checks that come newest first.
pub(super) fn joined(passes: Vec<Pass>) -> Vec<CheckRow> {
    let mut rows: Vec<CheckRow> = Vec::new();
    for pass in passes {
        let key = key(&pass);
        let is_full = rows.len() == SHOWN;
        // What other pools did in between is no other word of this one.
        let of_pool = rows.iter_mut().rev().find(|row| row.pool == pass.pool);
        match of_pool.filter(|row| row.key == key && row.bought == 0) {
            Some(row) => {
                row.times += 1;
                row.since = When(pass.at);
            }
            None if is_full => break,
            None => rows.push(CheckRow {
                at: When(pass.at),
                trigger: words(pass.trigger.as_str()),
                why: explain_reason(&pass.pool, &pass.reason, pass.error.as_deref()),
                bought: pass.purchased_count,
                trouble: pass.error.as_deref().map(Trouble::new),
                times: 1,
                since: When(pass.at),
                key,
                pool: pass.pool,
            }),
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use chrono::Duration;

    use super::*;
    use crate::domain::Trigger;

    fn pass(minutes_ago: i64, bought: i32, error: Option<&str>) -> Pass {
        Pass {
            id: -minutes_ago,
            at: "2026-11-28T14:30:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap()
                - Duration::minutes(minutes_ago),
            trigger: Trigger::Cron,
            reason: "twilio_unavailable".to_owned(),
            purchased_count: bought,
            error: error.map(str::to_owned),
            pool: PoolName::default_pool(),
            detail: None,
        }
    }

    #[test]
    fn a_bad_hour_is_a_line_and_what_was_bought_stands_alone() {
        let search = |id| {
            format!("Twilio gave no proper answer to a search (status 503, Twilio's request {id}); try again later")
        };
        let passes = (0..4).map(|minute| pass(minute, 0, Some(&search(minute.to_string()))));
        let rows = joined(passes.chain([pass(5, 2, None), pass(6, 2, None), pass(7, 0, None)]).collect());
        let told: Vec<_> = rows.iter().map(|row| (row.bought, row.times)).collect();
        assert_eq!(told, [(0, 4), (2, 1), (2, 1), (0, 1)]);
        assert_eq!(rows[0].trouble.as_ref().unwrap().short, "Twilio 503 on search");
        assert_eq!(rows[0].since.machine(), "2026-11-28T14:27:00Z");
        assert!(rows[0].trouble.as_ref().unwrap().full.contains("request 0"), "the newest is kept");
    }

    #[test]
    fn what_other_pools_did_in_between_divides_no_line() {
        let of = |name: &str, minute| Pass { pool: name.parse().unwrap(), ..pass(minute, 0, None) };
        let rows = joined(vec![of("gb", 0), of("ca", 1), of("gb", 2), of("ca", 3), of("gb", 4)]);
        let told: Vec<_> = rows.iter().map(|row| (row.pool.as_str(), row.times)).collect();
        assert_eq!(told, [("gb", 3), ("ca", 2)]);
    }

    #[test]
    fn six_lines_are_enough() {
        let passes = (0..20).map(|minute| pass(minute, 1, None)).collect();
        assert_eq!(joined(passes).len(), 6);
    }
}
