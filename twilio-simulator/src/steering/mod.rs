//! What tests order of a running simulator: faults, stock, rules, papers, other people's acts.
//!
//! Invariant: an order is carried out as a whole before the method returns, or the test that gave it ends with a panic.
//!
//! How to get it wrong: ordering a world that cannot be, such as a mobile number of the United States. It is refused here so
//! that no test is green for the wrong reason.

mod services;

use std::time::Duration;

use crate::fault::{Fault, On};
use crate::foreign::{ForeignNumber, Webhooks};
use crate::market::MarketOrder;
use crate::money::parse_cents;
use crate::number::Sid;
use crate::options::{AccountStatus, AccountType, CapabilitySpelling, LinkHost, ReownMode};
use crate::regulatory::{AddressOrder, BundleOrder, IdentityOrder};
use crate::simulator::Simulator;
use crate::stock::kind::NumberKind;
use crate::stock::pool::Capabilities;

impl Simulator {
    /// Orders a fault.
    ///
    /// # Panics
    /// When it could never fire, such as a lag on a balance.
    pub fn fault(&self, fault: Fault) {
        if let Err(error) = fault.check() {
            panic!("{error}");
        }
        self.world().faults.push(fault);
    }

    /// Forgets the faults that wait.
    pub fn clear_faults(&self) {
        self.world().faults.clear();
    }

    /// Lists show every number from now on, however new it is: lags that faults began are over.
    pub fn catch_up(&self) {
        self.world().owned.catch_up();
    }

    /// How long every answer takes from now on; forgets latencies of single kinds.
    pub fn set_latency(&self, latency: Duration) {
        self.set_latency_on(On::Any, latency);
    }

    /// How long answers to requests of one kind take from now on.
    pub fn set_latency_on(&self, on: On, latency: Duration) {
        self.world().set_latency(on, latency);
    }

    /// Has exactly that many numbers of an area code for sale; an area code without stock is opened.
    ///
    /// # Panics
    /// When the country is not stocked or the area code is none of it.
    pub fn set_stock(&self, country: &str, area_code: &str, count: u64) {
        self.order(|world| world.stock.set_count(country, area_code, count));
    }

    /// What the numbers of an area code can do that are bought from now on.
    ///
    /// # Panics
    /// As [`Simulator::set_stock`].
    pub fn set_capabilities(&self, country: &str, area_code: &str, capabilities: Capabilities) {
        self.order(|world| world.stock.set_traits(country, area_code, Some(capabilities), None));
    }

    /// Whether the numbers of an area code are in beta.
    ///
    /// # Panics
    /// As [`Simulator::set_stock`].
    pub fn set_beta(&self, country: &str, area_code: &str, beta: bool) {
        self.order(|world| world.stock.set_traits(country, area_code, None, Some(beta)));
    }

    /// Has exactly that many numbers for sale in each area code of a type of a country.
    ///
    /// # Panics
    /// When the country has no such numbers.
    pub fn set_stock_of(&self, country: &str, kind: NumberKind, count: u64) {
        self.order(|world| world.stock.set_count_of(country, Some(kind), count));
    }

    /// Whether purchases in a country need `AddressSid` and `BundleSid`, whatever its types ask at first.
    ///
    /// # Panics
    /// When the country is not stocked.
    pub fn set_regulated(&self, country: &str, regulated: bool) {
        self.order(|world| MarketOrder::new(country).regulated(regulated).apply(world));
    }

    /// What purchases in a country must show, what they cost, and how many numbers there are.
    ///
    /// # Panics
    /// When the country has no such numbers, or the price is no amount.
    pub fn set_market(&self, order: MarketOrder) {
        self.order(|world| order.apply(world));
    }

    /// What numbers of a type cost, such as `"1.15"`.
    ///
    /// # Panics
    /// When the country has no such numbers, or the price is no amount.
    pub fn set_price(&self, country: &str, kind: NumberKind, price: &str) {
        self.order(|world| world.set_price(country, Some(kind), price));
    }

    /// Puts an address into the account, changes it or takes it away; its SID.
    ///
    /// # Panics
    /// When the order could not be carried out.
    pub fn address(&self, order: AddressOrder) -> Sid {
        self.order(|world| world.order_address(order))
    }

    /// Puts a bundle into the account, changes it or takes it away; its SID.
    ///
    /// # Panics
    /// When the order could not be carried out.
    pub fn bundle(&self, order: BundleOrder) -> Sid {
        self.order(|world| world.order_bundle(order))
    }

    /// Puts an identity into the account, or takes it away; its SID.
    ///
    /// # Panics
    /// When the order could not be carried out.
    pub fn identity(&self, order: IdentityOrder) -> Sid {
        self.order(|world| world.order_identity(order))
    }

    /// Puts one number up for sale, whatever became of it before.
    ///
    /// # Panics
    /// When it is not E.164, is in the account, or belongs to a country that is not stocked.
    pub fn offer(&self, phone_number: &str) {
        self.order(|world| world.offer(phone_number));
    }

    /// A rival buys a number.
    ///
    /// # Panics
    /// When it is not E.164.
    pub fn take(&self, phone_number: &str) {
        self.order(|world| world.take(phone_number));
    }

    /// How many rows a search shows at most.
    pub fn set_search_cap(&self, rows: usize) {
        self.world().search_cap = rows;
    }

    /// How searches spell capabilities.
    pub fn set_capability_spelling(&self, spelling: CapabilitySpelling) {
        self.world().spelling = spelling;
    }

    /// Puts a number of somebody else's into the account, or changes it when it is there already; its SID.
    ///
    /// # Panics
    /// When the number is not E.164.
    pub fn own(&self, number: ForeignNumber) -> Sid {
        self.order(|world| world.own(number))
    }

    /// Twilio reclaims a number; whether it was in the account.
    pub fn disown(&self, phone_number: &str) -> bool {
        self.world().disown(phone_number)
    }

    /// Somebody changes a number's webhooks outside the API; whether it is in the account.
    pub fn set_webhooks(&self, phone_number: &str, webhooks: Webhooks) -> bool {
        self.world().set_webhooks(phone_number, webhooks)
    }

    /// Somebody changes a number's `FriendlyName` in the console; whether it is in the account.
    pub fn rename(&self, phone_number: &str, friendly_name: &str) -> bool {
        self.world().rename(phone_number, friendly_name)
    }

    /// The account's status.
    pub fn set_account_status(&self, status: AccountStatus) {
        self.world().account.status = status;
    }

    /// The account's type.
    pub fn set_account_type(&self, kind: AccountType) {
        self.world().account.kind = kind;
    }

    /// The account's balance, such as `"0.00"`.
    ///
    /// # Panics
    /// When it is no amount.
    pub fn set_balance(&self, balance: &str) {
        self.order(|world| parse_cents(balance).map(|cents| world.account.balance_cents = cents));
    }

    /// Under which hosts the absolute links of the newer products stand.
    pub fn set_links(&self, host: LinkHost) {
        self.world().links.host = host;
    }

    /// The code of a create or an update that names an address which the account does not have.
    pub fn set_unknown_address(&self, code: u32) {
        self.world().unknown_address = code;
    }

    /// The same of a trunk.
    pub fn set_unknown_trunk(&self, code: u32) {
        self.world().unknown_trunk = code;
    }

    /// What a POST for a number that the account has already does.
    pub fn set_reown_mode(&self, mode: ReownMode) {
        self.world().reown_mode = mode;
    }

    /// Forgets faults, and with `state` everything; credentials, seed and address stay.
    pub fn reset(&self, state: bool) {
        self.world().reset(state);
    }
}
