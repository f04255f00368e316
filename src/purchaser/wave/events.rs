//! What a wave does about each thing that ends: a create, a transaction of intents, a search.
//!
//! Invariant: a place is given back only when Twilio's word, or our own ledger's, says that nothing holds it.
//! How to get it wrong: giving back the place of what is unknown. It may be ours, and the order would have one too many.

use std::sync::atomic::Ordering;

use super::write::{Written, no_room, withdraw};
use super::{Searched, Sent, Wave};
use crate::db::purchases::items::Intent;
use crate::domain::{Concerns, PhoneNumber, Why};
use crate::purchaser::outcome::Outcome;
use crate::purchaser::shortfall::Shortfall;
use crate::twilio::TwilioError;

/// So many numbers in a row that nobody can use halt all buying.
const UNUSABLE_IN_A_ROW_MAX: u32 = 2;

impl Wave<'_> {
    pub(super) async fn on_created(&mut self, sent: &Sent, outcome: Outcome) {
        self.candidates.moved();
        self.heard(sent, &outcome);
        match outcome {
            Outcome::Bought => {
                self.misses.bought();
                self.progress.bought += 1;
                self.buyer.unusable_in_a_row.store(0, Ordering::Relaxed);
            }
            Outcome::Unknown => {
                self.progress.unknown += 1;
                self.buyer.telemetry.item(&self.goal.keys.pool, "unknown");
            }
            Outcome::Unfit => {
                self.progress.bought += 1;
                self.unusable_one().await;
            }
            Outcome::NotOurs => {
                self.free_one(&sent.number);
                self.unusable_one().await;
            }
            Outcome::NotThisOne(failure) => {
                self.free_one(&sent.number);
                let shortfall = self.misses.refused(failure);
                self.falls_short(shortfall);
            }
            Outcome::End(shortfall) => {
                self.left += 1;
                self.progress.falls_short(shortfall);
            }
        }
    }

    /// What the end of a create says of the keys that it was sent under. Whoever halted the pool has said it already.
    fn heard(&mut self, Sent { keys, alone_since, .. }: &Sent, outcome: &Outcome) {
        if *keys != self.goal.keys {
            // Of those in force since a reload it says nothing.
            return;
        }
        // An earlier one that ends beside it ends its turn only by what it says.
        let alone = self.alone.take_if(|alone| Some(alone.since()) == *alone_since);
        let was_alone = alone.is_some();
        let first = &self.buyer.first_alone;
        // Twilio says "taken" before it looks at what the pool lacks.
        let says_nothing = |failure: &TwilioError| failure.is_taken();
        match outcome {
            _ if !self.goal.is_of_the_pool => {}
            Outcome::NotThisOne(Some(failure)) if says_nothing(failure) && was_alone => first.unproven(keys),
            Outcome::NotThisOne(Some(failure)) if says_nothing(failure) => {}
            Outcome::Bought | Outcome::Unfit | Outcome::NotOurs | Outcome::NotThisOne(_) => first.proven(keys),
            // Nobody was heard: if it was alone, the next one is.
            Outcome::Unknown | Outcome::End(Shortfall::PoolHalted { .. }) => {}
            Outcome::End(_) if was_alone => first.unproven(keys),
            // What ends the order would end the next one: they have stopped doing.
            Outcome::End(Shortfall::Twilio(failure)) if failure.concerns() == Some(Concerns::Order) => {
                first.unproven_unless_under_way(keys);
            }
            Outcome::End(_) => {}
        }
    }

    /// The create that was to go alone did not begin.
    fn alone_no_more(&mut self) {
        if !self.alone_is_sent {
            self.alone = None;
        }
    }

    fn free_one(&mut self, number: &PhoneNumber) {
        self.candidates.not_to_be_had(number);
        self.left += 1;
        self.granted = self.granted.saturating_sub(1);
    }

    fn falls_short(&mut self, shortfall: Option<Shortfall>) {
        if let Some(shortfall) = shortfall {
            self.progress.falls_short(shortfall);
        }
    }

    pub(super) async fn on_written(&mut self, written: Written) {
        self.writing = None;
        let count = std::mem::take(&mut self.writing_count);
        let written = match written {
            Ok(written) => written,
            Err(shortfall) => {
                self.left += count;
                self.alone_no_more();
                return self.progress.falls_short(shortfall);
            }
        };
        self.heed_reload();
        let is_wanted = !matches!(self.progress.shortfall, Some(Shortfall::Unconfigured))
            && self.writing_changes == self.candidates.changes();
        // Committed, but not on the wire yet: a daemon that stops puts nothing there any more, nor does one that could not
        // write down what it bought a moment ago, and nothing that its pool does not want any more.
        if self.buyer.is_stopping() || self.buyer.db.is_full() || !is_wanted {
            if !self.buyer.is_stopping() && is_wanted {
                self.progress.falls_short(no_room());
            }
            self.left += count;
            self.alone_no_more();
            // Whoever they were for is looked for anew.
            written.iter().for_each(|(candidate, ..)| self.candidates.not_to_be_had(&candidate.phone_number));
            return withdraw(self.buyer, written.iter().map(|(_, id, _, _)| *id).collect()).await;
        }
        for (candidate, id, intent, attempt) in written {
            match (intent, attempt) {
                (Intent::Written, Some(attempt)) => self.begin_create(candidate, id, attempt),
                (intent, _) => self.on_not_granted(&candidate.phone_number, intent),
            }
        }
        self.alone_no_more();
    }

    /// An intent that may not be sent.
    fn on_not_granted(&mut self, number: &PhoneNumber, intent: Intent) {
        match intent {
            Intent::NumberIsKnown => {
                self.candidates.not_to_be_had(number);
                self.left += 1;
                let shortfall = self.misses.known();
                self.falls_short(shortfall);
            }
            Intent::OrderIsFull => self.left = 0,
            Intent::Paced => {
                self.left += 1;
                self.progress.falls_short(Shortfall::Paced);
            }
            Intent::Refused(why) => {
                self.left += 1;
                // What was bought beside it, for those who wait at whichever pool, used up what its plan had seen.
                let before = self.goal.allowed.orders_before;
                let alone = before.is_some_and(|orders| self.held.traffic.is_the_only_one_since(orders));
                if alone && self.progress.shortfall.is_none() && self.granted_before < self.goal.allowed.count {
                    self.held_back(why);
                }
                self.progress.falls_short(Shortfall::Refused(why));
            }
            Intent::AnotherKind => {
                self.left += 1;
                self.progress.falls_short(Shortfall::AnotherKind);
            }
            Intent::Cancelled => {
                self.left += 1;
                self.progress.falls_short(Shortfall::Cancelled);
            }
            Intent::RunIsOver | Intent::Written => self.progress.falls_short(Shortfall::RunIsOver),
        }
    }

    pub(super) fn on_found(&mut self, found: Searched) {
        self.search = None;
        match found {
            Ok(found) => self.candidates.add(found, !self.wires.is_empty() || self.writing.is_some()),
            Err(failed) => {
                if let Err(shortfall) = self.candidates.failed(failed) {
                    self.progress.falls_short(shortfall);
                }
            }
        }
    }

    /// The intent's own check found a cap used up that the plan under the same lock had room under. Nothing was bought
    /// beyond it; but somebody changed the caps meanwhile, or plan and ledger count differently.
    fn held_back(&self, why: Why) {
        if !matches!(why, Why::SpendCap | Why::OwnedMax | Why::AvailableMax) {
            return;
        }
        slog::crit!(self.buyer.log, "the last check before buying held back an order that its plan had allowed: compare the caps with \
                                     what the ledger counts, and look for a configuration that was changed just now";
            "order" => self.goal.run.order_id.to_string(), "cap" => why.as_str(), "planned" => self.goal.allowed.count);
    }

    /// A purchase that Twilio answered with a number that is not ours, or is good for nothing. Once may be another
    /// environment's doing; twice in a row, in whatever orders, means that every further purchase may be money lost.
    async fn unusable_one(&mut self) {
        if self.buyer.unusable_in_a_row.fetch_add(1, Ordering::Relaxed) + 1 < UNUSABLE_IN_A_ROW_MAX {
            return;
        }
        // A resume begins anew.
        self.buyer.unusable_in_a_row.store(0, Ordering::Relaxed);
        let message = "purchases are answered with numbers that are not ours or lack a capability: another environment uses this \
                       account, or Twilio changed; compare the last order's numbers with Twilio's console, then resume";
        self.buyer.halt(message.to_owned()).await;
        let failure = TwilioError::Unknown { message: message.to_owned(), status: None, request_id: None };
        self.progress.falls_short(Shortfall::Halted(failure));
    }
}
