//! What stands in for the URLs of a pool's numbers: applications that the account has, and a trunk, of which Twilio has no look-up that
//! is known.
//!
//! How to get it wrong: leaving it to the first purchase. Until `configure-webhooks` finds it wrong, too, everything seems well.

use super::bounds::Bounds;
use super::report::{Check, CheckName};
use crate::config::{Config, PoolConfig};
use crate::domain::{PoolKey, PoolName};
use crate::twilio::Twilio;

/// One line for each; none where URLs answer.
pub(super) async fn look(
    config: &Config,
    name: &PoolName,
    pool: &PoolConfig,
    twilio: &Twilio,
    bounds: &Bounds,
) -> Vec<Check> {
    let mut checks = Vec::new();
    for (key, sid) in pool.webhooks.over(&config.webhooks).without_urls().targets() {
        let path = config.path_of(name, key);
        if key == PoolKey::Trunk {
            let detail = format!("calls go to {sid}, which cannot be looked up before a number is bought");
            let todo = format!("Compare {path} with Twilio's console; a wrong one halts the pool.");
            checks.push(CheckName::Trunk.of(Some(name)).warn(detail, todo));
            continue;
        }
        let of_messages = key == PoolKey::SmsApplication;
        let what = if of_messages { CheckName::SmsApplication } else { CheckName::VoiceApplication }.of(Some(name));
        let goes = if of_messages { "messages go" } else { "calls go" };
        checks.push(match bounds.ask("an application", || twilio.has_application(sid)).await {
            Ok(true) => what.pass(format!("{goes} to {sid}")),
            Ok(false) => what.fail(
                format!("the account has no application {sid}"),
                format!(
                    "Set {path} to the SID of a TwiML application of this account (Twilio's console, TwiML Apps), then run \
                     configure-webhooks."
                ),
            ),
            Err(silence) => silence.told(what),
        });
    }
    checks
}
