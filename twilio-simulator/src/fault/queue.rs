//! The faults that wait, and which of them hit a request.
//!
//! Invariants: at most one fault decides a request's fate (the oldest that matches); of those that only bend it, all that
//! match apply, so that a lag can go together with a lost answer: one of each kind, and of those that bend rows one for
//! each row and field. `after` counts every matching request, a fate that another fault won is not used up.
//!
//! How to get it wrong: choosing before the request is known (its kind, its number, whether the number is owned).

use std::collections::BTreeMap;

use crate::api::numbers::contains;
use crate::fault::{Fault, FaultKind, On, Role, Times};

/// What is known of a request when its faults are chosen.
pub(crate) struct Target<'a> {
    pub(crate) on: On,
    /// The number that it is about; of a list the part of a number that it asks for.
    pub(crate) phone_number: Option<&'a str>,
    /// The country that it searches, or that its number is of.
    pub(crate) country: Option<&'a str>,
    /// The area code that it searches by.
    pub(crate) area_code: Option<&'a str>,
    pub(crate) owned: bool,
    /// Whether it asks for a page by a token.
    pub(crate) further_page: bool,
}

/// The faults of one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    /// Replaces the answer.
    pub(crate) fate: Option<Fault>,
    /// Bend the request or its answer.
    pub(crate) within: Vec<Fault>,
}

impl Plan {
    pub(crate) fn find(&self, kind: FaultKind) -> Option<&Fault> {
        self.within.iter().find(|fault| fault.kind == kind)
    }

    /// Several of one kind, each about another row or field.
    pub(crate) fn all(&self, kind: FaultKind) -> impl Iterator<Item = &Fault> {
        self.within.iter().filter(move |fault| fault.kind == kind)
    }

    /// Whether a kind that picks rows picks that of this number.
    pub(crate) fn picks(&self, kind: FaultKind, phone_number: &str) -> bool {
        self.all(kind).any(|fault| fault.phone_number.as_deref().is_none_or(|wanted| wanted == phone_number))
    }

    fn has_like(&self, fault: &Fault) -> bool {
        self.all(fault.kind).any(|other| {
            !fault.kind.picks_rows() || (&other.phone_number, &other.field) == (&fault.phone_number, &fault.field)
        })
    }

    pub(crate) fn has(&self, kind: FaultKind) -> bool {
        self.find(kind).is_some()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.fate.iter().chain(&self.within).map(|fault| fault.kind.name().to_owned()).collect()
    }
}

/// The waiting faults in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct FaultQueue {
    waiting: Vec<Fault>,
    fired: BTreeMap<String, u64>,
}

impl FaultQueue {
    pub(crate) fn push(&mut self, fault: Fault) {
        self.waiting.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    pub(crate) fn waiting(&self) -> &[Fault] {
        &self.waiting
    }

    pub(crate) fn fired(&self) -> &BTreeMap<String, u64> {
        &self.fired
    }

    pub(crate) fn choose(&mut self, target: &Target) -> Plan {
        let mut plan = Plan::default();
        for fault in &mut self.waiting {
            if !hits(fault, target) {
                continue;
            }
            if fault.after > 0 {
                fault.after -= 1;
                continue;
            }
            if fault.kind.role() == Role::Within {
                if plan.has_like(fault) {
                    continue;
                }
                plan.within.push(fault.clone());
            } else if plan.fate.is_none() {
                plan.fate = Some(fault.clone());
            } else {
                continue;
            }
            if let Times::Count(count) = &mut fault.times {
                *count = count.saturating_sub(1);
            }
            *self.fired.entry(fault.kind.name().to_owned()).or_default() += 1;
        }
        self.waiting.retain(|fault| fault.times != Times::Count(0));
        plan
    }
}

fn hits(fault: &Fault, target: &Target) -> bool {
    // An event on its way is no request: "any" does not mean it.
    let is_meant = (target.on == On::EventDelivery) == (fault.on == On::EventDelivery);
    is_meant
        && fault.on.matches(target.on)
        && fault.kind.works_on(target.on)
        && fault.country.as_deref().is_none_or(|wanted| target.country == Some(wanted))
        && fault.area_code.as_deref().is_none_or(|wanted| target.area_code == Some(wanted))
        && fault.phone_number.as_deref().is_none_or(|wanted| about(fault.kind, wanted, target))
        && (fault.kind != FaultKind::AlreadyOwned21422 || target.owned)
        && (fault.kind != FaultKind::RepeatRow || target.further_page)
}

/// Whether the request is about this number, or may show its row.
fn about(kind: FaultKind, wanted: &str, target: &Target) -> bool {
    if kind.picks_rows() && matches!(target.on, On::List | On::Search | On::Members) {
        target.phone_number.is_none_or(|part| contains(wanted, part))
    } else {
        target.phone_number == Some(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(on: On, phone_number: Option<&str>) -> Target<'_> {
        Target { on, phone_number, country: None, area_code: None, owned: false, further_page: false }
    }

    fn create(phone_number: Option<&str>) -> Target<'_> {
        target(On::Create, phone_number)
    }

    #[test]
    fn one_fate_at_a_time_in_order() {
        let mut queue = FaultQueue::default();
        queue.push(Fault::new(On::Create, FaultKind::Hang));
        queue.push(Fault::new(On::Any, FaultKind::Reset));
        assert_eq!(queue.choose(&create(None)).fate.unwrap().kind, FaultKind::Hang);
        assert_eq!(queue.choose(&create(None)).fate.unwrap().kind, FaultKind::Reset);
        assert!(queue.choose(&create(None)).fate.is_none());
        assert!(queue.waiting().is_empty());
    }

    #[test]
    fn bends_go_together_with_a_fate() {
        let mut queue = FaultQueue::default();
        queue.push(Fault::new(On::Create, FaultKind::Lag));
        queue.push(Fault::new(On::Create, FaultKind::CommitThenReset));
        let plan = queue.choose(&create(None));
        assert!(plan.fate.is_some() && plan.has(FaultKind::Lag));
    }

    #[test]
    fn after_and_number_are_respected() {
        let mut queue = FaultQueue::default();
        queue.push(Fault::new(On::Create, FaultKind::Error503).phone_number("+14155550100").after(1).times(2));
        let hit = |queue: &mut FaultQueue, number| queue.choose(&create(Some(number))).fate.is_some();
        assert!(!hit(&mut queue, "+14155550101"));
        assert!(!hit(&mut queue, "+14155550100"));
        assert!(hit(&mut queue, "+14155550100"));
        assert!(hit(&mut queue, "+14155550100"));
        assert!(!hit(&mut queue, "+14155550100"));
    }

    #[test]
    fn bends_of_rows_add_up_by_row_and_field() {
        let mut queue = FaultQueue::default();
        let odd = || Fault::new(On::List, FaultKind::OddRow).phone_number("+14155550100");
        queue.push(odd().field("sid"));
        queue.push(odd().field("sid").value(1));
        queue.push(odd().field("date_created"));
        let list = |part| target(On::List, part);
        assert!(queue.choose(&list(Some("+14155550101"))).within.is_empty(), "it cannot show that row");
        assert_eq!(queue.choose(&list(None)).within.len(), 2);
        let left = queue.choose(&list(Some("+1415555")));
        assert_eq!(left.within.len(), 1);
        assert!(left.picks(FaultKind::OddRow, "+14155550100") && !left.picks(FaultKind::OddRow, "+14155550101"));
    }

    #[test]
    fn a_repeated_row_waits_for_a_further_page() {
        let mut queue = FaultQueue::default();
        queue.push(Fault::new(On::List, FaultKind::RepeatRow));
        let list = |further_page| Target { further_page, ..target(On::List, None) };
        assert!(queue.choose(&list(false)).within.is_empty());
        assert!(!queue.choose(&list(true)).within.is_empty());
    }

    #[test]
    fn a_country_is_respected() {
        let mut queue = FaultQueue::default();
        queue.push(Fault::new(On::Any, FaultKind::Hang).country("GB").forever());
        let mut hit = |country| queue.choose(&Target { country, ..create(None) }).fate.is_some();
        assert!(hit(Some("GB")) && !hit(Some("US")) && !hit(None));
    }

    #[test]
    fn an_area_code_is_respected() {
        let mut queue = FaultQueue::default();
        queue.push(Fault::new(On::Search, FaultKind::Error503).area_code("415").forever());
        let mut hit = |area_code| queue.choose(&Target { area_code, ..target(On::Search, None) }).fate.is_some();
        assert!(hit(Some("415")) && !hit(Some("628")) && !hit(None));
    }

    #[test]
    fn already_owned_waits_for_a_repeat() {
        let mut queue = FaultQueue::default();
        queue.push(Fault::new(On::Create, FaultKind::AlreadyOwned21422));
        assert!(queue.choose(&create(None)).within.is_empty());
        assert!(!queue.choose(&Target { owned: true, ..create(None) }).within.is_empty());
    }
}
