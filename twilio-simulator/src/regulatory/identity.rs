//! Identities: who somebody is, where a country asks for that besides a bundle.
//!
//! Invariant: an identity says nothing but that it is there; no path shows it.
//!
//! How to get it wrong: taking it for a part of a bundle. A purchase names both.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Paper, Regulatory};
use crate::number::Sid;
use crate::world::World;

/// An identity of the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// `RI…`
    pub sid: Sid,
    /// When it came into the account.
    pub date_created: DateTime<Utc>,
}

impl Paper for Identity {
    const PREFIX: &'static str = "RI";

    fn sid(&self) -> &str {
        &self.sid
    }

    fn all(papers: &mut Regulatory) -> &mut Vec<Self> {
        &mut papers.identities
    }
}

/// An identity that a test puts into the account, or removes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdentityOrder {
    /// Left out: a fresh one.
    pub sid: Option<Sid>,
    /// Takes the identity with this `sid` away.
    pub remove: bool,
}

impl World {
    /// Carries an order out; the identity's SID.
    pub(crate) fn order_identity(&mut self, order: IdentityOrder) -> Result<Sid, String> {
        if order.remove {
            return self.remove::<Identity>(order.sid);
        }
        self.put(order.sid, |sid, date_created| Ok(Identity { sid, date_created }), |_| Ok(()))
    }
}
