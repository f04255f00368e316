//! The pools in force, each under its keys, worked out once for each configuration: this is asked up to twenty times a second.
//!
//! How to get it wrong: keeping them over a reload.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::config::Config;
use crate::domain::{Keys, PoolName};

/// The pools of the configuration that was asked last.
#[derive(Default)]
pub(super) struct InForce {
    config: Option<Arc<Config>>,
    keys: Arc<BTreeMap<PoolName, Keys>>,
}

impl InForce {
    /// Those of the configuration in force.
    pub(super) fn look(&mut self, in_force: &ArcSwap<Config>) -> Arc<BTreeMap<PoolName, Keys>> {
        let config = in_force.load_full();
        if self.config.as_ref().is_none_or(|known| !Arc::ptr_eq(known, &config)) {
            let keys = config.keys().into_iter().map(|keys| (keys.pool.clone(), keys));
            (self.keys, self.config) = (Arc::new(keys.collect()), Some(config));
        }
        Arc::clone(&self.keys)
    }
}
