//! The route table. Hot routes first: each is tried in turn.

use super::admin::{custody, gate, import, lists, purchases, replenish, status, webhooks};
use super::context::Context;
use super::{Access, BodyRule, Endpoint, Route, health, live, signup};

/// Every route there is.
#[must_use]
pub fn routes() -> Vec<Route<Context>> {
    use Access::{Admin, Public, Signup};
    vec![
        Route::new("/signup/api/assign", vec![Endpoint::post(Signup, BodyRule::Json, signup::assign)]),
        Route::new("/signup/api/assignments/{user_id}", vec![Endpoint::get(Signup, signup::assignment)]),
        Route::new("/signup/api/release", vec![Endpoint::post(Signup, BodyRule::Json, signup::release)]),
        Route::new("/healthz", vec![Endpoint::get(Public, health::healthz)]),
        Route::new("/readyz", vec![Endpoint::get(Public, health::readyz)]),
        Route::new("/admin/phones/api/status", vec![Endpoint::get(Admin, status::status)]),
        Route::new("/admin/phones/api/purchase", vec![Endpoint::post(Admin, BodyRule::Json, purchases::purchase)]),
        Route::new("/admin/phones/api/purchases/{id}", vec![Endpoint::get(Admin, purchases::show)]),
        Route::new("/admin/phones/api/replenish", vec![Endpoint::post(Admin, BodyRule::None, replenish::replenish)]),
        Route::new(
            "/admin/phones/cron/auto-replenish",
            vec![Endpoint::post(Admin, BodyRule::None, replenish::auto_replenish)],
        ),
        Route::new(
            "/admin/phones/api/configure-webhooks",
            vec![Endpoint::post(Admin, BodyRule::OptionalJson, webhooks::configure)],
        ),
        Route::new("/admin/phones/api/pause", vec![Endpoint::post(Admin, BodyRule::OptionalJson, gate::pause)]),
        Route::new("/admin/phones/api/resume", vec![Endpoint::post(Admin, BodyRule::OptionalJson, gate::resume)]),
        Route::new(
            "/admin/phones/api/import",
            vec![Endpoint::post(Admin, BodyRule::Json, import::import).up_to(import::BYTES_MAX)],
        ),
        Route::new(
            "/admin/phones/api/numbers/{phone_number}/adopt",
            vec![Endpoint::post(Admin, BodyRule::OptionalJson, custody::adopt)],
        ),
        Route::new(
            "/admin/phones/api/numbers/{phone_number}/ignore",
            vec![Endpoint::post(Admin, BodyRule::OptionalJson, custody::ignore)],
        ),
        Route::new(
            "/admin/phones/api/numbers/{phone_number}/release-to-twilio",
            vec![Endpoint::post(Admin, BodyRule::OptionalJson, custody::release_to_twilio)],
        ),
        Route::new("/admin/phones/api/numbers", vec![Endpoint::get(Admin, lists::numbers)]),
        Route::new("/admin/phones/api/events", vec![Endpoint::get(Admin, live::events)]),
        Route::new("/admin/phones/api/assignments", vec![Endpoint::get(Admin, lists::assignments)]),
    ]
}
