//! The route table. Hot routes first: each is tried in turn. What a route is for stands beside its handler (`about`).

use super::admin::{
    audit, custody, gate, import, lists, numbers, plan, purchases, reconcile, replenish, status, webhooks,
};
use super::context::Context;
use super::sessions::login;
use super::{Access, BodyRule, Endpoint, Route, dashboard, health, live, metrics, openapi, problem_page, signup};

/// Every route there is.
#[must_use]
pub fn routes() -> Vec<Route<Context>> {
    use Access::{Admin, Public, Signup};
    vec![
        Route::new(
            "/signup/api/assign",
            vec![Endpoint::post(Signup, BodyRule::Json, signup::assign).about(signup::about_assign)],
        ),
        Route::new(
            "/signup/api/assignments/{user_id}",
            vec![Endpoint::get(Signup, signup::assignment).about(signup::about_assignment)],
        ),
        Route::new(
            "/signup/api/release",
            vec![
                Endpoint::post(Signup, BodyRule::Json, signup::release)
                    .about(signup::about_release)
                    .audited_of_admins(),
            ],
        ),
        openapi::route(),
        Route::new("/healthz", vec![Endpoint::get(Public, health::healthz).about(health::about_healthz)]),
        Route::new("/readyz", vec![Endpoint::get(Public, health::readyz).about(health::about_readyz)]),
        Route::new("/metrics", vec![Endpoint::get(Public, metrics::metrics).about(metrics::about)]),
        Route::new("/problems/{code}", vec![Endpoint::get(Public, problem_page::show).about(problem_page::about)]),
        Route::new(
            "/admin/phones/api/status",
            vec![Endpoint::get(Admin, status::status).about(status::about).polled()],
        ),
        Route::new(
            "/admin/phones/api/purchase",
            vec![Endpoint::post(Admin, BodyRule::Json, purchases::purchase).about(purchases::about_purchase).order()],
        ),
        Route::new(
            "/admin/phones/api/purchases/{id}",
            vec![Endpoint::get(Admin, purchases::show).about(purchases::about_show).polled()],
        ),
        Route::new(
            "/admin/phones/api/replenish",
            vec![Endpoint::post(Admin, BodyRule::None, replenish::replenish).about(replenish::about_replenish).order()],
        ),
        Route::new(
            "/admin/phones/cron/auto-replenish",
            vec![
                Endpoint::post(Admin, BodyRule::None, replenish::auto_replenish)
                    .about(replenish::about_auto_replenish)
                    .order(),
            ],
        ),
        Route::new(
            "/admin/phones/api/configure-webhooks",
            vec![Endpoint::post(Admin, BodyRule::OptionalJson, webhooks::configure).about(webhooks::about)],
        ),
        Route::new(
            "/admin/phones/api/reconcile",
            vec![Endpoint::post(Admin, BodyRule::OptionalJson, reconcile::reconcile).about(reconcile::about)],
        ),
        Route::new(
            "/admin/phones/api/pause",
            vec![Endpoint::post(Admin, BodyRule::OptionalJson, gate::pause).about(gate::about_pause)],
        ),
        Route::new(
            "/admin/phones/api/resume",
            vec![Endpoint::post(Admin, BodyRule::OptionalJson, gate::resume).about(gate::about_resume)],
        ),
        Route::new(
            "/admin/phones/api/import",
            vec![Endpoint::post(Admin, BodyRule::Json, import::import).about(import::about).up_to(import::BYTES_MAX)],
        ),
        Route::new(
            "/admin/phones/api/numbers/{phone_number}/adopt",
            vec![Endpoint::post(Admin, BodyRule::OptionalJson, custody::adopt).about(custody::about_adopt)],
        ),
        Route::new(
            "/admin/phones/api/numbers/{phone_number}/ignore",
            vec![Endpoint::post(Admin, BodyRule::OptionalJson, custody::ignore).about(custody::about_ignore)],
        ),
        Route::new(
            "/admin/phones/api/numbers/{phone_number}/release-to-twilio",
            vec![
                Endpoint::post(Admin, BodyRule::OptionalJson, custody::release_to_twilio)
                    .about(custody::about_release_to_twilio),
            ],
        ),
        Route::new("/admin/phones/api/numbers", vec![Endpoint::get(Admin, lists::numbers).about(lists::about_numbers)]),
        Route::new(
            "/admin/phones/api/numbers/{phone_number}",
            vec![Endpoint::get(Admin, numbers::show).about(numbers::about)],
        ),
        Route::new(
            "/admin/phones/api/assignments",
            vec![Endpoint::get(Admin, lists::assignments).about(lists::about_assignments)],
        ),
        Route::new("/admin/phones/api/passes", vec![Endpoint::get(Admin, lists::passes).about(lists::about_passes)]),
        Route::new("/admin/phones/api/plan", vec![Endpoint::get(Admin, plan::plan).about(plan::about)]),
        Route::new("/admin/phones/api/audit", vec![Endpoint::get(Admin, audit::audit).about(audit::about)]),
        Route::new(
            "/admin/phones/api/events",
            vec![Endpoint::get(Admin, live::events).polled().by_the_page().about(live::about)],
        ),
        Route::new("/admin/phones/assets/{name}", vec![Endpoint::get(Public, dashboard::asset).undocumented()]),
        Route::new(
            "/admin/phones/dashboard",
            vec![Endpoint::page(Admin, dashboard::home).about(dashboard::about_home).polled()],
        ),
        Route::new(
            "/admin/phones/dashboard/chart",
            vec![Endpoint::get(Admin, dashboard::chart).undocumented().polled().by_the_page()],
        ),
        Route::new("/admin/phones/dashboard/search", vec![Endpoint::page(Admin, dashboard::search).undocumented()]),
        Route::new(
            "/admin/phones/dashboard/numbers",
            vec![Endpoint::page(Admin, dashboard::numbers).undocumented().polled()],
        ),
        Route::new(
            "/admin/phones/dashboard/assignments",
            vec![Endpoint::page(Admin, dashboard::assignments).undocumented().polled()],
        ),
        Route::new(
            "/admin/phones/dashboard/orders",
            vec![Endpoint::page(Admin, dashboard::orders).undocumented().polled()],
        ),
        Route::new(
            "/admin/phones/dashboard/passes",
            vec![Endpoint::page(Admin, dashboard::passes).undocumented().polled()],
        ),
        Route::new(
            "/admin/phones/dashboard/audit",
            vec![Endpoint::page(Admin, dashboard::audit).undocumented().polled()],
        ),
        Route::new(
            "/admin/phones/dashboard/acts/{act}",
            vec![
                Endpoint::page(Admin, dashboard::ask).undocumented().polled(),
                Endpoint::form(Admin, dashboard::act).undocumented().order().does(dashboard::action),
            ],
        ),
        Route::new(
            "/admin/login",
            vec![
                Endpoint::get(Public, login::show).about(login::about_show),
                Endpoint::post(Public, BodyRule::Form, login::login).about(login::about_login).audited(),
            ],
        ),
        Route::new(
            "/admin/logout",
            vec![Endpoint::post(Admin, BodyRule::Form, login::logout).about(login::about_logout)],
        ),
    ]
}
