//! What the signups on the waitlist lack: asked by whoever holds the lock, before anything is bought for anybody else.
//!
//! How to get it wrong: asking for the pool that one buys for. Those who wait at another come first, too.

use uuid::Uuid;

use super::buyer::{Buyer, PoolInForce};
use super::shortfall::Shortfall;
use crate::db::numbers::pool_is_another;
use crate::db::purchases::items::{Pace, items_pace};
use crate::db::purchases::purchases_others_wait;
use crate::db::stock::waitlist_lacks_at;
use crate::db::waiters::waiters_pools;
use crate::db::{Db, DbError};
use crate::domain::{PoolName, Trigger};

/// The pools at which somebody waits, whoever waits longest first.
pub(super) async fn waiting_pools(buyer: &Buyer) -> Result<Vec<PoolName>, DbError> {
    buyer.db.run_patiently("waiters_pools", waiters_pools).await
}

/// Whether somebody waits at `pool` whom neither stock nor what is on its way will serve, and for whom one may be bought now.
pub(super) async fn pool_lacks(buyer: &Buyer, pool: &PoolName) -> Result<bool, DbError> {
    let (Some(sight), Some(in_force)) = (buyer.observe(pool).await?, buyer.pool(pool)) else { return Ok(false) };
    Ok(sight.plan(Trigger::Emergency).count > 0 && most_at_once(buyer, &in_force).await?.is_ok())
}

/// Whether that is so of any pool, but for those of `but`; or somebody waits at a pool that is configured elsewhere only, whom
/// somebody else may serve once they have the lock.
pub(super) async fn waitlist_lacks(buyer: &Buyer, but: impl Fn(&PoolName) -> bool) -> Result<bool, DbError> {
    for pool in waiting_pools(buyer).await? {
        if but(&pool) {
            continue;
        }
        let lacks = match buyer.pool(&pool) {
            Some(_ours) => pool_lacks(buyer, &pool).await?,
            None => {
                let care = buyer.care.now();
                buyer.db.run_patiently("waitlist_lacks_at", move |conn| waitlist_lacks_at(conn, care, &pool)).await?
            }
        };
        if lacks {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether another order than `mine` waits for the lock. What cannot be read keeps nobody.
pub(crate) async fn others_wait(db: &Db, mine: Option<Uuid>) -> bool {
    let mine = mine.unwrap_or_else(Uuid::nil);
    db.run_patiently("purchases_others_wait", move |conn| purchases_others_wait(conn, mine)).await.unwrap_or(false)
}

/// How many may be bought at a time for those who wait at `pool`, or why none.
pub(super) async fn most_at_once(buyer: &Buyer, pool: &PoolInForce) -> Result<Result<u32, Shortfall>, DbError> {
    if is_another(buyer, pool).await? {
        return Ok(Err(Shortfall::AnotherKind));
    }
    let pool = pool.keys.pool.clone();
    let pace = buyer.db.run_patiently("items_pace", move |conn| items_pace(conn, &pool)).await?;
    Ok(match pace {
        Pace::Free => Ok(u32::MAX),
        Pace::One => Ok(1),
        Pace::Wait => Err(Shortfall::Paced),
    })
}

/// Says that nothing is bought for a pool that is of another kind.
pub(super) fn log_another(buyer: &Buyer, pool: &PoolInForce) {
    slog::warn!(buyer.log, "nothing is bought for a pool that the database was told is of another kind: give all instances one configuration";
        "pool" => pool.keys.pool.as_str(), "kind_here" => pool.kind.to_string());
}

/// Whether the database was last told that `pool` is of another kind: asked before a search, and in each intent again.
pub(super) async fn is_another(buyer: &Buyer, pool: &PoolInForce) -> Result<bool, DbError> {
    let (name, kind) = (pool.keys.pool.clone(), pool.kind);
    buyer.db.run_patiently("pool_is_another", move |conn| pool_is_another(conn, &name, kind)).await
}
