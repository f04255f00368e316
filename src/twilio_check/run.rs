//! The looks in their order, and what they come to.
//!
//! How to get it wrong: going on where Twilio does not let us in. Refused calls are counted against the account.

use futures_util::StreamExt as _;

use super::bounds::Bounds;
use super::credentials::Entry;
use super::messaging_services::Services;
use super::price::Prices;
use super::report::{Check, CheckResult, Report};
use super::trust::Bundles;
use super::{
    account, address, balance, bundle, credentials, events, identity, leads_to, messaging_services, price, public_url,
    stock, trust,
};
use crate::config::{Config, PoolConfig};
use crate::domain::PoolName;
use crate::twilio::Twilio;

/// So many pools are looked at side by side; each asks one thing at a time.
const POOLS_AT_ONCE: usize = 3;

/// Looks whether buying could succeed with this configuration.
pub(crate) async fn run(config: &Config, twilio: &Twilio, bounds: &Bounds) -> Report {
    let Entry { check, owns_any, is_refused, reached } = credentials::look(twilio, bounds).await;
    let mut checks = vec![check];
    if owns_any.is_some() || is_refused {
        let account = account::look(twilio, owns_any, bounds).await;
        // Whoever is let in nowhere learns nothing from being told twice.
        let says_more = owns_any.is_some() || account.result == CheckResult::Fail;
        checks.extend(says_more.then_some(account));
    }
    if owns_any.is_some() {
        let prices = price::ask(config, twilio, bounds).await;
        checks.push(balance::look(config, &prices, twilio, bounds).await);
        let known = Known {
            prices,
            services: messaging_services::ask(config, twilio, bounds).await,
            trust: trust::ask(config, twilio, bounds).await,
        };
        let pools: Vec<_> =
            config.pools().map(|(name, pool)| look_at(name, pool, config, &known, twilio, bounds)).collect();
        let pools: Vec<Vec<Check>> = futures_util::stream::iter(pools).buffered(POOLS_AT_ONCE).collect().await;
        checks.extend(pools.into_iter().flatten());
        checks.extend(events::look(config, twilio, bounds).await);
    }
    checks.extend(public_url::look(config, bounds).await);
    Report::of(checks, reached)
}

/// What is asked once for all pools.
struct Known {
    prices: Prices,
    services: Services,
    trust: Bundles,
}

/// What one pool needs for a purchase, and for numbers that can do their job.
async fn look_at(
    name: &PoolName,
    pool: &PoolConfig,
    config: &Config,
    known: &Known,
    twilio: &Twilio,
    bounds: &Bounds,
) -> Vec<Check> {
    let stock = stock::look(name, pool, twilio, bounds).await;
    let price = price::judge(&known.prices, name, pool.kind());
    // What Twilio does not sell has no price, which is no second fault.
    let is_told = stock.result == CheckResult::Fail && price.result != CheckResult::Pass;
    let mut checks = vec![stock];
    checks.extend((!is_told).then_some(price));
    checks.extend(address::look(name, pool, twilio, bounds).await);
    checks.extend(bundle::look(name, pool, twilio, bounds).await);
    checks.extend(identity::judge(name, pool));
    // What has no origin leads nowhere; `public_url` tells it.
    let leads = config.webhooks.public_app_url.is_some() || pool.webhooks.public_app_url.is_some();
    let webhooks = if leads { config.webhooks_of(name) } else { None };
    let sms_url = webhooks.as_ref().map(|webhooks| webhooks.sms_url.as_str());
    checks.extend(messaging_services::judge(&known.services, name, pool, sms_url));
    checks.extend(trust::judge(&known.trust, name, pool));
    checks.extend(leads_to::look(config, name, pool, twilio, bounds).await);
    checks
}
