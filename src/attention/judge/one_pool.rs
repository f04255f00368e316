//! One pool, as the judges look at it, and what it is called.
//!
//! How to get it wrong: calling the only pool there is by its name. Whoever has one has never heard of it.

use super::super::facts::{Limits, PoolLimits};
use crate::db::stock::{Observation, Overview};
use crate::domain::PoolName;

/// One pool.
#[derive(Clone, Copy)]
pub(super) struct OnePool<'a> {
    pub(super) name: &'a PoolName,
    /// There is no other.
    pub(super) is_only: bool,
    pub(super) limits: &'a PoolLimits,
    pub(super) seen: &'a Observation,
}

/// The pools that are configured and were seen, `default` first.
pub(super) fn pools<'a>(limits: &'a Limits, seen: &'a Overview) -> impl Iterator<Item = OnePool<'a>> {
    let is_only = limits.pools.len() == 1;
    limits.pools.iter().filter_map(move |limits| {
        let name = &limits.keys.pool;
        Some(OnePool { name, is_only, limits, seen: seen.pools.get(name)? })
    })
}

impl OnePool<'_> {
    /// At the beginning of a sentence.
    pub(super) fn titled(&self) -> String {
        if self.is_only { "The pool".to_owned() } else { format!("Pool {}", self.name) }
    }

    /// ` of gb`, behind what there are several of.
    pub(super) fn behind(&self) -> String {
        if self.is_only { String::new() } else { format!(" of {}", self.name) }
    }

    /// One of its keys, with dots.
    pub(super) fn key(&self, key: &str) -> String {
        self.name.key(key)
    }
}
