//! How long somebody may watch before they must knock again.
//!
//! A stream is judged once, when it begins; it would outlive the session or the key that opened it. So it ends after some
//! minutes, and the browser connects again by itself and is judged anew; and at once when its session is logged out, or its
//! key removed, on this instance.
//! How to get it wrong: the same time for all viewers. They would all come back at once.

use std::time::Duration;

use tokio::sync::broadcast;
use tokio::time::sleep;

use super::who::{Fingerprint, Who};

/// A stream ends after a time between these.
const LASTS: (Duration, Duration) = (Duration::from_secs(240), Duration::from_secs(300));
/// More endings at a time than this, and all who watch must knock again.
const BEHIND_MAX: usize = 64;

/// What ended on this instance: somebody who came with it has no right to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The session with this CSRF token.
    Session(String),
    /// A key, and all sessions that it opened.
    Key(Fingerprint),
}

/// Where endings are told.
pub(crate) struct Endings(broadcast::Sender<Ended>);

impl Default for Endings {
    fn default() -> Self {
        Self(broadcast::channel(BEHIND_MAX).0)
    }
}

impl Endings {
    pub(crate) fn tell(&self, ended: Ended) {
        // Nobody who watches is no error.
        let _ = self.0.send(ended);
    }

    /// Resolves when a session's or a key's right to watch is over.
    pub(crate) fn over(&self, who: Option<Who>, session: Option<String>) -> impl Future<Output = ()> + use<> {
        let mut heard = self.0.subscribe();
        async move {
            loop {
                match heard.recv().await {
                    Ok(Ended::Session(token)) if session.as_ref() != Some(&token) => {}
                    Ok(Ended::Key(key)) if who.is_none_or(|who| who.fingerprint != key) => {}
                    // Ours; or we missed some, or nobody is there any more who could tell us.
                    Ok(_) | Err(_) => return,
                }
            }
        }
    }
}

/// Resolves after some minutes.
pub(crate) async fn long_enough() {
    let (least, most) = LASTS;
    sleep(least + (most - least).mul_f64(rand::random_range(0.0..1.0))).await;
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::super::who::Access;
    use super::*;

    #[test]
    fn each_hears_of_their_own_end_only() {
        let endings = Endings::default();
        let who = |key: &[u8], by_session| {
            Some(Who { access: Access::Admin, name: None, fingerprint: Fingerprint::of(key), by_session })
        };
        let (one, two) = (|| Some("one".to_owned()), || Some("two".to_owned()));
        let mut watching = [
            Box::pin(endings.over(who(b"a", true), one())),
            Box::pin(endings.over(who(b"a", true), two())),
            Box::pin(endings.over(who(b"a", false), None)),
            Box::pin(endings.over(who(b"b", true), None)),
        ];
        let mut over = || watching.each_mut().map(|right| right.now_or_never().is_some());
        assert_eq!(over(), [false; 4]);
        endings.tell(Ended::Session("none".to_owned()));
        endings.tell(Ended::Session("one".to_owned()));
        let [first, rest @ ..] = over();
        assert!(first && rest == [false; 3]);
        let mut watching =
            [Box::pin(endings.over(who(b"a", false), None)), Box::pin(endings.over(who(b"b", true), one()))];
        endings.tell(Ended::Key(Fingerprint::of(b"a")));
        assert_eq!(watching.each_mut().map(|right| right.now_or_never().is_some()), [true, false]);
    }
}
