//! What the account can show to whoever asks who it is: addresses, bundles, identities.
//!
//! Invariants: each has a SID that nothing else has; the oldest comes first, and lists show them the other way round. What
//! is removed is gone for purchases and look-ups at once, and numbers that named it keep its SID.
//!
//! How to get it wrong: accepting a SID for its shape. A well-formed SID of nobody's buys nothing.

mod address;
mod bundle;
mod identity;

use chrono::{DateTime, Utc};

pub(crate) use address::is_country;
pub use address::{Address, AddressOrder};
pub use bundle::{Bundle, BundleOrder, BundleStatus, EndUserType};
pub use identity::{Identity, IdentityOrder};

use crate::number::Sid;
use crate::world::World;

/// The account's papers.
#[derive(Debug, Default)]
pub(crate) struct Regulatory {
    pub(crate) addresses: Vec<Address>,
    pub(crate) bundles: Vec<Bundle>,
    pub(crate) identities: Vec<Identity>,
}

/// Something with a SID that an order puts there, changes, or removes.
pub(crate) trait Paper: Sized {
    const PREFIX: &'static str;

    fn sid(&self) -> &str;
    fn all(papers: &mut Regulatory) -> &mut Vec<Self>;
}

impl Regulatory {
    pub(crate) fn address(&self, sid: &str) -> Option<&Address> {
        self.addresses.iter().find(|address| address.sid == sid)
    }

    pub(crate) fn bundle(&self, sid: &str) -> Option<&Bundle> {
        self.bundles.iter().find(|bundle| bundle.sid == sid)
    }

    pub(crate) fn identity(&self, sid: &str) -> Option<&Identity> {
        self.identities.iter().find(|identity| identity.sid == sid)
    }
}

impl World {
    /// Puts a paper into the account, or changes the one with this SID; its SID.
    fn put<P: Paper>(
        &mut self,
        sid: Option<Sid>,
        new: impl FnOnce(Sid, DateTime<Utc>) -> Result<P, String>,
        change: impl FnOnce(&mut P) -> Result<(), String>,
    ) -> Result<Sid, String> {
        let sid = match sid {
            Some(sid) => checked_sid(sid, P::PREFIX)?,
            None => self.new_sid(P::PREFIX),
        };
        let papers = P::all(&mut self.regulatory);
        match papers.iter_mut().find(|paper| paper.sid() == sid) {
            Some(paper) => change(paper)?,
            None => {
                let mut paper = new(sid.clone(), Utc::now())?;
                change(&mut paper)?;
                papers.push(paper);
            }
        }
        Ok(sid)
    }

    fn remove<P: Paper>(&mut self, sid: Option<Sid>) -> Result<Sid, String> {
        let sid = sid.ok_or("remove needs the sid of what is to go")?;
        let papers = P::all(&mut self.regulatory);
        let position = papers.iter().position(|paper| paper.sid() == sid);
        papers.remove(position.ok_or_else(|| format!("{sid} is not in the account"))?);
        Ok(sid)
    }
}

/// A SID of this kind, or what one looks like.
pub(crate) fn checked_sid(sid: Sid, prefix: &str) -> Result<Sid, String> {
    let digits = sid.strip_prefix(prefix).unwrap_or_default();
    if digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(sid)
    } else {
        Err(format!("the SID is {prefix} and 32 hexadecimal digits"))
    }
}

/// `2019-07-30T22:29:24Z`
pub(crate) fn iso8601(instant: DateTime<Utc>) -> String {
    instant.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::SimulatorOptions;
    use crate::stock::kind::NumberKind;

    #[test]
    fn papers_come_change_and_go() {
        let mut world = World::new(SimulatorOptions::default());
        let sid = world.order_address(AddressOrder::new("GB")).unwrap();
        assert!(sid.starts_with("AD") && sid.len() == 34);
        let same = world.order_address(AddressOrder { validated: Some(true), ..AddressOrder::new("DE").sid(&sid) });
        assert_eq!(same.as_ref(), Ok(&sid));
        let address = world.regulatory.address(&sid).unwrap();
        assert!(address.validated && address.iso_country == "DE");
        let old = format!("BU{}", "a".repeat(32));
        assert_eq!(world.order_bundle(BundleOrder::new("GB", NumberKind::Mobile).sid(&old)), Ok(old.clone()));
        assert_eq!(world.order_bundle(BundleOrder::removal(&old)), Ok(old.clone()));
        assert!(world.order_bundle(BundleOrder::removal(&old)).is_err() && world.regulatory.bundle(&old).is_none());
        let identity = world.order_identity(IdentityOrder::default()).unwrap();
        assert!(world.regulatory.identity(&identity).is_some());
    }

    #[test]
    fn an_order_that_cannot_be_leaves_nothing_behind() {
        let mut world = World::new(SimulatorOptions::default());
        assert!(world.order_address(AddressOrder::new("Germany")).is_err());
        assert!(world.order_address(AddressOrder::new("DE").sid("AD12")).is_err());
        assert!(world.order_address(AddressOrder::default()).unwrap_err().contains("country"));
        assert!(world.order_bundle(BundleOrder::new("GB", NumberKind::Mobile).valid_until("soon")).is_err());
        assert!(world.order_bundle(BundleOrder::default()).unwrap_err().contains("country"));
        assert!(world.order_identity(IdentityOrder { remove: true, ..IdentityOrder::default() }).is_err());
        assert!(world.regulatory.addresses.is_empty() && world.regulatory.bundles.is_empty());
    }
}
