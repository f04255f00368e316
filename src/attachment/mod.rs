//! The attacher: what a number lacks of what its pool wants is made so at Twilio.
//!
//! What all of it needs is the [`attacher`]. The way of an attachment: [`mod@round`] writes down what lacks, and takes up what is due,
//! target by target; [`send`] asks Twilio, after a committed attempt; [`judge`] says what the answer means, with a look
//! ([`look_up`]) where it says too little; [`settle`] writes the end. [`halt`] stops buying for a pool for which nothing succeeds; [`leave`] ends at Twilio what a number was in that left for
//! ever; [`rest`] knows which target is left alone for a while.
//!
//! Architecture invariant: a plain struct, no actor: it is worked by a loop of the monitor's, and everything that must last stands
//! in the ledger of attachments. What is repeated was looked up before; nothing that it hears halts all buying; no number is taken
//! out of anything while it is ours.
//! How to get it wrong: one slow target that all others wait for. Each has a task of its own.

mod attacher;
mod halt;
mod judge;
mod leave;
mod look_up;
mod rest;
mod round;
mod send;
mod settle;

pub(crate) use attacher::{Attacher, AttacherParts};
pub(crate) use round::Rounds;
