//! What tests order of messaging services, events, trust and the rest: the second half of `steering`.
//!
//! Invariant: as there, an order is carried out as a whole before the method returns, or the test ends with a panic.
//!
//! How to get it wrong: asserting right after an order that takes its time. Approvals and registrations do; wait for them.

use chrono::{DateTime, NaiveDate, Utc};

use crate::applications::ApplicationOrder;
use crate::events::EventOptions;
use crate::foreign::Webhooks;
use crate::messaging::{CampaignOrder, RegistrationOrder, ServiceOrder, TollfreeOrder};
use crate::monitor::Who;
use crate::number::Sid;
use crate::rights::RightsOrder;
use crate::simulator::Simulator;
use crate::traffic::TrafficOrder;
use crate::trust::TrustOrder;
use crate::usage::{UsageLine, UsageOrder};

impl Simulator {
    /// Puts a messaging service into the account, changes it or takes it away; its SID.
    ///
    /// # Panics
    /// When the order could not be carried out.
    pub fn service(&self, order: ServiceOrder) -> Sid {
        self.order(|world| world.order_service(order))
    }

    /// Gives a service a campaign, changes it or takes it away; its SID.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn campaign(&self, order: CampaignOrder) -> Sid {
        self.order(|world| world.order_campaign(order))
    }

    /// How registrations end from now on, or that of one number.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn registration(&self, order: RegistrationOrder) {
        self.order(|world| world.order_registration(order));
    }

    /// What became of a toll-free number's verification; its SID.
    ///
    /// # Panics
    /// When the number is not in the account.
    pub fn tollfree(&self, order: &TollfreeOrder) -> Sid {
        self.order(|world| world.order_tollfree(order))
    }

    /// How events look, how long their sender tries, and where they go in truth.
    ///
    /// # Panics
    /// When the options make no sense.
    pub fn events(&self, options: EventOptions) {
        self.order(|world| world.events.order(options));
    }

    /// Puts a customer profile or a trust product into the account, changes it or takes it away; its SID.
    ///
    /// # Panics
    /// When the order could not be carried out.
    pub fn trust(&self, order: TrustOrder) -> Sid {
        self.order(|world| world.order_trust(order))
    }

    /// Puts an application or a trunk into the account, changes it or takes it away; its SID.
    ///
    /// # Panics
    /// When the order could not be carried out.
    pub fn application(&self, order: ApplicationOrder) -> Sid {
        self.order(|world| world.order_application(order))
    }

    /// A number has a call or a message; who says where it goes, and the URL that would be asked.
    ///
    /// # Panics
    /// When the number is not in the account.
    pub fn traffic(&self, order: TrafficOrder) -> serde_json::Value {
        self.order(|world| world.order_traffic(order))
    }

    /// A number has so many calls or messages, evenly spread over so many days until the order's instant.
    ///
    /// # Panics
    /// When the number is not in the account, or there are more than a million.
    pub fn traffic_in_bulk(&self, order: &TrafficOrder, count: u32, over_days: u32) {
        self.order(|world| world.order_traffic_in_bulk(order, count, over_days));
    }

    /// How far the usage records lag, and lines that no number explains.
    ///
    /// # Panics
    /// When a line is of no category, or its price is no amount.
    pub fn usage(&self, order: UsageOrder) {
        self.order(|world| world.order_usage(order));
    }

    /// What the account was charged for on these days, both included, as far as its records tell it yet.
    pub fn usage_lines(&self, first: NaiveDate, last: NaiveDate) -> Vec<UsageLine> {
        self.world().usage_lines(first, last)
    }

    /// Somebody changes a number, and the account's journal knows who; whether it is in the account.
    pub fn change_as(&self, who: Who, phone_number: &str, webhooks: Webhooks) -> bool {
        let mut world = self.world();
        let actor = world.actor(who);
        world.set_webhooks_as(phone_number, webhooks, actor)
    }

    /// Somebody takes a number out of the account, and the account's journal knows who; whether it was there.
    pub fn delete_as(&self, who: Who, phone_number: &str) -> bool {
        let mut world = self.world();
        let actor = world.actor(who);
        world.disown_as(phone_number, actor)
    }

    /// Dates a number in the account back; whether it is there.
    pub fn date(&self, phone_number: &str, date_created: DateTime<Utc>) -> bool {
        self.world().date(phone_number, date_created)
    }

    /// What the API key may not do, and the region of the credentials.
    ///
    /// # Panics
    /// When the order makes no sense.
    pub fn rights(&self, order: RightsOrder) {
        self.order(|world| world.rights.change(order));
    }
}
