//! What `[pool]` and each `[pools.NAME]` may say of what their numbers are attached to.
//!
//! How to get it wrong: refusing what Twilio may take. Which numbers a service takes, Twilio says, and the pool halts by it.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use super::pool::PoolConfig;
use crate::config::section::Checks;
use crate::domain::{Needs, ReadyFor, SmsReadyWhen, Wants};

/// The most services, and the most products.
const TARGETS_MAX: usize = 20;

impl PoolConfig {
    /// What its numbers shall be attached to, and what must be there before one is handed out.
    #[must_use]
    pub fn wants(&self) -> Wants {
        let unless_said = if self.messaging_services.is_empty() { ReadyFor::Voice } else { ReadyFor::Sms };
        Wants {
            services: self.messaging_services.clone(),
            profile: self.customer_profile.clone(),
            products: self.trust_products.clone(),
            needs: Needs::of(self.ready_for.unwrap_or(unless_said), self.sms_ready_when),
        }
    }

    /// A digest of what it wants, 16 hexadecimal digits: numbers failed to be attached under these keys, whatever the others are.
    #[must_use]
    pub fn wants_fingerprint(&self) -> String {
        let wants = self.wants();
        let mut words: Vec<String> = wants.targets().map(|target| target.sid().to_owned()).collect();
        words.push(format!("{} {}", wants.needs.attached, wants.needs.registered));
        Sha256::digest(words.join(" ")).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether it waits for Twilio's word that the carriers know a number.
    #[must_use]
    pub(in crate::config) fn wants_events(&self) -> bool {
        self.sms_ready_when == SmsReadyWhen::Registered
    }
}

pub(super) fn check_attachments(pool: &PoolConfig, checks: &mut Checks<'_>) {
    check_list(checks, "messaging_services", "service", &pool.messaging_services);
    check_list(checks, "trust_products", "product", &pool.trust_products);
    if pool.wants_events() && pool.messaging_services.is_empty() {
        let keys = ["sms_ready_when", "messaging_services"];
        let remedy = format!("name a messaging service in {}, whose campaign registers them", checks.at(keys[1]));
        checks.refuse_together(&keys, "is registered, but no number is ever registered without a service", remedy);
    }
    match &pool.customer_profile {
        None if !pool.trust_products.is_empty() => {
            let keys = ["trust_products", "customer_profile"];
            let what = "is set, but Twilio takes a number into a product only when it is of a customer profile";
            checks.refuse_together(&keys, what, format!("give the profile in {}", checks.at(keys[1])));
        }
        Some(profile) if pool.trust_products.contains(profile) => {
            let what = format!("names {profile}, which is the customer profile");
            checks.refuse_together(&["trust_products", "customer_profile"], what, "remove it from the products");
        }
        Some(_) | None => {}
    }
}

fn check_list<T: Ord>(checks: &mut Checks<'_>, key: &str, what: &str, list: &[T]) {
    if list.len() > TARGETS_MAX {
        checks.refuse(key, format!("names more than {TARGETS_MAX} {what}s"), "keep those that matter most");
    }
    if list.iter().collect::<BTreeSet<_>>().len() < list.len() {
        checks.refuse(key, format!("names a {what} twice"), "remove the duplicate");
    }
}
