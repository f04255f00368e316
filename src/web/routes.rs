//! The route table. Hot routes first: each is tried in turn. What a route is for stands beside its handler (`about`).

use crate::access::Access::{Admin, Public, ReadOnly, Signup};
use crate::api::openapi::description;
use crate::api::services::Services;
use crate::api::{
    alerts, attention, audit, cost, custody, events, foresight, health, import, inactive, lists, mark_ready, metrics,
    numbers, openapi, pause, plan, protect, purchases, reconcile, recycle, replenish, signup, status, touch,
    twilio_check, webhooks, whoami,
};
use crate::dashboard::{form, login, page, problem_page, runbook_page};
use crate::http::Place;
use crate::live::Live;
use crate::routing::{BodyRule, Endpoint, Route};
use crate::{dashboard, live};

/// The description of a daemon that is there, as text: as it serves it, and as `callbunker openapi` prints it of one at the root.
///
/// # Panics
/// Never: a description is plain JSON.
#[must_use]
pub fn description_text(place: &Place) -> String {
    // Proof: names are texts and values are JSON, so it serialises.
    serde_json::to_string_pretty(&description(&routes(), &place.server())).expect("a description is plain JSON") + "\n"
}

/// Every route there is.
#[must_use]
pub fn routes() -> Vec<Route<Services>> {
    routes_of(&Live::default())
}

/// The same, with the stream of this feed.
pub(super) fn routes_of(live: &Live) -> Vec<Route<Services>> {
    let rooms = [
        signups(),
        machines(),
        buying(),
        upkeep(),
        numbers_of_the_pool(),
        money(),
        looking_on(live),
        pages(),
        sessions(),
    ];
    rooms.into_iter().flatten().collect()
}

/// Hot: every signup comes here.
fn signups() -> Vec<Route<Services>> {
    vec![
        Route::new(
            "/signup/api/assign",
            vec![Endpoint::post(Signup, BodyRule::Json, signup::handle_assign).about(signup::about_assign)],
        ),
        Route::new(
            "/signup/api/assignments/{user_id}",
            vec![Endpoint::get(Signup, signup::handle_assignment).about(signup::about_assignment)],
        ),
        Route::new(
            "/signup/api/assignments",
            vec![Endpoint::get(Signup, signup::handle_assignment_of).about(signup::about_assignment_of)],
        ),
        Route::new(
            "/signup/api/release",
            vec![
                Endpoint::post(Signup, BodyRule::Json, signup::handle_release)
                    .about(signup::about_release)
                    .audited_of_admins(),
            ],
        ),
        Route::new(
            "/signup/api/touch",
            vec![Endpoint::post(Signup, BodyRule::Json, touch::handle).about(touch::about).up_to(touch::BYTES_MAX)],
        ),
    ]
}

/// What programs ask without a key, or to learn what there is.
fn machines() -> Vec<Route<Services>> {
    vec![
        openapi::route(description_text),
        Route::new("/healthz", vec![Endpoint::get(Public, health::healthz).about(health::about_healthz)]),
        Route::new("/readyz", vec![health::readyz_endpoint()]),
        Route::new("/metrics", vec![Endpoint::get(Public, metrics::metrics).about(metrics::about)]),
        Route::new(
            "/twilio/events",
            vec![
                Endpoint::post(Public, BodyRule::CloudEvents, events::handle)
                    .vouched(events::vouched)
                    .at_once(events::AT_ONCE)
                    .up_to(events::BYTES_MAX)
                    .about(events::about),
            ],
        )
        .served_while(events::is_served),
        Route::new("/runbook/{kind}", vec![Endpoint::get(Public, runbook_page::show).about(runbook_page::about)]),
        Route::new("/problems/{code}", vec![Endpoint::get(Public, problem_page::show).about(problem_page::about)]),
    ]
}

/// What is in stock, and what is bought.
fn buying() -> Vec<Route<Services>> {
    vec![
        Route::new(
            "/admin/phones/api/status",
            vec![Endpoint::get(Admin, status::status).about(status::about).polled()],
        ),
        Route::new(
            "/admin/phones/api/attention",
            vec![Endpoint::get(Admin, attention::handle).about(attention::about).polled()],
        ),
        Route::new(
            "/admin/phones/api/alerts",
            vec![Endpoint::get(Admin, lists::alerts::handle).about(lists::alerts::about).polled()],
        ),
        Route::new(
            "/admin/phones/api/alerts/test",
            vec![Endpoint::post(Admin, BodyRule::None, alerts::handle_test).about(alerts::about_test).order()],
        ),
        Route::new(
            "/admin/phones/api/alerts/{id}/acknowledge",
            vec![Endpoint::post(Admin, BodyRule::None, alerts::handle_acknowledge).about(alerts::about_acknowledge)],
        ),
        Route::new(
            "/admin/phones/api/twilio-check",
            vec![Endpoint::get(Admin, twilio_check::handle).about(twilio_check::about).polled()],
        ),
        Route::new(
            "/admin/phones/api/purchase",
            vec![
                Endpoint::post(Admin, BodyRule::Json, purchases::handle_purchase)
                    .about(purchases::about_purchase)
                    .order(),
            ],
        ),
        Route::new(
            "/admin/phones/api/purchases",
            vec![Endpoint::get(Admin, lists::orders::handle).about(lists::orders::about)],
        ),
        Route::new(
            "/admin/phones/api/purchases/{id}",
            vec![Endpoint::get(Admin, purchases::handle_show).about(purchases::about_show).polled()],
        ),
        Route::new(
            "/admin/phones/api/purchases/{id}/cancel",
            vec![Endpoint::post(Admin, BodyRule::None, purchases::handle_cancel).about(purchases::about_cancel)],
        ),
        Route::new(
            "/admin/phones/api/replenish",
            vec![
                Endpoint::post(Admin, BodyRule::None, replenish::handle_replenish)
                    .about(replenish::about_replenish)
                    .order(),
            ],
        ),
        Route::new(
            "/admin/phones/cron/auto-replenish",
            vec![
                Endpoint::post(Admin, BodyRule::None, replenish::handle_auto_replenish)
                    .about(replenish::about_auto_replenish)
                    .order(),
            ],
        ),
    ]
}

/// What an operator does about all numbers, or about buying itself.
fn upkeep() -> Vec<Route<Services>> {
    vec![
        Route::new(
            "/admin/phones/api/configure-webhooks",
            vec![Endpoint::post(Admin, BodyRule::OptionalJson, webhooks::handle).about(webhooks::about)],
        ),
        Route::new(
            "/admin/phones/api/reconcile",
            vec![Endpoint::post(Admin, BodyRule::OptionalJson, reconcile::handle).about(reconcile::about)],
        ),
        Route::new(
            "/admin/phones/api/pause",
            vec![Endpoint::post(Admin, BodyRule::OptionalJson, pause::handle_pause).about(pause::about_pause)],
        ),
        Route::new(
            "/admin/phones/api/resume",
            vec![Endpoint::post(Admin, BodyRule::OptionalJson, pause::handle_resume).about(pause::about_resume)],
        ),
        Route::new(
            "/admin/phones/api/import",
            vec![Endpoint::post(Admin, BodyRule::Json, import::handle).about(import::about).up_to(import::BYTES_MAX)],
        ),
    ]
}

/// One number, and all of them.
fn numbers_of_the_pool() -> Vec<Route<Services>> {
    vec![
        Route::new(
            "/admin/phones/api/numbers/{phone_number}/adopt",
            vec![Endpoint::post(Admin, BodyRule::OptionalJson, custody::handle_adopt).about(custody::about_adopt)],
        ),
        Route::new(
            "/admin/phones/api/numbers/{phone_number}/move",
            vec![Endpoint::post(Admin, BodyRule::OptionalJson, custody::handle_move).about(custody::about_move)],
        ),
        Route::new("/admin/phones/api/inactive", vec![Endpoint::get(Admin, inactive::handle).about(inactive::about)]),
        Route::new(
            "/admin/phones/api/recycle",
            vec![Endpoint::post(Admin, BodyRule::Json, recycle::handle).about(recycle::about)],
        ),
        Route::new(
            "/admin/phones/api/numbers/{phone_number}/protect",
            vec![Endpoint::post(Admin, BodyRule::OptionalJson, protect::handle_protect).about(protect::about_protect)],
        ),
        Route::new(
            "/admin/phones/api/numbers/{phone_number}/unprotect",
            vec![
                Endpoint::post(Admin, BodyRule::OptionalJson, protect::handle_unprotect)
                    .about(protect::about_unprotect),
            ],
        ),
        Route::new(
            "/admin/phones/api/numbers/{phone_number}/mark-ready",
            vec![Endpoint::post(Admin, BodyRule::OptionalJson, mark_ready::handle).about(mark_ready::about)],
        ),
        Route::new(
            "/admin/phones/api/numbers/{phone_number}/ignore",
            vec![Endpoint::post(Admin, BodyRule::OptionalJson, custody::handle_ignore).about(custody::about_ignore)],
        ),
        Route::new(
            "/admin/phones/api/numbers/{phone_number}/unignore",
            vec![
                Endpoint::post(Admin, BodyRule::OptionalJson, custody::handle_unignore).about(custody::about_unignore),
            ],
        ),
        Route::new(
            "/admin/phones/api/numbers/{phone_number}/release-to-twilio",
            vec![
                Endpoint::post(Admin, BodyRule::OptionalJson, custody::handle_release_to_twilio)
                    .about(custody::about_release_to_twilio),
            ],
        ),
        Route::new(
            "/admin/phones/api/numbers",
            vec![Endpoint::get(Admin, lists::numbers::handle).about(lists::numbers::about)],
        ),
        Route::new(
            "/admin/phones/api/ignored-numbers",
            vec![Endpoint::get(Admin, lists::ignored::handle).about(lists::ignored::about)],
        ),
        Route::new(
            "/admin/phones/api/numbers/{phone_number}",
            vec![Endpoint::get(Admin, numbers::handle).about(numbers::about)],
        ),
    ]
}

/// What the numbers cost.
fn money() -> Vec<Route<Services>> {
    vec![
        Route::new("/admin/phones/api/cost", vec![Endpoint::get(Admin, cost::handle).about(cost::about)]),
        Route::new(
            "/admin/phones/api/charges",
            vec![Endpoint::get(Admin, lists::charges::handle).about(lists::charges::about)],
        ),
    ]
}

/// What happened, what would, and what happens now.
fn looking_on(live: &Live) -> Vec<Route<Services>> {
    vec![
        Route::new(
            "/admin/phones/api/assignments",
            vec![Endpoint::get(Admin, lists::assignments::handle).about(lists::assignments::about)],
        ),
        Route::new(
            "/admin/phones/api/passes",
            vec![Endpoint::get(Admin, lists::passes::handle).about(lists::passes::about)],
        ),
        Route::new("/admin/phones/api/plan", vec![Endpoint::get(Admin, plan::handle).about(plan::about)]),
        Route::new(
            "/admin/phones/api/advice",
            vec![Endpoint::get(Admin, foresight::advice).about(foresight::about_advice)],
        ),
        Route::new(
            "/admin/phones/api/what-if",
            vec![Endpoint::get(Admin, foresight::suppose).about(foresight::about_suppose)],
        ),
        Route::new("/admin/phones/api/audit", vec![Endpoint::get(Admin, audit::handle).about(audit::about)]),
        Route::new("/admin/phones/api/events", vec![live::endpoint(live)]),
        Route::new(
            "/admin/phones/api/whoami",
            vec![Endpoint::get(Admin, whoami::handle).about(whoami::about).polled()],
        ),
    ]
}

/// The dashboard.
fn pages() -> Vec<Route<Services>> {
    vec![
        Route::new("/admin/phones/assets/{name}", vec![Endpoint::get(Public, dashboard::asset).undocumented()]),
        Route::new("/admin/phones/dashboard", vec![page(dashboard::home).about(dashboard::about_home).polled()]),
        Route::new(
            "/admin/phones/dashboard/chart",
            vec![Endpoint::get(Admin, dashboard::chart).undocumented().polled().by_the_page()],
        ),
        Route::new("/admin/phones/dashboard/search", vec![page(dashboard::search).undocumented()]),
        Route::new("/admin/phones/dashboard/numbers/{phone_number}", vec![page(dashboard::number).undocumented()]),
        Route::new("/admin/phones/dashboard/users/{user_id}", vec![page(dashboard::user).undocumented()]),
        Route::new("/admin/phones/dashboard/users", vec![page(dashboard::user_of).undocumented()]),
        Route::new("/admin/phones/dashboard/orders/{id}", vec![page(dashboard::order).undocumented().polled()]),
        Route::new("/admin/phones/dashboard/numbers.csv", vec![page(dashboard::numbers_csv).undocumented()]),
        Route::new("/admin/phones/dashboard/assignments.csv", vec![page(dashboard::assignments_csv).undocumented()]),
        Route::new("/admin/phones/dashboard/numbers", vec![page(dashboard::numbers).undocumented().polled()]),
        Route::new("/admin/phones/dashboard/inactive", vec![page(dashboard::inactive).undocumented()]),
        Route::new("/admin/phones/dashboard/assignments", vec![page(dashboard::assignments).undocumented().polled()]),
        Route::new("/admin/phones/dashboard/orders", vec![page(dashboard::orders).undocumented().polled()]),
        Route::new("/admin/phones/dashboard/passes", vec![page(dashboard::passes).undocumented().polled()]),
        Route::new("/admin/phones/dashboard/comparison", vec![page(dashboard::differences).undocumented().polled()]),
        Route::new("/admin/phones/dashboard/alerts", vec![page(dashboard::alerts).undocumented().polled()]),
        Route::new("/admin/phones/dashboard/cost", vec![page(dashboard::cost).undocumented()]),
        Route::new("/admin/phones/dashboard/foresight", vec![page(dashboard::foresight).undocumented()]),
        Route::new("/admin/phones/dashboard/twilio-check", vec![page(dashboard::twilio_check).undocumented().polled()]),
        Route::new("/admin/phones/dashboard/audit", vec![page(dashboard::audit).undocumented().polled()]),
        Route::new(
            "/admin/phones/dashboard/acts/{act}",
            vec![
                page(dashboard::ask).for_acts().undocumented().polled(),
                form(dashboard::act).undocumented().order().does(dashboard::action),
            ],
        ),
    ]
}

/// The way in and out, for people.
fn sessions() -> Vec<Route<Services>> {
    vec![
        Route::new(
            "/admin/login",
            vec![
                Endpoint::get(Public, login::show).about(login::about_show),
                Endpoint::post(Public, BodyRule::Form, login::login).about(login::about_login).audited(),
            ],
        ),
        Route::new(
            "/admin/logout",
            vec![Endpoint::post(ReadOnly, BodyRule::Form, login::logout).about(login::about_logout)],
        ),
    ]
}
