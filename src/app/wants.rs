//! What the pools want their numbers to be attached to, told to the database: at start, and after a reload.
//!
//! Step by step, each of which may be the last one before a crash: stock that will lack something is taken back, the pool wants it, each
//! number is told. What broke off is begun anew by the next start or reload, because the database says that it was telling.
//! How to get it wrong: telling again and again what this instance is configured with. Two that differ would rewrite each other for ever:
//! whoever starts or reloads last has the word, and the other one warns.

use crate::config::Config;
use crate::db::numbers::{numbers_take_back, numbers_tell_wants};
use crate::db::pool_wants::{wants_begin, wants_stored, wants_switch, wants_told};
use crate::db::{Connection, Db, DbError};
use crate::domain::{PoolName, Wants};

/// Numbers told in one statement: nobody waits long for their rows.
const TOLD_AT_ONCE: i64 = 1000;

/// Says what each pool wants, and tells its numbers, where that is not so already.
pub(super) async fn claim_wants(
    db: &Db,
    config: &Config,
    is_in_force: &(dyn Fn() -> bool + Send + Sync),
    log: &slog::Logger,
) -> Result<(), DbError> {
    let stored = db.run_patiently("wants_stored", wants_stored).await?;
    let mut ours: Vec<(PoolName, Wants)> = config.pools().map(|(name, pool)| (name.clone(), pool.wants())).collect();
    // Two instances that start at once wait for each other in one direction.
    ours.sort_by(|(one, _), (other, _)| one.cmp(other));
    for (pool, wants) in ours {
        let is_told = stored.get(&pool).is_some_and(|stored| stored.wants == wants && !stored.telling);
        if is_told {
            continue;
        }
        if !is_in_force() {
            return Ok(());
        }
        claim(db, &pool, &wants, log).await?;
    }
    Ok(())
}

async fn claim(db: &Db, pool: &PoolName, wants: &Wants, log: &slog::Logger) -> Result<(), DbError> {
    let begun = pool.clone();
    db.run_patiently("wants_begin", move |conn| wants_begin(conn, &begun)).await?;
    loop {
        let (pool, new) = (pool.clone(), wants.clone());
        let take = move |conn: &mut Connection| numbers_take_back(conn, &pool, &new, TOLD_AT_ONCE);
        if db.run_patiently("numbers_take_back", take).await? == 0 {
            break;
        }
        fail::fail_point!("wants_took_some_back");
    }
    let (switched, new) = (pool.clone(), wants.clone());
    db.run_patiently("wants_switch", move |conn| wants_switch(conn, &switched, &new)).await?;
    fail::fail_point!("wants_switched");
    // Said once it is so: from here on nothing is handed out that lacks it.
    slog::info!(log, "a pool wants this of its numbers now"; "pool" => pool.as_str(), "wants" => in_words(wants));
    let mut after = 0;
    loop {
        let pool = pool.clone();
        let tell = move |conn: &mut Connection| numbers_tell_wants(conn, &pool, after, TOLD_AT_ONCE);
        match db.run_patiently("numbers_tell_wants", tell).await? {
            Some(last) => after = last,
            None => break,
        }
        fail::fail_point!("wants_told_some");
    }
    let (told, new) = (pool.clone(), wants.clone());
    if !db.run_patiently("wants_told", move |conn| wants_told(conn, &told, &new)).await? {
        slog::warn!(log, "another instance says that a pool wants something else of its numbers: give all instances one configuration";
            "pool" => pool.as_str(), "wants_here" => in_words(wants));
    }
    Ok(())
}

fn in_words(wants: &Wants) -> String {
    let targets: Vec<String> = wants.targets().map(|target| target.sid().to_owned()).collect();
    let when = match (wants.needs.attached, wants.needs.registered) {
        (_, true) => "; nothing is handed out before the carriers know it",
        (true, false) => "; nothing is handed out before it is attached",
        (false, false) => "",
    };
    if targets.is_empty() { "nothing".to_owned() } else { format!("{}{when}", targets.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Needs;

    #[test]
    fn what_is_wanted_is_said_in_words() {
        assert_eq!(in_words(&Wants::default()), "nothing");
        let services = vec![format!("MG{}", "1".repeat(32)).parse().unwrap()];
        let wants = Wants { services, needs: Needs { attached: true, registered: false }, ..Wants::default() };
        assert!(in_words(&wants).ends_with("1; nothing is handed out before it is attached"));
    }
}
