//! What the signups on the waitlist lack: asked by whoever holds the lock, before anything is bought for anybody else.
//!
//! How to get it wrong: asking for the pool that one buys for. Those who wait at another come first, too.

use uuid::Uuid;

use super::buyer::Buyer;
use crate::db::purchases::items::{Pace, items_pace};
use crate::db::purchases::purchases_others_wait;
use crate::db::waiters::waiters_pools;
use crate::db::{Db, DbError};
use crate::domain::{PoolName, Trigger};

/// The pools at which somebody waits, whoever waits longest first.
pub(super) async fn waiting_pools(buyer: &Buyer) -> Result<Vec<PoolName>, DbError> {
    buyer.db.run_patiently("waiters_pools", waiters_pools).await
}

/// Whether somebody waits at `pool` whom neither stock nor what is on its way will serve, and for whom one may be bought now.
pub(super) async fn pool_lacks(buyer: &Buyer, pool: &PoolName) -> Result<bool, DbError> {
    let Some(sight) = buyer.observe(pool).await? else { return Ok(false) };
    Ok(sight.plan(Trigger::Emergency).count > 0 && pace(buyer, pool).await? != Pace::Wait)
}

/// Whether that is so of any pool, but for those of `but`.
pub(super) async fn waitlist_lacks(buyer: &Buyer, but: impl Fn(&PoolName) -> bool) -> Result<bool, DbError> {
    for pool in waiting_pools(buyer).await? {
        if !but(&pool) && pool_lacks(buyer, &pool).await? {
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

pub(super) async fn pace(buyer: &Buyer, pool: &PoolName) -> Result<Pace, DbError> {
    let pool = pool.clone();
    buyer.db.run_patiently("items_pace", move |conn| items_pace(conn, &pool)).await
}
