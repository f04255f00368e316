//! What the signups on the waitlist lack: asked by whoever holds the lock, before anything is bought for anybody else.

use uuid::Uuid;

use super::buyer::Buyer;
use crate::db::purchases::items::{Pace, items_pace};
use crate::db::purchases::purchases_others_wait;
use crate::db::stock::Observation;
use crate::db::{Db, DbError};
use crate::domain::{Plan, PoolName, Trigger, plan};

/// Whether somebody waits whom neither stock nor what is on its way will serve, and for whom one may be bought now.
pub(super) async fn waitlist_lacks(buyer: &Buyer) -> Result<bool, DbError> {
    let seen = buyer.observe().await?;
    Ok(plan_for_waiters(buyer, &seen, &PoolName::default_pool()).count > 0 && pace(buyer).await? != Pace::Wait)
}

/// Whether another order than `mine` waits for the lock. What cannot be read keeps nobody.
pub(crate) async fn others_wait(db: &Db, mine: Option<Uuid>) -> bool {
    let mine = mine.unwrap_or_else(Uuid::nil);
    db.run_patiently("purchases_others_wait", move |conn| purchases_others_wait(conn, mine)).await.unwrap_or(false)
}

pub(super) async fn pace(buyer: &Buyer) -> Result<Pace, DbError> {
    buyer.db.run_patiently("items_pace", items_pace).await
}

/// What is to be bought now for those who wait at `pool`.
pub(super) fn plan_for_waiters(buyer: &Buyer, seen: &Observation, pool: &PoolName) -> Plan {
    let limits = buyer.limits();
    let stock = seen.stock_for_waiters(pool);
    plan(&limits.policy, &seen.caps(limits.per_hour_max, limits.per_day_max), &stock, Trigger::Emergency)
}
