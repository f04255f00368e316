//! Where on its way through a proxy a request or its answer is lost: as scripted for the next POST, or by dice.
//!
//! How to get it wrong: cutting before the request has gone through where "after" is meant. The answer is waited for; only
//! then Twilio has surely had all of it.

use std::sync::Mutex;

use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

/// What is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// The tunnel: its CONNECT gets no answer.
    Unmade,
    /// The tunnel: its CONNECT is answered by 502.
    Refused,
    /// The tunnel as the request comes, and all of the request.
    Before,
    /// Half of the request.
    Within,
    /// The answer.
    After,
    /// Half of the answer.
    Half,
    /// The answer, while the tunnel stands.
    Silent,
    /// The tunnel behind the answer.
    Idle,
}

/// Of a CONNECT.
const UNMADE: &[Loss] = &[Loss::Unmade, Loss::Refused];

/// Of a request in a tunnel.
pub const MADE: &[Loss] = &[Loss::Before, Loss::Within, Loss::After, Loss::Half, Loss::Silent, Loss::Idle];

/// What becomes of a piece that came.
pub(super) enum Fate {
    Through,
    /// Nothing of it, and the tunnel stands.
    Swallowed,
    /// So many bytes of it go through, and nothing more ever.
    CutAfter(usize),
}

impl Loss {
    pub(super) fn of_what_is_sent(self, piece: &[u8]) -> Fate {
        match self {
            Self::Before => Fate::CutAfter(0),
            Self::Within => Fate::CutAfter(piece.len() / 2),
            Self::Unmade | Self::Refused | Self::After | Self::Half | Self::Silent | Self::Idle => Fate::Through,
        }
    }

    pub(super) fn of_what_is_answered(self, piece: &[u8]) -> Fate {
        match self {
            Self::After => Fate::CutAfter(0),
            Self::Half => Fate::CutAfter(piece.len() / 2),
            Self::Idle => Fate::CutAfter(piece.len()),
            Self::Silent => Fate::Swallowed,
            Self::Unmade | Self::Refused | Self::Before | Self::Within => Fate::Through,
        }
    }
}

/// What a proxy loses.
#[derive(Default)]
pub(super) struct Losing {
    scripted: Mutex<Option<Loss>>,
    /// And in how many requests that change something there is one that is lost.
    dice: Mutex<Option<(StdRng, u32)>>,
    lost: Mutex<Vec<Loss>>,
}

impl Losing {
    pub(super) fn script(&self, loss: Loss) {
        *self.scripted.lock().unwrap() = Some(loss);
    }

    #[cfg(feature = "failpoints")]
    pub(super) fn throw(&self, dice: Option<(StdRng, u32)>) {
        *self.dice.lock().unwrap() = dice;
    }

    pub(super) fn lost(&self) -> Vec<Loss> {
        self.lost.lock().unwrap().clone()
    }

    pub(super) fn of_a_connect(&self) -> Option<Loss> {
        self.by_dice(UNMADE, 1)
    }

    /// Of what came from the client, if a request begins there.
    pub(super) fn of_a_request(&self, piece: &[u8]) -> Option<Loss> {
        let begins = |method: &[u8]| piece.starts_with(method);
        if begins(b"POST ")
            && let Some(loss) = self.scripted.lock().unwrap().take()
        {
            return self.noted(loss);
        }
        match begins(b"POST ") || begins(b"DELETE ") {
            true => self.by_dice(MADE, 1),
            // There are many of these, and little depends on each.
            false if begins(b"GET ") => self.by_dice(MADE, 4),
            false => None,
        }
    }

    fn by_dice(&self, losses: &[Loss], seldom: u32) -> Option<Loss> {
        let loss = {
            let mut dice = self.dice.lock().unwrap();
            let (dice, one_in) = dice.as_mut()?;
            dice.random_ratio(1, *one_in * seldom).then(|| *losses.choose(dice).expect("there are some"))?
        };
        self.noted(loss)
    }

    fn noted(&self, loss: Loss) -> Option<Loss> {
        self.lost.lock().unwrap().push(loss);
        Some(loss)
    }
}
