//! The route table. Hot routes first: each is tried in turn.

use super::admin::{
    audit, custody, gate, import, lists, numbers, plan, purchases, reconcile, replenish, status, webhooks,
};
use super::context::Context;
use super::sessions::login;
use super::{Access, BodyRule, Endpoint, Route, dashboard, health, live, metrics, signup};

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
        Route::new("/metrics", vec![Endpoint::get(Public, metrics::metrics)]),
        Route::new("/admin/phones/api/status", vec![Endpoint::get(Admin, status::status).polled()]),
        Route::new(
            "/admin/phones/api/purchase",
            vec![Endpoint::post(Admin, BodyRule::Json, purchases::purchase).order()],
        ),
        Route::new("/admin/phones/api/purchases/{id}", vec![Endpoint::get(Admin, purchases::show)]),
        Route::new(
            "/admin/phones/api/replenish",
            vec![Endpoint::post(Admin, BodyRule::None, replenish::replenish).order()],
        ),
        Route::new(
            "/admin/phones/cron/auto-replenish",
            vec![Endpoint::post(Admin, BodyRule::None, replenish::auto_replenish).order()],
        ),
        Route::new(
            "/admin/phones/api/configure-webhooks",
            vec![Endpoint::post(Admin, BodyRule::OptionalJson, webhooks::configure)],
        ),
        Route::new(
            "/admin/phones/api/reconcile",
            vec![Endpoint::post(Admin, BodyRule::OptionalJson, reconcile::reconcile)],
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
        Route::new("/admin/phones/api/events", vec![Endpoint::get(Admin, live::events).polled()]),
        Route::new("/admin/phones/assets/{name}", vec![Endpoint::get(Public, dashboard::asset)]),
        Route::new("/admin/phones/dashboard", vec![Endpoint::page(Admin, dashboard::home).polled()]),
        Route::new("/admin/phones/dashboard/chart", vec![Endpoint::get(Admin, dashboard::chart).polled()]),
        Route::new("/admin/phones/dashboard/search", vec![Endpoint::page(Admin, dashboard::search)]),
        Route::new("/admin/phones/dashboard/numbers", vec![Endpoint::page(Admin, dashboard::numbers).polled()]),
        Route::new("/admin/phones/dashboard/assignments", vec![Endpoint::page(Admin, dashboard::assignments).polled()]),
        Route::new("/admin/phones/dashboard/orders", vec![Endpoint::page(Admin, dashboard::orders).polled()]),
        Route::new("/admin/phones/dashboard/passes", vec![Endpoint::page(Admin, dashboard::passes).polled()]),
        Route::new("/admin/phones/dashboard/audit", vec![Endpoint::page(Admin, dashboard::audit).polled()]),
        Route::new(
            "/admin/phones/dashboard/acts/{act}",
            vec![Endpoint::page(Admin, dashboard::ask).polled(), Endpoint::form(Admin, dashboard::act).order()],
        ),
        Route::new("/admin/phones/api/numbers/{phone_number}", vec![Endpoint::get(Admin, numbers::show)]),
        Route::new("/admin/phones/api/assignments", vec![Endpoint::get(Admin, lists::assignments)]),
        Route::new("/admin/phones/api/passes", vec![Endpoint::get(Admin, lists::passes)]),
        Route::new("/admin/phones/api/plan", vec![Endpoint::get(Admin, plan::plan)]),
        Route::new("/admin/phones/api/audit", vec![Endpoint::get(Admin, audit::audit)]),
        Route::new(
            "/admin/login",
            vec![Endpoint::get(Public, login::show), Endpoint::post(Public, BodyRule::Form, login::login).audited()],
        ),
        Route::new("/admin/logout", vec![Endpoint::post(Admin, BodyRule::Form, login::logout)]),
    ]
}
