//! Whoever is told, in all moods: takes, stalls, fails, dies between taking and saying so, and is dead.
//!
//! How to get it wrong: a mood in which nothing more is wanted (410). Nothing is owed to who said so.

use far_side::{Answer, Reception, Stage};
use rand::RngExt as _;
use rand::seq::IndexedRandom as _;

use super::{Round, tally};
use crate::world::World;
use crate::world::telling::READERS;

/// In half of the rounds somebody is told.
pub(super) fn telling(world: World, is_on: bool) -> World {
    if is_on { world.telling(2) } else { world }
}

impl Round {
    /// Whoever is told is in another mood.
    pub(super) fn mood(&mut self) {
        let far = self.world.far();
        let times = self.dice.random_range(1..=3);
        let path = *["/webhook", "/v2/enqueue"].choose(&mut self.dice).expect("there are two");
        let reader = READERS[..2].choose(&mut self.dice).copied();
        let refused = |code: u16| Reception::Refuse(code, "not now".to_owned());
        match self.dice.random_range(0..9) {
            0 => far.set_dead(true),
            1 => far.set_dead(false),
            2 => far.answer(path, Answer::Status(500), times),
            3 => far.answer(path, Answer::Cut, times),
            4 => far.answer(path, Answer::Stall, 1),
            5 => far.receive(None, Stage::End, Reception::Cut, times),
            6 => far.receive(reader, Stage::To, refused(451), times),
            7 => far.receive(reader, Stage::To, refused(550), times),
            _ => far.receive(None, Stage::From, Reception::Stall, 1),
        }
        tally::faults(1);
    }

    /// Everybody takes what comes, and has it in the end.
    pub(super) fn assert_told(&self) {
        self.world.far().take_all();
        self.world.forget_claims();
        self.world.until_all_is_told();
        self.world.assert_told();
        let stale =
            "SELECT count(*) FROM alert_conditions c JOIN alerts a ON a.id = c.alert_id WHERE a.closed_at IS NOT NULL";
        assert_eq!(self.world.count(stale), 0, "what is over stands open");
        let arrived = self.world.far().got();
        println!(
            "TORTURE_SEED={}: told {} by mail, {} by request",
            self.seed,
            arrived.mails.len(),
            arrived.requests.len()
        );
    }
}
