//! The address that a pool shows with each purchase.
//!
//! How to get it wrong: reading `validated` as "good for a purchase". Twilio sells by the address's country and place.

use super::bounds::Bounds;
use super::report::{Check, CheckName};
use crate::config::PoolConfig;
use crate::domain::PoolName;
use crate::twilio::Twilio;

/// `None` = the pool shows none.
pub(super) async fn look(name: &PoolName, pool: &PoolConfig, twilio: &Twilio, bounds: &Bounds) -> Option<Check> {
    let sid = pool.address_sid.as_ref()?;
    let (what, key) = (CheckName::Address.of(Some(name)), name.key("address_sid"));
    Some(match bounds.ask("an address", || twilio.address(sid)).await {
        Ok(Some(address)) if address.iso_country.eq_ignore_ascii_case(pool.country.as_str()) => {
            what.pass(format!("{} is an address in {}", sid.as_str(), pool.country))
        }
        Ok(Some(address)) => what.warn(
            format!("{} is an address in {}, and the pool buys in {}", sid.as_str(), address.iso_country, pool.country),
            format!("If numbers there want a local address, set {key} to one in {}.", pool.country),
        ),
        Ok(None) => what.fail(
            format!("the account has no address {}", sid.as_str()),
            format!("Set {key} to the SID of an address of this account (Twilio's console, Addresses)."),
        ),
        Err(silence) => silence.told(what),
    })
}
