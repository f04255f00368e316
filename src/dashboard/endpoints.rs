//! Pages and their forms, as the route table takes them: for admins, and refused as pages are.
//!
//! How to get it wrong: a page of the dashboard without them. A browser would be shown problem+json.

use std::sync::Arc;

use super::page::refused;
use crate::access::Access;
use crate::api::services::Services;
use crate::routing::{BodyRule, Endpoint, Outcome, Request};

/// A page: `GET` and `HEAD`.
pub(crate) fn page<H, F>(handler: H) -> Endpoint<Services>
where
    H: Fn(Arc<Services>, Request) -> F + Send + Sync + 'static,
    F: Future<Output = Outcome> + Send + 'static,
{
    Endpoint::get(Access::Admin, handler).page(refused)
}

/// What its form sends.
pub(crate) fn form<H, F>(handler: H) -> Endpoint<Services>
where
    H: Fn(Arc<Services>, Request) -> F + Send + Sync + 'static,
    F: Future<Output = Outcome> + Send + 'static,
{
    Endpoint::post(Access::Admin, BodyRule::Form, handler).page(refused)
}
