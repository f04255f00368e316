//! The numbers in the account, newest first, with pages that stay right while numbers come and go.
//!
//! Invariants: every number has a rank that only grows; a page token names a number, and a page is what lies beyond that
//! number's rank, so no number is shown twice or skipped because another came or went. Tokens of released numbers keep
//! working. A page costs its own length, whatever the account holds; filters cost a scan.
//!
//! How to get it wrong: paging by offset. A purchase between two pages then repeats one number, a release hides one.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use chrono::{DateTime, Utc};

use crate::number::{OwnedNumber, Sid};
use crate::stock::kind::NumberKind;
use crate::usage::Rental;

/// Which end of the list a page starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Newest,
    /// Older than the number of this SID.
    After(Sid),
    /// Newer than the number of this SID.
    Before(Sid),
}

/// One page.
pub(crate) struct Page<'a> {
    pub(crate) numbers: Vec<&'a OwnedNumber>,
    pub(crate) older: bool,
    pub(crate) newer: bool,
}

/// How long a new number stays invisible: until both have run out.
#[derive(Clone, Debug)]
pub(crate) struct Lag {
    pub(crate) until: Instant,
    pub(crate) requests: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Owned {
    by_rank: BTreeMap<u64, OwnedNumber>,
    rank_by_sid: HashMap<Sid, u64>,
    rank_by_number: BTreeMap<String, u64>,
    released_ranks: HashMap<Sid, u64>,
    lags: HashMap<u64, Lag>,
    next_rank: u64,
    /// What was charged of numbers that are not here any more.
    gone: Vec<Gone>,
}

/// A number that left the account.
#[derive(Debug)]
struct Gone {
    phone_number: String,
    kind: NumberKind,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
}

impl Owned {
    pub(crate) fn len(&self) -> usize {
        self.by_rank.len()
    }

    /// Oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &OwnedNumber> {
        self.by_rank.values()
    }

    pub(crate) fn insert(&mut self, number: OwnedNumber, lag: Option<Lag>) {
        let rank = self.next_rank;
        self.next_rank += 1;
        self.rank_by_sid.insert(number.sid.clone(), rank);
        self.rank_by_number.insert(number.phone_number.clone(), rank);
        if let Some(lag) = lag {
            self.lags.insert(rank, lag);
        }
        self.by_rank.insert(rank, number);
    }

    pub(crate) fn by_sid(&self, sid: &str) -> Option<&OwnedNumber> {
        self.by_rank.get(self.rank_by_sid.get(sid)?)
    }

    pub(crate) fn by_number(&self, phone_number: &str) -> Option<&OwnedNumber> {
        self.by_rank.get(self.rank_by_number.get(phone_number)?)
    }

    pub(crate) fn by_sid_mut(&mut self, sid: &str) -> Option<&mut OwnedNumber> {
        self.by_rank.get_mut(self.rank_by_sid.get(sid)?)
    }

    pub(crate) fn remove(&mut self, sid: &str) -> Option<OwnedNumber> {
        let rank = self.rank_by_sid.remove(sid)?;
        let number = self.by_rank.remove(&rank)?;
        self.rank_by_number.remove(&number.phone_number);
        self.lags.remove(&rank);
        self.released_ranks.insert(number.sid.clone(), rank);
        let (phone_number, kind, from) = (number.phone_number.clone(), number.kind, number.date_created);
        self.gone.push(Gone { phone_number, kind, from, until: Utc::now() });
        Some(number)
    }

    /// Every number that is here, or was, with its time.
    pub(crate) fn rentals(&self) -> impl Iterator<Item = Rental<'_>> {
        let gone = self.gone.iter().map(|gone| Rental {
            phone_number: &gone.phone_number,
            kind: gone.kind,
            from: gone.from,
            until: Some(gone.until),
        });
        let here = self.iter().map(|number| Rental {
            phone_number: &number.phone_number,
            kind: number.kind,
            from: number.date_created,
            until: None,
        });
        gone.chain(here)
    }

    /// Counts one look-up (of one number, or of all) and says which numbers it must not show.
    pub(crate) fn look(&mut self, sid: Option<&str>, now: Instant) -> Hidden {
        let wanted = sid.map(|sid| self.rank_by_sid.get(sid).copied());
        let mut hidden = Vec::new();
        self.lags.retain(|rank, lag| {
            if wanted.is_some_and(|wanted| wanted != Some(*rank)) {
                return true;
            }
            if lag.until <= now && lag.requests == 0 {
                return false;
            }
            lag.requests = lag.requests.saturating_sub(1);
            hidden.push(*rank);
            true
        });
        Hidden(hidden)
    }

    /// Ends all lags.
    pub(crate) fn catch_up(&mut self) {
        self.lags.clear();
    }

    /// Whether a look-up may see this number.
    pub(crate) fn visible(&self, sid: &str, hidden: &Hidden) -> bool {
        self.rank_by_sid.get(sid).is_some_and(|rank| !hidden.0.contains(rank))
    }

    /// A page of the numbers that pass `filter`; None when the token names a number that was never here.
    pub(crate) fn page(
        &self,
        from: &From,
        size: usize,
        hidden: &Hidden,
        prefix: Option<&str>,
        filter: impl Fn(&OwnedNumber) -> bool,
    ) -> Option<Page<'_>> {
        let rank_of = |sid: &Sid| self.rank_by_sid.get(sid).or_else(|| self.released_ranks.get(sid)).copied();
        let shown = |rank: &u64, number: &OwnedNumber| !hidden.0.contains(rank) && filter(number);
        let below = match from {
            From::Newest => u64::MAX,
            From::After(sid) => rank_of(sid)?,
            From::Before(sid) => {
                let rank = rank_of(sid)?;
                let mut page: Vec<_> = self
                    .by_rank
                    .range(rank + 1..)
                    .filter(|(rank, number)| shown(rank, number))
                    .take(size + 1)
                    .collect();
                let newer = page.len() > size;
                page.truncate(size);
                page.reverse();
                let numbers = page.into_iter().map(|(_, number)| number).collect();
                return Some(Page { numbers, older: true, newer });
            }
        };
        let mut numbers: Vec<&OwnedNumber> = match prefix {
            Some(prefix) => {
                let mut ranks: Vec<u64> = self
                    .rank_by_number
                    .range(prefix.to_owned()..)
                    .take_while(|(number, _)| number.starts_with(prefix))
                    .map(|(_, rank)| *rank)
                    .filter(|rank| *rank < below)
                    .collect();
                ranks.sort_unstable_by(|left, right| right.cmp(left));
                let found = ranks.iter().map(|rank| (rank, &self.by_rank[rank]));
                found.filter(|(rank, number)| shown(rank, number)).map(|(_, number)| number).take(size + 1).collect()
            }
            None => {
                let older = self.by_rank.range(..below).rev();
                older.filter(|(rank, number)| shown(rank, number)).map(|(_, number)| number).take(size + 1).collect()
            }
        };
        let older = numbers.len() > size;
        numbers.truncate(size);
        Some(Page { numbers, older, newer: *from != From::Newest })
    }
}

/// Numbers that a look-up must not show yet.
pub(crate) struct Hidden(Vec<u64>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stock::kind::NumberKind;
    use chrono::Utc;
    use std::time::Duration;

    fn owned(count: u64) -> Owned {
        let mut owned = Owned::default();
        for index in 0..count {
            let phone_number = format!("+1415555{index:04}");
            let number = OwnedNumber::new(format!("PN{index:04}"), &phone_number, NumberKind::Local, Utc::now());
            owned.insert(number, None);
        }
        owned
    }

    fn sids(page: &Page) -> Vec<String> {
        page.numbers.iter().map(|number| number.sid.clone()).collect()
    }

    #[test]
    fn pages_survive_purchases_and_releases() {
        let mut owned = owned(5);
        let none = Hidden(Vec::new());
        let first = owned.page(&From::Newest, 2, &none, None, |_| true).unwrap();
        assert_eq!(sids(&first), ["PN0004", "PN0003"]);
        assert!(first.older && !first.newer);
        owned.remove("PN0003");
        owned.insert(OwnedNumber::new("PN9".into(), "+14155559999", NumberKind::Local, Utc::now()), None);
        let second = owned.page(&From::After("PN0003".into()), 2, &none, None, |_| true).unwrap();
        assert_eq!(sids(&second), ["PN0002", "PN0001"]);
        let back = owned.page(&From::Before("PN0002".into()), 2, &none, None, |_| true).unwrap();
        assert_eq!(sids(&back), ["PN9", "PN0004"]);
        assert!(owned.page(&From::After("PN7777".into()), 2, &none, None, |_| true).is_none());
    }

    #[test]
    fn a_prefix_finds_without_a_scan() {
        let owned = owned(300);
        let page = owned.page(&From::Newest, 50, &Hidden(Vec::new()), Some("+141555501"), |_| true).unwrap();
        assert_eq!(page.numbers.len(), 50);
        assert_eq!(page.numbers[0].sid, "PN0199");
        assert!(page.older);
    }

    #[test]
    fn a_lag_ends_by_look_ups_or_by_time() {
        let mut owned = owned(1);
        let now = Instant::now();
        let lagging = |sid: &str| OwnedNumber::new(sid.into(), &format!("+1628{sid}"), NumberKind::Local, Utc::now());
        owned.insert(lagging("PN8"), Some(Lag { until: now, requests: 2 }));
        owned.insert(lagging("PN9"), Some(Lag { until: now + Duration::from_secs(5), requests: 0 }));
        for visible in [false, false, true] {
            let hidden = owned.look(Some("PN8"), now);
            assert_eq!(owned.visible("PN8", &hidden), visible);
        }
        let hidden = owned.look(None, now);
        assert!(!owned.visible("PN9", &hidden) && owned.visible("PN0000", &hidden));
        let hidden = owned.look(None, now + Duration::from_secs(6));
        assert!(owned.visible("PN9", &hidden));
    }
}
