//! Which pools lack something, in one look at the database for all of them.
//!
//! How to get it wrong: a look for each pool. Fifty of them, twenty times a second, would be all that the database does.

use std::collections::BTreeSet;

use super::dependencies::MonitorDependencies;
use crate::db::DbError;
use crate::db::stock::levels_glance;
use crate::domain::{Level, PoolName, PoolPolicy};

/// How full those of `open` are that are configured, and want stock.
pub(super) async fn levels(deps: &MonitorDependencies, open: &BTreeSet<PoolName>) -> Result<Vec<Level>, DbError> {
    let policies: Vec<(PoolName, PoolPolicy)> = {
        let config = deps.config.load();
        let open = config.pools().filter(|(name, _)| open.contains(*name));
        open.filter_map(|(name, _)| Some((name.clone(), config.policy(name)?))).collect()
    };
    deps.db.run("levels_glance", move |conn| levels_glance(conn, &policies)).await
}
