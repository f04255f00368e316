//! The types of numbers, and the words that each part of the API has for them.
//!
//! Invariant: one word here, and the others follow from it (`toll_free`, `TollFree`, `tollfree`, `toll free`, `toll-free`).
//!
//! How to get it wrong: buying by a path that only searches have. The account's numbers have `Local`, `TollFree` and
//! `Mobile` of their own; the others are bought and listed by the main resource.

use serde::{Deserialize, Serialize};

/// The type of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberKind {
    /// `Local`
    Local,
    /// `TollFree`
    TollFree,
    /// `Mobile`
    Mobile,
    /// `National`
    National,
    /// `Voip`; no country has any.
    Voip,
    /// `SharedCost`; no country has any.
    SharedCost,
    /// `MachineToMachine`; no country has any.
    MachineToMachine,
}

impl NumberKind {
    pub(crate) const ALL: [Self; 7] = [
        Self::Local,
        Self::TollFree,
        Self::Mobile,
        Self::National,
        Self::Voip,
        Self::SharedCost,
        Self::MachineToMachine,
    ];

    /// The type that a search's path names.
    pub(crate) fn from_path(segment: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.path() == segment)
    }

    /// The type that a sub-resource of the account's numbers names.
    pub(crate) fn from_resource(segment: &str) -> Option<Self> {
        Self::from_path(segment).filter(|kind| matches!(kind, Self::Local | Self::TollFree | Self::Mobile))
    }

    /// As in `AvailablePhoneNumbers/US/TollFree.json`.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Local => "Local",
            Self::TollFree => "TollFree",
            Self::Mobile => "Mobile",
            Self::National => "National",
            Self::Voip => "Voip",
            Self::SharedCost => "SharedCost",
            Self::MachineToMachine => "MachineToMachine",
        }
    }

    /// As in `subresource_uris`.
    pub(crate) fn subresource(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::TollFree => "toll_free",
            Self::Mobile => "mobile",
            Self::National => "national",
            Self::Voip => "voip",
            Self::SharedCost => "shared_cost",
            Self::MachineToMachine => "machine_to_machine",
        }
    }

    /// As in the `type` of an owned number.
    pub(crate) fn resource_type(self) -> String {
        self.subresource().replace('_', "")
    }

    /// As in the price list.
    pub(crate) fn price_type(self) -> String {
        self.subresource().replace('_', " ")
    }

    /// As in regulations and bundles.
    pub(crate) fn regulation_type(self) -> String {
        self.subresource().replace('_', "-")
    }

    /// The type that a filter of regulations and bundles names; they are seen with and without the hyphen.
    pub(crate) fn from_regulation(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.regulation_type() == text || kind.resource_type() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_api_has_its_own_word() {
        let free = NumberKind::TollFree;
        assert_eq!(
            (free.path(), free.subresource(), free.resource_type()),
            ("TollFree", "toll_free", "tollfree".into())
        );
        assert_eq!((free.price_type(), free.regulation_type()), ("toll free".into(), "toll-free".into()));
        for kind in NumberKind::ALL {
            assert_eq!(NumberKind::from_path(kind.path()), Some(kind));
            assert_eq!(NumberKind::from_regulation(&kind.regulation_type()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.subresource());
        }
        assert_eq!(NumberKind::from_regulation("tollfree"), Some(free));
        assert_eq!(
            (NumberKind::from_resource("Mobile"), NumberKind::from_resource("National")),
            (Some(NumberKind::Mobile), None)
        );
    }
}
