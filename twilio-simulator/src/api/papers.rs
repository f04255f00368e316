//! What a purchase or an update must show, and what is refused, in Twilio's order.
//!
//! Order: no address (21631), one that is not the number's (21615), no fitting bundle (21649), an address that the bundle's
//! document does not name (21651); then the identity (21650). Twilio documents 400 for 21649 only; the others are likely.
//! Invariants: nothing is charged or changed by a refusal; a number may be refused by 21615 where its neighbour is sold,
//! every other refusal is the same for all numbers of a rule.
//!
//! How to get it wrong: believing a well-formed SID. An address, a bundle or an identity that the account lacks is refused
//! as if none had been shown.

use chrono::Utc;

use crate::api::parameters::Parameters;
use crate::api::refusal::Refusal;
use crate::number::OwnedNumber;
use crate::regulatory::Address;
use crate::stock::pool::Pool;
use crate::stock::rules::AddressRequirement;
use crate::world::World;

/// The number that papers are shown for.
pub(crate) struct Shown<'a> {
    form: &'a Parameters,
    /// The number in the account, when it is there: what it has need not be shown again.
    owned: Option<&'a OwnedNumber>,
}

impl<'a> Shown<'a> {
    pub(crate) fn of_purchase(form: &'a Parameters) -> Self {
        Self { form, owned: None }
    }

    pub(crate) fn of_update(form: &'a Parameters, owned: &'a OwnedNumber) -> Self {
        Self { form, owned: Some(owned) }
    }

    /// What this request names; `""` clears, and names nothing.
    fn given(&self, name: &str) -> Option<&'a str> {
        self.form.get(name).filter(|sid| !sid.is_empty())
    }

    /// What the number has after this request.
    fn has(&self, name: &str, kept: fn(&OwnedNumber) -> &Option<String>) -> Option<&'a str> {
        match self.form.get(name) {
            Some(sid) => Some(sid).filter(|sid| !sid.is_empty()),
            None => self.owned.and_then(|owned| kept(owned).as_deref()),
        }
    }

    /// Whether something that is needed must be named by this request.
    fn must_name(&self) -> bool {
        self.owned.is_none()
    }
}

/// Refuses what Twilio would refuse of what is shown for this number.
pub(crate) fn check(world: &World, shown: &Shown, number: u64, pool: &Pool) -> Result<(), Refusal> {
    address(world, shown, number, pool)?;
    bundle(world, shown, pool)?;
    let rule = world.stock.rules.of(pool.country, pool.kind);
    match shown.given("IdentitySid") {
        None if rule.identity && shown.must_name() => Err(refusal(21650, "Identity required and not provided")),
        Some(sid) if world.regulatory.identity(sid).is_none() => Err(refusal(21650, "Identity not found")),
        Some(_) | None => Ok(()),
    }
}

fn address(world: &World, shown: &Shown, number: u64, pool: &Pool) -> Result<(), Refusal> {
    let needed = world.stock.address_of(number, pool);
    match shown.given("AddressSid") {
        None if needed != AddressRequirement::None && shown.must_name() => {
            Err(refusal(21631, "Phone Number Requires an Address but the 'AddressSid' parameter was empty."))
        }
        None => Ok(()),
        Some(sid) => match world.regulatory.address(sid) {
            None => Err(refusal(world.unknown_address, format!("Address {sid} was not found"))),
            Some(address) if satisfies(address, needed, pool) => Ok(()),
            Some(_) => Err(refusal(
                21615,
                "Phone Number Requires a Local Address, and the address is outside of the number's exchange area.",
            )),
        },
    }
}

fn satisfies(address: &Address, needed: AddressRequirement, pool: &Pool) -> bool {
    let is_domestic = address.iso_country == pool.country;
    match needed {
        AddressRequirement::None | AddressRequirement::Any => true,
        AddressRequirement::Local => {
            is_domestic && pool.place.is_none_or(|place| place.locality.eq_ignore_ascii_case(&address.city))
        }
        AddressRequirement::Foreign => !is_domestic,
    }
}

fn bundle(world: &World, shown: &Shown, pool: &Pool) -> Result<(), Refusal> {
    let country = pool.country;
    let kind = pool.kind.path().to_uppercase();
    let given = shown.given("BundleSid");
    let is_needed = world.stock.rules.of(country, pool.kind).bundle;
    if given.is_none() && is_needed && shown.must_name() {
        let message = format!("Bundle required and not provided for country: [{country}] and numberType: [{kind}]");
        return Err(refusal(21649, message));
    }
    let is_good =
        |sid| world.regulatory.bundle(sid).is_some_and(|found| found.is_good_for(country, pool.kind, Utc::now()));
    if given.is_some_and(|sid| !is_good(sid)) {
        let message = format!("Bundle does not fit the regulation of country: [{country}] and numberType: [{kind}]");
        return Err(refusal(21649, message));
    }
    if given.or(shown.given("AddressSid")).is_none() {
        return Ok(());
    }
    let bundle = shown.has("BundleSid", |owned| &owned.bundle_sid).and_then(|sid| world.regulatory.bundle(sid));
    let named = bundle.and_then(|bundle| bundle.address_sid.as_deref());
    if named.is_some() && named != shown.has("AddressSid", |owned| &owned.address_sid) {
        return Err(refusal(21651, "The address is not the one that the bundle's document names"));
    }
    Ok(())
}

fn refusal(code: u32, message: impl Into<String>) -> Refusal {
    Refusal::new(400, code, message)
}
