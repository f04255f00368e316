//! Whether walks over calls and messages stand still, for whoever asks how this instance fares.
//!
//! How to get it wrong: telling it after the walks were switched off. What nobody wants is not late.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::domain::recycling::Swept;

/// Which walks are overdue. Clones are one.
#[derive(Debug, Clone, Default)]
pub(crate) struct SweepWatch(Arc<[AtomicBool; Swept::ALL.len()]>);

impl SweepWatch {
    /// Says how a walk stands; whether that is news.
    pub(super) fn set(&self, what: Swept, is_overdue: bool) -> bool {
        self.0[place(what)].swap(is_overdue, Ordering::Relaxed) != is_overdue
    }

    /// What is overdue.
    pub(crate) fn overdue(&self) -> Vec<Swept> {
        Swept::ALL.iter().copied().filter(|what| self.0[place(*what)].load(Ordering::Relaxed)).collect()
    }

    /// What `/readyz` warns of.
    pub(crate) fn warning(&self) -> Option<String> {
        let overdue: Vec<&str> = self.overdue().iter().map(|what| what.as_str()).collect();
        let which = overdue.join(" and ");
        (!overdue.is_empty()).then(|| {
            format!("sweep_stuck: no walk over the account's {which} came to its end for more than twice the time between two")
        })
    }
}

fn place(what: Swept) -> usize {
    match what {
        Swept::Calls => 0,
        Swept::Messages => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_late_is_told_until_it_is_not() {
        let watch = SweepWatch::default();
        assert_eq!(watch.warning(), None);
        assert!(watch.set(Swept::Messages, true) && !watch.clone().set(Swept::Messages, true));
        assert!(watch.warning().is_some_and(|told| told.contains("the account's messages came")));
        watch.set(Swept::Calls, true);
        assert_eq!(watch.overdue(), [Swept::Calls, Swept::Messages]);
        assert!(watch.set(Swept::Messages, false) && watch.set(Swept::Calls, false));
        assert_eq!(watch.warning(), None);
    }
}
