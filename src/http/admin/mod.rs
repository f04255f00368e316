//! The admin API, one file per subject. Dashboard, CLI and cron call the same functions.

pub(super) mod audit;
pub(super) mod custody;
pub(super) mod gate;
pub(super) mod import;
pub(super) mod lists;
pub(super) mod numbers;
pub(super) mod plan;
pub(super) mod purchases;
pub(super) mod reconcile;
pub(super) mod replenish;
pub(super) mod status;
pub(super) mod webhooks;
