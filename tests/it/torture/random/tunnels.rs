//! The way to Twilio through a proxy that loses tunnels, by dice: before a request, in it, after it, and the answer with it.
//!
//! Invariants: the direct way is shut, so that all calls go through it; in the end it loses nothing any more. A round's own
//! dice are not touched: a seed means the same with a proxy and without.
//! How to get it wrong: a proxy that loses while the round begins. Daemons that find no Twilio at first are another test's.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::super::tally;
use crate::world::World;
use crate::world::connect_proxy::{ConnectProxy, SHUT, twilio_of};

/// The proxy that a round's daemons use, if they use one.
pub(super) struct Tunnels(Option<(ConnectProxy, StdRng)>);

impl Tunnels {
    /// A proxy in one round of three, or in each with `TORTURE_TUNNELS=1`, for daemons that start from now on.
    pub(super) fn by_dice(mut world: World, seed: u64) -> (World, Self) {
        let mut dice = StdRng::seed_from_u64(!seed);
        let is_wanted = std::env::var_os("TORTURE_TUNNELS").is_some_and(|value| value == "1");
        if !dice.random_ratio(1, 3) && !is_wanted {
            return (world, Self(None));
        }
        let proxy = ConnectProxy::start(&twilio_of(&world), None);
        world.change("twilio.api_base_url", SHUT);
        world.change("twilio.proxy_url", proxy.url());
        (world, Self(Some((proxy, dice))))
    }

    /// From now on some are lost, in one round more than in another.
    pub(super) fn lose(&mut self) {
        if let Some((proxy, dice)) = &mut self.0 {
            let one_in = dice.random_range(2..=10);
            proxy.lose_by(Some((StdRng::seed_from_u64(dice.random()), one_in)));
        }
    }

    /// No more are lost; tells what was.
    pub(super) fn heal(&self, seed: u64) {
        let Some((proxy, _)) = &self.0 else { return };
        proxy.lose_by(None);
        let mut lost = BTreeMap::new();
        for loss in proxy.lost() {
            *lost.entry(loss).or_insert(0) += 1;
            tally::faults(1);
        }
        println!("TORTURE_SEED={seed}: of {} tunnels were lost {lost:?}", proxy.asked().len());
        assert!(!proxy.asked().is_empty(), "everything goes through the proxy");
    }
}
