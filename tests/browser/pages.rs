//! Every page of the dashboard: the one table that tests about all pages go through. A new page is one line more.
//!
//! How to get it wrong: a page that is not here. Nobody would ask whether it can be read by everybody.

use crate::world::daemon::Daemon;

/// Pages by name and path; `{number}`, `{user}` and `{order}` are what [`Things`] holds, `{area}` the number's area code.
pub const PAGES: &[(&str, &str)] = &[
    ("home", "/admin/phones/dashboard"),
    ("home-week", "/admin/phones/dashboard?hours=168"),
    ("numbers", "/admin/phones/dashboard/numbers"),
    ("numbers-none", "/admin/phones/dashboard/numbers?status=released"),
    ("number", "/admin/phones/dashboard/search?q=%2B{number}"),
    ("user", "/admin/phones/dashboard/search?q={user}"),
    ("number-at-its-address", "/admin/phones/dashboard/numbers/%2B{number}"),
    ("user-at-its-address", "/admin/phones/dashboard/users/{user}"),
    ("found", "/admin/phones/dashboard/search?q={area}"),
    ("nothing", "/admin/phones/dashboard/search?q=nobody"),
    ("assignments", "/admin/phones/dashboard/assignments"),
    ("orders", "/admin/phones/dashboard/orders"),
    ("order", "/admin/phones/dashboard/orders/{order}"),
    ("numbers-ignored", "/admin/phones/dashboard/numbers?status=ignored"),
    ("cost", "/admin/phones/dashboard/cost"),
    ("checks", "/admin/phones/dashboard/passes"),
    ("comparison", "/admin/phones/dashboard/comparison?list=webhook_drift"),
    ("comparison-foreign", "/admin/phones/dashboard/comparison?list=foreign"),
    ("audit", "/admin/phones/dashboard/audit"),
    ("audit-reads", "/admin/phones/dashboard/audit?acts=false"),
    ("nowhere", "/admin/phones/dashboard/nowhere"),
    ("refusal", "/admin/phones/dashboard/numbers?status=nothing"),
    ("ask-purchase", "/admin/phones/dashboard/acts/purchase?count=10&area_code=415"),
    ("ask-cancel", "/admin/phones/dashboard/acts/cancel?purchase_id={order}"),
    ("ask-replenish", "/admin/phones/dashboard/acts/replenish"),
    ("ask-pause", "/admin/phones/dashboard/acts/pause"),
    ("ask-resume", "/admin/phones/dashboard/acts/resume"),
    ("ask-webhooks", "/admin/phones/dashboard/acts/configure-webhooks"),
    ("ask-reconcile", "/admin/phones/dashboard/acts/reconcile"),
    ("ask-adopt", "/admin/phones/dashboard/acts/adopt?phone_number=%2B14155550142"),
    ("ask-ignore", "/admin/phones/dashboard/acts/ignore?phone_number=%2B14155550142"),
    ("ask-unignore", "/admin/phones/dashboard/acts/unignore?phone_number=%2B14155550142"),
    ("ask-give-back", "/admin/phones/dashboard/acts/release-to-twilio?phone_number=%2B{number}"),
    ("ask-release", "/admin/phones/dashboard/acts/release-user?user_id={user}"),
    ("problem", "/problems/not_assigned"),
];

/// What the paths are about.
pub struct Things {
    pub number: String,
    pub user: String,
    /// That the number came by.
    pub order: String,
}

impl Things {
    /// A user with a number, who is made now, and the order that it came by.
    pub fn new(daemon: &Daemon, user: &str) -> Self {
        let number = daemon.assign(user).ok()["phone_number"].as_str().expect("a number").to_owned();
        let document = daemon.get(&format!("/admin/phones/api/numbers/{number}")).ok();
        let order = document["purchase_id"].as_str().expect("an order").to_owned();
        Self { number: number.trim_start_matches('+').to_owned(), user: user.to_owned(), order }
    }

    /// Every page, by name and path.
    pub fn pages(&self) -> impl Iterator<Item = (&'static str, String)> {
        let filled = |path: &str| {
            path.replace("{number}", &self.number)
                .replace("{area}", &self.number[1..4])
                .replace("{user}", &self.user)
                .replace("{order}", &self.order)
        };
        PAGES.iter().map(move |(name, path)| (*name, filled(path)))
    }
}
